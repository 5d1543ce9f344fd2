#include "widgets/models/run_list.h"

#include <QFont>
#include <QIcon>
#include <algorithm>
#include <array>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/style/swatch.h"

namespace palimpsest {
namespace {

int freeSlot(const std::vector<std::unique_ptr<RunData>>& runs) {
  std::array<int, style::kRunSlots> used{};
  for (const auto& run : runs) ++used[std::size_t(run->colour_slot) % used.size()];
  return int(std::min_element(used.begin(), used.end()) - used.begin());
}

double percentOf(const std::optional<double>& fraction) { return fraction ? 100 * *fraction : std::nan(""); }

// By task, not by step: a method that takes no steps has a history too.
QList<double> sparkline(const RunData& run) {
  QList<double> out;
  for (int stage = 0; stage < run.matrix().stages(); ++stage) out << percentOf(run.matrix().top1(stage));
  if (out.isEmpty()) out = {run.probedSoFar().ys().begin(), run.probedSoFar().ys().end()};
  return out;
}

}  // namespace

RunData* RunListModel::add(std::unique_ptr<RunData> run) {
  RunData* added = run.get();
  added->colour_slot = freeSlot(runs_);
  connect(added, &RunData::changed, this, [this, added] { announce(added); });
  const int row = rowCount();
  beginInsertRows({}, row, row);
  runs_.push_back(std::move(run));
  endInsertRows();
  Q_EMIT visibleRunsChanged();
  return added;
}

void RunListModel::remove(RunData* run) {
  const int row = rowOf(run);
  if (row < 0) return;
  run->disconnect(this);
  beginRemoveRows({}, row, row);
  std::unique_ptr<RunData> gone = std::move(runs_[std::size_t(row)]);
  runs_.erase(runs_.begin() + row);
  notes_.erase(run);
  endRemoveRows();
  Q_EMIT visibleRunsChanged();
  gone.release()->deleteLater();  // the caller may stand in one of its signals
}

RunData* RunListModel::find(const QString& id) const {
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const auto& run) { return run->id() == id; });
  return found == runs_.end() ? nullptr : found->get();
}

int RunListModel::rowOf(const RunData* run) const {
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const auto& r) { return r.get() == run; });
  return found == runs_.end() ? -1 : int(found - runs_.begin());
}

std::vector<RunData*> RunListModel::visibleRuns() const {
  std::vector<RunData*> out;
  for (const auto& run : runs_)
    if (run->visible) out.push_back(run.get());
  return out;
}

void RunListModel::setVisible(RunData* run, bool visible) {
  if (rowOf(run) >= 0) setData(index(rowOf(run), Name), visible ? Qt::Checked : Qt::Unchecked, Qt::CheckStateRole);
}

void RunListModel::note(const RunData* run, QString Notes::*which, const QString& text) {
  const int row = rowOf(run);
  if (row < 0 || notes_[run].*which == text) return;
  notes_[run].*which = text;
  Q_EMIT dataChanged(index(row, Name), index(row, Status));
}

void RunListModel::setOrigin(const RunData* run, const QString& origin) { note(run, &Notes::origin, origin); }
void RunListModel::setNews(const RunData* run, const QString& news) { note(run, &Notes::news, news); }

QString RunListModel::news(const RunData* run) const {
  const auto found = notes_.find(run);
  return found == notes_.end() ? QString() : found->second.news;
}

void RunListModel::announce(RunData* run) {
  const int row = rowOf(run);
  if (row < 0) return;
  Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
  Q_EMIT runChanged(run);
}

int RunListModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(runs_.size()); }
int RunListModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant RunListModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  RunData& run = *runs_[std::size_t(index.row())];
  const bool figure = index.column() == LastAccuracy || index.column() == Forgetting;
  switch (role) {
    case Qt::DisplayRole:
      return display(run, index.column());
    case Qt::ToolTipRole:
      return toolTip(run, index.column());
    case Qt::AccessibleTextRole:
      return display(run, index.column());
    case Qt::DecorationRole:
      return index.column() == Name ? QVariant(style::swatch(run.colour_slot)) : QVariant();
    case Qt::CheckStateRole:
      return index.column() == Name ? QVariant(run.visible ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Qt::TextAlignmentRole:
      return figure ? QVariant(Qt::AlignRight | Qt::AlignVCenter) : QVariant();
    case Qt::FontRole:
      return figure ? QVariant(style::tabularFont()) : QVariant();
    case Qt::ForegroundRole:
      if (index.column() != Status) return {};
      if (run.state() == RunData::State::Failed || run.state() == RunData::State::Refused) return style::error();
      return run.state() == RunData::State::Interrupted ? QVariant(style::warning()) : QVariant();
    case RunRole:
      return QVariant::fromValue(&run);
    case ColourRole:
      return style::run(run.colour_slot);
    case SparklineRole:
      return QVariant::fromValue(sparkline(run));
    default:
      return {};
  }
}

QString RunListModel::display(const RunData& run, int column) const {
  switch (column) {
    case Name:
      return run.title();
    case Status: {
      const auto found = notes_.find(&run);
      if (found == notes_.end()) return statusText(run);
      const QString state = found->second.news.isEmpty() ? statusText(run) : found->second.news;
      return found->second.origin.isEmpty() ? state : tr("%1, %2").arg(state, found->second.origin);
    }
    case LastAccuracy:
      return run.matrix().last() ? style::percent(percentOf(run.matrix().last())) : QString();
    case Forgetting:
      return run.matrix().forgetting() ? style::percent(percentOf(run.matrix().forgetting())) : QString();
    default:
      return {};
  }
}

QString RunListModel::toolTip(const RunData& run, int column) const {
  if (column == LastAccuracy)
    return tr(
        "Share of the test images of all classes seen so far that are classified rightly, after the last finished "
        "task.");
  if (column == Forgetting)
    return tr(
        "Mean over earlier tasks of the best accuracy on them before the last finished task minus the accuracy now.");
  if (column == Status && !run.failure().message.empty())
    return tr("%1\n%2")
        .arg(QString::fromStdString(run.failure().message), QString::fromStdString(run.failure().hint))
        .trimmed();
  if (!run.started()) return run.id();
  const RunStarted& start = run.start();
  QString text = tr("%1: %2 on %3\nData %4, stream %5, seed %6, %7")
                     .arg(run.title(), QString::fromStdString(start.recipe), QString::fromStdString(start.backbone),
                          QString::fromStdString(start.data), QString::fromStdString(start.scenario),
                          QString::number(start.seed), QString::fromStdString(start.device));
  if (!run.folder.empty()) text += QLatin1Char('\n') + QString::fromStdString(run.folder.string());
  return text;
}

bool RunListModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!index.isValid() || role != Qt::CheckStateRole || index.column() != Name) return false;
  RunData& run = *runs_[std::size_t(index.row())];
  const bool visible = value.toInt() == Qt::Checked;
  if (run.visible == visible) return true;
  run.visible = visible;
  Q_EMIT dataChanged(index, index, {Qt::CheckStateRole});
  Q_EMIT visibleRunsChanged();
  return true;
}

QVariant RunListModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole && section >= LastAccuracy) return QVariant(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case Name:
      return tr("Run");
    case Status:
      return tr("Status");
    case LastAccuracy:
      return tr("Accuracy");
    case Forgetting:
      return tr("Forgetting");
    default:
      return {};
  }
}

Qt::ItemFlags RunListModel::flags(const QModelIndex& index) const {
  const Qt::ItemFlags flags = QAbstractTableModel::flags(index);
  return index.isValid() && index.column() == Name ? flags | Qt::ItemIsUserCheckable : flags;
}

QString statusText(const RunData& run) {
  using State = RunData::State;
  if (run.recording) return RunListModel::tr("recording");
  switch (run.state()) {
    case State::Queued:
      return RunListModel::tr("queued");
    case State::Preparing:
      return RunListModel::tr("preparing");
    case State::Running:
      return RunListModel::tr("running %1 %").arg(int(100 * std::clamp(run.progress().fraction, 0.0, 1.0)));
    case State::Paused:
      return RunListModel::tr("paused");
    case State::Done:
      return RunListModel::tr("done");
    case State::Stopped:
      return RunListModel::tr("stopped");
    case State::Failed:
      return RunListModel::tr("failed");
    case State::Refused:
      return RunListModel::tr("refused");
    case State::Interrupted:
      return RunListModel::tr("interrupted");
  }
  return {};
}

}  // namespace palimpsest
