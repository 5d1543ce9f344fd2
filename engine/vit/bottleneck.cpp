#include "engine/vit/bottleneck.h"

#include <torch/torch.h>

#include "engine/device/torch_compat.h"
#include "engine/vit/fused_kernels.h"
#include "engine/vit/products.h"

namespace palimpsest::vit {
namespace {

using compat::MaybeTensor;  // autograd takes no undefined tensor for an argument
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

const float* of(const Tensor& x) { return x.data_ptr<float>(); }
float* into(const Tensor& x) { return x.data_ptr<float>(); }

Tensor packed(const Tensor& weight, void (*pack)(const float*, std::ptrdiff_t, std::ptrdiff_t, float*)) {
  const Tensor dense = weight.contiguous(), panels = at::empty({dense.numel()}, dense.options());
  pack(of(dense), dense.size(0), dense.size(1), into(panels));
  return panels;
}

// Rows of the whole call: a call is a core's own part of a batch (engine/vit/side_by_side.h).
struct Sizes {
  std::int64_t rows, width, inner;
  Sizes(const Tensor& x, const Tensor& down) : rows(x.numel() / x.size(-1)), width(x.size(-1)), inner(down.size(0)) {}
};

// [rows, r]: after ReLU and dropout.
Tensor insideOf(const Sizes& s, const Tensor& x, const Tensor& down, const Tensor& bias, const Tensor& kept) {
  Tensor inside = at::empty({s.rows, s.inner}, x.options());
  panelProduct(s.rows, s.inner, s.width, of(x), of(packed(down, packForward)), of(bias), nullptr, into(inside));
  inside.clamp_min_(0);
  if (kept.defined()) inside.mul_(kept.view({s.rows, s.inner}));
  return inside;
}

struct BottleneckFunction : torch::autograd::Function<BottleneckFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& down, const Tensor& down_bias, const Tensor& up, const Tensor& up_bias,
                        const Tensor& base, const MaybeTensor& kept, double scale) {
    const Sizes s(x, down);
    const Tensor inside = insideOf(s, x, down, down_bias, kept ? *kept : Tensor());
    Tensor out = at::empty_like(base);
    panelProduct(s.rows, s.width, s.inner, of(inside), of(packed(up * scale, packForward)), of(up_bias * scale), of(base), into(out));
    ctx->save_for_backward({x, down, up, inside, kept ? *kept : Tensor()});
    ctx->saved_data["scale"] = scale;
    return out;
  }

  static tensor_list backward(AutogradContext* ctx, tensor_list slopes) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &down = saved[1], &up = saved[2], &inside = saved[3], &kept = saved[4];
    const double scale = ctx->saved_data["scale"].toDouble();
    const Sizes s(x, down);
    const Tensor dy = slopes[0].contiguous();
    const Tensor d_inside = at::empty_like(inside), dx = at::empty_like(x), d_up = at::empty_like(up), d_down = at::empty_like(down);
    panelProduct(s.rows, s.inner, s.width, of(dy), of(packed(up * scale, packBackward)), nullptr, nullptr, into(d_inside));
    // A value that dropout took or ReLU cut has no slope; those that stayed were multiplied.
    d_inside.mul_(inside.gt(0));
    if (kept.defined()) d_inside.mul_(kept.view({s.rows, s.inner}));
    panelProduct(s.rows, s.width, s.inner, of(d_inside), of(packed(down, packBackward)), nullptr, nullptr, into(dx));
    outerProduct(s.rows, s.width, s.inner, of(dy), of(inside), into(d_up));
    outerProduct(s.rows, s.inner, s.width, of(d_inside), of(x), into(d_down));
    return {dx, d_down, d_inside.sum(0), d_up * scale, dy.view({s.rows, s.width}).sum(0) * scale, slopes[0], Tensor(), Tensor()};
  }
};

bool applies(const Tensor& x, const Bottleneck& b, const Tensor& base) {
  for (const Tensor* t : {&x, &b.down, &b.down_bias, &b.up, &b.up_bias, &base})
    if (!onFastPath(*t) || !t->is_contiguous()) return false;
  return fusedKernelsRun() && x.size(-1) % 16 == 0 && b.down.size(0) % 16 == 0;
}

}  // namespace

Tensor throughBottleneck(const Tensor& x, const Bottleneck& b, const Tensor& base) {
  if (applies(x, b, base)) return BottleneckFunction::apply(x, b.down, b.down_bias, b.up, b.up_bias, base, b.kept.defined() ? MaybeTensor(b.kept) : compat::kNone, b.scale);
  Tensor inside = torch::relu(linear(x, b.down, b.down_bias));
  if (b.kept.defined()) inside = inside * b.kept.to(inside.device(), inside.scalar_type());
  return linear(inside, b.up * b.scale, b.up_bias * b.scale, base);
}

}  // namespace palimpsest::vit
