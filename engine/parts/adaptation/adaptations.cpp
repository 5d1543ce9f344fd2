#include "engine/parts/adaptation/adaptations.h"

#include <algorithm>
#include <cmath>

#include "engine/parts/random_tensors.h"
#include "engine/protocol/error.h"
#include "engine/vit/bottleneck.h"
#include "engine/vit/products.h"

namespace palimpsest {
namespace {

using vit::Site;

// Kaiming-uniform with a = sqrt(5), as torch's linear layers start: uniform up to 1 / sqrt(inputs).
Tensor kaiming(at::IntArrayRef shape, std::uint64_t seed) {
  const double edge = 1 / std::sqrt(static_cast<double>(shape.back()));
  return uniformTensor(shape, -edge, edge, seed);
}

// Which of an image's features stay, times what makes up for the others: [B, T, r], a pure function of the keys.
Tensor keptOf(const Tensor& keys, int block, std::int64_t tokens, std::int64_t width, double dropout) {
  Tensor kept = torch::empty({keys.size(0), tokens, width}, torch::kFloat);
  const auto below = static_cast<std::uint64_t>(dropout * 65536);
  const float factor = static_cast<float>(1 / (1 - dropout));
  for (std::int64_t image = 0; image < keys.size(0); ++image) {
    Rng rng(mixed(static_cast<std::uint64_t>(keys.data_ptr<std::int64_t>()[image]), static_cast<std::uint64_t>(block)));
    float* out = kept.data_ptr<float>() + image * tokens * width;
    std::uint64_t bits = 0;
    for (std::int64_t i = 0; i < tokens * width; ++i, bits >>= 16) {
      if (i % 4 == 0) bits = rng.next();
      out[i] = (bits & 0xffff) < below ? 0 : factor;
    }
  }
  return kept;
}

// Hooks that touch nothing but what layers return.
struct OutputHooks : vit::Hooks {
  bool touches(vit::Stage, int) const override { return false; }
  bool touchesMap(int) const override { return false; }
};

}  // namespace

class AdapterHooks final : public OutputHooks {
 public:
  AdapterHooks(const AdapterAdaptation& from, Tensor keys)
      : from_(from), keys_(std::move(keys)), site_(from.params_.place == "mlp" ? Site::MlpBranch : Site::Attention) {}
  bool touches(Site site, int) const override { return site == site_; }
  Tensor output(Site, int block, const Tensor& in, Tensor out) override {
    const AdapterAdaptation::Block& b = from_.blocks_[static_cast<std::size_t>(block)];
    const auto& params = from_.params_;
    const Tensor kept = keys_.defined() && params.dropout > 0 ? keptOf(keys_, block, in.size(1), params.width, params.dropout) : Tensor();
    if (params.activation == "relu" && !b.scale.defined()) return vit::throughBottleneck(in, {b.down, b.down_bias, b.up, b.up_bias, kept, params.scale}, out);
    Tensor hidden = vit::linear(in, b.down, b.down_bias);
    hidden = params.activation == "relu" ? torch::relu(hidden) : torch::gelu(hidden);
    if (kept.defined()) hidden = hidden * kept.to(hidden.device(), hidden.scalar_type());
    if (b.scale.defined()) return out + b.scale * vit::linear(hidden, b.up, b.up_bias);
    return vit::linear(hidden, b.up * params.scale, b.up_bias * params.scale, out);
  }

 private:
  const AdapterAdaptation& from_;
  const Tensor keys_;
  const Site site_;
};

AdapterAdaptation::AdapterAdaptation(const Params& params, const Setting& setting) : params_(params) {
  const std::int64_t width = setting.shape.width, inner = params.width;
  for (int block = 0; block < setting.shape.depth; ++block) {
    Block b{kaiming({inner, width}, seedOf(setting.seed, Purpose::Initialisation, 310, block)).to(setting.device),
            torch::zeros({inner}, setting.device), torch::zeros({width, inner}, setting.device), torch::zeros({width}, setting.device), {}};
    if (params.learn_scale) b.scale = torch::full({1}, params.scale, torch::TensorOptions().device(setting.device));
    blocks_.push_back(std::move(b));
  }
}

std::unique_ptr<vit::Hooks> AdapterAdaptation::bind(const Tensor& keys) const { return std::make_unique<AdapterHooks>(*this, keys); }

void AdapterAdaptation::visit(State& state) {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const std::string name = "blocks." + std::to_string(i) + ".";
    state.tensor(name + "down.weight", blocks_[i].down, true);
    state.tensor(name + "down.bias", blocks_[i].down_bias, true);
    state.tensor(name + "up.weight", blocks_[i].up, true);
    state.tensor(name + "up.bias", blocks_[i].up_bias, true);
    if (blocks_[i].scale.defined()) state.tensor(name + "scale", blocks_[i].scale, true);
  }
}

class ScaleShiftHooks final : public OutputHooks {
 public:
  explicit ScaleShiftHooks(const ScaleShiftAdaptation& from) : from_(from) {}
  bool touches(Site site, int) const override {
    return site != Site::Attention && site != Site::Mlp && site != Site::MlpBranch;
  }
  Tensor output(Site site, int block, const Tensor&, Tensor out) override {
    const auto& pair = from_.at(site, block);
    return torch::addcmul(pair.shift, out, pair.scale);
  }

 private:
  const ScaleShiftAdaptation& from_;
};

ScaleShiftAdaptation::ScaleShiftAdaptation(const Params& params, const Setting& setting) {
  const auto add = [&](Site site, int block, const std::string& name, std::int64_t features) {
    const auto place = static_cast<int>(pairs_.size());
    const auto drawn = [&](int which) {
      return torch::empty({features}, torch::kFloat).normal_(0, 1, generatorOf(seedOf(setting.seed, Purpose::Initialisation, 320 + which, place))) * params.deviation;
    };
    pairs_.push_back({site, block, name, (1 + drawn(0)).to(setting.device), drawn(1).to(setting.device)});
  };
  const std::int64_t w = setting.shape.width;
  for (int block = 0; block < setting.shape.depth; ++block) {
    const std::string name = "blocks." + std::to_string(block) + ".";
    add(Site::Norm1, block, name + "norm1", w);
    add(Site::Qkv, block, name + "qkv", 3 * w);
    add(Site::Proj, block, name + "proj", w);
    add(Site::Norm2, block, name + "norm2", w);
    add(Site::Fc1, block, name + "fc1", setting.shape.mlp);
    add(Site::Fc2, block, name + "fc2", w);
  }
  add(Site::Patch, -1, "patch", w);
  add(Site::Norm, -1, "norm", w);
}

const ScaleShiftAdaptation::Pair& ScaleShiftAdaptation::at(Site site, int block) const {
  for (const Pair& pair : pairs_)
    if (pair.site == site && pair.block == block) return pair;
  throw Error("internal", "[ssf] there is no scale and shift at this place");
}

std::unique_ptr<vit::Hooks> ScaleShiftAdaptation::bind(const Tensor&) const { return std::make_unique<ScaleShiftHooks>(*this); }

void ScaleShiftAdaptation::visit(State& state) {
  for (Pair& pair : pairs_) {
    state.tensor(pair.name + ".scale", pair.scale, true);
    state.tensor(pair.name + ".shift", pair.shift, true);
  }
}

namespace {

// Weight and bias of the layer at a site; the bias is undefined where there is none.
std::pair<Tensor, Tensor> layerAt(const vit::Vit& vit, Site site, int block) {
  if (site == Site::Patch) {
    const auto all = vit->named_parameters();
    const Tensor* bias = all.find("patch_embed.proj.bias");
    return {all["patch_embed.proj.weight"], bias ? *bias : Tensor()};
  }
  if (site == Site::Norm1 || site == Site::Norm2 || site == Site::Norm) {
    const auto norm = vit->normalisation(site, block);
    return {norm->weight, norm->bias};
  }
  const auto layer = vit->linear(site, block);
  return {layer->weight, layer->bias};
}

}  // namespace

bool ScaleShiftAdaptation::fold(vit::Vit& vit) const {
  const torch::NoGradGuard no_graph;
  for (const Pair& pair : pairs_)  // a shift would have nowhere to go
    if (!layerAt(vit, pair.site, pair.block).second.defined()) return false;
  for (const Pair& pair : pairs_) {
    auto [weight, bias] = layerAt(vit, pair.site, pair.block);
    std::vector<std::int64_t> column(static_cast<std::size_t>(weight.dim()), 1);
    column.front() = -1;
    weight.mul_(pair.scale.view(column));
    bias.mul_(pair.scale).add_(pair.shift);
  }
  return true;
}

class LowRankHooks final : public OutputHooks {
 public:
  explicit LowRankHooks(const LowRankAdaptation& from) : from_(from) {}
  bool touches(Site site, int) const override { return site == Site::Qkv; }
  Tensor output(Site, int block, const Tensor& in, Tensor out) override {
    std::vector<Tensor> parts = out.chunk(3, -1);
    for (const auto& change : from_.changes_)
      if (change.block == block) {
        Tensor& part = parts[static_cast<std::size_t>(change.part)];
        part = vit::linear(vit::linear(in, change.a, {}), change.b * from_.factor(), {}, part.contiguous());
      }
    return torch::cat(parts, -1);
  }

 private:
  const LowRankAdaptation& from_;
};

LowRankAdaptation::LowRankAdaptation(const Params& params, const Setting& setting) : params_(params), width_(setting.shape.width) {
  for (int block = 0; block < setting.shape.depth; ++block)
    for (int part = 0; part < 3; ++part) {
      if (params.layers.find("qkv"[part]) == std::string::npos) continue;
      changes_.push_back({block, part, kaiming({params.rank, width_}, seedOf(setting.seed, Purpose::Initialisation, 330 + part, block)).to(setting.device),
                          torch::zeros({width_, params.rank}, setting.device)});
    }
}

std::unique_ptr<vit::Hooks> LowRankAdaptation::bind(const Tensor&) const { return std::make_unique<LowRankHooks>(*this); }

void LowRankAdaptation::visit(State& state) {
  for (Change& change : changes_) {
    const std::string name = "blocks." + std::to_string(change.block) + "." + "qkv"[change.part];
    state.tensor(name + ".a", change.a, true);
    state.tensor(name + ".b", change.b, true);
  }
}

bool LowRankAdaptation::fold(vit::Vit& vit) const {
  const torch::NoGradGuard no_graph;
  for (const Change& change : changes_) {
    Tensor rows = vit->linear(Site::Qkv, change.block)->weight.narrow(0, std::int64_t{change.part} * width_, width_);
    rows.add_(change.b.matmul(change.a), factor());
  }
  return true;
}

namespace {

class LearnedPrefixHooks final : public vit::Hooks {
 public:
  explicit LearnedPrefixHooks(std::vector<vit::KeyValue> rows) : rows_(std::move(rows)) {}
  std::optional<vit::KeyValue> prefix(int block) override { return rows_[static_cast<std::size_t>(block)]; }
  bool touches(vit::Stage, int) const override { return false; }
  bool touches(Site, int) const override { return false; }
  bool touchesMap(int) const override { return false; }

 private:
  const std::vector<vit::KeyValue> rows_;
};

}  // namespace

LearnedPrefixAdaptation::LearnedPrefixAdaptation(const Params& params, const Setting& setting) : shape_(setting.shape) {
  for (int block = 0; block < shape_.depth; ++block) {
    const auto drawn = [&](int which) {
      return uniformTensor({params.length, shape_.width}, 0, params.reach, seedOf(setting.seed, Purpose::Initialisation, 340 + which, block)).to(setting.device);
    };
    keys_.push_back(drawn(0));
    values_.push_back(drawn(1));
  }
}

std::unique_ptr<vit::Hooks> LearnedPrefixAdaptation::bind(const Tensor&) const {
  const auto heads = [&](const Tensor& rows) { return rows.view({1, rows.size(0), shape_.heads, shape_.headWidth()}).transpose(1, 2); };
  std::vector<vit::KeyValue> rows;
  for (std::size_t block = 0; block < keys_.size(); ++block) rows.push_back({heads(keys_[block]), heads(values_[block])});
  return std::make_unique<LearnedPrefixHooks>(std::move(rows));
}

void LearnedPrefixAdaptation::visit(State& state) {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    state.tensor("blocks." + std::to_string(i) + ".key", keys_[i], true);
    state.tensor("blocks." + std::to_string(i) + ".value", values_[i], true);
  }
}

}  // namespace palimpsest
