#include "widgets/models/param_form.h"

#include <QFont>
#include <algorithm>

#include "widgets/models/param_value.h"
#include "widgets/style/palette.h"

namespace palimpsest {
namespace {

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }
constexpr quintptr kGroup = 0;  // internal id of a group; a row has its group's number plus one

}  // namespace

void ParamFormModel::setGroups(std::vector<Group> groups) {
  beginResetModel();
  groups_ = std::move(groups);
  rows_.clear();
  group_issues_.assign(groups_.size(), {});
  for (const Group& group : groups_) {
    auto& rows = rows_.emplace_back();
    for (const ParamSpec& spec : group.specs) {
      const Value* given = group.values.find(spec.name);
      const Value start = param::settled(spec, given ? *given : spec.fallback);
      rows.push_back({start, start, {}, {}, false});
    }
  }
  endResetModel();
}

Value ParamFormModel::values(int group) const {
  Value::Object out;
  for (std::size_t i = 0; i < rows_[std::size_t(group)].size(); ++i)
    out.emplace_back(groups_[std::size_t(group)].specs[i].name, rows_[std::size_t(group)][i].present);
  return Value(std::move(out));
}

bool ParamFormModel::valid() const {
  for (std::size_t g = 0; g < rows_.size(); ++g)
    for (std::size_t r = 0; r < rows_[g].size(); ++r) {
      const Row& row = rows_[g][r];
      if (row.blocking || !row.unreadable.isEmpty() || misfit(groups_[g].specs[r], row.present)) return false;
    }
  return true;
}

bool ParamFormModel::changed() const {
  for (const auto& rows : rows_)
    for (const Row& row : rows)
      if (!(row.present == row.start)) return true;
  return false;
}

void ParamFormModel::reset(const QModelIndex& index) {
  if (!index.isValid()) return;
  const Place place = placeOf(index);
  const auto& rows = rows_[std::size_t(place.group)];
  const int first = place.row < 0 ? 0 : place.row, last = place.row < 0 ? int(rows.size()) - 1 : place.row;
  for (int r = first; r <= last; ++r) store({place.group, r}, rows[std::size_t(r)].start);
}

QModelIndex ParamFormModel::find(const std::string& path, const std::string& name) const {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    if (groups_[g].path != path) continue;
    const auto& specs = groups_[g].specs;
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const ParamSpec& s) { return s.name == name; });
    if (spec != specs.end()) return index(int(spec - specs.begin()), Setting, index(int(g), 0));
  }
  return {};
}

bool ParamFormModel::set(const std::string& path, const std::string& name, const Value& value) {
  const QModelIndex at = find(path, name);
  if (at.isValid()) store(placeOf(at), value);
  return at.isValid();
}

bool ParamFormModel::store(Place place, Value value, const QString& unreadable) {
  Row& row = rows_[std::size_t(place.group)][std::size_t(place.row)];
  value = param::settled(spec(place), value);
  if (row.present == value && row.unreadable == unreadable) return false;
  row.present = std::move(value);
  row.unreadable = unreadable;
  announce(place);
  Q_EMIT edited();
  return true;
}

void ParamFormModel::setIssues(const Issues& issues) {
  for (int g = 0; g < int(groups_.size()); ++g) {
    const std::string& path = groups_[std::size_t(g)].path;
    group_issues_[std::size_t(g)].clear();
    for (int r = 0; r < int(rows_[std::size_t(g)].size()); ++r) {
      Row& row = rows_[std::size_t(g)][std::size_t(r)];
      row.issue.clear();
      row.blocking = false;
      const std::string& name = spec({g, r}).name;
      for (const Issue& issue : issues) {
        if (issue.path != (path.empty() ? name : path + "." + name) && !(path.empty() && issue.path == "--" + name))
          continue;
        row.issue = row.issue.isEmpty() ? text(issue.message) : row.issue + QLatin1Char('\n') + text(issue.message);
        row.blocking = row.blocking || issue.severity == Severity::Error;
      }
      announce({g, r});
    }
    for (const Issue& issue : issues)
      if (!path.empty() && issue.path == path) group_issues_[std::size_t(g)] += text(issue.message);
    Q_EMIT dataChanged(index(g, 0), index(g, Setting));
  }
}

void ParamFormModel::announce(Place place) {
  const QModelIndex group = index(place.group, 0);
  Q_EMIT dataChanged(index(place.row, Name, group), index(place.row, Setting, group));
}

ParamFormModel::Place ParamFormModel::placeOf(const QModelIndex& index) {
  if (index.internalId() == kGroup) return {index.row(), -1};
  return {int(index.internalId() - 1), index.row()};
}

const ParamSpec& ParamFormModel::spec(Place place) const {
  return groups_[std::size_t(place.group)].specs[std::size_t(place.row)];
}

QModelIndex ParamFormModel::index(int row, int column, const QModelIndex& parent) const {
  if (!hasIndex(row, column, parent)) return {};
  return createIndex(row, column, parent.isValid() ? quintptr(parent.row()) + 1 : kGroup);
}

QModelIndex ParamFormModel::parent(const QModelIndex& index) const {
  if (!index.isValid() || index.internalId() == kGroup) return {};
  return createIndex(int(index.internalId() - 1), 0, kGroup);
}

int ParamFormModel::rowCount(const QModelIndex& parent) const {
  if (!parent.isValid()) return int(groups_.size());
  if (parent.internalId() != kGroup || parent.column() != 0) return 0;
  return int(rows_[std::size_t(parent.row())].size());
}

int ParamFormModel::columnCount(const QModelIndex&) const { return ColumnCount; }

QVariant ParamFormModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Place place = placeOf(index);
  return place.row < 0 ? groupData(place.group, index.column(), role) : rowData(place, index.column(), role);
}

QVariant ParamFormModel::groupData(int g, int column, int role) const {
  const Group& group = groups_[std::size_t(g)];
  const QString& issue = group_issues_[std::size_t(g)];
  switch (role) {
    case Qt::DisplayRole:
      return column == Name ? group.title : QString();
    case Qt::ToolTipRole:
      return issue.isEmpty() ? group.doc : issue;
    case Qt::ForegroundRole:
      return issue.isEmpty() ? QVariant() : QVariant(style::error());
    case DocRole:
      return group.doc;
    case PathRole:
      return text(group.path);
    case ProblemRole:
      return issue;
    case ChangedRole:
      return std::any_of(rows_[std::size_t(g)].begin(), rows_[std::size_t(g)].end(),
                         [](const Row& r) { return !(r.present == r.start); });
    case LevelRole: {
      int lowest = int(group.specs.empty() ? Level::Work : Level::Expert);
      for (const ParamSpec& spec : group.specs) lowest = std::min(lowest, int(spec.meta.level));
      return lowest;
    }
    default:
      return {};
  }
}

QVariant ParamFormModel::rowData(Place place, int column, int role) const {
  const ParamSpec& spec = this->spec(place);
  const Row& row = this->row(place);
  switch (role) {
    case Qt::DisplayRole:
      return column == Name ? text(spec.name).replace(QLatin1Char('_'), QLatin1Char(' '))
                            : param::displayed(spec, row.present);
    case Qt::EditRole:
      return column == Name ? QVariant(text(spec.name)) : param::edited(spec, row.present);
    case Qt::ToolTipRole:
      return toolTip(place);
    case Qt::FontRole: {
      if (row.present == row.start) return {};
      QFont bold;
      bold.setBold(true);
      return bold;
    }
    case Qt::ForegroundRole:
      return problem(place).isEmpty() || column == Name ? QVariant() : QVariant(style::error());
    case Qt::AccessibleDescriptionRole:
      return problem(place);
    case Qt::CheckStateRole:
      if (column != Setting || spec.kind != Kind::Bool) return {};
      return int(row.present.asBool() ? Qt::Checked : Qt::Unchecked);
    case SpecRole:
      return QVariant::fromValue(static_cast<void*>(const_cast<ParamSpec*>(&spec)));
    case ValueRole:
      return param::variant(row.present);
    case ChangedRole:
      return !(row.present == row.start);
    case ProblemRole:
      return problem(place);
    case DocRole:
      return text(spec.meta.doc);
    case PathRole:
      return text(groups_[std::size_t(place.group)].path.empty()
                      ? spec.name
                      : groups_[std::size_t(place.group)].path + "." + spec.name);
    case LevelRole:
      return int(spec.meta.level);
    default:
      return {};
  }
}

QString ParamFormModel::problem(Place place) const {
  const Row& row = this->row(place);
  if (!row.unreadable.isEmpty()) return row.unreadable;
  if (const auto wrong = misfit(spec(place), row.present)) return text(*wrong);
  return row.issue;
}

QString ParamFormModel::toolTip(Place place) const {
  const ParamSpec& spec = this->spec(place);
  QStringList lines;
  if (const QString wrong = problem(place); !wrong.isEmpty()) lines << tr("Problem: %1").arg(wrong);
  if (!spec.meta.doc.empty()) lines << param::translated(spec.meta.doc);
  if (const std::string range = rangeText(spec); !range.empty()) lines << tr("Allowed: %1").arg(text(range));
  lines << tr("Default: %1").arg(param::displayed(spec, spec.fallback));
  const Row& row = this->row(place);
  if (!(row.present == row.start)) lines << tr("Before your change: %1").arg(param::displayed(spec, row.start));
  if (!spec.meta.source.empty()) lines << tr("Source: %1").arg(text(spec.meta.source));
  return lines.join(QLatin1Char('\n'));
}

bool ParamFormModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!index.isValid() || index.column() != Setting) return false;
  const Place place = placeOf(index);
  if (place.row < 0) return false;
  if (role == Qt::CheckStateRole && spec(place).kind == Kind::Bool) {
    store(place, Value(value.toInt() == Qt::Checked));
    return true;
  }
  if (role != Qt::EditRole) return false;
  const param::Read read = param::read(spec(place), value);
  store(place, read.value, read.problem);
  return true;
}

QVariant ParamFormModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == Name ? tr("Parameter") : tr("Value");
}

Qt::ItemFlags ParamFormModel::flags(const QModelIndex& index) const {
  if (!index.isValid()) return Qt::NoItemFlags;
  Qt::ItemFlags flags = Qt::ItemIsEnabled | Qt::ItemIsSelectable;
  if (index.internalId() != kGroup) {
    flags |= Qt::ItemNeverHasChildren;
    if (index.column() == Setting)
      flags |= spec(placeOf(index)).kind == Kind::Bool ? Qt::ItemIsUserCheckable : Qt::ItemIsEditable;
  }
  return flags;
}

void ParamFilter::setDeepest(Level level) {
  deepest_ = level;
  invalidateFilter();
}

bool ParamFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
  const QModelIndex at = sourceModel()->index(row, 0, parent);
  if (!parent.isValid() && sourceModel()->rowCount(at) > 0) return false;  // shown through its rows, when it has any
  return at.data(ParamFormModel::LevelRole).toInt() <= int(deepest_) || at.data(ParamFormModel::ChangedRole).toBool() ||
         !at.data(ParamFormModel::ProblemRole).toString().isEmpty();
}

}  // namespace palimpsest
