#include "app/queue_model.h"

#include <QDateTime>
#include <QLocale>
#include <QMimeData>
#include <algorithm>
#include <set>

#include "app/background.h"
#include "app/finished_runs.h"
#include "widgets/style/format.h"

namespace palimpsest {

namespace {
const QString kMime = QStringLiteral("application/x-palimpsest-waiting-run");

// Part of a run that lies behind before it goes on.
double doneOf(const QueuedRun& run, const RunData* data) {
  if (!run.resume || !data || !data->started()) return 0;
  return double(data->lastEndedTask() + 1) / std::max(1, data->start().tasks);
}
}  // namespace

QueueModel::QueueModel(Workspace& workspace, QObject* parent) : QAbstractTableModel(parent), workspace_(workspace) {
  disk_.setMaxThreadCount(1);
  connect(&workspace.launcher().queue(), &RunQueue::changed, this, &QueueModel::follow);
  connect(&workspace.launcher(), &RunLauncher::ended, this, &QueueModel::readRuns);
  connect(&workspace.launcher(), &RunLauncher::liveChanged, this, &QueueModel::tick);
  connect(&workspace.launcher(), &RunLauncher::heldChanged, this, &QueueModel::tick);
  follow();
  readRuns();
}

QueueModel::~QueueModel() { disk_.waitForDone(); }

QueueModel::Row QueueModel::rowOf(const QueuedRun& run) const {
  Row row{run.id, run.title, run.origin, std::nullopt};
  if (!run.plan.recipe.isObject()) return row;
  QueueForecast::Wanted wanted = wantedRun(run.plan.recipe, Value(valuesOf(run.plan.options)), *workspace_.api().catalogue);
  wanted.done = run.done > 0 ? run.done : doneOf(run, workspace_.runs().find(run.id));
  row.seconds = forecast_.seconds(wanted);
  return row;
}

// Row by row, so that views keep their selection and their place.
void QueueModel::follow() {
  const std::deque<QueuedRun>& waiting = workspace_.launcher().queue().waiting();
  std::set<QString> ids;
  for (const QueuedRun& run : waiting) ids.insert(run.id);
  for (int row = rowCount(); row-- > 0;) {
    if (ids.contains(idAt(row))) continue;
    beginRemoveRows({}, row, row);
    rows_.erase(rows_.begin() + row);
    endRemoveRows();
  }
  for (int row = 0; row < int(waiting.size()); ++row) {
    const QueuedRun& run = waiting[std::size_t(row)];
    const auto found = std::find_if(rows_.begin() + std::min(row, rowCount()), rows_.end(), [&](const Row& r) { return r.id == run.id; });
    if (found == rows_.end()) {
      beginInsertRows({}, row, row);
      rows_.insert(rows_.begin() + row, rowOf(run));
      endInsertRows();
    } else if (const int from = int(found - rows_.begin()); from != row) {
      beginMoveRows({}, from, from, {}, row);
      std::rotate(rows_.begin() + row, rows_.begin() + from, rows_.begin() + from + 1);
      endMoveRows();
    }
  }
  tick();
}

void QueueModel::readRuns() {
  inBackground(disk_, this, [folder = workspace_.runsFolder(), catalogue = workspace_.api().catalogue] { return finishedRuns(folder, *catalogue); },
               [this](const std::vector<QueueForecast::Finished>& runs) {
                 forecast_.setFinished(runs);
                 for (const QueuedRun& run : workspace_.launcher().queue().waiting())
                   for (Row& row : rows_)
                     if (row.id == run.id) row.seconds = rowOf(run).seconds;
                 tick();
               });
}

std::optional<double> QueueModel::untilFree() const {
  const RunData* live = workspace_.launcher().live();
  if (!live) return 0.0;
  if (live->progress().run_seconds_left < 0 || live->progress().steps == 0) return std::nullopt;
  return live->progress().run_seconds_left;
}

void QueueModel::tick() {
  std::vector<std::optional<double>> lengths;
  for (const Row& row : rows_) lengths.push_back(row.seconds);
  const auto slots_after = QueueForecast::slotsAfter(untilFree(), lengths);
  for (std::size_t row = 0; row < rows_.size(); ++row) rows_[row].slot = slots_after[row];
  if (!rows_.empty()) Q_EMIT dataChanged(index(0, Begin), index(rowCount() - 1, End));
}

std::optional<double> QueueModel::allDone() const { return rows_.empty() ? untilFree() : rows_.back().slot.end; }

bool QueueModel::moveRun(int row, int to) {
  return row >= 0 && row < rowCount() && workspace_.launcher().queue().move(idAt(row), to);
}

int QueueModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(rows_.size()); }
int QueueModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(ColumnCount); }

// A clock time, with its day where that is not today. Nothing begins while the queue is held.
QString QueueModel::time(const std::optional<double>& from_now) const {
  if (workspace_.launcher().held()) return tr("held");
  if (!from_now) return tr("not known");
  const QDateTime at = QDateTime::currentDateTime().addMSecs(qint64(*from_now * 1000));
  const QString clock = QLocale().toString(at.time(), QStringLiteral("hh:mm"));
  return at.date() == QDate::currentDate() ? clock : tr("%1 %2").arg(QLocale().toString(at.date(), QStringLiteral("ddd")), clock);
}

QString QueueModel::toolTip(const Row& row, int column) const {
  if (column == Title) return row.origin.isEmpty() ? row.id : tr("%1\n%2").arg(row.id, row.origin);
  if (!row.seconds) return tr("No finished run of this recipe with these options tells how long it will take.");
  return tr("It would take %1, as finished runs of this recipe with these options did.").arg(style::duration(*row.seconds));
}

QVariant QueueModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const Row& row = rows_[std::size_t(index.row())];
  const auto& when = index.column() == Begin ? row.slot.begin : row.slot.end;
  const auto moment = [](const std::optional<double>& s) { return s ? QDateTime::currentDateTime().addMSecs(qint64(*s * 1000)) : QDateTime(); };
  switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
      if (index.column() != Title) return time(when);
      return row.origin.isEmpty() ? row.title : tr("%1, %2").arg(row.title, row.origin);
    case Qt::ToolTipRole: return toolTip(row, index.column());
    case Qt::TextAlignmentRole: return index.column() == Title ? QVariant() : QVariant(Qt::AlignRight | Qt::AlignVCenter);
    case Qt::FontRole: return index.column() == Title ? QVariant() : QVariant(style::tabularFont());
    case IdRole: return row.id;
    case BeginRole: return moment(row.slot.begin);
    case EndRole: return moment(row.slot.end);
    default: return {};
  }
}

QVariant QueueModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  if (role == Qt::TextAlignmentRole && section != Title) return QVariant(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  const QString names[] = {tr("Waiting"), tr("Begins"), tr("Ends")};
  return names[section];
}

// Rows are dropped between rows, not on them.
Qt::ItemFlags QueueModel::flags(const QModelIndex& index) const {
  if (!index.isValid()) return Qt::ItemIsDropEnabled;
  return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsDragEnabled | Qt::ItemNeverHasChildren;
}

QStringList QueueModel::mimeTypes() const { return {kMime}; }

QMimeData* QueueModel::mimeData(const QModelIndexList& indexes) const {
  if (indexes.isEmpty()) return nullptr;
  auto* data = new QMimeData;
  data->setData(kMime, idAt(indexes.front().row()).toUtf8());
  return data;
}

bool QueueModel::dropMimeData(const QMimeData* data, Qt::DropAction action, int row, int, const QModelIndex& parent) {
  if (action != Qt::MoveAction || !data || !data->hasFormat(kMime)) return false;
  const QString id = QString::fromUtf8(data->data(kMime));
  const auto from = std::find_if(rows_.begin(), rows_.end(), [&](const Row& r) { return r.id == id; }) - rows_.begin();
  if (from == rowCount()) return false;  // it has begun while it was being dragged
  if (row < 0) row = parent.isValid() ? parent.row() : rowCount();
  return moveRun(int(from), row > from ? row - 1 : row);  // `row` counts the one that leaves
}

}  // namespace palimpsest
