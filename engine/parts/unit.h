// Rows of length one.
#pragma once

#include <torch/torch.h>

namespace palimpsest {

// x along `dim` divided by its length; what has none stays zero.
inline torch::Tensor unit(const torch::Tensor& x, std::int64_t dim = -1) { return x / x.norm(2, dim, /*keepdim=*/true).clamp_min(1e-12); }

}  // namespace palimpsest
