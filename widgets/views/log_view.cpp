#include "widgets/views/log_view.h"

#include <QAction>
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QScrollBar>
#include <QSignalBlocker>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/models/log.h"

namespace palimpsest {

LogView::LogView(LogModel& log, QWidget* parent)
    : QWidget(parent), log_(log), filter_(new LogFilter(this)), level_(new QComboBox), run_(new QComboBox), text_(new QLineEdit),
      follow_(new QCheckBox(tr("Follow"))), table_(new QTableView), empty_(new QLabel(tr("Nothing to show. Lines appear here as they are written."), table_->viewport())) {
  setObjectName(QStringLiteral("logView"));
  setAccessibleName(tr("Log"));
  filter_->setSourceModel(&log);
  level_->setObjectName(QStringLiteral("level"));
  level_->setAccessibleName(tr("Lowest level"));
  for (const auto level : {LogLine::Level::Debug, LogLine::Level::Info, LogLine::Level::Warning, LogLine::Level::Error}) level_->addItem(levelName(level), int(level));
  level_->setCurrentIndex(level_->findData(int(LogLine::Level::Info)));
  run_->setObjectName(QStringLiteral("run"));
  run_->setAccessibleName(tr("Run"));
  run_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  run_->addItem(tr("every run"), QString());
  text_->setObjectName(QStringLiteral("text"));
  text_->setAccessibleName(tr("Text"));
  text_->setPlaceholderText(tr("words that must occur"));
  text_->setClearButtonEnabled(true);
  follow_->setObjectName(QStringLiteral("follow"));
  follow_->setToolTip(tr("Keep the newest line in view; scrolling up switches it off"));
  follow_->setChecked(true);
  buildTable();

  auto* row = new QHBoxLayout;
  row->setContentsMargins(6, 4, 6, 0);
  row->addWidget(level_);
  row->addWidget(run_);
  row->addWidget(text_, 1);
  row->addWidget(follow_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addLayout(row);
  column->addWidget(table_, 1);

  connect(level_, &QComboBox::currentIndexChanged, this, [this] { filter_->setLowestLevel(LogLine::Level(level_->currentData().toInt())); });
  connect(run_, &QComboBox::currentIndexChanged, this, [this] { filter_->setRun(run_->currentData().toString()); });
  connect(text_, &QLineEdit::textChanged, filter_, &LogFilter::setText);
  connect(follow_, &QCheckBox::toggled, this, [this](bool on) {
    if (on) table_->scrollToBottom();
  });
  connect(table_->verticalScrollBar(), &QScrollBar::actionTriggered, this, &LogView::personScrolled);
  connect(&log, &QAbstractItemModel::rowsInserted, this, [this](const QModelIndex&, int first, int last) { learnRuns(first, last); });
  for (auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) connect(filter_, signal, this, &LogView::refresh);
  connect(filter_, &QAbstractItemModel::modelReset, this, &LogView::refresh);
  connect(filter_, &QAbstractItemModel::layoutChanged, this, &LogView::refresh);
  learnRuns(0, log.rowCount() - 1);
  refresh();
}

void LogView::buildTable() {
  table_->setObjectName(QStringLiteral("lines"));
  table_->setAccessibleName(tr("Lines of the log"));
  table_->setModel(filter_);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  table_->setShowGrid(false);
  table_->setWordWrap(false);
  table_->setTabKeyNavigation(false);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);  // fixed rows: fifty thousand lines stay quick
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 4);
  table_->horizontalHeader()->setStretchLastSection(true);
  table_->horizontalHeader()->setHighlightSections(false);
  const int wide[] = {fontMetrics().horizontalAdvance(QStringLiteral("00:00:00.000")) + 24, fontMetrics().horizontalAdvance(tr("warning")) + 24,
                      fontMetrics().averageCharWidth() * 16};
  for (int i = 0; i < 3; ++i) table_->setColumnWidth(i, wide[i]);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  empty_->move(12, 8);
  auto* copies = new QAction(tr("Copy"), table_);
  copies->setShortcut(QKeySequence::Copy);
  copies->setShortcutContext(Qt::WidgetShortcut);
  connect(copies, &QAction::triggered, this, &LogView::copy);
  auto* clears = new QAction(tr("Clear"), table_);
  connect(clears, &QAction::triggered, this, [this] { log_.clear(); });
  table_->addActions({copies, clears});
  table_->setContextMenuPolicy(Qt::ActionsContextMenu);
}

void LogView::learnRuns(int first, int last) {
  for (int row = first; row <= last; ++row) {
    const QString& run = log_.line(row).run;
    if (!run.isEmpty() && run_->findData(run) < 0) run_->addItem(run, run);
  }
}

// Only a person's hand on the scroll bar or the wheel counts; lines that come in move nothing.
void LogView::personScrolled() {
  const QScrollBar* bar = table_->verticalScrollBar();
  const QSignalBlocker quiet(follow_);
  follow_->setChecked(bar->sliderPosition() >= bar->maximum());
}

void LogView::refresh() {
  empty_->setVisible(filter_->rowCount() == 0);
  empty_->adjustSize();
  setAccessibleDescription(tr("Lines shown: %1").arg(filter_->rowCount()));
  if (follow_->isChecked()) table_->scrollToBottom();
}

bool LogView::followsTail() const { return follow_->isChecked(); }

void LogView::copy() const {
  QModelIndexList rows = table_->selectionModel()->selectedRows();
  if (rows.isEmpty())
    for (int row = 0; row < filter_->rowCount(); ++row) rows << filter_->index(row, 0);
  std::sort(rows.begin(), rows.end());
  QString out;
  for (const QModelIndex& row : rows) {
    QStringList cells;
    for (int column = 0; column < LogModel::ColumnCount; ++column) cells << row.siblingAtColumn(column).data().toString();
    out += cells.join(QLatin1Char('\t')) + QLatin1Char('\n');
  }
  QApplication::clipboard()->setText(out);
}

}  // namespace palimpsest
