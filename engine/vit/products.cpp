#include "engine/vit/products.h"

#include <ATen/Parallel.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include <algorithm>

#include "engine/device/blas.h"
#include "engine/device/torch_compat.h"
#include "engine/vit/fused_kernels.h"

namespace palimpsest::vit {
namespace {

using compat::MaybeTensor;  // autograd takes no undefined tensor for an argument
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

MaybeTensor maybe(const Tensor& x) { return x.defined() ? MaybeTensor(x) : compat::kNone; }
Tensor definedOr(const MaybeTensor& x) { return x ? *x : Tensor(); }

constexpr std::int64_t kChunkRows = 512;  // a chunk and its hidden rows stay in the caches; flat from 256 to 1280

Tensor flat(const Tensor& x) { return x.contiguous().view({-1, x.size(-1)}); }

std::vector<std::int64_t> sizesWith(const Tensor& x, std::int64_t last) {
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes.back() = last;
  return sizes;
}

// Calls body(begin, end) for chunks of `count` items on all threads; equal chunks, so that the threads end together.
template <typename Body>
void forChunks(std::int64_t count, std::int64_t target, const Body& body) {
  if (count == 0) return;
  const SerialBlas serial;
  const std::int64_t threads = at::get_num_threads();
  const std::int64_t rounds = (count + target * threads - 1) / (target * threads);
  const std::int64_t chunks = std::min(count, rounds * threads);
  const std::int64_t size = (count + chunks - 1) / chunks;
  at::parallel_for(0, chunks, 1, [&](std::int64_t first, std::int64_t last) {
    const torch::NoGradGuard plain;
    for (std::int64_t i = first; i < last; ++i)
      if (i * size < count) body(i * size, std::min(count, (i + 1) * size));
  });
}

Tensor rows(const Tensor& x, std::int64_t begin, std::int64_t end) { return x.narrow(0, begin, end - begin); }

constexpr double kQuick = 1.702;  // x * sigmoid(1.702 x): Hendrycks & Gimpel, 2016, section 2

// In place is fine for both.
void activate(Activation activation, const Tensor& x, Tensor& out) {
  if (activation == Activation::QuickGelu) at::mul_out(out, x, at::sigmoid(x * kQuick));
  else if (fusedKernelsRun()) geluForward(x.data_ptr<float>(), out.data_ptr<float>(), x.numel());
  else at::gelu_out(out, x);
}

void activationSlope(Activation activation, const Tensor& slope, const Tensor& x, Tensor& out) {
  if (activation == Activation::QuickGelu) {
    const Tensor gate = at::sigmoid(x * kQuick);
    at::mul_out(out, slope, gate * (1 + kQuick * x * (1 - gate)));
  } else if (fusedKernelsRun()) {
    geluBackward(slope.data_ptr<float>(), x.data_ptr<float>(), out.data_ptr<float>(), x.numel());
  } else {
    at::gelu_backward_out(out, slope, x);
  }
}

bool dense(const Tensor& x) { return x.stride(1) == 1 && x.stride(0) == x.size(1); }

// x W, dense rows.
void product(const Tensor& x, const Tensor& weight, Tensor& out) {
  if (dense(x) && dense(weight) && fastProduct(x.data_ptr<float>(), weight.data_ptr<float>(), out.data_ptr<float>(), x.size(0), weight.size(1), x.size(1), true)) return;
  at::mm_out(out, x, weight);
}

// x W^T + b + base, the last two where they are defined.
void affine(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor out, const Tensor& base = {}) {
  if (dense(x) && dense(weight) && fastProduct(x.data_ptr<float>(), weight.data_ptr<float>(), out.data_ptr<float>(), x.size(0), weight.size(0), x.size(1), false)) {
    if (bias.defined()) out.add_(bias);
  } else if (bias.defined()) {
    at::addmm_out(out, bias, x, weight.t());
  } else {
    at::mm_out(out, x, weight.t());
  }
  if (base.defined()) out.add_(base);
}

// dW = dY^T X, cut along the outputs so that every element is summed by one thread in one order.
Tensor weightSlope(const Tensor& slope, const Tensor& x) {
  Tensor out = at::empty({slope.size(1), x.size(1)}, x.options());
  const std::int64_t threads = at::get_num_threads();
  forChunks(slope.size(1), (slope.size(1) + threads - 1) / threads, [&](std::int64_t begin, std::int64_t end) {
    Tensor part = rows(out, begin, end);
    at::mm_out(part, slope.narrow(1, begin, end - begin).t(), x);
  });
  return out;
}

Tensor linearForward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual) {
  Tensor out = at::empty(sizesWith(x, weight.size(0)), x.options());
  const Tensor from = flat(x), to = out.view({-1, weight.size(0)});
  const Tensor base = residual.defined() ? flat(residual) : residual;
  forChunks(from.size(0), kChunkRows, [&](std::int64_t begin, std::int64_t end) {
    Tensor part = rows(to, begin, end);
    affine(rows(from, begin, end), weight, bias, part, base.defined() ? rows(base, begin, end) : base);
  });
  return out;
}

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight, const MaybeTensor& bias,
                        const MaybeTensor& residual) {
    ctx->save_for_backward({weight.requires_grad() ? x : Tensor(), x.requires_grad() ? weight : Tensor()});
    ctx->saved_data["bias"] = bias && bias->requires_grad();
    ctx->saved_data["residual"] = residual && residual->requires_grad();
    ctx->saved_data["sizes"] = x.sizes().vec();
    return linearForward(x, weight, definedOr(bias), definedOr(residual));
  }

  static tensor_list backward(AutogradContext* ctx, tensor_list slopes) {
    const auto saved = ctx->get_saved_variables();
    const Tensor slope = flat(slopes[0]);
    Tensor dx, dw, db;
    if (const Tensor& weight = saved[1]; weight.defined()) {
      dx = at::empty(ctx->saved_data["sizes"].toIntVector(), slope.options());
      const Tensor to = dx.view({-1, weight.size(1)});
      forChunks(slope.size(0), kChunkRows, [&](std::int64_t begin, std::int64_t end) {
        Tensor part = rows(to, begin, end);
        product(rows(slope, begin, end), weight, part);
      });
    }
    if (saved[0].defined()) dw = weightSlope(slope, flat(saved[0]));
    if (ctx->saved_data["bias"].toBool()) db = slope.sum(0);
    return {dx, dw, db, ctx->saved_data["residual"].toBool() ? slopes[0] : Tensor()};
  }
};

struct MlpWeights {
  Tensor w1, b1, w2, b2;
  Activation activation;
};

// `hidden` receives fc1's output when it is defined (needed by the backward pass).
Tensor mlpForward(const Tensor& x, const MlpWeights& m, const Tensor& residual, const Tensor& hidden) {
  Tensor out = at::empty(sizesWith(x, m.w2.size(0)), x.options());
  const Tensor from = flat(x), to = out.view({-1, m.w2.size(0)});
  const Tensor base = residual.defined() ? flat(residual) : residual;
  forChunks(from.size(0), kChunkRows, [&](std::int64_t begin, std::int64_t end) {
    Tensor active = at::empty({end - begin, m.w1.size(0)}, x.options());
    const Tensor before = hidden.defined() ? rows(hidden, begin, end) : active;
    affine(rows(from, begin, end), m.w1, m.b1, before);
    activate(m.activation, before, active);
    Tensor part = rows(to, begin, end);
    affine(active, m.w2, m.b2, part, base.defined() ? rows(base, begin, end) : base);
  });
  return out;
}

struct MlpFunction : torch::autograd::Function<MlpFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& w1, const Tensor& b1, const Tensor& w2,
                        const Tensor& b2, const MaybeTensor& residual, std::int64_t activation) {
    const Tensor hidden = at::empty({x.numel() / x.size(-1), w1.size(0)}, x.options());
    const bool trains = w1.requires_grad() || w2.requires_grad();
    ctx->save_for_backward({trains ? x : Tensor(), hidden, w1, w2});
    ctx->saved_data["needs"] = std::vector<std::int64_t>{x.requires_grad(), w1.requires_grad(), b1.requires_grad(),
                                                         w2.requires_grad(), b2.requires_grad()};
    ctx->saved_data["residual"] = residual && residual->requires_grad();
    ctx->saved_data["sizes"] = x.sizes().vec();
    ctx->saved_data["activation"] = activation;
    return mlpForward(x, {w1, b1, w2, b2, static_cast<Activation>(activation)}, definedOr(residual), hidden);
  }

  static tensor_list backward(AutogradContext* ctx, tensor_list slopes) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &hidden = saved[1], &w1 = saved[2], &w2 = saved[3];
    const auto needs = ctx->saved_data["needs"].toIntVector();
    const auto activation = static_cast<Activation>(ctx->saved_data["activation"].toInt());
    const bool keep_active = needs[3], keep_inner = needs[1] || needs[2];
    const Tensor slope = flat(slopes[0]);
    const Tensor active = keep_active ? at::empty_like(hidden) : Tensor();
    const Tensor inner = keep_inner ? at::empty_like(hidden) : Tensor();
    Tensor dx = needs[0] ? at::empty(ctx->saved_data["sizes"].toIntVector(), slope.options()) : Tensor();
    forChunks(slope.size(0), kChunkRows, [&](std::int64_t begin, std::int64_t end) {
      const Tensor before = rows(hidden, begin, end);
      if (keep_active) {
        Tensor part = rows(active, begin, end);
        activate(activation, before, part);
      }
      if (!keep_inner && !needs[0]) return;
      Tensor part = keep_inner ? rows(inner, begin, end) : at::empty_like(before);
      product(rows(slope, begin, end), w2, part);
      activationSlope(activation, part, before, part);
      if (!needs[0]) return;
      Tensor out = rows(dx.view({-1, w1.size(1)}), begin, end);
      product(part, w1, out);
    });
    Tensor dw1 = needs[1] ? weightSlope(inner, flat(saved[0])) : Tensor();
    Tensor db1 = needs[2] ? inner.sum(0) : Tensor();
    Tensor dw2 = needs[3] ? weightSlope(slope, active) : Tensor();
    Tensor db2 = needs[4] ? slope.sum(0) : Tensor();
    return {dx, dw1, db1, dw2, db2, ctx->saved_data["residual"].toBool() ? slopes[0] : Tensor(), Tensor()};
  }
};

bool wantsGradient(std::initializer_list<Tensor> inputs) {
  return torch::GradMode::is_enabled() &&
         std::ranges::any_of(inputs, [](const Tensor& x) { return x.defined() && x.requires_grad(); });
}

}  // namespace

bool onFastPath(const Tensor& x) {
  return x.is_cpu() && x.scalar_type() == torch::kFloat32 && !torch::jit::tracer::isTracing();
}

Tensor activated(const Tensor& x, Activation activation) {
  return activation == Activation::QuickGelu ? x * torch::sigmoid(x * kQuick) : torch::gelu(x);
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual) {
  if (!onFastPath(x) || !onFastPath(weight)) {
    const Tensor out = torch::linear(x, weight, bias);
    return residual.defined() ? residual + out : out;
  }
  if (wantsGradient({x, weight, bias, residual})) return LinearFunction::apply(x, weight, maybe(bias), maybe(residual));
  return linearForward(x, weight, bias, residual);
}

Tensor linear(const Tensor& x, const torch::nn::Linear& layer, const Tensor& residual) {
  return linear(x, layer->weight, layer->bias, residual);
}

Tensor mlp(const Tensor& x, const torch::nn::Linear& fc1, const torch::nn::Linear& fc2, Activation activation,
           const Tensor& residual) {
  if (!onFastPath(x) || !onFastPath(fc1->weight)) return linear(activated(linear(x, fc1), activation), fc2, residual);
  const MlpWeights m{fc1->weight, fc1->bias, fc2->weight, fc2->bias, activation};
  if (wantsGradient({x, m.w1, m.b1, m.w2, m.b2, residual}))
    return MlpFunction::apply(x, m.w1, m.b1, m.w2, m.b2, maybe(residual), static_cast<std::int64_t>(activation));
  return mlpForward(x, m, residual, {});
}

}  // namespace palimpsest::vit
