// The slots of a recipe and the one verb of each. A method is a choice of parts; a method with an idea that no slot
// can hold gets a new part here, never a second loop. Tensors live on the run's device; B = batch, D = width of the
// network, K = classes seen so far. Engine thread only.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/protocol/recipe.h"
#include "engine/vit/hooks.h"
#include "engine/vit/vit.h"

namespace palimpsest {

using torch::Tensor;

// Walks the tensors of a part: to count, to save, to load, to hand to an optimiser. `trained` ones get gradients.
class State {
 public:
  virtual ~State() = default;
  virtual void tensor(const std::string& name, Tensor& tensor, bool trained) = 0;
};

// What a part may know of the run when it is made.
struct Setting {
  vit::Shape shape;
  int classes = 0;         // of the whole data set
  std::uint64_t seed = 0;
  torch::Device device = torch::kCPU;
};

// What is different from task to task.
struct TaskScope {
  int task = 0;
  int first = 0;   // first new label of the task
  int seen = 0;    // labels [0, seen) have been or are being learned
};

struct NoParams {
  static auto fields() { return std::tuple{}; }
};

class Part {
 public:
  virtual ~Part() = default;
  virtual void beginTask(const TaskScope&) {}
  virtual void endTask(const TaskScope&) {}
  virtual void visit(State&) {}
};

// Which prompts each image gets.
struct Choice {
  Tensor indices;  // [B, N] int64
  Tensor scores;   // [B, N], differentiable in the keys
  Tensor penalty;  // scalar to add to the loss; undefined when there is none
};

// Prompts and their keys. rows(): [B, N * length, D], differentiable in the prompts.
class Pool : public Part {
 public:
  virtual int size() const = 0;
  virtual const Tensor& keys() const = 0;  // [M, D]
  virtual Tensor rows(const Choice& choice) const = 0;
};

class Selector : public Part {
 public:
  // query [B, D] carries no graph. `train`: penalties and training-only rules apply.
  virtual Choice choose(const Tensor& query, const Pool& pool, bool train) const = 0;
};

class Injector : public Part {
 public:
  // Hooks for one forward pass; `rows` as the pool gives them.
  virtual std::unique_ptr<vit::Hooks> bind(const Tensor& rows) const = 0;
};

// What of the network's output the head reads: [B, F].
class Feature : public Part {
 public:
  virtual int width(int network_width) const { return network_width; }
  virtual Tensor read(const vit::Features& features) const = 0;
};

class Head : public Part {
 public:
  virtual Tensor logits(const Tensor& feature) const = 0;  // [B, K]; column = new label
  // First label that the training loss looks at in this task: labels below it are masked out.
  virtual int maskedBelow(const TaskScope&) const { return 0; }
  // Closed-form heads: statistics of the features of training images, then the solution.
  virtual bool observes() const { return false; }
  virtual void observe(const Tensor& feature, const Tensor& labels);
  virtual void solve() {}
  // Class means, where the head has them: [K, F].
  virtual std::optional<Tensor> prototypes() const { return std::nullopt; }
};

// What is added to the loss of a training step beside the cross-entropy.
class Penalty : public Part {
 public:
  // Scalar. images [B, 3, S, S] in the range of the weights, feature [B, F] with a graph.
  virtual Tensor cost(const Tensor& images, const Tensor& feature) const = 0;
  // Statistics of training images that it needs before the first step; a "warm-start" phase shows them to it.
  virtual bool studies() const { return false; }
  virtual void study(const Tensor& images, const Tensor& labels);
  virtual void studied() {}
};

class Session;

// A stretch of work inside a task. run() starts at the session's clock, so that a resumed run goes on in the middle.
class Phase : public Part {
 public:
  struct Outline {
    int epochs = 0, steps = 0;       // steps in each epoch
    std::int64_t images = 0;         // in all epochs
    bool trains = false;             // backward passes, for estimates of time
  };
  virtual std::string_view name() const = 0;
  virtual Outline outline(const Session& session) const = 0;
  virtual void run(Session& session) = 0;
};

}  // namespace palimpsest
