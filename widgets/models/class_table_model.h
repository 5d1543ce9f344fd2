// One row for each class tested: what it was, what it is, what it is taken for. Reads a PredictionHistory up to a task.
#pragma once

#include <QAbstractTableModel>
#include <QPointer>
#include <memory>
#include <vector>

#include "widgets/models/prediction_history.h"
#include "widgets/models/run_data.h"

namespace palimpsest {

class ClassTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Name, Task, Now, Learned, Forgetting, Images, Error, ColumnCount };
  enum Role { SortRole = Qt::UserRole + 1, ClassRole /* int */ };
  using QAbstractTableModel::QAbstractTableModel;

  // The history after `upto`; `run` names the classes and gives their order, nullptr empties the table.
  void set(const RunData* run, const PredictionHistory& history, int upto);
  const ClassFigures& at(int row) const { return rows_[std::size_t(row)]; }

  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(rows_.size()); }
  int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(ColumnCount); }
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  QVariant sortKey(const ClassFigures& row, int column) const;
  QString text(const ClassFigures& row, int column) const;
  QString toolTip(const ClassFigures& row, int column) const;
  QPointer<const RunData> run_;
  std::vector<ClassFigures> rows_;
};

}  // namespace palimpsest
