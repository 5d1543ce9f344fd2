// The one cursor of a window: which run is looked at, at which time, and which image. Every view observes it; whoever moves
// it moves all of them. Window's thread.
#pragma once

#include <QObject>
#include <QPointer>
#include <cstdint>

#include "widgets/models/run_data.h"

namespace palimpsest {

class Cursor : public QObject {
  Q_OBJECT
 public:
  explicit Cursor(QObject* parent = nullptr);

  RunData* run() const { return run_; }  // in focus; nullptr: none
  RunData* other() const { return other_; }  // B, to which the run in focus (A) is compared; nullptr: none
  double step() const { return step_; }  // of the run in focus; NaN: now
  // The task whose model is looked at: the last one that had ended by step(). -1: none has.
  int task() const { return task_; }
  std::int64_t sample() const { return sample_; }  // index in the test split; -1: none

  void setRun(RunData* run);  // time goes back to now
  void setOther(RunData* run);
  void setStep(double step);
  void setTask(int task);     // to the end of that task, also where tasks take no steps; one that has not ended yet is ignored
  void moveTask(int by);      // to the end of the task before or after; past the last one: now
  void setSample(std::int64_t sample);

 Q_SIGNALS:
  void runChanged(palimpsest::RunData* run);
  void otherChanged(palimpsest::RunData* run);
  void moved(double step);    // also when now moved on to another task
  void taskChanged(int task);
  void sampleChanged(qint64 sample);

 private:
  void take(RunData* run);
  void settle();
  QPointer<RunData> run_, other_;
  double step_;
  int task_ = -1;
  int pinned_ = -1;  // the task that was asked for, where step_ alone does not tell it
  std::int64_t sample_ = -1;
};

}  // namespace palimpsest
