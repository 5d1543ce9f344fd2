// Parameter-efficient adaptations of the one ViT, saved by name. Adapters and LoRA change nothing at their start.
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

struct AdapterParams {
  int width = 64;
  double scale = 0.1, dropout = 0.1;
  bool learn_scale = false;
  std::string place = "mlp", activation = "relu";
  static auto fields() {
    using P = AdapterParams;
    return std::tuple{
        Field{"width", &P::width, {.min = 1, .max = 8192, .unit = "features", .doc = "Width of the bottleneck.", .source = "64 in AdaptFormer and APER, 16 in MOS, 5 in LAE.", .level = Level::Learn}},
        Field{"scale", &P::scale, {.min = 0, .max = 100, .doc = "What the adapter's output is multiplied by.", .source = "0.1 in AdaptFormer; LAE learns it from 1."}},
        Field{"learn_scale", &P::learn_scale, {.doc = "Whether each block learns its scale."}},
        Field{"dropout", &P::dropout, {.min = 0, .max = 0.95, .doc = "Share of the bottleneck's features that are left out in training, image by image."}},
        Field{"place", &P::place, {.choices = "mlp|attention", .doc = "What it stands beside: the MLP, reading the stream in front of its norm (AdaptFormer), or the attention, reading its norm's output (LAE)."}},
        Field{"activation", &P::activation, {.choices = "relu|gelu", .doc = "Between the two layers.", .source = "relu in AdaptFormer, gelu in LAE."}}};
  }
};

// out + s (W_up act(W_down u + b_down) + b_up) in every block (AdaptFormer: Chen et al., NeurIPS 2022; parallel, without a
// norm of its own). W_up and the biases start at zero.
class AdapterAdaptation final : public Adaptation {
 public:
  using Params = AdapterParams;
  static constexpr std::string_view kName = "adapter";
  static constexpr std::string_view kTitle = "Adapter";
  static constexpr std::string_view kDoc = "A small bottleneck beside each block's MLP or attention: down to a few features, an activation, and up again. It starts as zero, so that the network is what it was.";
  AdapterAdaptation(const Params& params, const Setting& setting);
  std::unique_ptr<vit::Hooks> bind(const Tensor& keys) const override;
  void visit(State& state) override;

 private:
  friend class AdapterHooks;
  struct Block {
    Tensor down, down_bias, up, up_bias, scale;  // [r, D], [r], [D, r], [D], [1] where it is learned
  };
  const Params params_;
  std::vector<Block> blocks_;
};

struct ScaleShiftParams {
  double deviation = 0.02;
  static auto fields() {
    return std::tuple{Field{"deviation", &ScaleShiftParams::deviation, {.min = 0, .max = 1, .doc = "Standard deviation of scales around 1 and of shifts around 0 at the start; 0 leaves the network as it is.", .source = "0.02 in SSF.", .level = Level::Expert}}};
  }
};

// y * gamma + beta behind the patch layer, every norm and every linear layer (SSF: Lian et al., NeurIPS 2022).
class ScaleShiftAdaptation final : public Adaptation {
 public:
  using Params = ScaleShiftParams;
  static constexpr std::string_view kName = "ssf";
  static constexpr std::string_view kTitle = "Scale and shift";
  static constexpr std::string_view kDoc = "Every feature behind every layer gets a scale and a shift of its own (SSF). What is learned can be folded into the weights.";
  ScaleShiftAdaptation(const Params& params, const Setting& setting);
  int plainBelow() const override { return -1; }
  std::unique_ptr<vit::Hooks> bind(const Tensor& keys) const override;
  void visit(State& state) override;
  bool fold(vit::Vit& vit) const override;

 private:
  friend class ScaleShiftHooks;
  struct Pair {
    vit::Site site;
    int block;
    std::string name;
    Tensor scale, shift;  // [features of the site]
  };
  const Pair& at(vit::Site site, int block) const;
  std::vector<Pair> pairs_;
};

struct LowRankParams {
  int rank = 4;
  double alpha = 4;
  std::string layers = "qv";
  static auto fields() {
    using P = LowRankParams;
    return std::tuple{
        Field{"rank", &P::rank, {.min = 1, .max = 4096, .doc = "Rank of the change.", .level = Level::Learn}},
        Field{"alpha", &P::alpha, {.min = 0, .max = 10000, .doc = "The change is multiplied by alpha / rank."}},
        Field{"layers", &P::layers, {.choices = "qv|kv|qkv", .doc = "Which projections of the attention are changed.", .source = "qv in LoRA, kv in LAE."}}};
  }
};

// W + (alpha / r) B A on projections of the attention (LoRA: Hu et al., ICLR 2022). B starts at zero.
class LowRankAdaptation final : public Adaptation {
 public:
  using Params = LowRankParams;
  static constexpr std::string_view kName = "lora";
  static constexpr std::string_view kTitle = "LoRA";
  static constexpr std::string_view kDoc = "A change of low rank is added to the attention's projections. It starts as zero, and what is learned can be folded into the weights.";
  LowRankAdaptation(const Params& params, const Setting& setting);
  std::unique_ptr<vit::Hooks> bind(const Tensor& keys) const override;
  void visit(State& state) override;
  bool fold(vit::Vit& vit) const override;

 private:
  friend class LowRankHooks;
  struct Change {
    int block, part;  // part 0, 1, 2: queries, keys, values
    Tensor a, b;      // [r, D], [D, r]
  };
  double factor() const { return params_.alpha / params_.rank; }
  const Params params_;
  const int width_;
  std::vector<Change> changes_;  // block by block
};

struct LearnedPrefixParams {
  int length = 10;
  double reach = 0.01;
  static auto fields() {
    using P = LearnedPrefixParams;
    return std::tuple{
        Field{"length", &P::length, {.min = 1, .max = 1000, .unit = "rows", .doc = "Keys, and as many values, in each block.", .level = Level::Learn}},
        Field{"reach", &P::reach, {.min = 0, .max = 1, .doc = "They start uniformly between 0 and this.", .source = "0.01 in LAE.", .level = Level::Expert}}};
  }
};

// Keys and values put before each block's own (prefix tuning: Li & Liang, ACL 2021). The one adaptation that is not
// the identity at its start: attention is shared with the prefix from the first step on.
class LearnedPrefixAdaptation final : public Adaptation {
 public:
  using Params = LearnedPrefixParams;
  static constexpr std::string_view kName = "prefix";
  static constexpr std::string_view kTitle = "Prefix";
  static constexpr std::string_view kDoc = "Learned keys and values stand before each block's own, the same for every image.";
  LearnedPrefixAdaptation(const Params& params, const Setting& setting);
  std::unique_ptr<vit::Hooks> bind(const Tensor& keys) const override;
  void visit(State& state) override;

 private:
  const vit::Shape shape_;
  std::vector<Tensor> keys_, values_;  // by block: [length, D]
};

struct TaskBankParams {
  std::string start = "fresh";
  double merge = 0;
  static auto fields() {
    using P = TaskBankParams;
    return std::tuple{
        Field{"start", &P::start, {.choices = "fresh|previous", .doc = "What a new task's adaptation starts from: nothing, or the last task's.", .source = "fresh in EASE, previous in MOS."}},
        Field{"merge", &P::merge, {.min = 0, .max = 1, .doc = "After each step the adaptation moves this share of the way to the mean of those of earlier tasks.", .source = "0.1 in MOS, which its released code applies thirteen times a step."}}};
  }
};

// An adaptation of its own for every task; those of earlier tasks stay as they are.
class TaskBank final : public Part {
 public:
  using Params = TaskBankParams;
  static constexpr std::string_view kName = "tasks";
  static constexpr std::string_view kTitle = "One for each task";
  static constexpr std::string_view kDoc = "Every task trains an adaptation of its own, and keeps it; an image is looked at through all of them.";
  TaskBank(const Params& params, const Setting&) : params(params) {}
  const Params params;
};

}  // namespace palimpsest
