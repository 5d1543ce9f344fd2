// What a pass, a solver and a stored state cost, in closed form: hardware-free, so that methods are compared before
// they are run. The counts are those of a plain ViT (Dosovitskiy et al. 2021; timm). std only, pure. MACs are
// multiply-accumulates of an image unless said otherwise, exact in double up to 2^53; FLOPs = 2 MACs. Softmax,
// LayerNorm, GELU, biases and residuals are not counted. Sizes below 0 count as 0, above a million as a million.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace palimpsest {

// Defaults: ViT-B/16 at 224 x 224.
struct VitSize {
  int width = 768;      // D
  int depth = 12;       // L, blocks
  int mlp = 3072;       // H, hidden width of a block's MLP
  int tokens = 197;     // N, patches and class token
  int patches = 196;    // of an image
  int patch_dim = 768;  // numbers in a patch: channels * side^2
};
// Square images and patches, sides in pixels, what is left over is cut off; prefix: tokens before the patches.
VitSize vitSize(int image_side, int patch_side, int width, int depth, int mlp, int prefix = 1, int channels = 3);
// VPT, L2P: N -> N + P tokens in every block. For passes only: prompts have no positions to count as parameters.
VitSize withPrompts(VitSize size, int prompts);

// ---- Passes.

// L (4 N D^2 + 2 N D H + 2 N^2 D) + patches * patch_dim * D; without a head. With H = 4 D: 12 N D^2 + 2 N^2 D a block.
double forwardMacs(const VitSize& size);
double adapterMacs(const VitSize& size, int rank);  // L N 2 D r on top: an adapter beside every block, down and up
enum class Trained { Nothing, Adaptation, Everything };
// A training step as multiple of the forward pass: 1, 2 (gradients of activations down to the first blocks, not of
// weights) or 3. A rule of thumb; what trains only in late blocks costs less than 2.
double stepMacs(double forward, Trained trained);
double flops(double macs);  // 2 MACs

// ---- Solvers and statistics, in MACs in all.

double gramMacs(std::int64_t images, int features);     // n M^2: sum of h h^T over n images (RanPAC)
double covarianceMacs(std::int64_t images, int width);  // n_c D^2, of one class (FeCAM, SLCA)
double choleskyMacs(int side);                          // M^3 / 3 with M = side; D^3 / 3 for a class's covariance

// ---- Parameters, and bytes by kind.

// D patch_dim + D, class tokens, positions (N D), L blocks of 4 D^2 + 2 D H + 9 D + H, final norm 2 D; without a head.
std::int64_t vitParameters(const VitSize& size);                // 85,798,656 for ViT-B/16
std::int64_t adapterParameters(const VitSize& size, int rank);  // L (2 D r + r + D): down and up with their biases
std::int64_t cosineHeadParameters(int width, int classes);      // C D weights and one scale
std::vector<std::int64_t> growth(std::span<const std::int64_t> parameters);  // P_t - P_(t-1) for t >= 1, else P_0

constexpr int kFloatBytes = 4;
std::int64_t imageBytes(int height, int width, int channels = 3);  // as stored: one byte a number
std::int64_t exemplarBytes(std::int64_t images, int height, int width, int channels = 3);
std::int64_t meanBytes(int classes, int width);                 // C D floats
std::int64_t covarianceBytes(int classes, int width);           // C D^2 floats
std::int64_t ridgeBytes(int features, int width, int classes);  // floats: M^2 Gram, D M projection, M C class sums

// Bytes of what a method keeps, each kind counted once; total() is what methods are compared by.
struct StoredBytes {
  std::int64_t backbone = 0, adaptation = 0, head = 0;
  std::int64_t statistics = 0;  // means, covariances, Gram matrices
  std::int64_t exemplars = 0;   // images as stored
  std::int64_t logits = 0;      // kept with exemplars (DER++)
  std::int64_t importance = 0;  // and the anchors that go with it (EWC)
  std::int64_t teacher = 0;     // a copy that is distilled from
  std::int64_t total() const;
  bool operator==(const StoredBytes&) const = default;
};
// Exchange rate of the surveys: whole images in the bytes of one copy of the backbone, 111,717 of CIFAR for ViT-B/16 in
// float32. nullopt for images without bytes.
std::optional<std::int64_t> imagesPerBackbone(std::int64_t backbone_bytes, std::int64_t bytes_of_image);

}  // namespace palimpsest
