#include "widgets/views/results_view.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>

#include "widgets/views/figure.h"

namespace palimpsest {

ResultsView::ResultsView(GroupTable& table, QWidget* parent) : QTableView(parent), table_(table), sorted_(new QSortFilterProxyModel(this)) {
  setObjectName(QStringLiteral("resultsTable"));
  setAccessibleName(tr("Results of methods"));
  sorted_->setSourceModel(&table);
  sorted_->setSortRole(GroupTable::SortRole);
  setModel(sorted_);
  setSortingEnabled(true);
  sortByColumn(GroupTable::Average, Qt::DescendingOrder);
  setSelectionBehavior(QAbstractItemView::SelectRows);
  setSelectionMode(QAbstractItemView::SingleSelection);
  setAlternatingRowColors(true);
  setShowGrid(false);
  setTabKeyNavigation(false);
  verticalHeader()->hide();
  horizontalHeader()->setHighlightSections(false);
  horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  horizontalHeader()->setSectionResizeMode(GroupTable::Method, QHeaderView::Stretch);
  horizontalHeader()->setMinimumSectionSize(44);
  setWordWrap(false);
  const auto fit = [this] { setColumnHidden(GroupTable::Intransigence, !table_.hasIntransigence()); };
  connect(&table, &QAbstractItemModel::modelReset, this, fit);
  connect(&table, &QAbstractItemModel::dataChanged, this, fit);
  fit();
  connect(this, &QAbstractItemView::activated, this, [this](const QModelIndex& index) { pin(index.row()); });
}

void ResultsView::pin(int row) {
  const QString name = row < 0 ? QString() : sorted_->index(row, 0).data(GroupTable::NameRole).toString();
  table_.setPinned(name == table_.pinned() ? QString() : name);
}

std::vector<int> ResultsView::order() const {
  std::vector<int> out;
  for (int row = 0; row < sorted_->rowCount(); ++row) out.push_back(sorted_->mapToSource(sorted_->index(row, 0)).row());
  return out;
}

TextTable ResultsView::shown() const {
  TextTable out;
  const auto each = [this](const auto& take) {
    for (int column = 0; column < GroupTable::ColumnCount; ++column)
      if (!isColumnHidden(column)) take(column);
  };
  each([&](int column) { out.header << table_.headerData(column, Qt::Horizontal).toString(); });
  for (const int row : order()) {
    QStringList& cells = out.rows.emplace_back();
    each([&](int column) { cells << table_.index(row, column).data().toString(); });
  }
  return out;
}

QString ResultsView::toCsv() const {
  TextTable out;
  out.header = {QStringLiteral("method"), QStringLiteral("runs"), QStringLiteral("complete")};
  for (const char* name : {"last", "average", "forgetting", "intransigence", "seconds"})
    out.header << QStringLiteral("%1_mean").arg(QLatin1String(name)) << QStringLiteral("%1_std").arg(QLatin1String(name));
  out.header << QStringLiteral("rank");
  for (const int row : order()) {
    const RunGroup& group = table_.groups()[std::size_t(row)];
    QStringList& cells = out.rows.emplace_back();
    cells << group.name << QString::number(group.n()) << (group.complete ? QStringLiteral("true") : QStringLiteral("false"));
    for (const Figure* figure : {&group.last, &group.average, &group.forgetting, &group.intransigence, &group.seconds})
      cells << (figure->spread.mean ? exact(*figure->spread.mean) : QString()) << (figure->spread.deviation ? exact(*figure->spread.deviation) : QString());
    cells << (table_.rank(row) ? QString::number(*table_.rank(row)) : QString());
  }
  return csvOf(out);
}

QString ResultsView::toMarkdown() const { return markdownOf(shown()); }

// A paper that shows the table also shows why there is no ranking.
QString ResultsView::toLatex() const {
  const QString why = table_.noRank().isEmpty() ? QString() : tr("% not ranked: %1\n").arg(table_.noRank());
  return why + latexOf(shown());
}

void ResultsView::contextMenuEvent(QContextMenuEvent* event) {
  const QModelIndex at = event->reason() == QContextMenuEvent::Keyboard ? currentIndex() : indexAt(viewport()->mapFromGlobal(event->globalPos()));
  const auto copy = [](const QString& text) { QApplication::clipboard()->setText(text); };
  QMenu menu;
  const bool unpins = at.isValid() && at.siblingAtColumn(0).data(GroupTable::NameRole).toString() == table_.pinned();
  menu.addAction(unpins ? tr("Unpin the baseline") : tr("Pin as baseline"), this, [this, row = at.row()] { pin(row); })->setEnabled(at.isValid());
  menu.addSeparator();
  menu.addAction(tr("Copy as LaTeX"), this, [&] { copy(toLatex()); });
  menu.addAction(tr("Copy as Markdown"), this, [&] { copy(toMarkdown()); });
  menu.addAction(tr("Copy as CSV"), this, [&] { copy(toCsv()); });
  menu.exec(event->globalPos());
}

void ResultsView::keyPressEvent(QKeyEvent* event) {
  if (event->matches(QKeySequence::Copy)) QApplication::clipboard()->setText(toCsv());
  else if (event->key() == Qt::Key_P && currentIndex().isValid()) pin(currentIndex().row());
  else QTableView::keyPressEvent(event);
}

}  // namespace palimpsest
