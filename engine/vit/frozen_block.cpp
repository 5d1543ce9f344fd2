#include "engine/vit/frozen_block.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>

#include "engine/device/torch_compat.h"
#include "engine/vit/attention.h"
#include "engine/vit/fused_kernels.h"
#include "engine/vit/vit.h"

namespace palimpsest::vit {

// Versions tell of changes in place; the aliases keep the memory from being given to other weights.
class PackedBlock : public torch::CustomClassHolder {
 public:
  static std::array<Tensor, 4> weights(BlockImpl& block) {
    return {block.qkv->weight, block.proj->weight, block.fc1->weight, block.fc2->weight};
  }

  PackedBlock(BlockImpl& block, bool with_backward) {
    const torch::NoGradGuard plain;
    const auto from = weights(block);
    for (std::size_t i = 0; i < from.size(); ++i) {
      alias_[i] = from[i].detach();
      version_[i] = alias_[i]._version();
      const Tensor dense = from[i].contiguous();
      const auto packed = [&](void (*pack)(const float*, std::ptrdiff_t, std::ptrdiff_t, float*)) {
        Tensor panels = at::empty({dense.numel()}, dense.options());
        pack(dense.data_ptr<float>(), dense.size(0), dense.size(1), panels.data_ptr<float>());
        return panels;
      };
      forward[i] = packed(packForward);
      if (with_backward) backward[i] = packed(packBackward);
    }
  }

  bool of(BlockImpl& block) const {
    const auto now = weights(block);
    for (std::size_t i = 0; i < now.size(); ++i)
      if (!now[i].is_alias_of(alias_[i]) || now[i]._version() != version_[i]) return false;
    return true;
  }

  std::array<Tensor, 4> forward, backward;  // panels, in the order of weights(); the second may be undefined

 private:
  std::array<Tensor, 4> alias_;
  std::array<std::uint32_t, 4> version_{};
};

namespace {

using compat::MaybeTensor;  // autograd takes no undefined tensor for an argument
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using Packed = c10::intrusive_ptr<PackedBlock>;

enum : std::size_t { kQkv, kProj, kFc1, kFc2 };

const float* of(const Tensor& x) { return x.data_ptr<float>(); }
float* into(const Tensor& x) { return x.data_ptr<float>(); }

struct Sizes {
  std::int64_t images, tokens, front, width, hidden, heads, prefix;

  Head head() const {
    Head head;
    head.tokens = static_cast<int>(tokens);
    head.front = static_cast<int>(front);
    head.prefix = static_cast<int>(prefix);
    head.width = width;
    head.head_width = static_cast<int>(width / heads);
    head.prefix_stride = head.head_width;
    return head;
  }
};

// One head of one image; key and value [B, heads, prefix, head width], the batch's stride may be 0.
Head headOf(const Sizes& s, std::int64_t image, std::int64_t i, const float* qkv, const Tensor& key, const Tensor& value) {
  Head head = s.head();
  head.qkv = qkv + i * head.head_width;
  if (s.prefix > 0) {
    head.prefix_key = of(key) + image * key.stride(0) + i * key.stride(1);
    head.prefix_value = of(value) + image * value.stride(0) + i * value.stride(1);
  }
  return head;
}

// What one image leaves behind for the backward pass: the stream after attention, moments of both normalisations.
struct Kept {
  Tensor qkv, middle, hidden, first, second;  // [B, T, 3W], [B, F, W], [B, F, hidden] before GELU, [B, T, 2], [B, F, 2]

  Kept(const Sizes& s, std::int64_t images, const at::TensorOptions& like)
      : qkv(at::empty({images, s.tokens, 3 * s.width}, like)),
        middle(at::empty({images, s.front, s.width}, like)),
        hidden(at::empty({images, s.front, s.hidden}, like)),
        first(at::empty({images, s.tokens, 2}, like)),
        second(at::empty({images, s.front, 2}, like)) {}
};

std::unique_ptr<float[]> scratchOf(std::size_t floats) { return std::make_unique_for_overwrite<float[]>(floats); }

struct Layers {
  Tensor norm1_weight, norm1_bias, qkv_bias, proj_bias, norm2_weight, norm2_bias, fc1_bias, fc2_bias;
  float eps1, eps2;

  explicit Layers(BlockImpl& block)
      : norm1_weight(block.norm1->weight), norm1_bias(block.norm1->bias), qkv_bias(block.qkv->bias),
        proj_bias(block.proj->bias), norm2_weight(block.norm2->weight), norm2_bias(block.norm2->bias),
        fc1_bias(block.fc1->bias), fc2_bias(block.fc2->bias), eps1(static_cast<float>(block.norm1->options.eps())),
        eps2(static_cast<float>(block.norm2->options.eps())) {}
};

// `kept` holds one image for each thread's turn where nothing is to be kept (then it is the thread's own).
void forwardImage(const Sizes& s, const Layers& l, const PackedBlock& w, std::int64_t image, const float* x,
                  const Tensor& key, const Tensor& value, const Kept& kept, std::int64_t slot, float* out, float* scratch) {
  float* normed = scratch;                      // [T, W], then [F, W]
  float* heads = normed + s.tokens * s.width;   // [F, W]
  float* active = heads + s.front * s.width;    // [F, hidden]
  float* inner = active + s.front * s.hidden;   // attention's own
  float* qkv = into(kept.qkv) + slot * s.tokens * 3 * s.width;
  float* middle = into(kept.middle) + slot * s.front * s.width;
  float* hidden = into(kept.hidden) + slot * s.front * s.hidden;
  layerNormForward(s.tokens, s.width, x, of(l.norm1_weight), of(l.norm1_bias), l.eps1, normed, into(kept.first) + slot * s.tokens * 2);
  panelProduct(s.tokens, 3 * s.width, s.width, normed, of(w.forward[kQkv]), of(l.qkv_bias), nullptr, qkv);
  for (std::int64_t i = 0; i < s.heads; ++i)
    attentionForward(headOf(s, image, i, qkv, key, value), heads + i * (s.width / s.heads), inner);
  panelProduct(s.front, s.width, s.width, heads, of(w.forward[kProj]), of(l.proj_bias), x, middle);
  layerNormForward(s.front, s.width, middle, of(l.norm2_weight), of(l.norm2_bias), l.eps2, normed, into(kept.second) + slot * s.front * 2);
  panelProduct(s.front, s.hidden, s.width, normed, of(w.forward[kFc1]), of(l.fc1_bias), nullptr, hidden);
  geluForward(hidden, active, s.front * s.hidden);
  panelProduct(s.front, s.width, s.hidden, active, of(w.forward[kFc2]), of(l.fc2_bias), middle, out);
}

std::size_t forwardScratch(const Sizes& s) {
  return static_cast<std::size_t>(s.tokens * s.width + s.front * (s.width + s.hidden)) + attentionForwardScratch(s.head());
}

Tensor forwardAll(const Sizes& s, BlockImpl& block, const PackedBlock& w, const Tensor& x, const Tensor& key,
                  const Tensor& value, const Kept* kept) {
  const Layers layers(block);
  const Tensor out = at::empty({s.images, s.front, s.width}, x.options());
  at::parallel_for(0, s.images, 1, [&](std::int64_t first, std::int64_t last) {
    const auto scratch = scratchOf(forwardScratch(s));
    std::optional<Kept> own;
    if (!kept) own.emplace(s, 1, x.options());
    for (std::int64_t image = first; image < last; ++image)
      forwardImage(s, layers, w, image, of(x) + image * s.tokens * s.width, key, value, kept ? *kept : *own, kept ? image : 0,
                   into(out) + image * s.front * s.width, scratch.get());
  });
  return out;
}

struct FrozenBlockFunction : torch::autograd::Function<FrozenBlockFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const MaybeTensor& prefix_key, const MaybeTensor& prefix_value,
                        const Sizes* sizes, BlockImpl* block, const Packed* packed) {
    const Tensor key = prefix_key ? *prefix_key : Tensor(), value = prefix_value ? *prefix_value : Tensor();
    const Kept kept(*sizes, sizes->images, x.options());
    ctx->save_for_backward({x, key, value, kept.qkv, kept.middle, kept.hidden, kept.first, kept.second,
                            block->norm1->weight, block->norm2->weight});
    ctx->saved_data["below"] = x.requires_grad();  // not below the first block that was given something
    ctx->saved_data["weights"] = c10::IValue::make_capsule(*packed);
    ctx->saved_data["sizes"] = std::vector<std::int64_t>{sizes->images, sizes->tokens, sizes->front, sizes->width,
                                                         sizes->hidden, sizes->heads, sizes->prefix};
    return forwardAll(*sizes, *block, **packed, x, key, value, &kept);
  }

  static tensor_list backward(AutogradContext* ctx, tensor_list slopes) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &key = saved[1], &value = saved[2], &qkv = saved[3], &middle = saved[4], &hidden = saved[5],
                 &first_moments = saved[6], &second_moments = saved[7], &norm1 = saved[8], &norm2 = saved[9];
    const auto numbers = ctx->saved_data["sizes"].toIntVector();
    const Sizes s{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]};
    const auto packed = c10::static_intrusive_pointer_cast<PackedBlock>(ctx->saved_data["weights"].toCapsule());
    const auto& w = packed->backward;
    const bool below = ctx->saved_data["below"].toBool();
    const Tensor dy = slopes[0].contiguous(), dx = below ? at::empty_like(x) : Tensor();
    const std::int64_t head_width = s.width / s.heads, prefix_floats = s.prefix * head_width;
    Tensor d_key, d_value;
    if (s.prefix > 0) {
      d_key = at::empty({s.images, s.heads, s.prefix, head_width}, x.options());
      d_value = at::empty_like(d_key);
    }
    const std::int64_t rows = s.tokens * s.width, front_rows = s.front * s.width, inside = s.front * s.hidden;
    at::parallel_for(0, s.images, 1, [&](std::int64_t from, std::int64_t to) {
      const auto scratch = scratchOf(static_cast<std::size_t>(inside + 2 * front_rows + 4 * rows) + attentionBackwardScratch(s.head()));
      float* d_hidden = scratch.get();          // [F, hidden]
      float* d_middle = d_hidden + inside;      // [F, W]: of the stream after attention
      float* d_rows = d_middle + front_rows;    // [F, W]: of a normalisation's output, then of the joined heads
      float* d_qkv = d_rows + front_rows;       // [T, 3W]
      float* d_normed = d_qkv + 3 * rows;       // [T, W]
      float* inner = d_normed + rows;
      for (std::int64_t image = from; image < to; ++image) {
        const float* slope = of(dy) + image * front_rows;
        panelProduct(s.front, s.hidden, s.width, slope, of(w[kFc2]), nullptr, nullptr, d_hidden);
        geluBackward(d_hidden, of(hidden) + image * inside, d_hidden, inside);
        panelProduct(s.front, s.width, s.hidden, d_hidden, of(w[kFc1]), nullptr, nullptr, d_rows);
        layerNormBackward(s.front, s.width, d_rows, of(middle) + image * front_rows, of(norm2), of(second_moments) + image * s.front * 2,
                          slope, s.front, d_middle);
        panelProduct(s.front, s.width, s.width, d_middle, of(w[kProj]), nullptr, nullptr, d_rows);
        for (std::int64_t i = 0; i < s.heads; ++i) {
          const std::int64_t which = (image * s.heads + i) * prefix_floats;
          attentionBackward(headOf(s, image, i, of(qkv) + image * 3 * rows, key, value), d_rows + i * head_width, d_qkv + i * head_width,
                            s.prefix > 0 ? into(d_key) + which : nullptr, s.prefix > 0 ? into(d_value) + which : nullptr, inner);
        }
        if (!below) continue;
        panelProduct(s.tokens, s.width, 3 * s.width, d_qkv, of(w[kQkv]), nullptr, nullptr, d_normed);
        layerNormBackward(s.tokens, s.width, d_normed, of(x) + image * rows, of(norm1), of(first_moments) + image * s.tokens * 2, d_middle,
                          s.front, into(dx) + image * rows);
      }
    });
    return {dx, d_key, d_value, Tensor(), Tensor(), Tensor()};
  }
};

bool applies(BlockImpl& block, int heads, const Tensor& x) {
  constexpr std::int64_t kWidest = 512;     // beyond, an image's rows leave the cache and a library's product is as fast
  constexpr std::int64_t kLongest = 1024;   // a head's map
  if (!onFastPath(x) || !fusedKernelsRun() || !block.q_norm.is_empty() || block.activation() != Activation::Gelu) return false;
  const std::int64_t width = x.size(2), hidden = block.fc1->weight.size(0);
  if (width > kWidest || width % 16 != 0 || hidden % 16 != 0 || width / heads % 8 != 0 || x.size(1) > kLongest) return false;
  if (!block.qkv->bias.defined() || !block.proj->bias.defined() || !block.fc1->bias.defined() || !block.fc2->bias.defined()) return false;
  const auto parameters = block.parameters();
  // Optimisers change weights behind their version counters: what is trained is never packed, not even without a graph.
  return std::ranges::all_of(parameters, [](const Tensor& p) { return !p.requires_grad() && p.scalar_type() == torch::kFloat32 && !p.is_inference(); });
}

}  // namespace

c10::intrusive_ptr<PackedBlock> FrozenBlock::packed(BlockImpl& block, bool backward) {
  const std::lock_guard lock(mutex_);
  if (!packed_ || !packed_->of(block) || (backward && !packed_->backward[kQkv].defined()))
    packed_ = c10::make_intrusive<PackedBlock>(block, backward);
  return packed_;
}

FrozenBlock::FrozenBlock() = default;
FrozenBlock::~FrozenBlock() = default;

Tensor FrozenBlock::forward(BlockImpl& block, int heads, const Tensor& x, const std::optional<KeyValue>& prefix, std::int64_t front) {
  if (!applies(block, heads, x)) return {};
  const Tensor in = x.contiguous();
  Tensor key, value;
  if (prefix && prefix->key.size(2) > 0) {
    key = prefixRows(prefix->key, in.size(0));
    value = prefixRows(prefix->value, in.size(0));
  }
  const Sizes sizes{in.size(0), in.size(1), front > 0 ? front : in.size(1), in.size(2), block.fc1->weight.size(0), heads,
                    key.defined() ? key.size(2) : 0};
  const auto trains = [](const Tensor& t) { return t.defined() && t.requires_grad(); };
  const bool graph = torch::GradMode::is_enabled() && (trains(in) || trains(key) || trains(value));
  const Packed weights = packed(block, graph);
  if (!graph) return forwardAll(sizes, block, *weights, in, key, value, nullptr);
  return FrozenBlockFunction::apply(in, key.defined() ? MaybeTensor(key) : compat::kNone,
                                    value.defined() ? MaybeTensor(value) : compat::kNone, &sizes, &block, &weights);
}

}  // namespace palimpsest::vit
