#include "widgets/views/run_list_view.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QScrollBar>
#include <QVBoxLayout>
#include <cmath>

#include "widgets/style/palette.h"
#include "widgets/views/run_delegate.h"

namespace palimpsest {

namespace {
constexpr int kRoomForForgetting = 330, kRoomForAccuracy = 210;
}

RunListView::RunListView(RunListModel& runs, QWidget* parent) : QTreeView(parent), runs_(runs) {
  setObjectName(QStringLiteral("runListView"));
  setAccessibleName(tr("Runs"));
  setModel(&runs);
  setItemDelegateForColumn(RunListModel::Name, new RunDelegate(this));
  setRootIsDecorated(false);
  setUniformRowHeights(true);
  setAllColumnsShowFocus(true);
  setSelectionMode(QAbstractItemView::SingleSelection);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setMinimumSize(180, 120);
  header()->setStretchLastSection(false);
  header()->setSectionResizeMode(RunListModel::Name, QHeaderView::Stretch);
  for (const int column : {RunListModel::LastAccuracy, RunListModel::Forgetting}) header()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
  setColumnHidden(RunListModel::Status, true);  // the second line of the name says it

  empty_ = new QWidget(viewport());
  auto* column = new QVBoxLayout(empty_);
  auto* text = new QLabel(tr("No runs yet."));
  text->setAlignment(Qt::AlignCenter);
  text->setForegroundRole(QPalette::PlaceholderText);
  auto* demo = new QPushButton(tr("Run the default comparison"));
  demo->setObjectName(QStringLiteral("runDemo"));
  auto* open = new QPushButton(tr("Open a run folder…"));
  open->setObjectName(QStringLiteral("openRun"));
  column->addStretch();
  for (QWidget* widget : {static_cast<QWidget*>(text), static_cast<QWidget*>(demo), static_cast<QWidget*>(open)}) column->addWidget(widget);
  column->addStretch();
  connect(demo, &QPushButton::clicked, this, &RunListView::runDemoRequested);
  connect(open, &QPushButton::clicked, this, &RunListView::openRunRequested);
  for (auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
    connect(&runs, signal, this, &RunListView::refresh);
  restyle();
  refresh();
}

// A quiet highlight: the run's own colours must stay readable on it.
void RunListView::restyle() {
  const QColor base = QApplication::palette().color(QPalette::Base), accent = style::accent();
  const auto mix = [](int a, int b) { return (7 * a + 2 * b) / 9; };
  const QColor quiet(mix(base.red(), accent.red()), mix(base.green(), accent.green()), mix(base.blue(), accent.blue()));
  QPalette colours = palette();
  if (colours.color(QPalette::Highlight) == quiet) return;
  colours.setColor(QPalette::Highlight, quiet);
  colours.setColor(QPalette::HighlightedText, QApplication::palette().color(QPalette::Text));
  setPalette(colours);
}

void RunListView::refresh() {
  empty_->setVisible(runs_.rowCount() == 0);
  header()->setVisible(runs_.rowCount() > 0);
  setAccessibleDescription(runs_.rowCount() == 0 ? tr("No runs yet.") : tr("Runs: %1").arg(runs_.rowCount()));
  viewport()->update();
}

RunData* RunListView::currentRun() const { return currentIndex().isValid() ? runs_.at(currentIndex().row()) : nullptr; }

void RunListView::setCurrentRun(RunData* run) {
  const int row = run ? runs_.rowOf(run) : -1;
  setCurrentIndex(row < 0 ? QModelIndex() : runs_.index(row, RunListModel::Name));
}

void RunListView::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
  QTreeView::currentChanged(current, previous);
  if (current.row() != previous.row() || current.isValid() != previous.isValid()) Q_EMIT currentRunChanged(currentRun());
}

void RunListView::keyPressEvent(QKeyEvent* event) {
  RunData* run = currentRun();
  if (run && event->key() == Qt::Key_Delete) Q_EMIT removeRequested(run);
  else if (run && event->key() == Qt::Key_Space) runs_.setVisible(run, !run->visible);
  else QTreeView::keyPressEvent(event);
}

void RunListView::contextMenuEvent(QContextMenuEvent* event) {
  const bool by_key = event->reason() == QContextMenuEvent::Keyboard;
  const QModelIndex index = by_key ? currentIndex() : indexAt(event->pos());
  if (!index.isValid()) return;
  showMenu(runs_.at(index.row()), by_key ? viewport()->mapToGlobal(visualRect(index).center()) : event->globalPos());
}

void RunListView::showMenu(RunData* run, const QPoint& global) {
  using State = RunData::State;
  QMenu menu;
  menu.addAction(tr("Bring into focus"), this, [this, run] { setCurrentRun(run); });
  menu.addAction(run->visible ? tr("Hide in plots") : tr("Show in plots"), this, [this, run] { runs_.setVisible(run, !run->visible); });
  menu.addSeparator();
  const bool resumable = !run->recording && (run->state() == State::Stopped || run->state() == State::Failed || run->state() == State::Interrupted);
  menu.addAction(tr("Resume"), this, [this, run] { Q_EMIT resumeRequested(run); })->setEnabled(resumable);
  menu.addAction(tr("Export model…"), this, [this, run] { Q_EMIT modelRequested(run); })->setEnabled(!run->folder.empty() && run->lastEndedTask() >= 0);
  menu.addAction(tr("Export report…"), this, [this, run] { Q_EMIT reportRequested(run); })->setEnabled(run->matrix().stages() > 0);
  menu.addAction(tr("Open folder"), this, [this, run] { Q_EMIT openFolderRequested(run); })->setEnabled(!run->folder.empty());
  menu.addSeparator();
  menu.addAction(tr("Remove from list"), this, [this, run] { Q_EMIT removeRequested(run); });
  menu.exec(global);
}

void RunListView::resizeEvent(QResizeEvent* event) {
  QTreeView::resizeEvent(event);
  setColumnHidden(RunListModel::LastAccuracy, viewport()->width() < kRoomForAccuracy);
  setColumnHidden(RunListModel::Forgetting, viewport()->width() < kRoomForForgetting);
  empty_->setGeometry(viewport()->rect());
}

// A ghost of a curve behind the empty list: what will be here.
void RunListView::paintEvent(QPaintEvent* event) {
  QTreeView::paintEvent(event);
  if (runs_.rowCount() > 0) return;
  QPainter painter(viewport());
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(style::grid(), 3));
  const QRectF area = QRectF(viewport()->rect()).adjusted(20, 20, -20, -20);
  QPolygonF ghost;
  for (int i = 0; i <= 40; ++i) {
    const double x = i / 40.0;
    ghost << QPointF(area.left() + x * area.width(), area.top() + area.height() * 0.5 * (0.15 + 0.55 * x + 0.08 * std::sin(18 * x)));
  }
  painter.drawPolyline(ghost);
}

void RunListView::changeEvent(QEvent* event) {
  QTreeView::changeEvent(event);
  if (event->type() != QEvent::PaletteChange && event->type() != QEvent::StyleChange) return;
  restyle();
  viewport()->update();
}

}  // namespace palimpsest
