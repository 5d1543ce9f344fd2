#include "app/run_watcher.h"

#include <algorithm>

#include "app/background.h"
#include "engine/protocol/error.h"
#include "engine/record/run_folder.h"

namespace palimpsest {

namespace {
constexpr double kReplaySpeed = 8;
constexpr int kLookMs = 700;  // a writer that dies is noticed within two looks

struct Recording {
  std::filesystem::path folder;
  std::vector<Event> events;
  Issues issues;
};

Recording firstRecording(const std::filesystem::path& recordings) {
  std::vector<std::filesystem::path> folders;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(recordings, missing))
    if (record::isRun(entry.path())) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  Recording found;
  if (folders.empty()) return found;
  try {
    found.folder = folders.front();
    found.events = record::effectiveEvents(found.folder);
  } catch (const BadInput& bad) {
    found.issues = bad.issues;
  } catch (const std::exception& failed) {
    found.issues = {warning(found.folder.string(), failed.what())};
  }
  return found;
}

QString idFor(const RunListModel& runs, const std::filesystem::path& folder) {
  const QString name = QString::fromStdString(folder.filename().string());
  return runs.find(name) ? QString::fromStdString(folder.string()) : name;
}
}  // namespace

RunWatcher::RunWatcher(RunListModel& runs, QObject* parent) : QObject(parent), runs_(runs) {
  disk_.setMaxThreadCount(1);
  look_.setInterval(kLookMs);
  connect(&look_, &QTimer::timeout, this, &RunWatcher::lookForDeadWriters);
}

RunWatcher::~RunWatcher() { disk_.waitForDone(); }

void RunWatcher::playRecording(const std::filesystem::path& recordings) {
  inBackground(disk_, this, [recordings] { return firstRecording(recordings); }, [this](Recording found) {
    for (const Issue& issue : found.issues) Q_EMIT problem(issue);
    if (found.events.empty()) Q_EMIT recordingMissing();
    else show(found.folder, std::move(found.events));
  });
}

void RunWatcher::show(const std::filesystem::path& recording, std::vector<Event> events) {
  auto data = std::make_unique<RunData>(idFor(runs_, recording));
  data->recording = true;
  data->played_from = recording;
  recording_ = runs_.add(std::move(data));
  player_ = std::make_unique<ReplayFeed>(std::move(events), kReplaySpeed);
  connect(player_.get(), &RunFeed::rewound, recording_, &RunData::reset);
  connect(player_.get(), &RunFeed::batch, recording_, &RunData::apply);
  player_->setPlaying(true);
  Q_EMIT recordingStarted(recording_);
}

void RunWatcher::endRecording() {
  if (!recording_) return;
  player_.reset();
  RunData* gone = std::exchange(recording_, nullptr);
  runs_.remove(gone);
}

void RunWatcher::togglePlaying() {
  if (player_) player_->setPlaying(!player_->playing());
}

void RunWatcher::open(const std::filesystem::path& folder) {
  std::error_code ignored;
  const std::filesystem::path whole = std::filesystem::weakly_canonical(folder, ignored);
  for (int row = 0; row < runs_.rowCount(); ++row)
    if (runs_.at(row)->folder == whole) {
      Q_EMIT opened(runs_.at(row));
      return;
    }
  if (!record::isRun(whole)) {
    Q_EMIT problem(error(whole.string(), "This folder holds no run: there is no run.json in it.",
                         "Choose the folder of one run, as palimpsest-cli or this window wrote it."));
    return;
  }
  watch(whole);
}

void RunWatcher::watch(const std::filesystem::path& folder) try {
  auto feed = std::make_unique<FolderFeed>(folder);
  RunData* data = runs_.add(std::make_unique<RunData>(idFor(runs_, folder)));
  data->folder = folder;
  connect(feed.get(), &RunFeed::rewound, data, &RunData::reset);
  connect(feed.get(), &RunFeed::problem, this, &RunWatcher::problem);
  connect(feed.get(), &RunFeed::batch, data, [this, data](const std::vector<Event>& events) {
    data->apply(events);
    if (const auto at = watched_.find(data); at != watched_.end()) at->second.moved = true;
  });
  watched_[data].feed = std::move(feed);
  look_.start();
  Q_EMIT opened(data);
} catch (const BadInput& bad) {
  for (const Issue& issue : bad.issues) Q_EMIT problem(issue);
}

void RunWatcher::release(RunData& run) {
  watched_.erase(&run);
  if (watched_.empty()) look_.stop();
}

// A run without its end that nobody writes was killed. Asked only when no events came lately, so a folder that is
// still being read is not called dead.
void RunWatcher::lookForDeadWriters() {
  using State = RunData::State;
  for (auto& [run, watched] : watched_) {
    if (std::exchange(watched.moved, false)) continue;
    const State state = run->state();
    const bool open_ended = state == State::Preparing || state == State::Running || state == State::Paused;
    if (open_ended && !record::isBeingWritten(run->folder)) run->setInterrupted();
  }
}

}  // namespace palimpsest
