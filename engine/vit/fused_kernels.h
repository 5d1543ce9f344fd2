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

// Weights once rearranged for products with few rows: panels of 16 results, [results / 16][summands][16].
// W [n, k], row-major. Forward: x W^T, so n results; n must be a multiple of 16. Backward: dY W, so k results.
void packForward(const float* weight, std::ptrdiff_t n, std::ptrdiff_t k, float* to);
void packBackward(const float* weight, std::ptrdiff_t n, std::ptrdiff_t k, float* to);
// C [rows, results] = A [rows, summands] times the panels, plus bias [results] and base [rows, results] where they are
// not null. All dense; C must be neither A nor base. Every row is computed as if it were alone.
void panelProduct(std::ptrdiff_t rows, std::ptrdiff_t results, std::ptrdiff_t summands, const float* a,
                  const float* panels, const float* bias, const float* base, float* c);

// dW [n, k] = dY^T X: dY [rows, n], X [rows, k]; k a multiple of 8. One sum over the rows, in their order.
void outerProduct(std::ptrdiff_t rows, std::ptrdiff_t n, std::ptrdiff_t k, const float* dy, const float* x, float* dw);

// y = (x - mean) * inverse * weight + bias for rows of `width` floats (a multiple of 8); inverse = 1/sqrt(var + eps).
// `moments` receives mean and inverse of each row.
void layerNormForward(std::ptrdiff_t rows, std::ptrdiff_t width, const float* x, const float* weight, const float* bias,
                      float eps, float* y, float* moments);
// dx = the slope of the above; `base` [base_rows, width] is added to the first rows.
void layerNormBackward(std::ptrdiff_t rows, std::ptrdiff_t width, const float* dy, const float* x, const float* weight,
                       const float* moments, const float* base, std::ptrdiff_t base_rows, float* dx);

}  // namespace palimpsest::vit
