// A pretrained Vision Transformer (Dosovitskiy et al., 2021; pre-norm, timm's names) and nothing else: no prompt, no
// adapter, no head. Works with autograd through everything; where nothing needs a gradient no graph is built.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/vit/hooks.h"

namespace palimpsest::vit {

struct Shape {
  int image = 224, patch = 16, channels = 3;  // pixels, pixels, colours
  int width = 192, depth = 12, heads = 3;
  int mlp = 768;            // hidden width
  bool class_token = true;

  int grid() const { return image / patch; }
  int headWidth() const { return width / heads; }
  std::int64_t tokens() const { return std::int64_t{grid()} * grid() + (class_token ? 1 : 0); }
  std::string text() const;  // "28 px, patch 4, width 128, depth 6, heads 4"
  friend bool operator==(const Shape&, const Shape&) = default;
};

// What a pass hands out. Front: only [CLS] and the injected tokens, which lets the last block skip the patches.
enum class Read { All, Front };

struct Features {
  Tensor tokens;     // [B, T, W] after the final norm: [CLS], injected, patches (none with Read::Front)
  int injected = 0;  // tokens that hooks left between [CLS] and the patches
  int classes = 1;   // [CLS] tokens: 1, or 0 in a network without

  Tensor cls() const;           // [B, W]
  Tensor injectedTokens() const;  // [B, injected, W]
  Tensor injectedMean() const;  // [B, W]; there must be some
  Tensor patchTokens() const;   // [B, N, W]; not with Read::Front
  Tensor patchMean() const;     // [B, W]
};

class BlockImpl : public torch::nn::Module {
 public:
  explicit BlockImpl(const Shape& shape);
  // The whole block, tokens() aside; `front` > 0 returns only the first `front` tokens (all are still attended to).
  Tensor forward(Tensor x, int block, std::int64_t front, Hooks& hooks);

  torch::nn::LayerNorm norm1{nullptr}, norm2{nullptr};
  torch::nn::Linear qkv{nullptr}, proj{nullptr}, fc1{nullptr}, fc2{nullptr};

 private:
  Tensor attended(const Tensor& x, int block, std::int64_t front, Hooks& hooks);  // stream after the attention branch
  Tensor mixed(const Tensor& x, int block, Hooks& hooks);                         // stream after the MLP branch
  const int heads_;
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
  Tensor positions() const { return positions_; }    // [1, tokens, W]
  Tensor classToken() const { return class_token_; }  // [1, 1, W]
  Block block(int i) const { return blocks_.at(static_cast<std::size_t>(i)); }
  torch::nn::LayerNorm norm() const { return norm_; }
  // The linear layer or the normalisation at a site, for folding an adaptation into the weights.
  torch::nn::Linear linear(Site site, int block) const;       // Qkv, Proj, Fc1, Fc2
  torch::nn::LayerNorm normalisation(Site site, int block) const;  // Norm1, Norm2, Norm

 private:
  const Shape shape_;
  Tensor class_token_, positions_;
  torch::nn::Conv2d patch_{nullptr};  // holds the weights; the product is a GEMM over unfolded patches
  std::vector<Block> blocks_;
  torch::nn::LayerNorm norm_{nullptr};
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
