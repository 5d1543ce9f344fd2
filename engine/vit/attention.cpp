#include "engine/vit/attention.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <tuple>

#include "engine/device/torch_compat.h"
#include "engine/vit/fused_kernels.h"
#include "engine/vit/products.h"

namespace palimpsest::vit {
namespace {

using compat::MaybeTensor;  // autograd takes no undefined tensor for an argument
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

struct Parts {
  Tensor query, key, value;  // [B, heads, length, head_width]
};

Parts splitHeads(const Tensor& qkv, int heads, const std::optional<KeyValue>& prefix, std::int64_t front) {
  const std::int64_t batch = qkv.size(0), tokens = qkv.size(1), width = qkv.size(2) / 3;
  const Tensor split = qkv.view({batch, tokens, 3, heads, width / heads}).permute({2, 0, 3, 1, 4});
  Parts parts{split[0], split[1], split[2]};
  if (front > 0) parts.query = parts.query.narrow(2, 0, front);
  if (!prefix) return parts;
  const auto before = [batch](const Tensor& own, const Tensor& extra) {
    return torch::cat({extra.to(own.dtype()).expand({batch, -1, -1, -1}), own}, 2);
  };
  parts.key = before(parts.key, prefix->key);
  parts.value = before(parts.value, prefix->value);
  return parts;
}

Tensor joinHeads(const Tensor& x) { return x.transpose(1, 2).flatten(2); }

Head headOf(const Tensor& qkv, int heads, const Tensor& key, std::int64_t front) {
  Head head;
  head.tokens = static_cast<int>(qkv.size(1));
  head.front = static_cast<int>(front > 0 ? front : qkv.size(1));
  head.prefix = key.defined() ? static_cast<int>(key.size(2)) : 0;
  head.width = qkv.size(2) / 3;
  head.head_width = static_cast<int>(head.width / heads);
  head.prefix_stride = head.head_width;
  return head;
}

// Where one head of one image begins in every tensor.
struct Places {
  std::int64_t heads, sequence, rows;  // heads; floats per image of qkv; floats per image of the result
  const Head& shape;
  std::int64_t qkv(std::int64_t i) const { return i / heads * sequence + i % heads * shape.head_width; }
  std::int64_t out(std::int64_t i) const { return i / heads * rows + i % heads * shape.head_width; }
  std::int64_t prefix(std::int64_t i, const Tensor& x) const {
    return i / heads * x.stride(0) + i % heads * x.stride(1);
  }
};

Head headAt(const Head& shape, const Places& places, std::int64_t i, const Tensor& qkv, const Tensor& key,
            const Tensor& value) {
  Head head = shape;
  head.qkv = qkv.data_ptr<float>() + places.qkv(i);
  if (head.prefix > 0) {
    head.prefix_key = key.data_ptr<float>() + places.prefix(i, key);
    head.prefix_value = value.data_ptr<float>() + places.prefix(i, value);
  }
  return head;
}

Tensor fusedForward(const Tensor& qkv, int heads, const Tensor& key, const Tensor& value, std::int64_t front) {
  const Head shape = headOf(qkv, heads, key, front);
  const Tensor out = at::empty({qkv.size(0), shape.front, shape.width}, qkv.options());
  const Places places{heads, qkv.stride(0), out.stride(0), shape};
  at::parallel_for(0, qkv.size(0) * heads, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<float> scratch(attentionForwardScratch(shape));
    for (std::int64_t i = first; i < last; ++i)
      attentionForward(headAt(shape, places, i, qkv, key, value), out.data_ptr<float>() + places.out(i),
                       scratch.data());
  });
  return out;
}

// key and value: [B, heads, prefix, head_width] (batch stride may be 0) or undefined.
struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& qkv, const MaybeTensor& prefix_key,
                        const MaybeTensor& prefix_value, std::int64_t heads, std::int64_t front) {
    const Tensor key = prefix_key ? *prefix_key : Tensor(), value = prefix_value ? *prefix_value : Tensor();
    ctx->save_for_backward({qkv, key, value});
    ctx->saved_data["heads"] = heads;
    ctx->saved_data["front"] = front;
    return fusedForward(qkv, static_cast<int>(heads), key, value, front);
  }

  static tensor_list backward(AutogradContext* ctx, tensor_list slopes) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &qkv = saved[0], &key = saved[1], &value = saved[2], slope = slopes[0].contiguous();
    const std::int64_t heads = ctx->saved_data["heads"].toInt();
    const Head shape = headOf(qkv, static_cast<int>(heads), key, ctx->saved_data["front"].toInt());
    const Tensor d_qkv = at::empty_like(qkv);
    const std::int64_t prefix_floats = std::int64_t{shape.prefix} * shape.head_width;
    Tensor d_key, d_value;
    if (shape.prefix > 0) {
      d_key = at::empty({qkv.size(0), heads, shape.prefix, shape.head_width}, qkv.options());
      d_value = at::empty_like(d_key);
    }
    const Places places{heads, qkv.stride(0), slope.stride(0), shape};
    at::parallel_for(0, qkv.size(0) * heads, 1, [&](std::int64_t first, std::int64_t last) {
      std::vector<float> scratch(attentionBackwardScratch(shape));
      for (std::int64_t i = first; i < last; ++i) {
        float* dk = shape.prefix > 0 ? d_key.data_ptr<float>() + i * prefix_floats : nullptr;
        float* dv = shape.prefix > 0 ? d_value.data_ptr<float>() + i * prefix_floats : nullptr;
        attentionBackward(headAt(shape, places, i, qkv, key, value), slope.data_ptr<float>() + places.out(i),
                          d_qkv.data_ptr<float>() + places.qkv(i), dk, dv, scratch.data());
      }
    });
    return {d_qkv, d_key, d_value, Tensor(), Tensor()};
  }
};

bool mayFuse(const Tensor& qkv, int heads) {
  constexpr std::int64_t kLongest = 1024;  // beyond, a head's map no longer fits a core's cache
  return onFastPath(qkv) && fusedKernelsRun() && qkv.size(2) / 3 / heads % 8 == 0 && qkv.size(1) <= kLongest;
}

}  // namespace

bool fusedKernelsRun() {
#if defined(__x86_64__)
  static const bool able = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return able;
#else
  return true;
#endif
}

Tensor prefixRows(const Tensor& x, std::int64_t batch) {
  const Tensor wide = x.expand({batch, -1, -1, -1});
  return wide.stride(3) == 1 && wide.stride(2) == wide.size(3) ? wide : wide.contiguous();
}

Tensor attention(const Tensor& qkv, int heads, const std::optional<KeyValue>& prefix, std::int64_t front) {
  if (!mayFuse(qkv, heads)) {
    const Parts parts = splitHeads(qkv, heads, prefix, front);
    return joinHeads(compat::scaledDotProductAttention(parts.query, parts.key, parts.value));
  }
  const Tensor packed = qkv.contiguous();
  Tensor key, value;
  if (prefix && prefix->key.size(2) > 0) {
    key = prefixRows(prefix->key, qkv.size(0));
    value = prefixRows(prefix->value, qkv.size(0));
  }
  const bool graph = torch::GradMode::is_enabled() &&
                     (packed.requires_grad() || (key.defined() && (key.requires_grad() || value.requires_grad())));
  if (graph)
    return AttentionFunction::apply(packed, key.defined() ? MaybeTensor(key) : compat::kNone,
                                    value.defined() ? MaybeTensor(value) : compat::kNone, heads, front);
  return fusedForward(packed, heads, key, value, front);
}

Tensor attentionThroughMap(const Tensor& qkv, int heads, const std::optional<KeyValue>& prefix, std::int64_t front,
                           int block, Hooks& hooks) {
  const Parts parts = splitHeads(qkv, heads, prefix, front);
  const double scale = 1.0 / std::sqrt(static_cast<double>(parts.query.size(3)));
  const Tensor map = torch::softmax(torch::matmul(parts.query * scale, parts.key.transpose(-2, -1)), -1);
  return joinHeads(torch::matmul(hooks.attention(block, map), parts.value));
}

}  // namespace palimpsest::vit
