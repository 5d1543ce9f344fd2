// A pretrained Vision Transformer (Dosovitskiy et al., 2021; pre-norm, timm's names) and nothing else: no prompt, no
// adapter, no head. Works with autograd through everything; where nothing needs a gradient no graph is built.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/vit/frozen_block.h"
#include "engine/vit/hooks.h"
#include "engine/vit/products.h"

namespace palimpsest::vit {

// What tells one pre-norm family from another; the defaults are timm's plain ViT. LayerScale is not here: the loader
// folds it into the weights (engine/weights/layer_scale.h).
struct Shape {
  int image = 224, patch = 16, channels = 3;  // pixels, pixels, colours
  int width = 192, depth = 12, heads = 3;
  int mlp = 768;  // hidden width
  bool class_token = true;
  bool distilled = false;  // a [DIST] token behind [CLS] (DeiT: Touvron et al., 2021); the feature is their mean
  int registers = 0;       // tokens behind those, never read (Darcet et al., 2024)
  bool patch_bias = true;  // false in CLIP
  bool norm_pre = false;   // LayerNorm between the positions and the blocks: CLIP
  bool qk_norm = false;    // LayerNorm of each head's queries and keys (Dehghani et al., 2023)
  Activation activation = Activation::Gelu;
  double eps = 1e-6;  // of every LayerNorm: 1e-5 in CLIP, 1e-12 in Hugging Face's ViT

  int grid() const { return image / patch; }
  int headWidth() const { return width / heads; }
  // Learned tokens in front of the patches, and how many of the first of them the feature is the mean of.
  int prefix() const { return (class_token ? 1 : 0) + (distilled ? 1 : 0) + registers; }
  int readout() const { return class_token ? (distilled ? 2 : 1) : 0; }
  std::int64_t tokens() const { return std::int64_t{grid()} * grid() + prefix(); }
  std::string text() const;  // "28 px, patch 4, width 128, depth 6, heads 4", then what is not the default
  friend bool operator==(const Shape&, const Shape&) = default;
};

// What a pass hands out. Front: only the prefix ([CLS] and its like) and the injected tokens, which lets the last block
// skip the patches.
enum class Read { All, Front };

struct Features {
  Tensor tokens;     // [B, T, W] after the final norm: prefix, injected, patches (none with Read::Front)
  int injected = 0;  // tokens that hooks left between the prefix and the patches
  int prefix = 1;    // learned tokens in front: [CLS], [DIST], registers
  int readout = 1;   // tokens that cls() is the mean of; 0 in a network without [CLS]

  Tensor cls() const;             // [B, W], the family's own feature: [CLS], or the mean of [CLS] and [DIST]
  Tensor injectedTokens() const;  // [B, injected, W]
  Tensor injectedMean() const;    // [B, W]; there must be some
  Tensor patchTokens() const;     // [B, N, W]; not with Read::Front
  Tensor patchMean() const;       // [B, W]
};

class BlockImpl : public torch::nn::Module {
 public:
  explicit BlockImpl(const Shape& shape);
  // The whole block, tokens() aside; `front` > 0 returns only the first `front` tokens (all are still attended to).
  Tensor forward(Tensor x, int block, std::int64_t front, Hooks& hooks);

  Activation activation() const { return activation_; }

  torch::nn::LayerNorm norm1{nullptr}, norm2{nullptr};
  torch::nn::LayerNorm q_norm{nullptr}, k_norm{nullptr};  // over the head width; empty without qk_norm
  torch::nn::Linear qkv{nullptr}, proj{nullptr}, fc1{nullptr}, fc2{nullptr};

 private:
  Tensor headsNormed(const Tensor& qkv);  // [B, T, 3*W] -> the same, queries and keys normalised
  // The stream after the attention branch, and after the MLP branch.
  Tensor attended(const Tensor& x, int block, std::int64_t front, const std::optional<KeyValue>& prefix, Hooks& hooks);
  Tensor mixed(const Tensor& x, int block, Hooks& hooks);
  const int heads_;
  const Activation activation_;
  FrozenBlock frozen_;
};
TORCH_MODULE(Block);

class VitImpl : public torch::nn::Module {
 public:
  explicit VitImpl(const Shape& shape);

  // images: [B, C, image, image] in the range that the weights were trained with.
  Features forward(const Tensor& images, Hooks& hooks = noHooks(), Read read = Read::All);
  // The three parts of forward, for branches and for cached lower blocks. Blocks first..last-1.
  Tensor embed(const Tensor& images, Hooks& hooks = noHooks());
  Tensor blocks(Tensor x, int first, int last, Hooks& hooks = noHooks());
  // Like blocks(x, first, depth) and finish(), but reads as told: the last step of a pass that began elsewhere.
  Features rest(Tensor x, int first, Hooks& hooks = noHooks(), Read read = Read::All);
  Features finish(const Tensor& x, Hooks& hooks = noHooks());

  const Shape& shape() const { return shape_; }
  Tensor positions() const { return positions_; }     // [1, tokens, W], prefix first
  Tensor classToken() const { return class_token_; }  // [1, 1, W]
  Block block(int i) const { return blocks_.at(static_cast<std::size_t>(i)); }
  torch::nn::LayerNorm norm() const { return norm_; }
  // The linear layer or the normalisation at a site, for folding an adaptation into the weights.
  torch::nn::Linear linear(Site site, int block) const;            // Qkv, Proj, Fc1, Fc2
  torch::nn::LayerNorm normalisation(Site site, int block) const;  // Norm1, Norm2, Norm

 private:
  Tensor positionsWith(std::int64_t injected) const;  // [1, tokens + injected, W]
  Features featuresOf(const Tensor& normed, std::int64_t injected) const;

  const Shape shape_;
  Tensor class_token_, positions_;
  std::vector<Tensor> prefix_;        // the tokens in front, in order, [1, n, W] each
  torch::nn::Conv2d patch_{nullptr};  // holds the weights; the product is a GEMM over unfolded patches
  std::vector<Block> blocks_;
  torch::nn::LayerNorm norm_pre_{nullptr}, norm_{nullptr};
};
TORCH_MODULE(Vit);

// timm's initialisation: truncated normal (0.02) for linear weights and positions, zero biases, [CLS] normal (1e-6).
// A pure function of the seed.
void initialise(Vit& vit, std::uint64_t seed);
// A network with the same weights and no storage in common.
Vit copyOf(const Vit& vit);
// requires_grad of every parameter.
void setTrainable(Vit& vit, bool trainable);

}  // namespace palimpsest::vit
