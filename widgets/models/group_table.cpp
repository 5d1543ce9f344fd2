#include "widgets/models/group_table.h"

#include <QFont>
#include <QStringList>
#include <algorithm>
#include <cmath>
#include <limits>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/style/swatch.h"

namespace palimpsest {
namespace {

const QChar kDash(0x2013), kMinus(0x2212), kPlusMinus(0x00b1);

const Figure* figureIn(const RunGroup& group, int column) {
  switch (column) {
    case GroupTable::Last: return &group.last;
    case GroupTable::Average: return &group.average;
    case GroupTable::Forgetting: return &group.forgetting;
    case GroupTable::Intransigence: return &group.intransigence;
    case GroupTable::Seconds: return &group.seconds;
    default: return nullptr;
  }
}

bool sameFigure(const Figure& a, const Figure& b) { return a.values == b.values; }

bool sameShown(const RunGroup& a, const RunGroup& b) {
  return a.name == b.name && a.runs.size() == b.runs.size() && a.complete == b.complete && a.colour_slot() == b.colour_slot() &&
         sameFigure(a.last, b.last) && sameFigure(a.average, b.average) && sameFigure(a.forgetting, b.forgetting) && sameFigure(a.intransigence, b.intransigence) && sameFigure(a.seconds, b.seconds);
}

}  // namespace

QString figureText(const Figure& figure) {
  if (!figure.spread.mean) return kDash;
  const QString mean = QString::number(*figure.spread.mean, 'f', 2);
  return figure.spread.deviation ? QStringLiteral("%1 %2 %3").arg(mean).arg(kPlusMinus).arg(*figure.spread.deviation, 0, 'f', 2) : mean;
}

QString differenceText(const Figure& figure, const Figure& from) {
  if (!figure.spread.mean || !from.spread.mean) return kDash;
  const double by = *figure.spread.mean - *from.spread.mean;
  const QString size = QString::number(std::abs(by), 'f', 2);
  if (size == QLatin1String("0.00")) return size;
  return (by < 0 ? kMinus : QChar(QLatin1Char('+'))) + size;
}

void GroupTable::setGroups(std::vector<RunGroup> groups, const QString& no_rank) {
  const bool same_rows = groups.size() == groups_.size() && std::equal(groups.begin(), groups.end(), groups_.begin(), [](const auto& a, const auto& b) { return a.name == b.name; });
  std::vector<std::optional<int>> ranks = no_rank.isEmpty() ? ranksOf(groups) : std::vector<std::optional<int>>(groups.size());
  if (!same_rows) {  // a live run only changes figures: selection and scrolling stay
    beginResetModel();
    groups_ = std::move(groups);
    ranks_ = std::move(ranks);
    no_rank_ = no_rank;
    endResetModel();
    return;
  }
  const bool same = ranks == ranks_ && no_rank == no_rank_ && std::equal(groups.begin(), groups.end(), groups_.begin(), sameShown);
  groups_ = std::move(groups);
  ranks_ = std::move(ranks);
  no_rank_ = no_rank;
  if (!same && !groups_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

void GroupTable::setPinned(const QString& name) {
  if (name == pinned_) return;
  pinned_ = name;
  if (!groups_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
  Q_EMIT headerDataChanged(Qt::Horizontal, 0, ColumnCount - 1);
}

bool GroupTable::hasIntransigence() const {
  return std::any_of(groups_.begin(), groups_.end(), [](const RunGroup& g) { return g.intransigence.spread.mean.has_value(); });
}

int GroupTable::pinnedRow() const {
  const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const RunGroup& g) { return g.name == pinned_; });
  return pinned_.isEmpty() || found == groups_.end() ? -1 : int(found - groups_.begin());
}

int GroupTable::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(groups_.size()); }
int GroupTable::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QString GroupTable::display(int row, int column) const {
  const RunGroup& group = groups_[std::size_t(row)];
  const int pin = pinnedRow();
  if (column == Method) return pin == row ? tr("%1 (baseline)").arg(group.name) : group.complete ? group.name : tr("%1 *").arg(group.name);
  if (column == Runs) return QString::number(group.n());
  if (column == Rank) return ranks_[std::size_t(row)] ? QString::number(*ranks_[std::size_t(row)]) : QString(kDash);
  const Figure& figure = *figureIn(group, column);
  if (pin < 0 || pin == row) return column == Seconds && figure.spread.mean ? style::duration(*figure.spread.mean) : figureText(figure);
  const Figure& from = *figureIn(groups_[std::size_t(pin)], column);
  if (column != Seconds || !figure.spread.mean || !from.spread.mean) return differenceText(figure, from);
  const double by = *figure.spread.mean - *from.spread.mean;
  return (by < 0 ? kMinus : QChar(QLatin1Char('+'))) + style::duration(std::abs(by));
}

QString GroupTable::toolTip(int row, int column) const {
  const RunGroup& group = groups_[std::size_t(row)];
  if (column == Rank) {
    if (!no_rank_.isEmpty()) return tr("Not ranked: %1").arg(no_rank_);
    return group.complete ? tr("By average accuracy, among the methods that have learned all tasks") : tr("Not ranked: not all tasks have been learned yet.");
  }
  if (column == Method || column == Runs) {
    const QString which = tr("Runs: %1").arg(group.ids().join(QStringLiteral(", ")));
    if (!group.complete) return tr("%1. None is complete; figures are of the tasks learned so far.").arg(which);
    return group.used.size() < group.runs.size() ? tr("%1. Figures are of the %2 complete ones.").arg(which).arg(group.n()) : which;
  }
  const Figure& figure = *figureIn(group, column);
  QStringList parts;
  for (std::size_t i = 0; i < figure.values.size(); ++i)
    if (figure.values[i]) parts << tr("seed %1: %2").arg(group.runs[group.used[i]].seed).arg(*figure.values[i], 0, 'f', 2);
  return tr("%1 (n = %2)\n%3").arg(figureText(figure)).arg(figure.spread.n).arg(parts.join(QLatin1Char('\n')));
}

QVariant GroupTable::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const RunGroup& group = groups_[std::size_t(index.row())];
  const int column = index.column();
  switch (role) {
    case Qt::DisplayRole: return display(index.row(), column);
    case Qt::ToolTipRole: return toolTip(index.row(), column);
    case Qt::DecorationRole: return column == Method ? QVariant(style::swatch(group.colour_slot())) : QVariant();
    case Qt::TextAlignmentRole: return column == Method ? QVariant() : QVariant(Qt::AlignRight | Qt::AlignVCenter);
    case Qt::FontRole: {
      QFont font = column == Method ? QFont() : style::tabularFont();
      font.setBold(index.row() == pinnedRow() || (column != Method && ranks_[std::size_t(index.row())] == 1));
      return font.bold() || column != Method ? QVariant(font) : QVariant();
    }
    case NameRole: return group.name;
    case SortRole: {
      if (column == Method) return group.name;
      if (column == Runs) return group.n();
      if (column == Rank) return ranks_[std::size_t(index.row())] ? *ranks_[std::size_t(index.row())] : std::numeric_limits<int>::max();
      const auto mean = figureIn(group, column)->spread.mean;
      return mean ? *mean : column == Last || column == Average ? -1e300 : 1e300;
    }
    default: return {};
  }
}

QVariant GroupTable::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  if (role == Qt::TextAlignmentRole) return QVariant((section == Method ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
  if (role == Qt::ToolTipRole) {
    const QStringList tips{tr("Runs that differ in nothing but seed, class order and machine"), tr("n: runs the figures are of"),
                           tr("Top-1 on all classes after the last task, in percent; ± is the sample standard deviation over runs"),
                           tr("Mean of the top-1 after each task, in percent (average incremental accuracy)"),
                           tr("Best accuracy on a task so far minus the present one, mean over the tasks before the last, in points"),
                           tr("What joint training on the same stream reaches on a new task, minus what is reached here, mean over tasks, in points"),
                           tr("From the first event to the last, pauses included"), tr("By average accuracy; only where the comparison is fair")};
    return tips[section];
  }
  if (role != Qt::DisplayRole) return {};
  return QStringList{tr("Method"), tr("n"), tr("Last"), tr("Average"), tr("Forgetting"), tr("Intransigence"), tr("Time"), tr("Rank")}[section];
}

}  // namespace palimpsest
