// Where prompts are kept: a pool of fixed size (VPT, L2P, DualPrompt, DAP's task table) and components that grow from
// task to task (CODA-Prompt, SAPC).
#pragma once

#include "engine/parts/prompts/slots.h"

namespace palimpsest {

struct FlatPoolParams {
  int size = 10;
  int length = 5;
  int per_task = 0;
  std::string init = "uniform-1", key_init = "as-prompts";
  std::string transfer = "nothing";
  std::string available = "begun";
  double repulsion = 0;
  static auto fields() {
    using P = FlatPoolParams;
    return std::tuple{
        Field{"size", &P::size, {.min = 0, .max = 100000, .unit = "prompts", .doc = "Prompts in the pool (M); 0: as many as the tasks of the stream need (per_task for each).", .level = Level::Learn}},
        Field{"length", &P::length, {.min = 1, .max = 1000, .unit = "rows", .doc = "Rows of each prompt: tokens; for a prefix, the first half are keys and the second half values.", .level = Level::Learn}},
        Field{"per_task", &P::per_task, {.min = 0, .max = 10000, .unit = "prompts", .doc = "Prompts that belong to each task: task t owns [t * per_task, (t+1) * per_task); 0: nobody owns any."}},
        Field{"init", &P::init,
              {.choices = "uniform-1|uniform-0.01|vpt|zeros|torch-embedding",
               .doc = "Distribution of the prompts at the start: uniform-1 is U(-1, 1); uniform-0.01 is U[0, 0.01); vpt is U(-v, v) with v = sqrt(6 / (3 patch^2 + width)); zeros; torch-embedding is N(0, 1).",
               .source = "U[0, 0.01) in the authors' JAX code of L2P and DualPrompt, U(-1, 1) in PILOT and the PyTorch ports, v in VPT's, zeros in PILOT's VPT. From zeros all rows of a prompt stay alike up to rounding: they act as one."}},
        Field{"key_init", &P::key_init,
              {.choices = "as-prompts|uniform-1|uniform-0.01|uniform-0.06",
               .doc = "Distribution of the keys at the start.",
               .source = "In PILOT and the ports the keys' entry decides for both. With U[0, 0.01) the first winners are locked in after one step of Adam."}},
        Field{"transfer", &P::transfer,
              {.choices = "nothing|prompts|keys|both", .doc = "What a task's own slice takes over from the task before, at the boundary.",
               .source = "DualPrompt: prompts. L2P on five data sets: prompts."}},
        Field{"available", &P::available,
              {.choices = "begun|all", .doc = "Owned prompts that an image may be given: those of tasks that have begun, or all, untrained ones too.",
               .source = "Released code lets all of them compete, those of tasks to come too."}},
        Field{"repulsion", &P::repulsion, {.min = 0, .max = 100, .doc = "Weight of a repulsion between keys: the mean over pairs of max(0, cosine - 0.2).", .level = Level::Expert}}};
  }
};

// Prompts [places, M, length, W], keys [M, D] shared by the places.
class FlatPool final : public Pool {
 public:
  using Params = FlatPoolParams;
  static constexpr std::string_view kName = "flat";
  static constexpr std::string_view kTitle = "Prompt pool";
  static constexpr std::string_view kDoc =
      "A fixed number of prompts, each with a learnable key. Without per_task no task owns a prompt, and any later task may overwrite any of them; "
      "with it, each task has a slice of its own.";
  FlatPool(const Params& params, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  void visit(State& state) override;
  void check(Issues& issues) const override;
  int size() const override { return static_cast<int>(keys_.size(0)); }
  int available() const override;
  int owner(int prompt) const override { return params_.per_task > 0 ? prompt / params_.per_task : -1; }
  int perTask() const override { return params_.per_task; }
  Tensor keys(int) const override { return keys_; }
  Tensor prompts(int place) const override { return prompts_[place]; }
  void setKeys(int choice, int first, const Tensor& rows) override;
  void setPrompts(int place, int first, const Tensor& rows) override;
  Tensor rows(const Choice& choice, int place) const override;
  Tensor penalty() const override;

 private:
  void takeOver(int task);
  const Params params_;
  const Setting setting_;
  Tensor prompts_;  // [places, M, length, W]
  Tensor keys_;     // [M, D]
  int task_ = 0;
};

struct ComponentPoolParams {
  int per_task = 10, total = 0;
  int length = 8;
  std::string init = "gram-schmidt";
  bool freeze = true;
  double orthogonality = 0;
  static auto fields() {
    using P = ComponentPoolParams;
    return std::tuple{
        Field{"per_task", &P::per_task, {.min = 1, .max = 1000, .unit = "components", .doc = "Components that each task adds.", .level = Level::Learn}},
        Field{"total", &P::total, {.min = 0, .max = 100000, .unit = "components", .doc = "Components of the whole stream, of which each task gets an equal part, rounded down; 0: per_task says it.", .source = "Released CODA-Prompt: 100 in all."}},
        Field{"length", &P::length, {.min = 2, .max = 200, .unit = "rows", .doc = "Rows of each component: the first half are keys of the prefix, the second half values.", .level = Level::Learn}},
        Field{"init", &P::init,
              {.choices = "gram-schmidt|qr",
               .doc = "New components are made orthogonal: gram-schmidt subtracts the projections of a normal draw on all rows before it; qr makes them orthogonal to old rows that no longer are to each other.",
               .source = "gram-schmidt is the released code; one pass of it is exact only while the old rows are orthogonal, and trained ones are not."}},
        Field{"freeze", &P::freeze, {.doc = "Whether components of earlier tasks stay as they are."}},
        Field{"orthogonality", &P::orthogonality, {.min = 0, .max = 100, .doc = "Weight of the mean squared deviation of X X^T from the identity, for keys, attention vectors and prompts.", .source = "0.1 in the paper; 0 in every released configuration."}}};
  }
};

// For each place: prompts [M, length, W], keys and attention vectors [M, D], M = per_task * tasks begun.
class ComponentPool final : public Pool {
 public:
  using Params = ComponentPoolParams;
  static constexpr std::string_view kName = "components";
  static constexpr std::string_view kTitle = "Growing components";
  static constexpr std::string_view kDoc =
      "Every block has prompt components with keys and attention vectors. Each task adds its own; those of earlier tasks stay in the sum and are frozen (CODA-Prompt).";
  ComponentPool(const Params& params, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  void visit(State& state) override;
  void check(Issues& issues) const override;
  int size() const override { return static_cast<int>(old_.keys.size(1) + now_.keys.size(1)); }
  int owner(int prompt) const override { return prompt / per_task_; }
  int perTask() const override { return per_task_; }
  int choices() const override { return setting_.places; }
  Tensor keys(int choice) const override;
  Tensor gates(int choice) const override;
  Tensor prompts(int place) const override;
  void setKeys(int choice, int first, const Tensor& rows) override;
  void setGates(int choice, int first, const Tensor& rows) override;
  void setPrompts(int place, int first, const Tensor& rows) override;
  Tensor rows(const Choice& choice, int place) const override;
  Tensor penalty() const override;

 private:
  struct Block {
    Tensor prompts;      // [places, m, length, W]
    Tensor keys, gates;  // [places, m, D]
  };
  Block drawn(int task) const;
  Tensor together(Tensor Block::*member, int place) const;
  void write(Tensor Block::*member, int place, int first, const Tensor& rows);
  const Params params_;
  const Setting setting_;
  const int per_task_;
  Block old_, now_;  // of earlier tasks; of this one (of all, where nothing is frozen)
};

// New rows orthogonal to `old` [s, n] and to each other, of length one: [m, n] from draws [m, n]. Official: row k is its
// draw less the draw's projections on all rows before it.
Tensor orthogonalRows(const Tensor& old, const Tensor& draws, bool official);

}  // namespace palimpsest
