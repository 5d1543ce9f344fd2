// What the window is about, without the window: the runs, which one is in focus, who runs and who is only watched.
#pragma once

#include <QObject>
#include <filesystem>

#include "app/engine_api.h"
#include "app/run_launcher.h"
#include "app/run_watcher.h"
#include "engine/record/fork.h"
#include "widgets/models/run_list.h"

namespace palimpsest {

class Workspace : public QObject {
  Q_OBJECT
 public:
  Workspace(EngineApi api, std::filesystem::path runs_folder, QObject* parent = nullptr);
  ~Workspace() override { disk_.waitForDone(); }

  const EngineApi& api() const { return api_; }
  const std::filesystem::path& runsFolder() const { return runs_folder_; }
  RunListModel& runs() { return runs_; }
  RunLauncher& launcher() { return launcher_; }
  RunWatcher& watcher() { return watcher_; }

  RunData* focus() const { return focus_; }  // nullptr: there is no run at all
  void setFocus(RunData* run);

  void playRecording() { watcher_.playRecording(api_.resources / "recordings"); }
  void startComparison();
  void start(RunPlan plan);
  void open(const std::filesystem::path& folder);
  bool canResume(const RunData* run) const;
  void resume(RunData& run);
  void resumeFolder(const std::filesystem::path& folder);
  // A new run with the past of `source` up to the end of plan.after_task, behind all that wait. It is made on a thread of
  // its own; forked() says when it waits, problem() why there is none.
  void fork(const RunData& source, record::ForkPlan plan);
  void takeBack(const QString& id);  // a run that waits; one with a past is shown as it stands
  void remove(RunData& run);  // out of the window; the folder stays
  void dropAllWaiting();      // those that have not begun leave the window, others are shown as they stand
  static void showFolder(const RunData* run);  // in the desktop's file manager

 Q_SIGNALS:
  void focusChanged(palimpsest::RunData* run);
  void forked(palimpsest::RunData* run);
  void problem(const palimpsest::Issue& issue);
  void problemsCleared();  // something new was asked for: old problems no longer matter

 private:
  void liveChanged(RunData* run);
  EngineApi api_;
  const std::filesystem::path runs_folder_;
  RunListModel runs_;
  RunWatcher watcher_;
  RunLauncher launcher_;  // after all it borrows
  RunData* focus_ = nullptr;
  QThreadPool disk_;
};

}  // namespace palimpsest
