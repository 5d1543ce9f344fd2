// In what two recipes differ, setting by setting, and nothing else: as a table that can be copied.
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "engine/protocol/value.h"

namespace palimpsest {

struct RecipeDifference {
  QString path;
  Value left, right;  // null: that recipe has no such setting
};
// Over two resolved recipes, so that a default written out is no difference. Parts are followed into their settings; a list of
// plain values is one setting. In the left recipe's order, then what only the right one has.
std::vector<RecipeDifference> differences(const Value& left, const Value& right);

class RecipeDifferenceModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Where, Left, Right, ColumnCount };
  using QAbstractTableModel::QAbstractTableModel;

  void compare(const Value& left, const QString& left_name, const Value& right, const QString& right_name);
  QString toCsv() const;
  QString toMarkdown() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  QStringList cells(int row) const;  // row < 0: the header
  std::vector<RecipeDifference> rows_;
  QString left_, right_;
};

}  // namespace palimpsest
