#include "widgets/models/value_tree.h"

#include <algorithm>

namespace palimpsest {
namespace {

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

// A list of numbers reads better on one line; parts are opened.
bool opens(const Value& value) {
  if (value.isObject()) return !value.asObject().empty();
  const auto& items = value.asArray();
  return std::any_of(items.begin(), items.end(), [](const Value& item) { return item.isObject() || item.isArray(); });
}

}  // namespace

void ValueTreeModel::setValue(const Value& value) {
  beginResetModel();
  nodes_.clear();
  add({}, value, -1);
  endResetModel();
}

int ValueTreeModel::add(const QString& name, const Value& value, int parent) {
  const int here = int(nodes_.size());
  nodes_.push_back({name, {}, parent, parent < 0 ? 0 : int(nodes_[std::size_t(parent)].children.size()), {}});
  if (parent >= 0) nodes_[std::size_t(parent)].children.push_back(here);
  if (!opens(value)) {
    nodes_[std::size_t(here)].content = value.isNull() ? QString() : text(value.isString() ? value.asString() : value.text());
    return here;
  }
  if (const Value* use = value.find("use")) nodes_[std::size_t(here)].content = text(use->asString());
  for (const auto& [key, member] : value.asObject()) add(text(key), member, here);
  for (std::size_t i = 0; i < value.asArray().size(); ++i) add(QString::number(i), value.asArray()[i], here);
  return here;
}

QModelIndex ValueTreeModel::index(int row, int column, const QModelIndex& parent) const {
  if (!hasIndex(row, column, parent)) return {};
  return createIndex(row, column, quintptr(nodeOf(parent).children[std::size_t(row)]));
}

QModelIndex ValueTreeModel::parent(const QModelIndex& index) const {
  if (!index.isValid()) return {};
  const int above = nodeOf(index).parent;
  return above <= 0 ? QModelIndex() : createIndex(nodes_[std::size_t(above)].row, 0, quintptr(above));
}

int ValueTreeModel::rowCount(const QModelIndex& parent) const { return parent.column() > 0 ? 0 : int(nodeOf(parent).children.size()); }
int ValueTreeModel::columnCount(const QModelIndex&) const { return ColumnCount; }

QVariant ValueTreeModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || (role != Qt::DisplayRole && role != Qt::ToolTipRole)) return {};
  const Node& node = nodeOf(index);
  return index.column() == Name ? node.name : node.content;
}

QVariant ValueTreeModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == Name ? tr("Setting") : tr("Value");
}

}  // namespace palimpsest
