// A Value as a tree of names and values, to be read.
#pragma once

#include <QAbstractItemModel>
#include <vector>

#include "engine/protocol/value.h"

namespace palimpsest {

class ValueTreeModel : public QAbstractItemModel {
  Q_OBJECT
 public:
  enum Column { Name, Content, ColumnCount };
  using QAbstractItemModel::QAbstractItemModel;
  void setValue(const Value& value);

  QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  QModelIndex parent(const QModelIndex& index) const override;
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  struct Node {
    QString name, content;
    int parent = -1, row = 0;
    std::vector<int> children;
  };
  int add(const QString& name, const Value& value, int parent);
  const Node& nodeOf(const QModelIndex& index) const { return nodes_[index.isValid() ? std::size_t(index.internalId()) : 0]; }
  std::vector<Node> nodes_{Node{}};  // the first is the root, which is not shown
};

}  // namespace palimpsest
