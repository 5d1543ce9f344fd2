// The prompt slots of L2P (Wang et al., CVPR 2022): a flat pool of prompts with learnable keys, selection of the
// nearest keys to a frozen query, and insertion as tokens.
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

// Query q(x): the unprompted frozen network's [CLS] after the final norm (prompt pools all use it).
class ClsFrozenQuery final : public Part {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "cls-frozen";
  static constexpr std::string_view kTitle = "Frozen [CLS]";
  static constexpr std::string_view kDoc =
      "The query of an image is the [CLS] feature of the frozen network without prompts, after the final norm. It never "
      "carries a gradient and is computed once per image where the transform is deterministic.";
  ClsFrozenQuery(const Params&, const Setting&) {}
};

struct FlatPoolParams {
  int size = 10;
  int length = 5;
  std::string init = "uniform-1";
  static auto fields() {
    using P = FlatPoolParams;
    return std::tuple{
        Field{"size", &P::size, {.min = 1, .max = 1000, .unit = "prompts", .doc = "Prompts in the pool (M).", .level = Level::Learn}},
        Field{"length", &P::length, {.min = 1, .max = 200, .unit = "tokens", .doc = "Tokens of each prompt (p).", .level = Level::Learn}},
        Field{"init", &P::init,
              {.choices = "uniform-1|uniform-0.01",
               .doc = "Distribution of prompts and keys at the start: uniform-1 is U(-1, 1), uniform-0.01 is U[0, 0.01).",
               .source = "U[0, 0.01) in the authors' JAX code, U(-1, 1) in PILOT and the PyTorch port. With U[0, 0.01) the "
                         "first winners are locked in after one Adam step."}}};
  }
};

class FlatPool final : public Pool {
 public:
  using Params = FlatPoolParams;
  static constexpr std::string_view kName = "flat";
  static constexpr std::string_view kTitle = "Prompt pool";
  static constexpr std::string_view kDoc =
      "A fixed number of prompts, each with a learnable key. No task owns a prompt; any later task may overwrite any of them.";
  FlatPool(const Params& params, const Setting& setting);
  int size() const override { return params_.size; }
  const Tensor& keys() const override { return keys_; }
  Tensor rows(const Choice& choice) const override;
  void visit(State& state) override;

 private:
  const Params params_;
  Tensor prompts_;  // [M, p, D]
  Tensor keys_;     // [M, D]
};

struct TopKCosineParams {
  int top_k = 5;
  double pull = 0.1;
  static auto fields() {
    using P = TopKCosineParams;
    return std::tuple{
        Field{"top_k", &P::top_k, {.min = 1, .max = 1000, .unit = "prompts", .doc = "Prompts given to each image (N).", .level = Level::Learn}},
        Field{"pull", &P::pull,
              {.min = 0, .max = 10, .doc = "Weight of the pull of the chosen keys towards the query: the loss loses pull times the sum over the N chosen keys of their cosine, averaged over the batch.",
               .source = "0.1 in PILOT and the first JAX release, 1.0 in the second."}}};
  }
};

// Instance-wise at training and at test: what an image gets does not depend on its batch. Ties go to the lower index.
class TopKCosine final : public Selector {
 public:
  using Params = TopKCosineParams;
  static constexpr std::string_view kName = "top-k-cosine";
  static constexpr std::string_view kTitle = "Nearest keys";
  static constexpr std::string_view kDoc =
      "Each image gets the N prompts whose keys have the largest cosine to its query. Instance-wise: released code lets a "
      "whole test batch vote, which leaks the task where batches are sorted by class.";
  TopKCosine(const Params& params, const Setting&) : params_(params) {}
  Choice choose(const Tensor& query, const Pool& pool, bool train) const override;

 private:
  const Params params_;
};

struct TokenInjectorParams {
  std::string positions = "extended";
  static auto fields() {
    return std::tuple{Field{"positions", &TokenInjectorParams::positions,
                            {.choices = "extended|none",
                             .doc = "extended: prompts enter before the positional table and each gets the position of [CLS]; none: they enter after it, without a position.",
                             .source = "extended in PILOT, the port and the first JAX release; none in the second. The same function class: the offset is absorbed by the prompt."}}};
  }
};

class TokenInjector final : public Injector {
 public:
  using Params = TokenInjectorParams;
  static constexpr std::string_view kName = "tokens";
  static constexpr std::string_view kTitle = "Prepended tokens";
  static constexpr std::string_view kDoc = "Prompts are put between [CLS] and the patches before the first block (prompt tuning).";
  TokenInjector(const Params& params, const Setting& setting) : params_(params), prefix_(setting.shape.prefix()) {}
  std::unique_ptr<vit::Hooks> bind(const Tensor& rows) const override;

 private:
  const Params params_;
  const int prefix_;
};

}  // namespace palimpsest
