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
  virtual bool trainedOnly() const { return false; }  // it looks away from what is not trained: parts may leave that out
};

// Puts a part's name in front of its tensors' names. What is kept as it is, is not trained whatever the part says.
class Named final : public State {
 public:
  Named(State& inner, std::string prefix, bool trained = true) : inner_(inner), prefix_(std::move(prefix)), trained_(trained) {}
  void tensor(const std::string& name, Tensor& tensor, bool trained) override { inner_.tensor(prefix_ + name, tensor, trained && trained_); }
  bool trainedOnly() const override { return inner_.trainedOnly(); }

 private:
  State& inner_;
  const std::string prefix_;
  const bool trained_;
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

// What a part has to show after a task: a value for each label.
struct Figure {
  std::string name, unit;  // names as in the event `measured`
  std::vector<std::string> labels;
  std::vector<double> values;
};

class Part {
 public:
  virtual ~Part() = default;
  virtual void beginTask(const TaskScope&) {}
  virtual void endTask(const TaskScope&) {}
  virtual void visit(State&) {}
  // What of the stream does not fit the part, found before anything starts: a pool that is too small for its tasks.
  virtual void check(Issues&) const {}
  virtual std::vector<Figure> figures() const { return {}; }
};

// One batch as the parts see it.
struct Inputs {
  Tensor images;                      // [B, 3, S, S]; undefined where `known` is all that is needed
  Tensor known;                       // [B, D] frozen features, where they are cached
  Tensor members;                     // [B, n, D] features of the bank's first n members, where they are cached
  Tensor tasks;                       // [B] int64, the task of each image; only oracles and training may look at it
  std::vector<std::int64_t> indices;  // [B] in the split; what a random choice is drawn from
  double epochs = 1;                  // of the phase under way that are done, with fractions
  bool drops = true;                  // whether dropout draws in training
};

// Trained tensors that change from inside what the frozen network computes: adapters, LoRA, scales and shifts, prefixes.
class Adaptation : public Part {
 public:
  // Blocks below this one, and the embedding, are those of the plain network; -1: not even the embedding is.
  virtual int plainBelow() const { return 0; }
  // Hooks for one forward pass. keys: [B] int64, what an image's dropout is drawn by; undefined: nothing is dropped.
  // May be called for parts of a batch at once.
  virtual std::unique_ptr<vit::Hooks> bind(const Tensor& keys) const = 0;
  // Makes the adaptation part of the network's weights; false, and nothing done, where mathematics does not allow it.
  virtual bool fold(vit::Vit&) const { return false; }
};

// What of the network's output the head reads: [B, F].
class Feature : public Part {
 public:
  virtual int width(const Setting& setting) const { return setting.shape.width; }
  virtual bool wantsFrozen() const { return false; }
  // frozen: [B, D] features of the plain network, undefined unless wanted; never given in training, where what is trained
  // is all there is.
  virtual Tensor read(const vit::Features& features, const Tensor& frozen) const = 0;
  // Whether it reads what every member of the bank says of an image, and whether it does so in training, too.
  virtual bool readsMembers() const { return false; }
  virtual bool trainsOnMembers() const { return false; }
  // members: [B, D] each, the present one last.
  virtual Tensor join(const std::vector<Tensor>& members, const Tensor& /*frozen*/) const { return members.back(); }
};

class Head : public Part {
 public:
  virtual Tensor logits(const Tensor& feature) const = 0;  // [B, K]; column = new label
  // The same in training, from what is trained: [B, D].
  virtual Tensor trainingLogits(const Tensor& own) const { return logits(own); }
  // First label that the training loss looks at in this task: labels below it are masked out.
  virtual int maskedBelow(const TaskScope&) const { return 0; }
  virtual void stepped() {}  // told after each step of the optimiser
  virtual void setAside() {}  // whatever is done to the head from now on, the next task starts from what it is now
  // Closed-form heads: statistics of the features of training images, then the solution.
  virtual bool observes() const { return false; }
  virtual void observe(const Tensor& feature, const Tensor& labels);
  virtual void forget() {}  // what it has observed so far: it is shown everything anew
  virtual void solve() {}
  // What of a feature it compares with prototypes: all of it, or its direction alone. [B, F]
  virtual Tensor compared(const Tensor& feature) const { return feature; }
  // Class means, where the head has them: [K, F].
  virtual std::optional<Tensor> prototypes() const { return std::nullopt; }
  // Leading principal axes of each class, as long as the standard deviation along them, where it keeps covariances:
  // [K, count, F], or as many as there are dimensions.
  virtual std::optional<Tensor> axes(int /*count*/) const { return std::nullopt; }
};

// Statistics of classes that images can be replaced by.
class Statistics : public Part {
 public:
  virtual void observe(const Tensor& own, const Tensor& labels) = 0;  // [n, D], [n]
  virtual Tensor means() const = 0;                                   // [K, D] float32
  virtual Tensor axes(int count) const = 0;                           // [K, count, D] float32, as Head::axes()
  // [n, D]: features drawn for a class around `scale` times its mean; a pure function of its arguments.
  virtual Tensor drawn(std::int64_t label, std::int64_t n, double scale, std::uint64_t seed) const = 0;
};

using NamedParameters = std::vector<std::pair<std::string, Tensor>>;

// A training step as penalties see it.
struct StepView {
  const Inputs& inputs;
  const Tensor& feature;  // [B, F] with a graph
  const Tensor& logits;   // [B, K] with a graph
  const Tensor& labels;   // [B] int64
  const Tensor& teacher;  // [B, K'] logits of the model as it was after the last task; undefined unless wanted
  const Tensor& means;    // [K, D] class means of the recipe's statistics; undefined without any
  const TaskScope& scope;
  const NamedParameters& trained;
};

// What is added to the loss of a training step beside the cross-entropy.
class Penalty : public Part {
 public:
  virtual Tensor cost(const StepView& step) const = 0;  // scalar; undefined when there is nothing to add
  virtual bool wantsTeacher() const { return false; }
  // Statistics of training images that it needs before the first step; a "warm-start" phase shows them to it.
  virtual bool studies() const { return false; }
  virtual void study(const Tensor& images, const Tensor& labels);
  virtual void studied() {}
  // How much each trained number has mattered in a task, from a "fisher" phase at its end; same order and shapes.
  virtual bool weighs() const { return false; }
  virtual void weigh(const NamedParameters& trained, const std::vector<Tensor>& importance);
};

class Session;
struct StepWork;

// What is done with the loss of a batch. Without one a step follows the gradient.
class GradientRule : public Part {
 public:
  virtual bool replaces() const { return false; }  // whether it takes the step itself
  virtual void bend(StepWork&) {}                  // the gradients, before the optimiser uses them
  virtual void step(StepWork&) {}                  // the whole step, where it replaces it
};

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
