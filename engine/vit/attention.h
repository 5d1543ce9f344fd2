// softmax(q k^T / sqrt(d)) v over packed projections, fused for short sequences on the CPU. First derivatives only.
#pragma once

#include <torch/torch.h>

#include <optional>

#include "engine/vit/hooks.h"

namespace palimpsest::vit {

// qkv: [B, T, 3*W], as the qkv layer returns it. -> [B, front or T, W], heads joined. `prefix` goes before the own
// keys and values.
Tensor attention(const Tensor& qkv, int heads, const std::optional<KeyValue>& prefix, std::int64_t front);
// The same with the map handed to hooks.attention() between softmax and the product with v.
Tensor attentionThroughMap(const Tensor& qkv, int heads, const std::optional<KeyValue>& prefix, std::int64_t front,
                           int block, Hooks& hooks);

// A prefix [B or 1, heads, length, head_width] for every image, `length` contiguous rows each; images may share them.
Tensor prefixRows(const Tensor& x, std::int64_t batch);

}  // namespace palimpsest::vit
