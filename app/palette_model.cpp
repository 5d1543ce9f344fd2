#include "app/palette_model.h"

#include <algorithm>
#include <tuple>

#include "widgets/models/fuzzy.h"

namespace palimpsest {

namespace {
constexpr int kRemembered = 12;
QString keyOf(const PaletteEntry& entry) { return entry.kind + QLatin1Char('\n') + entry.text; }
}  // namespace

void PaletteModel::setEntries(std::vector<PaletteEntry> entries) {
  entries_ = std::move(entries);
  rank();
}

void PaletteModel::setPattern(const QString& pattern) {
  pattern_ = pattern;
  rank();
}

int PaletteModel::recency(const PaletteEntry& entry) const { return int(chosen_.lastIndexOf(keyOf(entry))) + 1; }

void PaletteModel::rank() {
  beginResetModel();
  shown_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const PaletteEntry& entry = entries_[i];
    if (const auto match = fuzzyMatch(pattern_, entry.text)) {
      shown_.push_back({int(i), match->score, QList<int>(match->at.begin(), match->at.end())});
    } else if (const auto around = fuzzyMatch(pattern_, entry.text + QLatin1Char(' ') + entry.kind + QLatin1Char(' ') + entry.detail)) {
      Shown shown{int(i), around->score / 2, {}};
      for (const int at : around->at)
        if (at < entry.text.size()) shown.at << at;
      shown_.push_back(std::move(shown));
    }
  }
  const auto key = [this](const Shown& shown) {
    const PaletteEntry& entry = entries_[std::size_t(shown.entry)];
    return std::tuple(entry.enabled, shown.score, recency(entry));
  };
  std::stable_sort(shown_.begin(), shown_.end(), [&](const Shown& a, const Shown& b) { return key(a) > key(b); });
  endResetModel();
}

void PaletteModel::remember(int row) {
  const QString key = keyOf(at(row));
  chosen_.removeAll(key);
  chosen_ << key;
  if (chosen_.size() > kRemembered) chosen_.removeFirst();
}

QVariant PaletteModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const PaletteEntry& entry = at(index.row());
  switch (role) {
    case Qt::DisplayRole: return entry.text;
    case Qt::DecorationRole: return entry.icon.isNull() ? QVariant() : QVariant(entry.icon);
    case Qt::ToolTipRole: return entry.detail;
    case Qt::AccessibleTextRole: {
      QStringList parts{entry.kind, entry.text};
      if (!entry.shortcut.isEmpty()) parts << entry.shortcut;
      if (!entry.enabled) parts << tr("not available now");
      return parts.join(QStringLiteral(", "));
    }
    case Qt::AccessibleDescriptionRole: return entry.detail;
    case KindRole: return entry.kind;
    case DetailRole: return entry.detail;
    case ShortcutRole: return entry.shortcut;
    case MatchRole: return QVariant::fromValue(shown_[std::size_t(index.row())].at);
    default: return {};
  }
}

Qt::ItemFlags PaletteModel::flags(const QModelIndex& index) const {
  if (!index.isValid() || index.row() >= rowCount()) return Qt::NoItemFlags;
  return at(index.row()).enabled ? Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren : Qt::ItemNeverHasChildren;
}

}  // namespace palimpsest
