#include "app/queue_view.h"

#include <QAction>
#include <QClipboard>
#include <QDateTime>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>
#include <QTreeView>
#include <QVBoxLayout>
#include <cmath>

#include "widgets/style/format.h"

namespace palimpsest {

namespace {
constexpr int kTickMs = 1000;

template <typename W>
W* named(W* widget, const char* name) {
  widget->setObjectName(QString::fromLatin1(name));
  return widget;
}
}  // namespace

QueueView::QueueView(Workspace& workspace, QWidget* parent)
    : QWidget(parent), workspace_(workspace), model_(workspace), list_(named(new QTreeView(this), "queueList")),
      live_(named(new QLabel(this), "queueLive")), left_(new QLabel(this)), empty_(named(new QLabel(list_->viewport()), "queueEmpty")),
      done_(named(new QLabel(this), "queueDone")), progress_(named(new QProgressBar(this), "queueProgress")),
      hold_(named(new QPushButton(this), "queueHold")), remove_(named(new QPushButton(tr("Take back"), this), "queueRemove")) {
  setObjectName(QStringLiteral("queueView"));
  setAccessibleName(tr("Queue of runs"));
  build();
  addActions();
  tick_.setInterval(kTickMs);
  connect(&tick_, &QTimer::timeout, &model_, &QueueModel::tick);
  connect(&tick_, &QTimer::timeout, this, &QueueView::refresh);
  connect(hold_, &QPushButton::clicked, this, &QueueView::holdOrGoOn);
  connect(remove_, &QPushButton::clicked, this, &QueueView::removeCurrent);
  for (auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) connect(&model_, signal, this, &QueueView::refresh);
  connect(&model_, &QAbstractItemModel::rowsMoved, this, &QueueView::refresh);
  connect(list_->selectionModel(), &QItemSelectionModel::currentChanged, this, &QueueView::refresh);
  connect(&workspace.launcher(), &RunLauncher::liveChanged, this, &QueueView::refresh);
  connect(&workspace.launcher(), &RunLauncher::heldChanged, this, &QueueView::refresh);
  refresh();
}

void QueueView::buildList() {
  list_->setModel(&model_);
  list_->setAccessibleName(tr("Waiting runs"));
  list_->setRootIsDecorated(false);
  list_->setUniformRowHeights(true);
  list_->setAllColumnsShowFocus(true);
  list_->setSelectionMode(QAbstractItemView::SingleSelection);
  list_->setDragDropMode(QAbstractItemView::InternalMove);
  list_->setDragDropOverwriteMode(false);
  list_->setDropIndicatorShown(true);
  list_->setContextMenuPolicy(Qt::ActionsContextMenu);
  list_->viewport()->installEventFilter(this);
  list_->header()->setStretchLastSection(false);
  list_->header()->setSectionResizeMode(QueueModel::Title, QHeaderView::Stretch);
  for (const int column : {QueueModel::Begin, QueueModel::End}) list_->header()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setMargin(12);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  empty_->setText(tr("Nothing waits.\nWhat is started while a run is going on comes here, and so do forks."));
}

void QueueView::build() {
  buildList();
  progress_->setRange(0, 1000);
  progress_->setTextVisible(false);
  progress_->setFixedHeight(6);
  progress_->setAccessibleName(tr("Progress of the run that is going on"));
  left_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  left_->setForegroundRole(QPalette::PlaceholderText);
  done_->setForegroundRole(QPalette::PlaceholderText);
  done_->setWordWrap(true);
  auto* first = new QHBoxLayout;
  first->addWidget(live_, 1);
  first->addWidget(left_);
  auto* buttons = new QHBoxLayout;
  buttons->addWidget(hold_);
  buttons->addStretch();
  buttons->addWidget(remove_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 8, 8, 8);
  column->setSpacing(6);
  column->addLayout(first);
  column->addWidget(progress_);
  column->addWidget(list_, 1);
  column->addWidget(done_);
  column->addLayout(buttons);
}

void QueueView::addActions() {
  const auto add = [this](const QString& text, const char* name, const QKeySequence& key, auto what) {
    auto* action = named(new QAction(text, this), name);
    action->setShortcut(key);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, this, what);
    list_->addAction(action);
  };
  add(tr("Earlier"), "queueUp", QKeySequence(Qt::ALT | Qt::Key_Up), [this] { moveCurrent(-1); });
  add(tr("Later"), "queueDown", QKeySequence(Qt::ALT | Qt::Key_Down), [this] { moveCurrent(1); });
  add(tr("Take back"), "queueDelete", QKeySequence(Qt::Key_Delete), [this] { removeCurrent(); });
  add(tr("Copy as CSV"), "queueCopy", QKeySequence(QKeySequence::Copy), [this] { copyTable(); });
  remove_->setToolTip(tr("Takes the selected run out of the queue (Delete). A fork's folder stays."));
}

int QueueView::currentRow() const { return list_->currentIndex().isValid() ? list_->currentIndex().row() : -1; }

void QueueView::moveCurrent(int by) { model_.moveRun(currentRow(), currentRow() + by); }

void QueueView::removeCurrent() {
  const int row = currentRow();
  if (row < 0) return;
  workspace_.takeBack(model_.idAt(row));
  const int rows = model_.rowCount();
  if (rows > 0) list_->setCurrentIndex(model_.index(std::min(row, rows - 1), QueueModel::Title));
}

void QueueView::holdOrGoOn() {
  RunLauncher& launcher = workspace_.launcher();
  if (launcher.held()) launcher.goOn();
  else launcher.setHoldAfterThis(!launcher.holdsAfterThis());
}

void QueueView::copyTable() {
  QString text;
  for (int row = -1; row < model_.rowCount(); ++row)
    for (int column = 0; column < model_.columnCount(); ++column) {
      QString cell = (row < 0 ? model_.headerData(column, Qt::Horizontal) : model_.index(row, column).data()).toString();
      cell.replace(QLatin1Char('"'), QStringLiteral("\"\""));
      text += QStringLiteral("\"%1\"%2").arg(cell, QLatin1String(column + 1 < model_.columnCount() ? "," : "\n"));
    }
  QGuiApplication::clipboard()->setText(text);
}

void QueueView::refreshLive() {
  const RunData* run = workspace_.launcher().live();
  const Progress progress = run ? run->progress() : Progress{};
  progress_->setValue(run && std::isfinite(progress.fraction) ? int(1000 * std::clamp(progress.fraction, 0.0, 1.0)) : 0);
  progress_->setEnabled(run);
  live_->setForegroundRole(run ? QPalette::WindowText : QPalette::PlaceholderText);
  QFont font = live_->font();
  font.setBold(run);
  live_->setFont(font);
  left_->setVisible(run);
  if (!run) return live_->setText(workspace_.launcher().held() ? tr("The queue is held.") : tr("Nothing is running."));
  live_->setText(run->title());
  const bool known = progress.steps > 0 && progress.run_seconds_left >= 0;
  left_->setText(known ? style::left(progress.run_seconds_left) : tr("time left not known yet"));
}

void QueueView::refresh() {
  refreshLive();
  RunLauncher& launcher = workspace_.launcher();
  const bool waiting = model_.rowCount() > 0, held = launcher.held();
  empty_->setVisible(!waiting);
  list_->header()->setVisible(waiting);
  hold_->setText(held ? tr("Go on") : launcher.holdsAfterThis() ? tr("Do not pause") : tr("Pause after this run"));
  hold_->setToolTip(held ? tr("Begins the next run.") : tr("The run that is going on is finished; those that wait stay where they are until you go on."));
  hold_->setEnabled(held || launcher.live());
  remove_->setEnabled(currentRow() >= 0);
  const auto end = model_.allDone();
  if (held) done_->setText(tr("Held: the next run begins when you go on."));
  else if (!waiting && !launcher.live()) done_->setText({});
  else if (launcher.holdsAfterThis() && waiting) done_->setText(tr("Pauses after this run."));
  else if (!end) done_->setText(tr("When all are done is not known."));
  else done_->setText(tr("All done at %1, in %2.").arg(QLocale().toString(QDateTime::currentDateTime().addMSecs(qint64(*end * 1000)).time(), QStringLiteral("hh:mm")), style::duration(*end)));
  done_->setVisible(!done_->text().isEmpty());
  setAccessibleDescription(tr("%1. Waiting: %2. %3").arg(live_->text()).arg(model_.rowCount()).arg(done_->text()));
}

bool QueueView::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Resize) empty_->setGeometry(list_->viewport()->rect());
  return QWidget::eventFilter(watched, event);
}

void QueueView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) refresh();
}

void QueueView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  model_.tick();
  refresh();
  tick_.start();
}

void QueueView::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  tick_.stop();
}

}  // namespace palimpsest
