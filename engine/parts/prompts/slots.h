// The slots of an entry of a recipe's prompts: where prompts are kept, which an image gets, and how they enter.
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

// What is changed about every choice: by an inspection, or, as for mask and force, by the recipe itself.
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
  // What the recipe changes about every choice; null: nothing.
  virtual const Adjustments* standing() const { return nullptr; }
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

}  // namespace palimpsest
