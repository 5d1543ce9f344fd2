#include "widgets/views/class_table.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QSortFilterProxyModel>
#include <QStackedLayout>
#include <QTableView>

#include "widgets/style/palette.h"

namespace palimpsest {

ClassTable::ClassTable(Lab& lab, PredictionLoader& loader, QWidget* parent)
    : QWidget(parent), lab_(lab), loader_(loader), model_(new ClassTableModel(this)), sorted_(new QSortFilterProxyModel(this)), table_(new QTableView), empty_(new QLabel) {
  setObjectName(QStringLiteral("classTableView"));
  sorted_->setSourceModel(model_);
  sorted_->setSortRole(ClassTableModel::SortRole);
  sorted_->setSortCaseSensitivity(Qt::CaseInsensitive);
  table_->setObjectName(QStringLiteral("classTable"));
  table_->setAccessibleName(tr("Classes: accuracy, forgetting, most frequent error"));
  table_->setModel(sorted_);
  table_->setSortingEnabled(true);
  table_->sortByColumn(ClassTableModel::Forgetting, Qt::DescendingOrder);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setAlternatingRowColors(true);
  table_->setShowGrid(false);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setTabKeyNavigation(false);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
  table_->horizontalHeader()->setStretchLastSection(true);
  table_->horizontalHeader()->setHighlightSections(false);
  table_->setContextMenuPolicy(Qt::CustomContextMenu);
  const int digit = fontMetrics().horizontalAdvance(QLatin1Char('0'));
  for (const auto& [column, digits] : {std::pair{ClassTableModel::Name, 12}, {ClassTableModel::Task, 5}, {ClassTableModel::Now, 7}, {ClassTableModel::Learned, 10}, {ClassTableModel::Forgetting, 10}, {ClassTableModel::Images, 7}})
    table_->setColumnWidth(column, digits * digit);
  empty_->setObjectName(QStringLiteral("classTableEmpty"));
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setMargin(20);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  auto* stack = new QStackedLayout(this);
  stack->addWidget(empty_);
  stack->addWidget(table_);
  connect(&loader_, &PredictionLoader::changed, this, &ClassTable::refresh);
  connect(&lab_.cursor, &Cursor::taskChanged, this, &ClassTable::refresh);
  connect(table_, &QTableView::clicked, this, &ClassTable::choose);
  connect(table_, &QTableView::activated, this, &ClassTable::choose);
  connect(table_, &QWidget::customContextMenuRequested, this, &ClassTable::menu);
  refresh();
}

void ClassTable::refresh() {
  task_ = loader_.history()->latest(lab_.cursor.task());
  model_->set(loader_.run(), *loader_.history(), task_);
  empty_->setText(loader_.emptyText());
  const bool any = model_->rowCount() > 0;
  static_cast<QStackedLayout*>(layout())->setCurrentWidget(any ? static_cast<QWidget*>(table_) : empty_);
  table_->setAccessibleDescription(any ? tr("%n classes after task %1", nullptr, model_->rowCount()).arg(task_ + 1) : empty_->text());
}

void ClassTable::choose(const QModelIndex& index) {
  if (!index.isValid() || !loader_.run()) return;
  const ClassFigures& row = model_->at(sorted_->mapToSource(index).row());
  const QString name = classNameOf(loader_.run(), row.cls);
  const auto mode = Selection::modeOf(QApplication::keyboardModifiers());
  if (index.column() == ClassTableModel::Error && row.error >= 0)
    lab_.selection.select(loader_.history()->behind(task_, row.cls, row.error), tr("%1 taken for %2 after T%3").arg(name, classNameOf(loader_.run(), row.error)).arg(task_ + 1), mode);
  else
    lab_.selection.select(loader_.history()->ofClass(row.cls), tr("class %1").arg(name), mode);
}

TextTable ClassTable::text() const {
  TextTable out;
  for (int column = 0; column < sorted_->columnCount(); ++column) out.header << sorted_->headerData(column, Qt::Horizontal).toString();
  for (int row = 0; row < sorted_->rowCount(); ++row) {
    QStringList cells;
    for (int column = 0; column < sorted_->columnCount(); ++column) cells << sorted_->index(row, column).data().toString();
    out.rows.push_back(std::move(cells));
  }
  return out;
}

void ClassTable::menu(const QPoint& at) {
  QMenu menu;
  const auto copy = [](const QString& text) { QApplication::clipboard()->setText(text); };
  menu.addAction(tr("Copy as CSV"), this, [&] { copy(csvOf(text())); });
  menu.addAction(tr("Copy as Markdown"), this, [&] { copy(markdownOf(text())); });
  menu.addAction(tr("Copy as LaTeX"), this, [&] { copy(latexOf(text())); });
  for (QAction* action : menu.actions()) action->setEnabled(model_->rowCount() > 0);
  menu.exec(table_->viewport()->mapToGlobal(at));
}

}  // namespace palimpsest
