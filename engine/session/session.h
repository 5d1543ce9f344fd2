// One run while it goes on: the data, the stream, the model and the clock, as named members that phases work with.
// Engine thread only.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/transform.h"
#include "engine/engine.h"
#include "engine/metrics/accuracy_matrix.h"
#include "engine/record/run_folder.h"
#include "engine/scenario/scenario.h"
#include "engine/session/bus.h"
#include "engine/session/clock.h"
#include "engine/session/forecast.h"
#include "engine/session/frozen_cache.h"
#include "engine/session/model.h"
#include "engine/weights/tensors.h"

namespace spdlog {
class logger;
}

namespace palimpsest {

struct StopRequested {};  // thrown between two steps, caught at the run's boundary

// One training or evaluation batch on the run's device.
struct Samples : Inputs {
  int count = 0;
  Tensor labels;   // [B] int64, new labels
  Tensor feature;  // [B, F] that the network is known to give them; there are no images then
};

// How often the prompts of one selection were chosen.
struct PromptCounts {
  std::int64_t images = 0;
  std::vector<std::int64_t> asked, applied;  // per prompt: images
  std::vector<double> mass;                  // per prompt: sum over images of its share of the weights
};

// What the alarm remembers of one selection.
struct PromptWatch {
  int held = 0;                  // looks in a row at which the choice was collapsed
  bool raised = false;
  std::int64_t first_step = -1;  // of this stretch
  std::vector<int> winners;      // the most used prompts then
};

class Session {
 public:
  Session(RunPlan resolved, Dataset dataset, Scenario stream, LoadedBackbone backbone, torch::Device on);

  // Constant after construction.
  const RunPlan plan;
  const Dataset data;
  const Scenario scenario;
  const torch::Device device;
  const std::string input_range;
  const Transform train_transform, test_transform;

  Model model;
  std::vector<std::unique_ptr<Phase>> phases;
  Clock clock;
  EpochSums sums;
  Seconds seconds;
  AccuracyMatrix matrix;
  std::vector<std::int64_t> class_hits, class_counts;      // of the last evaluation, by class of the data set
  std::vector<PromptCounts> prompt_use;                    // per selection of the model, since last told
  std::vector<PromptWatch> watch;                          // per selection of the model
  Forecast forecast;
  Bus bus;
  Mailbox* mailbox = nullptr;  // borrowed; null when nobody can ask anything
  std::shared_ptr<spdlog::logger> log;
  record::Writer* record = nullptr;  // owned by the run; null while nothing is recorded
  std::filesystem::path folder;

  int tasks() const { return static_cast<int>(scenario.tasks.size()); }
  TaskScope scope() const;
  const std::vector<std::int64_t>& trainIndices(int task) const { return train_indices_[static_cast<std::size_t>(task)]; }
  const std::vector<std::int64_t>& testIndices(int task) const { return test_indices_[static_cast<std::size_t>(task)]; }
  // Of the task, by class: held back from training, in data set order; empty unless asked for.
  const std::vector<std::int64_t>& heldOut(int task) const { return held_out_[static_cast<std::size_t>(task)]; }
  // Images that a phase trains on: of the task, and of the memory where that joins every epoch; or of all tasks seen.
  std::vector<std::int64_t> trainingOrder(bool seen) const;
  std::vector<std::int64_t> memoryIndices() const;  // of the exemplars, in the training split
  std::uint64_t seed() const { return static_cast<std::uint64_t>(plan.options.seed); }

  // Frozen features of training images can be cached: the transform draws nothing.
  bool trainCacheable() const { return model.wantsFrozen() && train_transform.deterministic(); }
  std::unique_ptr<record::FeatureStore> store;  // behind the caches of frozen features; before them, so that it outlives them
  // observed: training images under the test transform; watched: the few of them that selection is watched on.
  FrozenCache train_frozen, test_frozen, observed_frozen, watched_frozen;
  // Whether features stay what they are from the end of the current task on: nothing trains any more, and nothing is
  // chosen. Those of test images are then kept.
  bool settled() const;
  std::vector<bool> trains_in;  // task -> whether one of its phases trains
  FrozenCache test_settled;
  // Features through the members of the bank, which stay what they are once their task is over; by member.
  std::vector<FrozenCache> train_members, test_members;
  int remembered_task = -1;  // whose images the memory has taken in, where it does so at a task's end
  // What optimisers take with them from task to task, by phase and name.
  std::map<std::string, TensorMap> kept_state;

  // Reads the mailbox; blocks while paused; saves a checkpoint when it is due. Call between two steps, when the clock
  // says exactly what has been done. Throws StopRequested.
  void breathe(std::string_view stage, bool checkpointable = true);
  // What the command `Step` asks for one of, while it lasts: a training step with its probe, a batch of an evaluation or
  // of statistics. One that was under way when the command came does not count.
  class OneStep {
   public:
    explicit OneStep(Session& session) : session_(session), asked_for_(session.step_allowed_) {}
    ~OneStep() {
      if (asked_for_) session_.step_allowed_ = false;
    }
    OneStep(const OneStep&) = delete;

   private:
    Session& session_;
    const bool asked_for_;
  };
  void epochDone();
  void taskDone();
  void tellProgress(std::string_view stage, int done, int of, int epochs = 0);

  // What the phase under way adds to a checkpoint (optimiser, averages). Restores it at once when the run was resumed in
  // the middle of this phase.
  void enterPhase(std::function<void(State&)> visit);
  void leavePhase() { phase_state_ = nullptr; }

  void saveCheckpoint(bool at_task_end);
  void restore(const std::filesystem::path& checkpoint);  // throws BadInput when it is damaged or of another run
  Value results(const std::string& state) const;
  std::int64_t trainableParameters();
  std::int64_t storedBytes();

 private:
  void wait(std::string_view stage);
  void obey(const Command& command);
  std::vector<std::vector<std::int64_t>> train_indices_, test_indices_, held_out_;
  std::function<void(State&)> phase_state_;
  TensorMap pending_;  // optimiser state of a resumed phase
  bool paused_ = false, step_allowed_ = false;
  std::optional<Pause> pause_at_;
  std::chrono::steady_clock::time_point last_checkpoint_ = std::chrono::steady_clock::now(), last_progress_{};
  std::chrono::steady_clock::time_point stretch_ = std::chrono::steady_clock::now();
  double total_before_ = 0;
};

void runTasks(Session& session);                        // loop.cpp: the one loop
void evaluate(Session& session);                        // evaluate.cpp: accuracy on all tasks seen
void probe(Session& session);                           // the same on a few images, inside a task
// Emits what has been asked and applied since the last time, and starts counting anew.
void tellPromptUse(Session& session, int on_task, std::string_view split);
void countPrompts(Session& session, const Forward& pass);
// "instance", or how predictions depend on the batch: "batch-vote(16, class-sorted)", "batch-mixing(64, class-sorted)".
std::string evaluationProtocol(const Session& session);
// Images that are evaluated together.
int evaluationBatch(const Session& session);
Tensor toDevice(const Session& session, const Tensor& tensor);

}  // namespace palimpsest
