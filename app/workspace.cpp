#include "app/workspace.h"

#include <QDesktopServices>
#include <QUrl>

#include "app/background.h"
#include "app/default_comparison.h"
#include "engine/protocol/error.h"

namespace palimpsest {

Workspace::Workspace(EngineApi api, std::filesystem::path runs_folder, QObject* parent)
    : QObject(parent), api_(std::move(api)), runs_folder_(std::move(runs_folder)), watcher_(runs_),
      launcher_(api_, runs_, runs_folder_) {
  disk_.setMaxThreadCount(1);
  connect(&watcher_, &RunWatcher::problem, this, &Workspace::problem);
  connect(&watcher_, &RunWatcher::opened, this, [this](RunData* run) {
    watcher_.endRecording();
    setFocus(run);
  });
  connect(&watcher_, &RunWatcher::recordingStarted, this, [this](RunData* run) {
    if (!focus_) setFocus(run);
    else watcher_.endRecording();  // somebody was quicker
  });
  connect(&watcher_, &RunWatcher::appeared, this, [this](RunData* run) {
    watcher_.endRecording();
    if (!focus_) setFocus(run);
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

namespace {
Issues forkProblems(const std::filesystem::path& source, const record::ForkPlan& plan, const std::filesystem::path& destination) try {
  record::forkRun(source, plan, destination);
  return {};
} catch (const BadInput& refused) {
  return refused.issues;
} catch (const Error& failed) {
  return {error(source.string(), failed.what(), failed.hint)};
} catch (const std::exception& failed) {
  return {error(source.string(), std::string("The run could not be forked: ") + failed.what(), "Nothing was changed.")};
}
}  // namespace

void Workspace::fork(const RunData& source, record::ForkPlan plan) {
  Q_EMIT problemsCleared();
  QueuedRun fork;
  fork.plan = {plan.recipe, plan.options};
  fork.folder = launcher_.freshFolder(fork.plan);
  fork.id = QString::fromStdString(fork.folder.filename().string());
  const Value* title = plan.recipe.find("title");
  fork.title = title ? QString::fromStdString(title->asString()) : source.title();
  if (source.started()) fork.done = double(plan.after_task + 1) / source.start().tasks;
  fork.origin = tr("from %1 after T%2").arg(source.title()).arg(plan.after_task + 1);
  auto placeholder = std::make_unique<RunData>(fork.id);  // takes the name, and says at once that something happens
  placeholder->folder = fork.folder;
  placeholder->planned_title = fork.title;
  runs_.setOrigin(runs_.add(std::move(placeholder)), fork.origin);
  auto make = [from = source.source(), plan = std::move(plan), to = fork.folder] { return forkProblems(from, plan, to); };
  auto made = [this, fork = std::move(fork)](const Issues& issues) mutable {
    for (const Issue& issue : issues) Q_EMIT problem(issue);
    RunData* waiting = runs_.find(fork.id);
    if (hasErrors(issues) && waiting) remove(*waiting);
    if (hasErrors(issues) || !waiting) return;  // taken out of the list meanwhile: its folder stays
    watcher_.endRecording();
    Q_EMIT forked(launcher_.enqueueFork(std::move(fork)));
  };
  inBackground(disk_, this, std::move(make), std::move(made));
}

void Workspace::takeBack(const QString& id) {
  const std::deque<QueuedRun> waiting = launcher_.queue().waiting();
  for (const QueuedRun& queued : waiting) {
    if (queued.id != id) continue;
    launcher_.queue().remove(id);
    if (RunData* run = runs_.find(id)) remove(*run);
    if (queued.resume) watcher_.open(queued.folder);
  }
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
