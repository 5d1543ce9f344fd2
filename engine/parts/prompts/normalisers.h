// Maps from scores to weights of a sum (SAPC; methods of CODA-Prompt's kind). Each acts on the last dimension, in
// float32, and is differentiable. The sparse ones give exact zeros.
#pragma once

#include <torch/torch.h>

#include <string>

namespace palimpsest {

using torch::Tensor;

// Euclidean projection onto the simplex (Martins & Astudillo, 2016). [.., M] -> [.., M]; sums to 1.
Tensor sparsemax(const Tensor& scores);
// Entmax with alpha = 1.5, by sorting (Peters, Niculae & Martins, 2019). [.., M] -> [.., M]; sums to 1.
Tensor entmax15(const Tensor& scores);

// What a weight is made from; see GatedCosineParams for what the names mean. `scores` are cosines, `top_k` is for the
// two kinds that have one. Weights of `uniform` depend on nothing.
Tensor normalised(const std::string& kind, const Tensor& scores, double temperature, int top_k);
inline constexpr std::string_view kNormalisers = "dense|topk-raw|topk-softmax|softmax|entmax15|sparsemax|signed-entmax|uniform";
// Whether the kind has a temperature, and whether its weights compete for a sum of one.
bool hasTemperature(const std::string& kind);
bool isSparse(const std::string& kind);

// The largest score that would get no weight beside `scores` [.., M] (divided by the temperature): one below it changes
// nothing. [..]; sparse kinds only, signed-entmax by size.
Tensor thresholdOf(const std::string& kind, const Tensor& scores);

// The temperature at which the mean count of non-zero weights is `support`, by bisection; scores [n, M]. Sparse kinds
// only. Where even the ends do not reach it, the nearer end.
double temperatureFor(const std::string& kind, const Tensor& scores, double support);

}  // namespace palimpsest
