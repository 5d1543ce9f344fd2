#include "app/open_runs.h"

#include <algorithm>
#include <cmath>

#include "engine/record/run_folder.h"

namespace palimpsest {

namespace {

const QString kRuns = QStringLiteral("runs"), kFolder = QStringLiteral("folder"), kTicked = QStringLiteral("ticked"), kRun = QStringLiteral("run"),
              kOther = QStringLiteral("other"), kStep = QStringLiteral("step"), kSample = QStringLiteral("sample");

QString words(const std::filesystem::path& path) { return QString::fromStdString(path.string()); }
// As a run that is opened says it.
std::filesystem::path pathOf(const QVariant& value) {
  const std::filesystem::path path = value.toString().toStdString();
  std::error_code ignored;
  return path.is_absolute() ? std::filesystem::weakly_canonical(path, ignored) : std::filesystem::path();
}

}  // namespace

OpenRuns::OpenRuns(RunListModel& runs, Cursor& cursor, Open open, Focus focus, QObject* parent)
    : QObject(parent), runs_(runs), cursor_(cursor), open_(std::move(open)), focus_(std::move(focus)) {
  // Whoever adds a run may still be about to say what folder it has: looked at in the next turn.
  connect(&runs_, &QAbstractItemModel::rowsInserted, this, &OpenRuns::look, Qt::QueuedConnection);
  connect(&runs_, &RunListModel::runChanged, this, &OpenRuns::look);
}

QVariantMap OpenRuns::save() const {
  QVariantList runs;
  for (int row = 0; row < runs_.rowCount(); ++row) {
    const RunData* run = runs_.at(row);
    if (run->recording || run->folder.empty() || run->state() == RunData::State::Queued || run->state() == RunData::State::Refused) continue;
    runs << QVariantMap{{kFolder, words(run->folder)}, {kTicked, run->visible}};
  }
  QVariantMap out{{kRuns, runs}};
  const auto keep = [&out](const QString& name, const RunData* run) {
    if (run && !run->recording && !run->folder.empty()) out[name] = words(run->folder);
  };
  keep(kRun, cursor_.run());
  keep(kOther, cursor_.other());
  if (std::isfinite(cursor_.step())) out[kStep] = cursor_.step();
  if (cursor_.sample() >= 0) out[kSample] = qlonglong(cursor_.sample());
  return out;
}

void OpenRuns::restore(const QVariantMap& kept) {
  kept_.clear();
  for (const QVariant& item : kept.value(kRuns).toList()) {
    const QVariantMap run = item.toMap();
    const std::filesystem::path folder = pathOf(run.value(kFolder));
    if (!folder.empty() && record::isRun(folder)) kept_.push_back({folder, run.value(kTicked, true).toBool(), false});
  }
  place_ = {};
  const auto known = [this](const std::filesystem::path& folder) {
    return std::any_of(kept_.begin(), kept_.end(), [&](const Kept& run) { return run.folder == folder; });
  };
  place_.run = pathOf(kept.value(kRun));
  place_.other = pathOf(kept.value(kOther));
  place_.focused = !known(place_.run);
  place_.other_set = !known(place_.other);
  bool number = false, sample_is_number = false;
  place_.step = kept.value(kStep).toDouble(&number);
  place_.moved = place_.focused || !number || !std::isfinite(place_.step) || place_.step < 0;
  const qlonglong sample = kept.value(kSample).toLongLong(&sample_is_number);
  place_.sample = !place_.focused && sample_is_number && sample >= 0 ? sample : -1;
  const std::vector<Kept> folders = kept_;  // opening may call look()
  for (const Kept& run : folders)
    if (!at(run.folder)) open_(run.folder);
  look();
}

bool OpenRuns::waiting() const {
  const bool missing = std::any_of(kept_.begin(), kept_.end(), [](const Kept& run) { return !run.found; });
  return missing || !place_.focused || !place_.other_set || !place_.moved;
}

void OpenRuns::giveUp() {
  kept_.clear();
  place_.focused = place_.other_set = place_.moved = true;
}

RunData* OpenRuns::at(const std::filesystem::path& folder) const {
  for (int row = 0; row < runs_.rowCount(); ++row)
    if (runs_.at(row)->folder == folder) return runs_.at(row);
  return nullptr;
}

// Opening a run puts the cursor on it, so the one that had it gets it back once all are there.
void OpenRuns::look() {
  if (looking_ || !waiting()) return;
  looking_ = true;
  bool all = true;
  for (Kept& run : kept_) {
    RunData* here = at(run.folder);
    all = all && here;
    if (!here || run.found) continue;
    run.found = true;
    runs_.setVisible(here, run.ticked);
  }
  if (all && !place_.focused) {
    place_.focused = true;
    if (RunData* run = at(place_.run)) focus_(run);
    if (place_.sample >= 0) cursor_.setSample(place_.sample);
  }
  if (all && !place_.other_set) {
    place_.other_set = true;
    cursor_.setOther(at(place_.other));
  }
  const RunData* run = cursor_.run();
  if (all && !place_.moved && run && run->folder == place_.run && double(run->step()) >= place_.step) {
    place_.moved = true;
    cursor_.setStep(place_.step);
  }
  looking_ = false;
}

}  // namespace palimpsest
