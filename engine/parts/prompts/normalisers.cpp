#include "engine/parts/prompts/normalisers.h"

#include <cmath>

namespace palimpsest {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

Tensor descending(const Tensor& x) { return std::get<0>(x.sort(-1, true)); }

Tensor ranks(const Tensor& like) { return torch::arange(1, like.size(-1) + 1, like.options()); }

struct Sparsemax : torch::autograd::Function<Sparsemax> {
  static Tensor forward(AutogradContext* ctx, const Tensor& scores) {
    const Tensor sorted = descending(scores), sums = sorted.cumsum(-1) - 1;
    const Tensor support = (ranks(sorted) * sorted > sums).sum(-1, true);
    const Tensor theta = sums.gather(-1, support - 1) / support;
    const Tensor weights = (scores - theta).clamp_min(0);
    ctx->save_for_backward({weights});
    return weights;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list slopes) {
    const Tensor inside = ctx->get_saved_variables()[0] > 0;
    const Tensor slope = slopes[0] * inside;
    return {(slope - slope.sum(-1, true) / inside.sum(-1, true)) * inside};
  }
};

struct Entmax15 : torch::autograd::Function<Entmax15> {
  static Tensor forward(AutogradContext* ctx, const Tensor& scores) {
    const Tensor z = scores / 2 - scores.amax(-1, true) / 2;
    const Tensor sorted = descending(z), rank = ranks(sorted);
    const Tensor mean = sorted.cumsum(-1) / rank, squares = sorted.square().cumsum(-1) / rank;
    const Tensor spread = rank * (squares - mean.square());
    const Tensor theta = mean - ((1 - spread) / rank).clamp_min(0).sqrt();
    const Tensor support = (theta <= sorted).sum(-1, true);
    const Tensor root = (z - theta.gather(-1, support - 1)).clamp_min(0);
    ctx->save_for_backward({root});
    return root.square();
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list slopes) {
    const Tensor root = ctx->get_saved_variables()[0];
    const Tensor mean = (slopes[0] * root).sum(-1, true) / root.sum(-1, true);
    return {root * (slopes[0] - mean)};
  }
};

// 1 for the top_k largest of the last dimension, 0 elsewhere; ties go to the lower index.
Tensor largest(const Tensor& x, int top_k) {
  const auto count = std::min<std::int64_t>(top_k, x.size(-1));
  const Tensor order = std::get<1>(x.detach().sort(/*stable=*/true, -1, /*descending=*/true));
  return torch::zeros_like(x.detach()).scatter_(-1, order.narrow(-1, 0, count), 1.0);
}

}  // namespace

Tensor sparsemax(const Tensor& scores) { return Sparsemax::apply(scores.to(torch::kFloat)); }
Tensor entmax15(const Tensor& scores) { return Entmax15::apply(scores.to(torch::kFloat)); }

bool hasTemperature(const std::string& kind) { return kind != "dense" && kind != "topk-raw" && kind != "uniform"; }
bool isSparse(const std::string& kind) { return kind == "entmax15" || kind == "sparsemax" || kind == "signed-entmax"; }

// The largest score and its weight tell it: w = z - theta, or (z / 2 - theta)^2.
Tensor thresholdOf(const std::string& kind, const Tensor& scores) {
  const Tensor top = scores.amax(-1);
  if (kind == "sparsemax") return top - sparsemax(scores).amax(-1);
  return top - 2 * entmax15(scores).amax(-1).sqrt();
}

Tensor normalised(const std::string& kind, const Tensor& scores, double temperature, int top_k) {
  if (kind == "dense") return scores;
  if (kind == "uniform") return torch::full_like(scores.detach(), 1.0 / static_cast<double>(scores.size(-1)));
  if (kind == "topk-raw") return top_k >= scores.size(-1) ? scores : scores * largest(scores.abs(), top_k);
  const Tensor z = scores / temperature;
  if (kind == "softmax") return z.softmax(-1);
  if (kind == "topk-softmax") return z.masked_fill(largest(scores, top_k).eq(0), -INFINITY).softmax(-1);
  if (kind == "sparsemax") return sparsemax(z);
  if (kind == "entmax15") return entmax15(z);
  return scores.sign() * entmax15(z.abs());
}

double temperatureFor(const std::string& kind, const Tensor& scores, double support) {
  const torch::NoGradGuard no_graph;
  const auto mean = [&](double temperature) {
    return normalised(kind, scores, temperature, 0).ne(0).sum(-1).to(torch::kDouble).mean().item<double>();
  };
  double low = std::log(1e-5), high = std::log(1e3);  // support grows with the temperature
  for (int i = 0; i < 48; ++i) {
    const double middle = (low + high) / 2;
    (mean(std::exp(middle)) < support ? low : high) = middle;
  }
  return std::exp((low + high) / 2);
}

}  // namespace palimpsest
