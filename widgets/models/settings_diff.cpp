#include "widgets/models/settings_diff.h"

#include <QFont>
#include <algorithm>
#include <map>

#include "widgets/style/palette.h"
#include "widgets/style/swatch.h"

namespace palimpsest {
namespace {

constexpr int kShown = 40;  // characters of a cell; the tool tip has all

std::string joined(const std::vector<int>& numbers) {
  std::string out;
  for (const int number : numbers) out.append(out.empty() ? "" : " ").append(std::to_string(number));
  return out;
}

// What a figure rests on beside its settings.
record::Settings provenanceOf(const record::RunHeader& header) {
  return {{"backbone hash", header.backbone_sha256},
          {"class order", joined(header.class_order)},
          {"seed", std::to_string(header.seed)},
          {"evaluation", header.evaluation},
          {"data fingerprint", header.data_fingerprint},
          {"version", header.version},
          {"torch", header.torch},
          {"device", header.device},
          {"threads used", std::to_string(header.threads)}};
}

std::string usualOf(const std::vector<std::string>& values) {
  std::map<std::string, int> counts;
  for (const std::string& value : values) ++counts[value];
  const std::string* best = nullptr;
  for (const std::string& value : values)  // the first of those that are equally frequent
    if (!best || counts[value] > counts[*best]) best = &value;
  return best ? *best : std::string();
}

}  // namespace

void SettingsDiff::setRuns(const std::vector<RunFigures>& runs) {
  beginResetModel();
  runs_ = runs;
  std::vector<record::Settings> provenance, settings;
  for (const RunFigures& run : runs) {
    provenance.push_back(run.header ? provenanceOf(run.header->header) : record::Settings());
    settings.push_back(run.header ? record::settingsOf(run.header->header) : record::Settings());
    std::erase_if(settings.back(), [](const auto& setting) { return setting.first == "options.seed"; });  // said above
  }
  rows_ = record::alignSettings(provenance);
  provenance_ = int(rows_.size());
  const std::vector<record::AlignedSetting> rest = record::alignSettings(settings);
  rows_.insert(rows_.end(), rest.begin(), rest.end());
  usual_.clear();
  for (const record::AlignedSetting& row : rows_) usual_.push_back(usualOf(row.values));
  endResetModel();
}

int SettingsDiff::differences() const {
  return int(std::count_if(rows_.begin(), rows_.end(), [](const auto& row) { return row.differs; }));
}

int SettingsDiff::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(rows_.size()); }
int SettingsDiff::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : 1 + int(runs_.size()); }

QString SettingsDiff::cell(int row, int run) const {
  const QString text = QString::fromStdString(rows_[std::size_t(row)].values[std::size_t(run)]);
  if (text.isEmpty()) return QString(QChar(0x2013));
  return text.size() > kShown ? text.left(kShown - 1) + QChar(0x2026) : text;
}

QVariant SettingsDiff::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) return {};
  const record::AlignedSetting& row = rows_[std::size_t(index.row())];
  const int run = index.column() - 1;
  const bool odd = run >= 0 && row.differs && row.values[std::size_t(run)] != usual_[std::size_t(index.row())];
  switch (role) {
    case Qt::DisplayRole: return run < 0 ? QString::fromStdString(row.path) : cell(index.row(), run);
    case Qt::ToolTipRole:
      if (run < 0) return index.row() < provenance_ ? tr("Where the numbers come from: recorded with the run") : QString::fromStdString(row.path);
      if (!runs_[std::size_t(run)].header) return tr("The settings of this run are not known.");
      return row.values[std::size_t(run)].empty() ? tr("This run has no such setting.") : QString::fromStdString(row.values[std::size_t(run)]);
    case Qt::FontRole: {
      QFont font;
      font.setBold(true);
      return odd ? QVariant(font) : QVariant();
    }
    case Qt::ForegroundRole:
      if (run < 0) return index.row() < provenance_ ? QVariant(style::accent()) : QVariant();
      return odd ? QVariant(style::warning()) : row.values[std::size_t(run)].empty() ? QVariant(style::muted()) : QVariant();
    case DiffersRole: return row.differs;
    case ProvenanceRole: return index.row() < provenance_;
    case OddRole: return odd;
    case SortRole: return run < 0 ? QVariant(index.row()) : QVariant(QString::fromStdString(row.values[std::size_t(run)]));
    default: return {};
  }
}

QVariant SettingsDiff::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
  if (section == 0) return role == Qt::DisplayRole ? QVariant(tr("Setting")) : QVariant();
  const RunFigures& run = runs_[std::size_t(section - 1)];
  if (role == Qt::DisplayRole) return run.id;
  if (role == Qt::DecorationRole) return style::swatch(run.colour_slot);
  if (role == Qt::ToolTipRole) return tr("%1, seed %2").arg(run.title).arg(run.seed);
  return {};
}

SettingsFilter::SettingsFilter(QObject* parent) : QSortFilterProxyModel(parent) { setSortRole(SettingsDiff::SortRole); }

void SettingsFilter::setOnlyDifferences(bool only) {
  if (only == only_) return;
  only_ = only;
  invalidateFilter();
}

void SettingsFilter::setSearch(const QString& words) {
  if (words.trimmed() == search_) return;
  search_ = words.trimmed();
  invalidateFilter();
}

bool SettingsFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
  const QAbstractItemModel& model = *sourceModel();
  if (only_ && !model.index(row, 0, parent).data(SettingsDiff::DiffersRole).toBool()) return false;
  if (search_.isEmpty()) return true;
  for (int column = 0; column < model.columnCount(parent); ++column) {
    const QModelIndex at = model.index(row, column, parent);
    if (at.data().toString().contains(search_, Qt::CaseInsensitive)) return true;
    if (column > 0 && at.data(SettingsDiff::SortRole).toString().contains(search_, Qt::CaseInsensitive)) return true;
  }
  return false;
}

bool SettingsFilter::lessThan(const QModelIndex& a, const QModelIndex& b) const {
  if (a.column() == 0) return a.row() < b.row();
  const QString left = a.data(SettingsDiff::SortRole).toString(), right = b.data(SettingsDiff::SortRole).toString();
  bool left_number = false, right_number = false;
  const double x = left.toDouble(&left_number), y = right.toDouble(&right_number);
  if (left_number && right_number) return x < y;
  return left_number != right_number ? left_number : left.localeAwareCompare(right) < 0;
}

}  // namespace palimpsest
