#include "app/run_watcher.h"

#include <algorithm>

#include "app/background.h"
#include "engine/protocol/error.h"
#include "engine/record/run_folder.h"
#include "widgets/style/format.h"

namespace palimpsest {

namespace {
constexpr double kReplaySpeed = 8;
constexpr int kLookMs = 700;  // a writer that dies is noticed within two looks
constexpr int kLookIntoMs = 2000;

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

QString silenceOf(qint64 ms) {
  return ms < 60000 ? RunWatcher::tr("no news for %1 s").arg(ms / 1000) : RunWatcher::tr("no news for %1").arg(style::duration(double(ms / 1000)));
}
}  // namespace

RunWatcher::RunWatcher(RunListModel& runs, QObject* parent) : QObject(parent), runs_(runs) {
  disk_.setMaxThreadCount(1);
  look_.setInterval(kLookMs);
  connect(&look_, &QTimer::timeout, this, &RunWatcher::lookForDeadWriters);
  look_into_.setInterval(kLookIntoMs);
  connect(&look_into_, &QTimer::timeout, this, &RunWatcher::lookIntoFolders);
}

QString originText(const RunListModel& runs, const Value& run) {
  const Value *name = run.at("forked_from.run"), *task = run.at("forked_from.task");
  if (!name || !task) return {};
  const QString id = QString::fromStdString(name->asString());
  const RunData* source = runs.find(id);
  return RunWatcher::tr("from %1 after T%2").arg(source ? source->title() : id).arg(task->asInt() + 1);
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
  if (RunData* run = listed(whole)) {
    Q_EMIT opened(run);
    return;
  }
  if (!record::isRun(whole)) {
    Q_EMIT problem(error(whole.string(), "This folder holds no run: there is no run.json in it.",
                         "Choose the folder of one run, as palimpsest-cli or this window wrote it."));
    return;
  }
  if (RunData* run = watch(whole, false)) Q_EMIT opened(run);
}

RunData* RunWatcher::listed(const std::filesystem::path& folder) const {
  for (int row = 0; row < runs_.rowCount(); ++row)
    if (runs_.at(row)->folder == folder) return runs_.at(row);
  return nullptr;
}

RunData* RunWatcher::watch(const std::filesystem::path& folder, bool shared) try {
  auto feed = std::make_unique<FolderFeed>(folder);
  RunData* data = runs_.add(std::make_unique<RunData>(idFor(runs_, folder)));
  data->folder = folder;
  runs_.setOrigin(data, originText(runs_, feed->run()));
  connect(feed.get(), &RunFeed::rewound, data, &RunData::reset);
  connect(feed.get(), &RunFeed::problem, this, &RunWatcher::problem);
  connect(feed.get(), &RunFeed::batch, data, [this, data](const std::vector<Event>& events) {
    data->apply(events);
    if (const auto at = watched_.find(data); at != watched_.end()) at->second.moved = true;
  });
  const auto mark = [this, data](bool gone) {
    if (const auto at = watched_.find(data); at != watched_.end()) at->second.gone = gone;
    runs_.setNews(data, gone ? tr("folder is gone") : QString());
  };
  connect(feed.get(), &FolderFeed::gone, data, [mark] { mark(true); });
  connect(feed.get(), &FolderFeed::back, data, [mark] { mark(false); });
  Watched& watched = watched_[data];
  watched.feed = std::move(feed);
  watched.trusted = !shared && lockCanTell(folder);
  watched.silent.start();
  look_.start();
  return data;
} catch (const BadInput& bad) {
  for (const Issue& issue : bad.issues) Q_EMIT problem(issue);
  return nullptr;
}

void RunWatcher::release(RunData& run) {
  watched_.erase(&run);
  runs_.setNews(&run, {});
  if (watched_.empty()) look_.stop();
}

// A run without its end that nobody writes was killed. Asked only when no events came lately, so a folder that is
// still being read is not called dead.
void RunWatcher::lookForDeadWriters() {
  for (auto& [run, watched] : watched_)
    if (!watched.gone) judge(*run, watched);
}

void RunWatcher::judge(RunData& run, Watched& watched) {
  using State = RunData::State;
  if (std::exchange(watched.moved, false)) {
    watched.silent.restart();
    runs_.setNews(&run, {});
    return;
  }
  const bool open_ended = run.state() == State::Preparing || run.state() == State::Running || run.state() == State::Paused;
  const bool silent = watched.silent.hasExpired(quiet_.count());
  if (!open_ended || (!watched.trusted && !silent)) return;  // locks over a network are not asked in vain
  if (record::isBeingWritten(run.folder)) runs_.setNews(&run, {});
  else if (!record::isRun(run.folder)) return;  // gone; its feed will say so
  else if (watched.trusted) run.setInterrupted();
  else runs_.setNews(&run, silenceOf(watched.silent.elapsed()));
}

void RunWatcher::watchFolder(const std::filesystem::path& folder) {
  std::error_code ignored;
  shared_.try_emplace(std::filesystem::weakly_canonical(folder, ignored));
  look_into_.start();
  lookIntoFolders();
}

void RunWatcher::leaveFolder(const std::filesystem::path& folder) {
  std::error_code ignored;
  shared_.erase(std::filesystem::weakly_canonical(folder, ignored));
  if (shared_.empty()) look_into_.stop();
}

std::vector<std::filesystem::path> RunWatcher::watchedFolders() const {
  std::vector<std::filesystem::path> folders;
  for (const auto& [folder, shared] : shared_) folders.push_back(folder);
  return folders;
}

// A network that does not answer holds up one look, not a row of them.
void RunWatcher::lookIntoFolders() {
  for (auto& [folder, shared] : shared_) {
    if (std::exchange(shared.looking, true)) continue;
    inBackground(disk_, this, [folder = folder, known = shared.known, first = shared.first] { return lookInto(folder, known, first); },
                 [this, folder = folder](SharedLook look) { looked(folder, std::move(look)); });
  }
}

void RunWatcher::looked(const std::filesystem::path& folder, SharedLook look) {
  const auto at = shared_.find(folder);
  if (at == shared_.end()) return;  // left meanwhile
  Shared& shared = at->second;
  shared.looking = false;
  if (std::exchange(shared.readable, look.readable) && !look.readable)
    Q_EMIT problem(warning(folder.string(), "This folder cannot be read at present.", "New runs in it appear when it can be read again."));
  if (!look.readable) return;
  shared.first = false;
  shared.known = std::move(look.known);
  for (const std::filesystem::path& run : look.fresh)
    if (!listed(run))
      if (RunData* data = watch(run, true)) Q_EMIT appeared(data);
}

}  // namespace palimpsest
