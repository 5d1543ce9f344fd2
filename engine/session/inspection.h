// A run that has ended or waits, put together again: its models as they were after each task, and a few test images of
// each class (the probe set) to look at them with. Used by diagnose(), whatIf(), invariance() and transfer().
#pragma once

#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/inspect.h"
#include "engine/metrics/prompt_metrics.h"
#include "engine/session/session.h"

namespace palimpsest {

// null where a figure is not defined.
inline Value number(const std::optional<double>& x) { return x && std::isfinite(*x) ? Value(*x) : Value(); }
inline Value number(double x) { return number(std::optional(x)); }
Value listOf(const std::vector<double>& values);
Value rowsOf(const SquareMatrix& matrix);

// What an evaluation of some images gave.
struct Seen {
  std::vector<int> predictions;  // new labels
  std::vector<int> labels;
  Tensor features, logits;       // [n, F], [n, K]
  std::vector<Choice> choices;   // per entry, of all images

  double accuracy() const {
    std::int64_t hits = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) hits += labels[i] == predictions[i];
    return labels.empty() ? std::numeric_limits<double>::quiet_NaN() : 100.0 * static_cast<double>(hits) / static_cast<double>(labels.size());
  }
};

// Models are counted by the task that they were left by; places are images of the probe set.
class Inspection {
 public:
  enum class Of { Prompts, Anything };
  // Throws BadInput with everything that is wrong with the run, its data, its weights, or `after_task` (-1: any).
  Inspection(const std::filesystem::path& folder, const InspectOptions& options, int after_task, Of of = Of::Prompts);

  int boundaries() const { return static_cast<int>(states_.size()); }  // models there are
  Session& session() { return *session_; }
  // In storage of its own, but for the frozen network.
  std::unique_ptr<Model> model(int after) const;
  int now() const { return now_; }
  bool ended(int task) const { return task < ended_; }  // otherwise the run waits inside it
  TaskScope scopeOf(int task) const;
  std::vector<std::int64_t> imagesOf(int first_task, int last_task) const;  // places in the probe set
  Inputs inputs(const std::vector<std::int64_t>& places) const;
  Tensor queries(const std::vector<std::int64_t>& places) const { return queries_.index_select(0, torch::tensor(places, torch::kLong)); }
  // Of the training transform's draw number `draw`: the same images cut and turned another way. Kept once made.
  Tensor augmentedQueries(const std::vector<std::int64_t>& places, std::uint64_t draw);
  std::vector<int> tasksOf(const std::vector<std::int64_t>& places) const;
  Seen evaluate(Model& model, const std::vector<std::int64_t>& places, int batch = 0);
  void expect(int passes) { expected_ += passes; }
  // A vote is then one of the whole batch that is evaluated, whatever the recipe says.
  void voteByBatch();
  std::string recipeName() const { return recipe_.find("name")->asString(); }

 private:
  void open(const std::filesystem::path& folder, const InspectOptions& options, Of of);
  void readProbe(int images);
  const InspectOptions options_;
  Value recipe_;
  std::unique_ptr<Session> session_;
  std::vector<TensorMap> states_;  // after each task; then the newest, where the run waits inside one
  int now_ = 0;    // the last of states_
  int ended_ = 0;  // tasks
  Tensor images_, queries_;
  std::map<std::uint64_t, Tensor> augmented_;  // queries of all of the probe set, by draw
  std::vector<std::int64_t> indices_;
  std::vector<int> labels_, tasks_;
  int expected_ = 0, done_ = 0;
};

}  // namespace palimpsest
