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
  int tasks = 1;           // of the stream
  std::vector<int> first_labels = {0};  // by task: its first new label
  int entry = 0;           // which entry of the recipe's prompts the part belongs to
  int places = 1;          // blocks that the entry's prompts go to, each with prompts of its own
  int row_width = 0;       // floats of one row of a prompt; 0: the network's width
  int feature_width = 0;   // what the head reads; 0: the network's width
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
  // What of the stream does not fit the part, found before anything starts: a pool that is too small for its tasks.
  virtual void check(Issues&) const {}
};

// One batch as the parts see it.
struct Inputs {
  Tensor images;                      // [B, 3, S, S]; undefined where `known` is all that is needed
  Tensor known;                       // [B, D] frozen features, where they are cached
  Tensor tasks;                       // [B] int64, the task of each image; only oracles and training may look at it
  std::vector<std::int64_t> indices;  // [B] in the split; what a random choice is drawn from
  double epochs = 1;                  // of the phase under way that are done, with fractions
};

// What an inspection changes about a choice; a run never does.
struct Adjustments {
  std::vector<int> mask, force;       // prompts that are never, always chosen
  int limit = -1;                     // only prompts below may be chosen; -1: all that are available
  std::optional<int> top_k;
  std::optional<double> temperature;
  std::optional<std::string> rule;    // who chooses, as a selector's "test" says it
  Tensor centre;                      // [D], taken off every query; undefined: nothing is
};

// What a selector goes by.
struct Query {
  Tensor rows;  // [B, D], carries no graph
  const Inputs& inputs;
  bool train = false;  // penalties and training-only rules apply
  int task = 0;        // being learned, or just learned
  const Adjustments* adjusted = nullptr;
};

// Which prompts each image gets.
struct Choice {
  Tensor indices;   // [B, N] int64: hard selection; undefined where weights say it
  Tensor asked;     // [B, N]: what each image's own query asked for; undefined where it got that
  Tensor weights;   // [places, B, M]: the prompts' sum, differentiable; undefined with a hard selection
  Tensor scores;    // [places or 1, B, M]: similarities to the prompts that could be chosen; carries no graph
  Tensor penalty;   // scalar to add to the loss; undefined when there is none
  Tensor confined;  // [B] int64: the task whose classes alone may be predicted; undefined: no such rule
};

// Prompts and their keys.
class Pool : public Part {
 public:
  virtual int size() const = 0;                   // prompts there are
  virtual int available() const { return size(); }  // prompts [0, available) may be chosen now
  virtual int owner(int /*prompt*/) const { return -1; }  // the task that trained it; -1: no task owns it
  virtual int perTask() const { return 0; }       // prompts that each task owns; 0: none are owned
  // Places that choose for themselves; 1 where all places share one choice.
  virtual int choices() const { return 1; }
  virtual Tensor keys(int choice) const = 0;             // [M, D]
  virtual Tensor gates(int) const { return {}; }         // [M, D], CODA-Prompt's attention vectors; undefined: none
  virtual Tensor prompts(int place) const = 0;           // [M, length, W]
  // Values of some rows, from `first` on: keys [n, D] and gates [n, D] of a choice, prompts [n, length, W] of a place.
  virtual void setKeys(int choice, int first, const Tensor& rows) = 0;
  virtual void setGates(int /*choice*/, int /*first*/, const Tensor& /*rows*/) {}
  virtual void setPrompts(int place, int first, const Tensor& rows) = 0;
  // [B, N, length, W], differentiable in the prompts. N is 1 for a weighted sum.
  virtual Tensor rows(const Choice& choice, int place) const = 0;
  virtual Tensor penalty() const { return {}; }          // scalar; undefined when there is none
};

class Selector : public Part {
 public:
  virtual Choice choose(const Query& query, const Pool& pool) const = 0;
  virtual bool queries() const { return true; }  // whether it looks at queries at all
  // Told after a training step what was chosen: for rules that depend on past use.
  virtual void used(const Choice&) {}
  // Queries [n, D] of all the task's training images under the test transform, before the task's first step.
  virtual bool studies() const { return false; }
  virtual void study(const Tensor& /*queries*/, const Tensor& /*labels*/, const TaskScope&, Pool&) {}
  // Images that vote together at test; 0: every image has its own say.
  virtual int votes() const { return 0; }
};

class Injector : public Part {
 public:
  virtual int places() const { return 1; }
  virtual std::vector<int> blocks() const { return {0}; }  // of the network, one for each place
  virtual int rowWidth() const { return 0; }     // of the rows it wants; 0: the network's width
  // Blocks below this one, and the embedding, are those of the plain network; -1: not even the embedding is.
  virtual int plainBelow() const { return 0; }
  virtual bool trains() const { return false; }  // whether it has trained tensors of its own
  // What of a place's rows goes to which image, for the whole batch; before bind(), which may see parts of it.
  virtual Tensor arranged(const Tensor& rows) const { return rows; }
  // In training only: a place's rows with what is left out of them this time.
  virtual Tensor thinned(const Tensor& rows, const Inputs&, int /*place*/) const { return rows; }
  // Hooks for one forward pass; rows[place] as the pool gives them, arranged. May be called for parts of a batch at once.
  virtual std::unique_ptr<vit::Hooks> bind(const std::vector<Tensor>& rows) const = 0;
};

// What of the network's output the head reads: [B, F].
class Feature : public Part {
 public:
  virtual int width(int network_width) const { return network_width; }
  virtual bool wantsFrozen() const { return false; }
  // frozen: [B, D] features of the unprompted network, undefined unless wanted (and never in training).
  virtual Tensor read(const vit::Features& features, const Tensor& frozen) const = 0;
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
