#include "widgets/models/recipe_difference.h"

#include <algorithm>

#include "widgets/views/figure.h"

namespace palimpsest {
namespace {

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }
QString join(const QString& path, const QString& key) { return path.isEmpty() ? key : path + QLatin1Char('.') + key; }

bool holdsParts(const Value& list) {
  return list.isArray() && !list.asArray().empty() && std::all_of(list.asArray().begin(), list.asArray().end(), [](const Value& v) { return v.isObject(); });
}

// Members of an object, or entries of a list of parts under their numbers; nothing for a plain value.
std::vector<std::pair<QString, const Value*>> inside(const Value& value) {
  std::vector<std::pair<QString, const Value*>> out;
  for (const auto& [key, member] : value.asObject()) out.emplace_back(text(key), &member);
  if (holdsParts(value))
    for (std::size_t i = 0; i < value.asArray().size(); ++i) out.emplace_back(QString::number(i), &value.asArray()[i]);
  return out;
}

void compareInto(const QString& path, const Value& left, const Value& right, std::vector<RecipeDifference>& out) {
  if (left == right) return;
  const auto ours = inside(left), theirs = inside(right);
  // A part that the other recipe has not is told with all of its settings.
  if ((ours.empty() && !left.isNull()) || (theirs.empty() && !right.isNull()) || (ours.empty() && theirs.empty())) {
    out.push_back({path, left, right});
    return;
  }
  static const Value kNothing;
  const auto in = [](const auto& members, const QString& key) {
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.first == key; });
    return found == members.end() ? nullptr : found->second;
  };
  for (const auto& [key, value] : ours) {
    const Value* other = in(theirs, key);
    compareInto(join(path, key), *value, other ? *other : kNothing, out);
  }
  for (const auto& [key, value] : theirs)
    if (!in(ours, key)) compareInto(join(path, key), kNothing, *value, out);
}

QString shown(const Value& value) {
  if (value.isNull()) return QString(QChar(0x2013));
  return text(value.isString() ? value.asString() : value.text());
}

}  // namespace

std::vector<RecipeDifference> differences(const Value& left, const Value& right) {
  std::vector<RecipeDifference> out;
  compareInto({}, left, right, out);
  return out;
}

void RecipeDifferenceModel::compare(const Value& left, const QString& left_name, const Value& right, const QString& right_name) {
  beginResetModel();
  rows_ = differences(left, right);
  left_ = left_name;
  right_ = right_name;
  endResetModel();
}

QStringList RecipeDifferenceModel::cells(int row) const {
  if (row < 0) return {tr("Setting"), left_, right_};
  const RecipeDifference& at = rows_[std::size_t(row)];
  return {at.path, shown(at.left), shown(at.right)};
}

QString RecipeDifferenceModel::toCsv() const {
  QString out;
  for (int row = -1; row < rowCount(); ++row) {
    QStringList fields = cells(row);
    for (QString& field : fields) field = csvField(field);
    out += fields.join(QLatin1Char(',')) + QLatin1Char('\n');
  }
  return out;
}

QString RecipeDifferenceModel::toMarkdown() const {
  QString out;
  for (int row = -1; row < rowCount(); ++row) {
    QStringList fields = cells(row);
    for (QString& field : fields) field.replace(QLatin1Char('|'), QLatin1String("\\|")).replace(QLatin1Char('\n'), QLatin1Char(' '));
    out += QStringLiteral("| ") + fields.join(QStringLiteral(" | ")) + QStringLiteral(" |\n");
    if (row < 0) out += QStringLiteral("|---|---|---|\n");
  }
  return out;
}

int RecipeDifferenceModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(rows_.size()); }
int RecipeDifferenceModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(ColumnCount); }

QVariant RecipeDifferenceModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || (role != Qt::DisplayRole && role != Qt::ToolTipRole)) return {};
  return cells(index.row())[index.column()];
}

QVariant RecipeDifferenceModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= ColumnCount) return {};
  return cells(-1)[section];
}

}  // namespace palimpsest
