// Everything the window knows of one run: a fold over its events and nothing else. Cutting the stream anywhere gives
// the same state. No setter for measured things, no knowledge of the engine. Window's thread.
#pragma once

#include <QColor>
#include <QObject>
#include <QString>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/metrics/accuracy_matrix.h"
#include "engine/protocol/event.h"
#include "widgets/models/series.h"

namespace palimpsest {

struct TaskBand {  // one task on the timeline; x in steps of the run
  int task = 0;
  double from = 0, to = 0;  // to == from while it has just begun
  bool ended = false;
  QString label;    // "T1", with its class names when they are few and short
  QString classes;  // names, comma-separated, for tooltips
};

class RunData : public QObject {
  Q_OBJECT
 public:
  enum class State { Queued, Preparing, Running, Paused, Done, Stopped, Failed, Refused, Interrupted };
  Q_ENUM(State)

  explicit RunData(QString id, QObject* parent = nullptr);  // id: unique and stable, the folder's name
  void apply(const std::vector<Event>& events);
  void reset();  // before a replay starts again: as if no event had come

  const QString& id() const { return id_; }
  QString title() const;         // recipe's title; before it is known planned_title or the id
  std::filesystem::path folder;  // empty for a recording
  std::filesystem::path played_from;  // of a recording: the folder that holds it
  const std::filesystem::path& source() const { return folder.empty() ? played_from : folder; }  // with run.json and blobs/
  int colour_slot = 0;           // set by RunListModel; the colour itself comes from style/palette
  bool visible = true;           // ticked in the run list
  QString planned_title;         // of a queued run: what its recipe is called
  bool recording = false;        // plays; is no run of the user's

  State state() const { return state_; }
  void setQueued();  // by the queue, before there are events
  void setInterrupted();  // by the opener: nobody writes the folder. An ended run keeps its state.
  bool started() const { return tasks_ > 0; }
  const RunStarted& start() const { return start_; }
  const Progress& progress() const { return progress_; }
  const AccuracyMatrix& matrix() const { return matrix_; }
  const std::vector<TaskBand>& bands() const { return bands_; }
  const Issues& issues() const { return issues_; }
  const RunFailed& failure() const { return failure_; }
  bool hasCheckpoint() const { return checkpoint_us_ > 0; }
  double secondsSinceCheckpoint() const;       // at the time of the last event; negative when there is none
  std::int64_t step() const { return step_; }  // steps done
  double secondsRun() const;                   // from the first event to the last, pauses included
  // x of the seams where a resumed run went on.
  const std::vector<double>& seams() const { return seams_; }
  std::vector<double> taskStarts() const;

  // Percentages 0..100 over steps of the run. Exact evaluations at task ends; between them probes, where switched on.
  const Series& loss() const { return loss_; }
  const Series& accuracySoFar() const { return accuracy_; }  // pooled top-1 of all classes seen, at task ends
  const Series& probedSoFar() const { return probed_; }      // the same on the probe images, inside tasks
  const Series& taskAccuracy(int task) const;                // task-end evaluations of that task
  const Series& taskProbed(int task) const;                  // its probe images, in between
  // Best accuracy on it since it was learned minus the present one, from the end of its training on. The present one
  // counts as a candidate for the best, so it is never negative. Probes are compared with probes and evaluations with
  // evaluations, because they look at different images; of evaluations it is Chaudhry's forgetting, cut off at 0.
  const Series& taskForgetting(int task) const;
  const Series& taskForgettingProbed(int task) const;
  const std::vector<PromptUse>& promptUse() const { return prompt_use_; }
  const std::vector<PromptHealth>& promptHealth() const { return prompt_health_; }
  const std::vector<PromptCollapse>& collapses() const { return collapses_; }
  const std::vector<Inferred>& inferred() const { return inferred_; }      // by task
  const std::vector<Measured>& measured() const { return measured_; }      // as they came
  const std::vector<TaskEnded>& endedTasks() const { return ended_; }      // with their seconds
  const std::vector<Probed>& probes() const { return probes_; }
  // Files under blobs/, by task; "" where there is none (yet).
  std::string prototypesAfter(int task) const { return blobOf("prototypes", task); }
  std::string predictionsAfter(int task) const { return blobOf("predictions", task); }
  std::string featuresAfter(int task) const { return blobOf("features", task); }
  std::string keysAfter(int task, int layer) const { return blobOf("keys." + std::to_string(layer), task); }
  std::filesystem::path blob(const std::string& name) const { return source() / "blobs" / name; }
  int lastEndedTask() const { return ended_.empty() ? -1 : ended_.back().task; }

 Q_SIGNALS:
  void changed();  // once per apply(), after everything is consistent
  void stateChanged();

 private:
  struct Landmark {  // kept so that a resumed run can be told again without what it lost
    Event event;
    std::int64_t step;
  };
  struct Memory {  // of one task: what forgetting is measured against, in percent; negative before there is one
    double best_probe = -1, best_evaluation = -1;
    int probe_hits = 0, probe_count = 0;  // the latest probe
  };
  void take(const Event& event);  // folds and remembers
  void fold(const Event& event);
  void on(const RunStarted& event);
  void on(const RunResumed& event);
  void on(const TaskStarted& event);
  void on(const TaskEnded& event);
  void on(const StepMeasured& event);
  void on(const Probed& event);
  void on(const Evaluated& event);
  void on(const IssueRaised& event);
  void on(const RunEnded& event);
  void forgetSince(std::uint64_t seq);  // tells the story again without the events from `seq` on
  void clearFold();
  void reached(std::int64_t step);

  QString id_;
  State state_ = State::Preparing;
  RunStarted start_;
  int tasks_ = 0;
  Progress progress_;
  AccuracyMatrix matrix_;
  std::vector<TaskBand> bands_;
  Issues issues_;
  RunFailed failure_;
  std::int64_t step_ = 0, checkpoint_us_ = 0, first_us_ = 0, last_us_ = 0;
  double evaluated_at_ = -1;  // x of the last evaluation: a probe there must not replace it
  std::vector<double> seams_;
  Series loss_, accuracy_, probed_;
  std::map<int, Series> task_accuracy_, task_probed_, task_forgetting_, task_forgetting_probed_;
  std::map<int, Memory> memory_;
  std::string blobOf(const std::string& kind, int task) const;
  std::vector<PromptUse> prompt_use_;
  std::vector<PromptHealth> prompt_health_;
  std::vector<PromptCollapse> collapses_;
  std::vector<Inferred> inferred_;
  std::vector<Measured> measured_;
  std::vector<TaskEnded> ended_;
  std::vector<Probed> probes_;
  std::map<std::pair<std::string, int>, std::string> blobs_;  // (kind, task) -> file
  std::vector<Landmark> landmarks_;      // every event but step_measured and progress
  std::vector<std::uint64_t> loss_seq_;  // of each point of loss_
};

}  // namespace palimpsest
