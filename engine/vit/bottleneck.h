// The bottleneck of an adapter (Houlsby et al., 2019; in parallel to a branch as in AdaptFormer, Chen et al., 2022) as
// one operation, forward and back: its layers are so narrow that moving their rows about costs more than the products.
#pragma once

#include <ATen/ATen.h>

namespace palimpsest::vit {

using Tensor = at::Tensor;

struct Bottleneck {
  Tensor down, down_bias;  // [r, W], [r]
  Tensor up, up_bias;      // [W, r], [W]
  Tensor kept;             // [B, T, r], what the inside is multiplied by: dropout; undefined: all ones
  double scale = 1;
};

// base + scale * (kept * relu(x down^T + down_bias) up^T + up_bias); x and base [B, T, W]. Gradients for x, base and the
// four trained tensors.
Tensor throughBottleneck(const Tensor& x, const Bottleneck& layers, const Tensor& base);

}  // namespace palimpsest::vit
