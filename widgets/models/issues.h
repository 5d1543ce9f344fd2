// What is wrong, for a list: errors first, in the order in which they were found.
#pragma once

#include <QAbstractTableModel>

#include "engine/protocol/issue.h"

namespace palimpsest {

class IssuesModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Message, Where, Remedy, ColumnCount };
  enum Role { PathRole = Qt::UserRole + 1, SeverityRole /* int */ };
  using QAbstractTableModel::QAbstractTableModel;

  void setIssues(Issues issues);
  void add(const Issue& issue);  // one that is there already is not listed twice
  void clear() { setIssues({}); }
  const Issues& issues() const { return issues_; }
  const Issue& at(int row) const { return issues_[std::size_t(row)]; }
  int errors() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  Issues issues_;
};

}  // namespace palimpsest
