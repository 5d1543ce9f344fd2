// Kernels for the small shapes of a ViT, one core each: ATen's batched products reach a quarter of what the machine
// can do on 50 x 64 x 50. Torch-free; compiled for AVX2 on x86-64, so ask fusedKernelsRun() first.
#pragma once

#include <cstddef>

namespace palimpsest::vit {

bool fusedKernelsRun();  // whether this processor can

// y = gelu(x); dx = dy * gelu'(x). In place is fine. erf from Abramowitz and Stegun 7.1.26: off by 1.5e-7 at most.
void geluForward(const float* x, float* y, std::ptrdiff_t count);
void geluBackward(const float* dy, const float* x, float* dx, std::ptrdiff_t count);

// One head of one image. Token t of the packed projections is at qkv + t*stride, its query first, then (width floats
// further each) key and value. Prefix row l is at key + l*prefix_stride.
struct Head {
  int tokens = 0, front = 0, prefix = 0;  // sequence, queries that count, prefix rows
  int head_width = 0;                     // a multiple of 8
  std::ptrdiff_t width = 0;               // of all heads together
  const float* qkv = nullptr;             // already at this head's query of token 0
  const float* prefix_key = nullptr;
  const float* prefix_value = nullptr;
  std::ptrdiff_t prefix_stride = 0;
};
// Floats of scratch that a call needs.
std::size_t attentionForwardScratch(const Head& head);
std::size_t attentionBackwardScratch(const Head& head);

// out: row i at out + i*width, `front` rows.
void attentionForward(const Head& head, float* out, float* scratch);
// d_out as out; d_qkv laid out as qkv, every element of this head is written. d_key and d_value: [prefix, head_width].
void attentionBackward(const Head& head, const float* d_out, float* d_qkv, float* d_key, float* d_value, float* scratch);

}  // namespace palimpsest::vit
