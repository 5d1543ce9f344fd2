// Initial values as pure functions of a seed, drawn on the CPU so that every device starts alike.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "engine/protocol/random.h"

namespace palimpsest {

inline at::Generator generatorOf(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

inline torch::Tensor uniformTensor(at::IntArrayRef shape, double low, double high, std::uint64_t seed) {
  return torch::empty(shape, torch::kFloat).uniform_(low, high, generatorOf(seed));
}
// Normal with standard deviation `deviation`, cut at two of them (drawn again there), mean 0.
torch::Tensor truncatedNormalTensor(at::IntArrayRef shape, double deviation, std::uint64_t seed);

}  // namespace palimpsest
