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
  Half half;

  bool attends() const { return half == Half::Whole || half == Half::Attention; }
  bool mixes() const { return half != Half::Attention; }
  // Images that go through the products together, so that weights come from the far cache once for both: where their rows
  // lie behind each other and leave room in the near one.
  std::int64_t together() const { return front == tokens && tokens <= kRoom / 2 ? 2 : 1; }
  static constexpr std::int64_t kRoom = 160;  // rows

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

// What one image leaves behind for the backward pass: the stream between the halves, moments of both normalisations.
// Empty where a half has no use for it.
struct Kept {
  Tensor qkv, middle, hidden, first, second;  // [B, T, 3W], [B, F, W], [B, F, hidden] before GELU, [B, T, 2], [B, F, 2]

  Kept(const Sizes& s, std::int64_t images, const at::TensorOptions& like) {
    const auto floats = [&](bool needed, std::int64_t rows, std::int64_t columns) { return at::empty({needed ? images : 0, rows, columns}, like); };
    qkv = floats(s.attends(), s.tokens, 3 * s.width);
    middle = floats(s.half == Half::Whole, s.front, s.width);
    hidden = floats(s.mixes(), s.front, s.hidden);
    first = floats(s.attends(), s.tokens, 2);
    second = floats(s.mixes(), s.front, 2);
  }
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

// A few images from `image` on. `kept` holds all of the batch from slot 0, or is the thread's own and holds these alone
// (then slot is 0).
void forwardImages(const Sizes& s, const Layers& l, const PackedBlock& w, std::int64_t image, std::int64_t count, const float* x,
                   const Tensor& key, const Tensor& value, const Kept& kept, std::int64_t slot, float* out, float* scratch) {
  const std::int64_t rows = count * s.tokens, front = count * s.front;
  float* normed = scratch;                  // [rows, W], then [front, W]
  float* heads = normed + rows * s.width;   // [front, W]
  float* active = heads + front * s.width;  // [front, hidden]
  float* inner = active + front * s.hidden; // attention's own
  const float* middle = x;
  if (s.attends()) {
    float* qkv = into(kept.qkv) + slot * s.tokens * 3 * s.width;
    float* attended = s.mixes() ? into(kept.middle) + slot * s.front * s.width : out;
    layerNormForward(rows, s.width, x, of(l.norm1_weight), of(l.norm1_bias), l.eps1, normed, into(kept.first) + slot * s.tokens * 2);
    panelProduct(rows, 3 * s.width, s.width, normed, of(w.forward[kQkv]), of(l.qkv_bias), nullptr, qkv);
    for (std::int64_t one = 0; one < count; ++one)
      for (std::int64_t i = 0; i < s.heads; ++i)
        attentionForward(headOf(s, image + one, i, qkv + one * s.tokens * 3 * s.width, key, value), heads + one * s.front * s.width + i * (s.width / s.heads), inner);
    panelProduct(front, s.width, s.width, heads, of(w.forward[kProj]), of(l.proj_bias), x, attended);
    middle = attended;
  }
  if (!s.mixes()) return;
  float* hidden = into(kept.hidden) + slot * s.front * s.hidden;
  layerNormForward(front, s.width, middle, of(l.norm2_weight), of(l.norm2_bias), l.eps2, normed, into(kept.second) + slot * s.front * 2);
  panelProduct(front, s.hidden, s.width, normed, of(w.forward[kFc1]), of(l.fc1_bias), nullptr, hidden);
  geluForward(hidden, active, front * s.hidden);
  panelProduct(front, s.width, s.hidden, active, of(w.forward[kFc2]), of(l.fc2_bias), s.half == Half::Branch ? nullptr : middle, out);
}

std::size_t forwardScratch(const Sizes& s) {
  return static_cast<std::size_t>(s.together() * (s.tokens * s.width + s.front * (s.width + s.hidden))) + attentionForwardScratch(s.head());
}

Tensor forwardAll(const Sizes& s, BlockImpl& block, const PackedBlock& w, const Tensor& x, const Tensor& key,
                  const Tensor& value, const Kept* kept) {
  const Layers layers(block);
  const Tensor out = at::empty({s.images, s.front, s.width}, x.options());
  at::parallel_for(0, s.images, 1, [&](std::int64_t first, std::int64_t last) {
    const auto scratch = scratchOf(forwardScratch(s));
    std::optional<Kept> own;
    if (!kept) own.emplace(s, s.together(), x.options());
    for (std::int64_t image = first; image < last; image += s.together())
      forwardImages(s, layers, w, image, std::min(s.together(), last - image), of(x) + image * s.tokens * s.width, key, value, kept ? *kept : *own, kept ? image : 0,
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
                                                         sizes->hidden, sizes->heads, sizes->prefix, static_cast<std::int64_t>(sizes->half)};
    return forwardAll(*sizes, *block, **packed, x, key, value, &kept);
  }

  static tensor_list backward(AutogradContext* ctx, tensor_list slopes) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &key = saved[1], &value = saved[2], &qkv = saved[3], &middle = saved[4], &hidden = saved[5],
                 &first_moments = saved[6], &second_moments = saved[7], &norm1 = saved[8], &norm2 = saved[9];
    const auto numbers = ctx->saved_data["sizes"].toIntVector();
    const Sizes s{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], static_cast<Half>(numbers[7])};
    const auto packed = c10::static_intrusive_pointer_cast<PackedBlock>(ctx->saved_data["weights"].toCapsule());
    const auto& w = packed->backward;
    const bool below = ctx->saved_data["below"].toBool();
    const Tensor dy = slopes[0].contiguous(), dx = below ? at::empty_like(x) : Tensor();
    const Tensor& before_mlp = s.attends() ? middle : x;
    const std::int64_t head_width = s.width / s.heads, prefix_floats = s.prefix * head_width;
    Tensor d_key, d_value;
    if (s.prefix > 0) {
      d_key = at::empty({s.images, s.heads, s.prefix, head_width}, x.options());
      d_value = at::empty_like(d_key);
    }
    const std::int64_t rows = s.tokens * s.width, front_rows = s.front * s.width, inside = s.front * s.hidden, together = s.together();
    at::parallel_for(0, s.images, 1, [&](std::int64_t from, std::int64_t to) {
      const auto scratch = scratchOf(static_cast<std::size_t>(together * (inside + 2 * front_rows + 4 * rows)) + attentionBackwardScratch(s.head()));
      float* d_hidden = scratch.get();                       // [F, hidden] of each, as all of these
      float* d_middle = d_hidden + together * inside;        // [F, W]: of the stream after attention
      float* d_rows = d_middle + together * front_rows;      // [F, W]: of a normalisation's output, then of the joined heads
      float* d_qkv = d_rows + together * front_rows;         // [T, 3W]
      float* d_normed = d_qkv + 3 * together * rows;         // [T, W]
      float* inner = d_normed + together * rows;
      for (std::int64_t image = from; image < to; image += together) {
        const std::int64_t count = std::min(together, to - image), front = count * s.front, all = count * s.tokens;
        const float* slope = of(dy) + image * front_rows;
        if (s.mixes()) {
          float* below_mlp = s.attends() ? d_middle : into(dx) + image * rows;
          panelProduct(front, s.hidden, s.width, slope, of(w[kFc2]), nullptr, nullptr, d_hidden);
          geluBackward(d_hidden, of(hidden) + image * inside, d_hidden, count * inside);
          panelProduct(front, s.width, s.hidden, d_hidden, of(w[kFc1]), nullptr, nullptr, d_rows);
          layerNormBackward(front, s.width, d_rows, of(before_mlp) + image * front_rows, of(norm2), of(second_moments) + image * s.front * 2,
                            slope, s.half == Half::Branch ? 0 : front, below_mlp);
          slope = below_mlp;
        }
        if (!s.attends()) continue;
        panelProduct(front, s.width, s.width, slope, of(w[kProj]), nullptr, nullptr, d_rows);
        for (std::int64_t one = 0; one < count; ++one)
          for (std::int64_t i = 0; i < s.heads; ++i) {
            const std::int64_t which = ((image + one) * s.heads + i) * prefix_floats;
            attentionBackward(headOf(s, image + one, i, of(qkv) + (image + one) * 3 * rows, key, value), d_rows + one * front_rows + i * head_width,
                              d_qkv + one * 3 * rows + i * head_width, s.prefix > 0 ? into(d_key) + which : nullptr,
                              s.prefix > 0 ? into(d_value) + which : nullptr, inner);
          }
        if (!below) continue;
        panelProduct(all, s.width, 3 * s.width, d_qkv, of(w[kQkv]), nullptr, nullptr, d_normed);
        layerNormBackward(all, s.width, d_normed, of(x) + image * rows, of(norm1), of(first_moments) + image * s.tokens * 2, slope,
                          front, into(dx) + image * rows);
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

Tensor FrozenBlock::forward(BlockImpl& block, Half half, int heads, const Tensor& x, const std::optional<KeyValue>& prefix, std::int64_t front) {
  if (!applies(block, heads, x)) return {};
  const Tensor in = x.contiguous();
  Tensor key, value;
  if (prefix && prefix->key.size(2) > 0) {
    key = prefixRows(prefix->key, in.size(0));
    value = prefixRows(prefix->value, in.size(0));
  }
  const Sizes sizes{in.size(0), in.size(1), front > 0 ? front : in.size(1), in.size(2), block.fc1->weight.size(0), heads,
                    key.defined() ? key.size(2) : 0, half};
  const auto trains = [](const Tensor& t) { return t.defined() && t.requires_grad(); };
  const bool graph = torch::GradMode::is_enabled() && (trains(in) || trains(key) || trains(value));
  const Packed weights = packed(block, graph);
  if (!graph) return forwardAll(sizes, block, *weights, in, key, value, nullptr);
  return FrozenBlockFunction::apply(in, key.defined() ? MaybeTensor(key) : compat::kNone,
                                    value.defined() ? MaybeTensor(value) : compat::kNone, &sizes, &block, &weights);
}

}  // namespace palimpsest::vit
