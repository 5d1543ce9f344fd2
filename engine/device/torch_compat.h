// Everything that differs between LibTorch 1.13 and 2.x, and nothing else.
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <type_traits>

#define PALIMPSEST_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace palimpsest::compat {

// An argument of an autograd function that may be missing.
#if PALIMPSEST_TORCH_AT_LEAST(2, 2)
using MaybeTensor = std::optional<at::Tensor>;
inline constexpr std::nullopt_t kNone = std::nullopt;
#else
using MaybeTensor = c10::optional<at::Tensor>;
inline constexpr c10::nullopt_t kNone = c10::nullopt;
#endif

// softmax(q k^T / sqrt(d)) v for [B, heads, T, d], without handing out the map.
inline at::Tensor scaledDotProductAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
#if PALIMPSEST_TORCH_AT_LEAST(2, 0)
  return at::scaled_dot_product_attention(q, k, v);
#else
  return std::get<0>(at::_scaled_dot_product_attention(q, k, v));
#endif
}

// What an optimiser finds a parameter's state by: the address, printed in 1.13.
template <typename Map>
typename Map::key_type optimizerKey(const at::Tensor& parameter) {
  if constexpr (std::is_same_v<typename Map::key_type, std::string>) {
    std::ostringstream key;
    key << parameter.unsafeGetTensorImpl();
    return key.str();
  } else {
    return parameter.unsafeGetTensorImpl();
  }
}

// bf16 autocast on CUDA for the life of the object; does nothing on the CPU.
class Autocast {
 public:
  Autocast(const torch::Device& device, bool wanted) : active_(wanted && device.is_cuda()) {
    if (!active_) return;
    was_ = enabled();
    set(true);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (!active_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    set(was_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
#if PALIMPSEST_TORCH_AT_LEAST(2, 4)
  static bool enabled() { return at::autocast::is_autocast_enabled(at::kCUDA); }
  static void set(bool on) {
    at::autocast::set_autocast_enabled(at::kCUDA, on);
    if (on) at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
  }
#else
  static bool enabled() { return at::autocast::is_enabled(); }
  static void set(bool on) {
    at::autocast::set_enabled(on);
    if (on) at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
  }
#endif
  const bool active_;
  bool was_ = false;
};

}  // namespace palimpsest::compat
