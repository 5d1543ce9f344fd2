// Products of token rows with weights, where a pass spends most of its time. On the CPU in float32 the rows are cut
// into chunks that stay in a core's cache, one thread each with a single-threaded BLAS: bias, GELU and residual are
// applied while a chunk is hot, and only one pool of threads is ever awake. Everywhere else these are plain ATen
// expressions. First derivatives only.
#pragma once

#include <torch/torch.h>

namespace palimpsest::vit {

using at::Tensor;

// x W^T + b, plus `residual` of the result's shape when it is defined.
Tensor linear(const Tensor& x, const torch::nn::Linear& layer, const Tensor& residual = {});
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual = {});
// fc2(gelu(fc1(x))), plus `residual`; GELU with the exact erf.
Tensor mlp(const Tensor& x, const torch::nn::Linear& fc1, const torch::nn::Linear& fc2, const Tensor& residual = {});

// Whether the fast CPU path may take these tensors (float32, CPU, not being traced).
bool onFastPath(const Tensor& x);

}  // namespace palimpsest::vit
