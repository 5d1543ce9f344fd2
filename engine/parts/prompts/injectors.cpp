#include "engine/parts/prompts/injectors.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "engine/parts/random_tensors.h"
#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

// [B, N, length, W] -> [B, N * length, W]
Tensor inARow(const Tensor& rows) { return rows.flatten(1, 2); }

class TokenHooks final : public vit::Hooks {
 public:
  TokenHooks(Tensor rows, vit::Stage stage, int prefix) : rows_(std::move(rows)), stage_(stage), prefix_(prefix) {}

  Tensor tokens(vit::Stage stage, int, Tensor x) override {
    if (stage != stage_) return x;
    PALIMPSEST_EXPECT(rows_.size(0) == x.size(0), "[tokens] one row of prompts for each image");
    return torch::cat({x.slice(1, 0, prefix_), rows_.to(x.dtype()), x.slice(1, prefix_)}, 1);
  }
  bool touches(vit::Stage stage, int) const override { return stage == stage_; }
  bool touches(vit::Site, int) const override { return false; }
  bool touchesMap(int) const override { return false; }

 private:
  const Tensor rows_;  // [B, N * p, D]
  const vit::Stage stage_;
  const int prefix_;  // the network's own tokens in front
};

// Each block gets fresh tokens behind its own: they are looked at, and what they would become is not computed.
class FreshTokens : public vit::Hooks {
 public:
  Tensor tokens(vit::Stage stage, int block, Tensor x) final {
    if (stage != vit::Stage::BlockIn) return x;
    const Tensor fresh = made(block, x);
    passing_ = fresh.defined() ? fresh.size(1) : 0;
    return fresh.defined() ? torch::cat({x, fresh.to(x.dtype())}, 1) : x;
  }
  std::int64_t passing(int) const final { return passing_; }
  bool touches(vit::Stage stage, int) const final { return stage == vit::Stage::BlockIn; }
  bool touches(vit::Site, int) const final { return false; }
  bool touchesMap(int) const final { return false; }

 protected:
  virtual Tensor made(int block, const Tensor& x) = 0;

 private:
  std::int64_t passing_ = 0;  // of the block that came last
};

class DeepTokenHooks final : public FreshTokens {
 public:
  explicit DeepTokenHooks(std::vector<Tensor> rows) : rows_(std::move(rows)) {}

 protected:
  Tensor made(int block, const Tensor&) override { return rows_[static_cast<std::size_t>(block)]; }

 private:
  const std::vector<Tensor> rows_;
};

class PrefixHooks final : public vit::Hooks {
 public:
  explicit PrefixHooks(std::map<int, vit::KeyValue> prefixes) : prefixes_(std::move(prefixes)) {}
  std::optional<vit::KeyValue> prefix(int block) override {
    const auto found = prefixes_.find(block);
    return found == prefixes_.end() ? std::nullopt : std::optional(found->second);
  }
  bool touches(vit::Stage, int) const override { return false; }
  bool touches(vit::Site, int) const override { return false; }
  bool touchesMap(int) const override { return false; }

 private:
  const std::map<int, vit::KeyValue> prefixes_;
};

}  // namespace

class GeneratedHooks final : public FreshTokens {
 public:
  GeneratedHooks(const GeneratedInjector& from, Tensor code) : from_(from), code_(std::move(code)) {}

 protected:
  Tensor made(int block, const Tensor& x) override {
    if (block == from_.setting_.shape.depth - 1 && !from_.params_.last_block) return {};
    return from_.prompts(block, x, code_);
  }

 private:
  const GeneratedInjector& from_;
  const Tensor code_;  // [B, E_d]
};

std::unique_ptr<vit::Hooks> TokenInjector::bind(const std::vector<Tensor>& rows) const {
  return std::make_unique<TokenHooks>(inARow(rows.at(0)), params_.positions == "extended" ? vit::Stage::Patches : vit::Stage::Embedded, prefix_);
}

std::vector<int> DeepTokenInjector::blocks() const {
  std::vector<int> all(static_cast<std::size_t>(depth_));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// A pure function of the seed, the moment and the images, so that a run that was stopped goes on as it would have.
Tensor DeepTokenInjector::thinned(const Tensor& rows, const Inputs& inputs, int place) const {
  if (params_.dropout == 0 || !inputs.drops) return rows;
  const std::int64_t image = inputs.indices.empty() ? 0 : inputs.indices.front();
  const auto seed = seedOf(seed_, Purpose::Selection, 800 + place, image, static_cast<std::int64_t>(inputs.epochs * 1e6));
  const Tensor kept = torch::empty(rows.sizes(), torch::kFloat).bernoulli_(1 - params_.dropout, generatorOf(seed));
  return rows * (kept / (1 - params_.dropout)).to(rows.device());
}

std::unique_ptr<vit::Hooks> DeepTokenInjector::bind(const std::vector<Tensor>& rows) const {
  std::vector<Tensor> flat;
  for (const Tensor& place : rows) flat.push_back(inARow(place));
  return std::make_unique<DeepTokenHooks>(std::move(flat));
}

// The port's reshape of [2, B, ...] to [B, 2, ...]: sample b gets, as its role j, the flat row 2 b + j.
Tensor PrefixInjector::arranged(const Tensor& rows) const {
  if (params_.layout != "port") return rows;
  const std::int64_t batch = rows.size(0), n = rows.size(1), h = rows.size(2) / 2, width = rows.size(3);
  const Tensor roles = rows.view({batch, n, 2, h, width}).permute({2, 0, 1, 3, 4}).reshape({batch, 2, n, h, width});
  return roles.permute({0, 2, 1, 3, 4}).reshape({batch, n, 2 * h, width});
}

// [B, N, 2h, W] -> keys and values [B, heads, N * h, head width].
std::unique_ptr<vit::Hooks> PrefixInjector::bind(const std::vector<Tensor>& rows) const {
  const std::int64_t heads = setting_.shape.heads, width = setting_.shape.headWidth();
  std::map<int, vit::KeyValue> prefixes;
  for (std::size_t place = 0; place < rows.size(); ++place) {
    const Tensor& own = rows[place];
    const std::int64_t batch = own.size(0), n = own.size(1), h = own.size(2) / 2;
    const Tensor roles = own.view({batch, n, 2, h, heads, width}).permute({2, 0, 4, 1, 3, 5}).reshape({2, batch, heads, n * h, width});
    prefixes[params_.blocks[place]] = {roles[0], roles[1]};
  }
  return std::make_unique<PrefixHooks>(std::move(prefixes));
}

void PrefixInjector::check(Issues& issues) const {
  std::vector<int> seen;
  for (const int block : params_.blocks) {
    if (block >= setting_.shape.depth)
      issues.push_back(error("inject.blocks", "[prefix] the network has no block " + std::to_string(block) + ": it has " + std::to_string(setting_.shape.depth) + ", counted from 0"));
    if (std::find(seen.begin(), seen.end(), block) != seen.end())
      issues.push_back(error("inject.blocks", "[prefix] block " + std::to_string(block) + " is named twice"));
    seen.push_back(block);
  }
  if (params_.blocks.empty()) issues.push_back(error("inject.blocks", "[prefix] no block gets a prefix"));
}

// The mixing map starts at zero (its gradient is not), the rest as torch's linear layers do.
GeneratedInjector::GeneratedInjector(const Params& params, const Setting& setting) : params_(params), setting_(setting) {
  const std::int64_t depth = setting.shape.depth, width = setting.shape.width, n = setting.shape.tokens();
  const double edge = 1 / std::sqrt(static_cast<double>(params.code));
  const auto drawn = [&](at::IntArrayRef shape, int what) {
    return uniformTensor(shape, -edge, edge, seedOf(setting.seed, Purpose::Initialisation, 400 + what + 1000 * setting.entry)).to(setting.device);
  };
  const auto options = torch::TensorOptions().device(setting.device);
  down_ = torch::zeros({depth, params.length, n}, options);
  down_bias_ = torch::zeros({depth, params.length}, options);
  film_ = drawn({depth, 2 * width, params.code}, 0);
  film_bias_ = drawn({depth, 2 * width}, 1);
  scale_ = torch::ones({depth, width}, options);
  shift_ = torch::zeros({depth, width}, options);
}

std::vector<int> GeneratedInjector::blocks() const {
  std::vector<int> all(static_cast<std::size_t>(setting_.shape.depth));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Tensor GeneratedInjector::prompts(int block, const Tensor& tokens, const Tensor& code) const {
  const std::int64_t width = setting_.shape.width;
  const Tensor normed = torch::layer_norm(tokens.to(torch::kFloat), {width}, scale_[block], shift_[block], setting_.shape.eps);
  const Tensor mixed = torch::matmul(down_[block], normed) + down_bias_[block].unsqueeze(1);  // [B, N_p, D]
  const Tensor film = torch::linear(code, film_[block], film_bias_[block]);
  const auto unit = [&](const Tensor& x) { return x / x.detach().norm(2, 1, true).clamp_min(1e-12); };
  return unit(film.slice(1, 0, width)).unsqueeze(1) * mixed + unit(film.slice(1, width)).unsqueeze(1);
}

std::unique_ptr<vit::Hooks> GeneratedInjector::bind(const std::vector<Tensor>& rows) const {
  return std::make_unique<GeneratedHooks>(*this, rows.at(0).flatten(1));
}

void GeneratedInjector::beginTask(const TaskScope& scope) {
  mixing_frozen_ = params_.freeze_mixing && scope.task > 0;
  for (Tensor* map : {&down_, &down_bias_}) map->set_requires_grad(!mixing_frozen_);
}

void GeneratedInjector::visit(State& state) {
  Tensor frozen = torch::tensor(mixing_frozen_ ? 1 : 0, torch::kLong);
  state.tensor("mixing_frozen", frozen, false);
  mixing_frozen_ = frozen.item<std::int64_t>() != 0;
  state.tensor("down", down_, !mixing_frozen_);
  state.tensor("down_bias", down_bias_, !mixing_frozen_);
  state.tensor("film", film_, true);
  state.tensor("film_bias", film_bias_, true);
  state.tensor("norm_scale", scale_, true);
  state.tensor("norm_shift", shift_, true);
}

}  // namespace palimpsest
