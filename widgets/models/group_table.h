// Methods side by side as a table: figures with deviation, rank, and differences from a pinned one. Takes snapshots
// (run_groups.h) and tells views only what a snapshot changed.
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <vector>

#include "widgets/models/run_groups.h"

namespace palimpsest {

class GroupTable : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Method, Runs, Last, Average, Forgetting, Intransigence, Seconds, Rank, ColumnCount };
  enum Role { SortRole = Qt::UserRole + 1, NameRole };  // a number; what is not defined sorts last
  using QAbstractTableModel::QAbstractTableModel;

  // `no_rank`: why nothing is ranked; empty: it is.
  void setGroups(std::vector<RunGroup> groups, const QString& no_rank);
  const std::vector<RunGroup>& groups() const { return groups_; }
  void setPinned(const QString& name);  // empty, or not in the table: figures as they are
  const QString& pinned() const { return pinned_; }
  int pinnedRow() const;  // -1: none

  bool hasIntransigence() const;  // somebody has: joint training stands beside it
  QString noRank() const { return no_rank_; }  // why nothing is ranked; empty: it is
  std::optional<int> rank(int row) const { return ranks_[std::size_t(row)]; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  QString display(int row, int column) const;
  QString toolTip(int row, int column) const;
  std::vector<RunGroup> groups_;
  std::vector<std::optional<int>> ranks_;
  QString no_rank_, pinned_;
};

// "84.21 ± 0.53"; a dash when it is not defined.
QString figureText(const Figure& figure);
// "+1.20" or "−0.35": points from the pinned one; a dash when one of them is not defined.
QString differenceText(const Figure& figure, const Figure& from);

}  // namespace palimpsest
