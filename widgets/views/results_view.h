// The table of methods: sort by a column, pin a baseline, take it along as LaTeX, Markdown or CSV.
#pragma once

#include <QSortFilterProxyModel>
#include <QTableView>

#include "widgets/models/group_table.h"
#include "widgets/views/table_text.h"

namespace palimpsest {

class ResultsView : public QTableView {
  Q_OBJECT
 public:
  explicit ResultsView(GroupTable& table, QWidget* parent = nullptr);  // borrowed
  void pin(int row);  // row as shown; the pinned one again, or -1: nothing is pinned
  std::vector<int> order() const;  // rows of the table, as sorted
  QString toCsv() const;       // full precision: mean and deviation apart, whatever is pinned
  QString toMarkdown() const;  // as shown, differences included
  QString toLatex() const;     // as shown; booktabs

 protected:
  void contextMenuEvent(QContextMenuEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  TextTable shown() const;
  GroupTable& table_;
  QSortFilterProxyModel* sorted_;
};

}  // namespace palimpsest
