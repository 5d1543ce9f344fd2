// Runs of this process: the queue, and the one engine that works through it. A run that fails does not stop the
// others; a run that a person stops holds the queue until it is told to go on, and so does a pause that was asked for.
#pragma once

#include <QObject>
#include <filesystem>
#include <memory>
#include <vector>

#include "app/engine_session.h"
#include "app/run_queue.h"
#include "widgets/models/run_list.h"

namespace palimpsest {

class RunLauncher : public QObject {
  Q_OBJECT
 public:
  // All borrowed. `runs_folder` is where new runs are recorded; it is made when it is needed.
  RunLauncher(const EngineApi& api, RunListModel& runs, std::filesystem::path runs_folder, QObject* parent = nullptr);

  RunData* live() const { return session_ ? &session_->data() : nullptr; }  // what the engine is on
  RunQueue& queue() { return queue_; }
  bool held() const { return held_ && !queue_.empty(); }
  void setHoldAfterThis(bool hold);           // when the live run has ended, the others wait for goOn()
  bool holdsAfterThis() const { return hold_after_; }
  std::filesystem::path freshFolder(const RunPlan& plan) const;  // for a new run; nobody has it

  RunData* enqueue(RunPlan plan);             // begins at once when the engine is free
  void resume(RunData& run);                  // before all that wait
  RunData* enqueueFork(QueuedRun fork);       // behind all that wait; its folder holds its past
  void restoreWaiting();                      // what an earlier session left behind
  void post(Command command);                 // to the live run
  void goOn();                                // with a held queue
  void dropWaiting(RunData& run);             // takes a waiting run back
  void close();                               // checkpoint, then closed(); at once when nothing goes on

 Q_SIGNALS:
  void heldChanged();
  void liveChanged(palimpsest::RunData* run);  // nullptr: the engine is free
  void ended(palimpsest::RunData* run, const palimpsest::RunOutcome& outcome);
  void problem(const palimpsest::Issue& issue);
  void closed();

 private:
  void startNext();
  void begin(QueuedRun next);
  void sessionEnded(const RunOutcome& outcome);
  RunData* listed(const QueuedRun& run);

  const EngineApi& api_;
  RunListModel& runs_;
  const std::filesystem::path runs_folder_;
  RunQueue queue_;
  std::unique_ptr<EngineSession> session_;
  bool held_ = false, hold_after_ = false, closing_ = false, stop_asked_ = false;
};

}  // namespace palimpsest
