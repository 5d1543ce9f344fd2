// LayerScale (Touvron et al., 2021, "Going deeper with Image Transformers"): a learned gamma per channel behind each
// branch of a block, x += gamma * branch(x). A branch ends in a linear layer, so gamma goes into its weights.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <string_view>

namespace palimpsest {

// The gamma behind the layer of a parameter: "blocks.3.attn.proj.bias" -> "blocks.3.ls1.gamma",
// "blocks.3.mlp.fc2.weight"
// -> "blocks.3.ls2.gamma"; empty where there is none.
std::string layerScaleBehind(std::string_view parameter);

// gamma * (W x + b) = (gamma W) x + gamma b. `parameter`: weight [W, in] or bias [W]; gamma: [W]. The same function but
// for one rounding of each element.
at::Tensor foldedLayerScale(const at::Tensor& parameter, const at::Tensor& gamma);

}  // namespace palimpsest
