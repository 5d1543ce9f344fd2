// Products of token rows with weights, where a pass spends most of its time. On the CPU in float32 the rows are cut
// into chunks that stay in a core's cache, one thread each with a single-threaded BLAS: bias, activation and residual
// are applied while a chunk is hot, and only one pool of threads is ever awake. Everywhere else these are plain ATen
// expressions. First derivatives only.
#pragma once

#include <torch/torch.h>

namespace palimpsest::vit {

using at::Tensor;

// Gelu with the exact erf; QuickGelu is x * sigmoid(1.702 x), which OpenAI's CLIP and its followers were trained with.
// Which of the two is a property of the weights that no tensor tells.
enum class Activation { Gelu, QuickGelu };
Tensor activated(const Tensor& x, Activation activation);

// x W^T + b, plus `residual` of the result's shape when it is defined.
Tensor linear(const Tensor& x, const torch::nn::Linear& layer, const Tensor& residual = {});
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual = {});
// fc2(activated(fc1(x))), plus `residual`.
Tensor mlp(const Tensor& x, const torch::nn::Linear& fc1, const torch::nn::Linear& fc2, Activation activation,
           const Tensor& residual = {});

// Whether the fast CPU path may take these tensors (float32, CPU, not being traced).
bool onFastPath(const Tensor& x);

}  // namespace palimpsest::vit
