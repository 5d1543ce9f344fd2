#include "app/workspace.h"

#include <QDesktopServices>
#include <QUrl>

#include "app/default_comparison.h"
#include "engine/protocol/error.h"

namespace palimpsest {

Workspace::Workspace(EngineApi api, std::filesystem::path runs_folder, QObject* parent)
    : QObject(parent), api_(std::move(api)), runs_folder_(std::move(runs_folder)), watcher_(runs_),
      launcher_(api_, runs_, runs_folder_) {
  connect(&watcher_, &RunWatcher::problem, this, &Workspace::problem);
  connect(&watcher_, &RunWatcher::opened, this, [this](RunData* run) {
    watcher_.endRecording();
    setFocus(run);
  });
  connect(&watcher_, &RunWatcher::recordingStarted, this, [this](RunData* run) {
    if (!focus_) setFocus(run);
    else watcher_.endRecording();  // somebody was quicker
  });
  connect(&launcher_, &RunLauncher::problem, this, &Workspace::problem);
  connect(&launcher_, &RunLauncher::liveChanged, this, &Workspace::liveChanged);
  // The views must not hold a run that is about to go.
  connect(&runs_, &RunListModel::rowsAboutToBeRemoved, this, [this](const QModelIndex&, int first, int last) {
    for (int row = first; row <= last; ++row)
      if (runs_.at(row) == focus_) setFocus(nullptr);
  });
}

void Workspace::setFocus(RunData* run) {
  if (focus_ == run) return;
  focus_ = run;
  Q_EMIT focusChanged(run);
}

void Workspace::liveChanged(RunData* run) {
  if (!run) return;
  watcher_.endRecording();
  setFocus(run);
}

void Workspace::startComparison() try {
  Q_EMIT problemsCleared();
  std::vector<RunPlan> plans = defaultComparison(api_);
  watcher_.endRecording();  // its colour is free for the first run
  for (RunPlan& plan : plans) launcher_.enqueue(std::move(plan));
} catch (const BadInput& bad) {
  for (const Issue& issue : bad.issues) Q_EMIT problem(issue);
}

void Workspace::start(RunPlan plan) {
  Q_EMIT problemsCleared();
  watcher_.endRecording();
  launcher_.enqueue(std::move(plan));
}

void Workspace::open(const std::filesystem::path& folder) { watcher_.open(folder); }

bool Workspace::canResume(const RunData* run) const {
  using State = RunData::State;
  if (!run || run->recording || run->folder.empty() || run == launcher_.live()) return false;
  return run->state() == State::Stopped || run->state() == State::Failed || run->state() == State::Interrupted;
}

void Workspace::resume(RunData& run) {
  if (!canResume(&run)) return;
  watcher_.release(run);
  launcher_.resume(run);
}

void Workspace::resumeFolder(const std::filesystem::path& folder) {
  const QString id = QString::fromStdString(folder.filename().string());
  RunData* run = runs_.find(id);
  if (!run) {
    run = runs_.add(std::make_unique<RunData>(id));
    run->folder = folder;
  }
  watcher_.release(*run);
  launcher_.resume(*run);
}

void Workspace::remove(RunData& run) {
  if (&run == launcher_.live()) return;
  if (&run == watcher_.recording()) {
    watcher_.endRecording();
  } else {
    launcher_.dropWaiting(run);
    watcher_.release(run);
    runs_.remove(&run);
  }
  if (!focus_ && runs_.rowCount() > 0) setFocus(runs_.at(runs_.rowCount() - 1));
}

void Workspace::dropAllWaiting() {
  const std::deque<QueuedRun> waiting = launcher_.queue().waiting();
  launcher_.queue().clear();
  for (const QueuedRun& queued : waiting) {
    if (RunData* run = runs_.find(queued.id)) remove(*run);
    if (queued.resume) watcher_.open(queued.folder);
  }
}

void Workspace::showFolder(const RunData* run) {
  if (run && !run->folder.empty()) QDesktopServices::openUrl(QUrl::fromLocalFile(QString::fromStdString(run->folder.string())));
}

}  // namespace palimpsest
