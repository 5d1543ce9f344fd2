// How prompts enter the network: as tokens in front of the patches, as fresh tokens in every block, as keys and values
// of the attention, or generated from each block's own tokens.
#pragma once

#include <algorithm>

#include "engine/parts/prompts/slots.h"

namespace palimpsest {

struct TokenInjectorParams {
  std::string positions = "extended";
  static auto fields() {
    return std::tuple{Field{"positions", &TokenInjectorParams::positions,
                            {.choices = "extended|none",
                             .doc = "extended: prompts enter before the positional table and each gets the position of [CLS]; none: they enter after it, without a position.",
                             .source = "extended in PILOT's L2P, the port and the first JAX release; none in the second and in VPT. The same function class: the offset is absorbed by the prompt."}}};
  }
};

class TokenInjector final : public Injector {
 public:
  using Params = TokenInjectorParams;
  static constexpr std::string_view kName = "tokens";
  static constexpr std::string_view kTitle = "Prepended tokens";
  static constexpr std::string_view kDoc = "Prompts are put between [CLS] and the patches before the first block (prompt tuning, VPT-Shallow).";
  TokenInjector(const Params& params, const Setting& setting) : params_(params), prefix_(setting.shape.prefix()) {}
  int plainBelow() const override { return -1; }
  std::unique_ptr<vit::Hooks> bind(const std::vector<Tensor>& rows) const override;

 private:
  const Params params_;
  const int prefix_;
};

struct DeepTokenInjectorParams {
  double dropout = 0;
  static auto fields() {
    return std::tuple{Field{"dropout", &DeepTokenInjectorParams::dropout,
                            {.min = 0, .max = 0.95, .doc = "Share of the prompts' floats that are left out in a training step, image by image; the others grow to make up for it.",
                             .source = "0.1 in VPT-Deep; none in PILOT."}}};
  }
};

class DeepTokenInjector final : public Injector {
 public:
  using Params = DeepTokenInjectorParams;
  static constexpr std::string_view kName = "deep-tokens";
  static constexpr std::string_view kTitle = "Tokens in every block";
  static constexpr std::string_view kDoc = "Every block gets prompts of its own as tokens; what they have become is dropped before the next block (VPT-Deep).";
  DeepTokenInjector(const Params& params, const Setting& setting) : params_(params), seed_(setting.seed), depth_(setting.shape.depth) {}
  int places() const override { return depth_; }
  std::vector<int> blocks() const override;
  Tensor thinned(const Tensor& rows, const Inputs& inputs, int place) const override;
  std::unique_ptr<vit::Hooks> bind(const std::vector<Tensor>& rows) const override;

 private:
  const Params params_;
  const std::uint64_t seed_;
  const int depth_;
};

struct PrefixInjectorParams {
  std::vector<int> blocks = {0, 1, 2, 3, 4};
  std::string layout = "per-image";
  static auto fields() {
    using P = PrefixInjectorParams;
    return std::tuple{
        Field{"blocks", &P::blocks, {.min = 0, .max = 1000, .doc = "Blocks of the network that get a prefix, counted from 0; each has prompts of its own.", .level = Level::Learn}},
        Field{"layout", &P::layout,
              {.choices = "per-image|port",
               .doc = "per-image: an image gets the keys and values of its own prompts. port reproduces a reshape without a permutation in the PyTorch port and PILOT, which gives an image rows of two others in its batch, and keys for values.",
               .source = "DualPrompt's JAX code is per-image. Results of port depend on the batch: never report them as DualPrompt.", .level = Level::Expert}}};
  }
};

class PrefixInjector final : public Injector {
 public:
  using Params = PrefixInjectorParams;
  static constexpr std::string_view kName = "prefix";
  static constexpr std::string_view kTitle = "Keys and values";
  static constexpr std::string_view kDoc =
      "The first half of each prompt's rows are put before the keys of a block's attention, the second half before its values; queries stay as they are, and so does the number of tokens. "
      "Prefixes bypass the norm and the projection, as in all released code.";
  PrefixInjector(const Params& params, const Setting& setting) : params_(params), setting_(setting) {}
  int places() const override { return static_cast<int>(params_.blocks.size()); }
  std::vector<int> blocks() const override { return params_.blocks; }
  int plainBelow() const override { return params_.blocks.empty() ? 0 : *std::min_element(params_.blocks.begin(), params_.blocks.end()); }
  Tensor arranged(const Tensor& rows) const override;
  std::unique_ptr<vit::Hooks> bind(const std::vector<Tensor>& rows) const override;
  void check(Issues& issues) const override;

 private:
  const Params params_;
  const Setting setting_;
};

struct GeneratedInjectorParams {
  int length = 10, code = 16;
  bool freeze_mixing = true, last_block = true;
  static auto fields() {
    using P = GeneratedInjectorParams;
    return std::tuple{
        Field{"length", &P::length, {.min = 1, .max = 200, .unit = "tokens", .doc = "Prompts generated in each block (N_p).", .level = Level::Learn}},
        Field{"code", &P::code, {.min = 1, .max = 4096, .unit = "floats", .doc = "Width of a task's code (E_d)."}},
        Field{"freeze_mixing", &P::freeze_mixing, {.doc = "Whether the map that mixes tokens is trained in the first task only.", .source = "In the authors' code it keeps moving by momentum."}},
        Field{"last_block", &P::last_block, {.doc = "Whether the last block gets prompts, too.", .source = "Not in the authors' code for ImageNet-R."}}};
  }
};

// The pool behind it holds a code [E_d] for each task, not tokens.
class GeneratedInjector final : public Injector {
 public:
  using Params = GeneratedInjectorParams;
  static constexpr std::string_view kName = "generated";
  static constexpr std::string_view kTitle = "Generated in every block";
  static constexpr std::string_view kDoc =
      "In each block a linear map over tokens turns the block's own tokens into prompts; the code of a task scales and shifts them (FiLM). Scale and shift have length one (DAP, ICCV 2023).";
  GeneratedInjector(const Params& params, const Setting& setting);
  int rowWidth() const override { return params_.code; }
  bool trains() const override { return true; }
  std::vector<int> blocks() const override;
  std::unique_ptr<vit::Hooks> bind(const std::vector<Tensor>& rows) const override;
  void beginTask(const TaskScope& scope) override;
  void visit(State& state) override;

 private:
  friend class GeneratedHooks;
  Tensor prompts(int block, const Tensor& tokens, const Tensor& code) const;  // [B, N_p, D]
  const Params params_;
  const Setting setting_;
  Tensor down_, down_bias_;    // [L, N_p, n], [L, N_p]
  Tensor film_, film_bias_;    // [L, 2D, E_d], [L, 2D]
  Tensor scale_, shift_;       // [L, D], of the norm in front
  bool mixing_frozen_ = false;
};

}  // namespace palimpsest
