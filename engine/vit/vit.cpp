#include "engine/vit/vit.h"

#include <algorithm>
#include <charconv>

#include "engine/protocol/error.h"
#include "engine/vit/attention.h"
#include "engine/vit/products.h"

namespace palimpsest::vit {
namespace {

torch::nn::LayerNorm layerNorm(int width, const Shape& shape) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(shape.eps));
}

Tensor asked(Hooks& hooks, Site site, int block, const Tensor& in, Tensor out) {
  return hooks.touches(site, block) ? hooks.output(site, block, in, std::move(out)) : out;
}

Tensor asked(Hooks& hooks, Stage stage, int block, Tensor x) {
  return hooks.touches(stage, block) ? hooks.tokens(stage, block, std::move(x)) : x;
}

Tensor firstTokens(const Tensor& x, std::int64_t count) { return count > 0 ? x.narrow(1, 0, count) : x; }

// [B, C, S, S] -> [B, N, C*P*P], row-major over the grid: what a convolution with stride P sees.
Tensor patchesOf(const Tensor& images, const Shape& shape) {
  const std::int64_t g = shape.grid(), p = shape.patch, c = shape.channels;
  return images.view({-1, c, g, p, g, p}).permute({0, 2, 4, 1, 3, 5}).reshape({-1, g * g, c * p * p});
}

}  // namespace

std::string Shape::text() const {
  std::string all = std::to_string(image) + " px, patch " + std::to_string(patch) + ", width " + std::to_string(width) +
                    ", depth " + std::to_string(depth) + ", heads " + std::to_string(heads);
  if (distilled) all += ", distilled";
  if (registers > 0) all += ", registers " + std::to_string(registers);
  if (!patch_bias) all += ", no patch bias";
  if (norm_pre) all += ", norm before the blocks";
  if (qk_norm) all += ", query-key norm";
  if (activation == Activation::QuickGelu) all += ", quick GELU";
  if (eps != Shape{}.eps) {
    char digits[32];
    all += ", eps " + std::string(digits, std::to_chars(digits, digits + sizeof digits, eps).ptr);
  }
  return all;
}

Tensor Features::cls() const {
  PALIMPSEST_EXPECT(readout > 0, "The network has no [CLS] token");
  return readout == 1 ? tokens.select(1, 0) : tokens.narrow(1, 0, readout).mean(1);
}

Tensor Features::injectedTokens() const { return tokens.narrow(1, prefix, injected); }

Tensor Features::injectedMean() const {
  PALIMPSEST_EXPECT(injected > 0, "The mean of injected tokens was asked for, but none were injected");
  return injectedTokens().mean(1);
}

Tensor Features::patchTokens() const {
  PALIMPSEST_EXPECT(tokens.size(1) > prefix + injected, "Patches were asked for after a pass that only read the front");
  return tokens.slice(1, prefix + injected);
}

Tensor Features::patchMean() const { return patchTokens().mean(1); }

BlockImpl::BlockImpl(const Shape& shape) : heads_(shape.heads), activation_(shape.activation) {
  const int w = shape.width;
  norm1 = register_module("norm1", layerNorm(w, shape));
  const auto attn = register_module("attn", std::make_shared<torch::nn::Module>("attn"));
  qkv = attn->register_module("qkv", torch::nn::Linear(w, 3 * w));
  if (shape.qk_norm) {
    q_norm = attn->register_module("q_norm", layerNorm(shape.headWidth(), shape));
    k_norm = attn->register_module("k_norm", layerNorm(shape.headWidth(), shape));
  }
  proj = attn->register_module("proj", torch::nn::Linear(w, w));
  norm2 = register_module("norm2", layerNorm(w, shape));
  const auto mlp = register_module("mlp", std::make_shared<torch::nn::Module>("mlp"));
  fc1 = mlp->register_module("fc1", torch::nn::Linear(w, shape.mlp));
  fc2 = mlp->register_module("fc2", torch::nn::Linear(shape.mlp, w));
}

Tensor BlockImpl::forward(Tensor x, int block, std::int64_t front, Hooks& hooks) {
  const auto touched = [&](std::initializer_list<Site> sites) { return std::ranges::any_of(sites, [&](Site site) { return hooks.touches(site, block); }); };
  const bool attention = hooks.touchesMap(block) || touched({Site::Norm1, Site::Qkv, Site::Proj, Site::Attention});
  const bool inside = touched({Site::Norm2, Site::Fc1, Site::Fc2, Site::Mlp}), branch = hooks.touches(Site::MlpBranch, block);
  const auto prefix = hooks.prefix(block);
  const auto frozen = [&](Half half, const Tensor& in) { return frozen_.forward(*this, half, heads_, in, prefix, front); };
  if (!attention && !inside && !branch)
    if (Tensor out = frozen(Half::Whole, x); out.defined()) return out;
  Tensor middle = attention ? Tensor() : frozen(Half::Attention, x);
  if (!middle.defined()) middle = attended(x, block, front, prefix, hooks);
  Tensor out = inside ? Tensor() : frozen_.forward(*this, branch ? Half::Branch : Half::Joined, heads_, middle);
  if (!out.defined()) return mixed(middle, block, hooks);
  return branch ? middle + hooks.output(Site::MlpBranch, block, middle, std::move(out)) : out;
}

// Packed again, so that the attention stays the one it is; injected keys enter behind this and are not normalised.
Tensor BlockImpl::headsNormed(const Tensor& qkv) {
  const std::int64_t w = qkv.size(2) / 3;
  const auto part = [&](torch::nn::LayerNorm& norm, std::int64_t from) {
    const Tensor heads = qkv.narrow(2, from, w).reshape({qkv.size(0), qkv.size(1), heads_, w / heads_});
    return norm->forward(heads).flatten(2).to(qkv.dtype());
  };
  return torch::cat({part(q_norm, 0), part(k_norm, w), qkv.narrow(2, 2 * w, w)}, 2);
}

Tensor BlockImpl::attended(const Tensor& x, int block, std::int64_t front, const std::optional<KeyValue>& prefix, Hooks& hooks) {
  const Tensor normed = asked(hooks, Site::Norm1, block, x, norm1->forward(x));
  Tensor packed = asked(hooks, Site::Qkv, block, normed, linear(normed, qkv));
  if (!q_norm.is_empty()) packed = headsNormed(packed);
  const Tensor heads = hooks.touchesMap(block) ? attentionThroughMap(packed, heads_, prefix, front, block, hooks)
                                               : attention(packed, heads_, prefix, front);
  const Tensor stream = firstTokens(x, front);
  if (!hooks.touches(Site::Proj, block) && !hooks.touches(Site::Attention, block)) return linear(heads, proj, stream);
  Tensor out = asked(hooks, Site::Proj, block, heads, linear(heads, proj));
  return stream + asked(hooks, Site::Attention, block, firstTokens(normed, front), std::move(out));
}

Tensor BlockImpl::mixed(const Tensor& x, int block, Hooks& hooks) {
  const Tensor normed = asked(hooks, Site::Norm2, block, x, norm2->forward(x));
  const bool inside = hooks.touches(Site::Fc1, block) || hooks.touches(Site::Fc2, block);
  const bool around = hooks.touches(Site::Mlp, block) || hooks.touches(Site::MlpBranch, block);
  if (!inside && !around) return mlp(normed, fc1, fc2, activation_, x);
  Tensor out;
  if (inside) {
    const Tensor hidden = activated(asked(hooks, Site::Fc1, block, normed, linear(normed, fc1)), activation_);
    out = asked(hooks, Site::Fc2, block, hidden, linear(hidden, fc2));
  } else {
    out = mlp(normed, fc1, fc2, activation_);
  }
  out = asked(hooks, Site::Mlp, block, normed, std::move(out));
  return x + asked(hooks, Site::MlpBranch, block, x, std::move(out));
}

VitImpl::VitImpl(const Shape& shape) : shape_(shape) {
  PALIMPSEST_EXPECT(shape.patch > 0 && shape.image >= shape.patch && shape.image % shape.patch == 0,
                    "The image side must be a multiple of the patch side");
  PALIMPSEST_EXPECT(shape.heads > 0 && shape.width % shape.heads == 0, "The width must be a multiple of the heads");
  PALIMPSEST_EXPECT(shape.registers >= 0 && (shape.class_token || !shape.distilled), "[DIST] goes with [CLS]");
  const auto learned = [&](const char* name, int count) {
    return prefix_.emplace_back(register_parameter(name, torch::zeros({1, count, shape.width})));
  };
  // [DIST] keeps a tensor of its own, whose presence in a file says how the feature is read; registers share one.
  if (shape.class_token) class_token_ = learned("cls_token", 1);
  if (shape.distilled) learned("dist_token", 1);
  if (shape.registers > 0) learned("reg_token", shape.registers);
  positions_ = register_parameter("pos_embed", torch::zeros({1, shape.tokens(), shape.width}));
  const auto patch_embed = register_module("patch_embed", std::make_shared<torch::nn::Module>("patch_embed"));
  const auto patches = torch::nn::Conv2dOptions(shape.channels, shape.width, shape.patch);
  patch_ = patch_embed->register_module(
      "proj", torch::nn::Conv2d(torch::nn::Conv2dOptions(patches).stride(shape.patch).bias(shape.patch_bias)));
  if (shape.norm_pre) norm_pre_ = register_module("norm_pre", layerNorm(shape.width, shape));
  const auto blocks = register_module("blocks", std::make_shared<torch::nn::Module>("blocks"));
  for (int i = 0; i < shape.depth; ++i) blocks_.push_back(blocks->register_module(std::to_string(i), Block(shape)));
  norm_ = register_module("norm", layerNorm(shape.width, shape));
}

Features VitImpl::forward(const Tensor& images, Hooks& hooks, Read read) {
  return rest(embed(images, hooks), 0, hooks, read);
}

Tensor VitImpl::embed(const Tensor& images, Hooks& hooks) {
  PALIMPSEST_EXPECT(images.dim() == 4 && images.size(1) == shape_.channels && images.size(2) == shape_.image &&
                        images.size(3) == shape_.image,
                    "Images must be [batch, channels, image, image]");
  const Tensor pixels = patchesOf(images.contiguous(), shape_);
  Tensor x = vit::linear(pixels, patch_->weight.view({shape_.width, -1}), patch_->bias);
  x = asked(hooks, Site::Patch, -1, pixels, std::move(x));
  std::vector<Tensor> sequence;
  for (const Tensor& token : prefix_) sequence.push_back(token.to(x.dtype()).expand({x.size(0), -1, -1}));
  sequence.push_back(std::move(x));
  x = asked(hooks, Stage::Patches, -1, sequence.size() == 1 ? sequence.front() : torch::cat(sequence, 1));
  x = asked(hooks, Stage::Embedded, -1, x + positionsWith(x.size(1) - shape_.tokens()));
  return norm_pre_.is_empty() ? x : norm_pre_->forward(x);
}

Tensor VitImpl::positionsWith(std::int64_t injected) const {
  PALIMPSEST_EXPECT(injected >= 0, "A hook took tokens away before the positional table");
  if (injected == 0) return positions_;
  // Injected slots stand where [CLS] stands (PILOT lengthens its table in the same way).
  const Tensor first = positions_.narrow(1, 0, 1), slot = shape_.class_token ? first : torch::zeros_like(first);
  // [CLS] alone in front is the first of its copies: the gradient of its row is one sum, as in recorded runs.
  const int prefix = shape_.prefix(), own = shape_.class_token && prefix == 1 ? 0 : prefix;
  const Tensor slots = slot.expand({-1, prefix - own + injected, -1});
  return torch::cat({positions_.slice(1, 0, own), slots, positions_.slice(1, prefix)}, 1);
}

Tensor VitImpl::blocks(Tensor x, int first, int last, Hooks& hooks) {
  for (int i = first; i < last; ++i) {
    x = asked(hooks, Stage::BlockIn, i, std::move(x));
    const std::int64_t passing = hooks.passing(i), front = passing > 0 ? x.size(1) - passing : 0;
    x = asked(hooks, Stage::BlockOut, i, block(i)->forward(std::move(x), i, front, hooks));
  }
  return x;
}

Features VitImpl::rest(Tensor x, int first, Hooks& hooks, Read read) {
  const int last = shape_.depth - 1;
  if (read == Read::All || first > last) return finish(blocks(std::move(x), first, shape_.depth, hooks), hooks);
  x = asked(hooks, Stage::BlockIn, last, blocks(std::move(x), first, last, hooks));
  const std::int64_t patches = std::int64_t{shape_.grid()} * shape_.grid(), carried = x.size(1) - hooks.passing(last);
  // A hook that looks at whole sequences or maps of the last block gets them; patches are dropped behind it.
  const bool whole = hooks.touches(Stage::BlockOut, last) || hooks.touchesMap(last);
  PALIMPSEST_EXPECT(carried > patches, "Only the front was to be read, but nothing stands before the patches");
  x = block(last)->forward(x, last, whole ? carried : carried - patches, hooks);
  if (whole) x = asked(hooks, Stage::BlockOut, last, std::move(x)).slice(1, 0, -patches);
  const Tensor normed = asked(hooks, Site::Norm, -1, x, norm_->forward(x));
  return featuresOf(normed, normed.size(1) - shape_.prefix());
}

Features VitImpl::finish(const Tensor& x, Hooks& hooks) {
  const Tensor normed = asked(hooks, Site::Norm, -1, x, norm_->forward(x));
  return featuresOf(normed, normed.size(1) - shape_.tokens());
}

Features VitImpl::featuresOf(const Tensor& normed, std::int64_t injected) const {
  PALIMPSEST_EXPECT(injected >= 0, "Hooks took away more tokens than they added");
  return {normed, static_cast<int>(injected), shape_.prefix(), shape_.readout()};
}

torch::nn::Linear VitImpl::linear(Site site, int i) const {
  const Block at = block(i);
  switch (site) {
    case Site::Qkv:
      return at->qkv;
    case Site::Proj:
      return at->proj;
    case Site::Fc1:
      return at->fc1;
    case Site::Fc2:
      return at->fc2;
    default:
      PALIMPSEST_EXPECT(false, "There is no linear layer at this site");
  }
  return nullptr;
}

torch::nn::LayerNorm VitImpl::normalisation(Site site, int i) const {
  if (site == Site::Norm) return norm_;
  PALIMPSEST_EXPECT(site == Site::Norm1 || site == Site::Norm2, "There is no normalisation at this site");
  return site == Site::Norm1 ? block(i)->norm1 : block(i)->norm2;
}

Vit copyOf(const Vit& vit) {
  Vit copy(vit->shape());
  const torch::NoGradGuard frozen;
  const auto from = vit->named_parameters();
  for (auto& parameter : copy->named_parameters()) {
    const Tensor& source = from[parameter.key()];
    parameter.value().set_data(source.detach().clone());
    parameter.value().set_requires_grad(source.requires_grad());
  }
  copy->train(vit->is_training());
  return copy;
}

void setTrainable(Vit& vit, bool trainable) {
  for (Tensor& parameter : vit->parameters()) parameter.set_requires_grad(trainable);
}

}  // namespace palimpsest::vit
