// Written with the compiler's vectors of eight floats: one register with AVX2, two with NEON. Products keep a tile of
// 6 x 16 results in registers; keys are packed transposed so that a row of scores is computed without a reduction.
#include "engine/vit/fused_kernels.h"

#include <cstdint>
#include <cstring>

namespace palimpsest::vit {
namespace {

using Long = std::ptrdiff_t;
typedef float Vec __attribute__((vector_size(32)));
typedef std::int32_t IntVec __attribute__((vector_size(32)));
constexpr int kLanes = 8;

inline Vec load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, Vec v) { std::memcpy(p, &v, sizeof v); }
inline Vec splat(float x) { return Vec{x, x, x, x, x, x, x, x}; }
inline float sumOf(Vec v) { return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7])); }
inline float maxOf(Vec v) {
  float m = v[0];
  for (int i = 1; i < kLanes; ++i) m = v[i] > m ? v[i] : m;
  return m;
}
inline Long padded(Long n) { return (n + kLanes - 1) / kLanes * kLanes; }

// e^x for x <= 0: 2^n times a Taylor polynomial on |r| <= ln(2)/2 (truncation 5e-9).
inline Vec expOf(Vec x) {
  const Vec low = splat(-87.0f), magic = splat(12582912.0f);  // adding 1.5 * 2^23 rounds to an integer
  x = x < low ? low : x;
  const Vec shifted = x * 1.44269504f + magic;
  const Vec n = shifted - magic;
  const Vec r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Vec p = r * (1.0f / 5040) + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  IntVec bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  IntVec value;
  std::memcpy(&value, &p, sizeof value);
  value += bits << 23;  // the low bits of `shifted` hold n
  std::memcpy(&p, &value, sizeof p);
  return p;
}

// The normal distribution function of x, and e^(-x^2/2) on the way.
inline Vec normalCdf(Vec x, Vec& bell) {
  const Vec zero = splat(0);
  const Vec size = (x < zero ? -x : x) * 0.70710678f;
  bell = expOf(-size * size);
  const Vec t = 1.0f / (1.0f + 0.3275911f * size);
  Vec p = 1.061405429f * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const Vec tail = 0.5f * p * t * bell;
  return x < zero ? tail : 1.0f - tail;
}

// C[R, 8*C] = scale * A B, A at a + row*a_row + k*a_col.
template <int R, int C>
inline void tile(Long depth, const float* a, Long a_row, Long a_col, const float* b, Long ldb, float* c, Long ldc,
                 float scale) {
  Vec acc[R][C] = {};
  for (Long k = 0; k < depth; ++k) {
    Vec right[C];
    for (int j = 0; j < C; ++j) right[j] = load(b + k * ldb + j * kLanes);
    for (int r = 0; r < R; ++r) {
      const Vec left = splat(a[r * a_row + k * a_col]);
      for (int j = 0; j < C; ++j) acc[r][j] += left * right[j];
    }
  }
  for (int r = 0; r < R; ++r)
    for (int j = 0; j < C; ++j) store(c + r * ldc + j * kLanes, acc[r][j] * scale);
}

template <int R>
inline void strip(Long columns, Long depth, const float* a, Long a_row, Long a_col, const float* b, Long ldb, float* c,
                  Long ldc, float scale) {
  Long j = 0;
  for (; j + 2 * kLanes <= columns; j += 2 * kLanes) tile<R, 2>(depth, a, a_row, a_col, b + j, ldb, c + j, ldc, scale);
  if (j < columns) tile<R, 1>(depth, a, a_row, a_col, b + j, ldb, c + j, ldc, scale);
}

// Calls body<R>(first row) for tiles of six rows, the last two of which share what is left: fewer than four rows wait for
// their own sums.
template <typename Body>
inline void forTiles(Long rows, const Body& body) {
  Long i = 0;
  const auto tile = [&](Long count) {
    switch (count) {
      case 6: body.template operator()<6>(i); break;
      case 5: body.template operator()<5>(i); break;
      case 4: body.template operator()<4>(i); break;
      case 3: body.template operator()<3>(i); break;
      case 2: body.template operator()<2>(i); break;
      case 1: body.template operator()<1>(i); break;
      default: break;
    }
    i += count;
  };
  for (; rows - i >= 10 || rows - i == 6;) tile(6);
  const Long left = rows - i;  // 0 to 9, not 6
  if (left > 6) tile((left + 1) / 2);
  tile(rows - i);
}

// C = scale * A B; columns must be a multiple of 8.
void product(Long rows, Long columns, Long depth, const float* a, Long a_row, Long a_col, const float* b, Long ldb,
             float* c, Long ldc, float scale) {
  forTiles(rows, [&]<int R>(Long i) { strip<R>(columns, depth, a + i * a_row, a_row, a_col, b, ldb, c + i * ldc, ldc, scale); });
}

// Eight rows of eight floats -> eight columns.
inline void transpose8(const float* from, Long stride, float* to, Long ld) {
  Vec r[8], s[8];
  for (int i = 0; i < 8; ++i) r[i] = load(from + i * stride);
  for (int i = 0; i < 4; ++i) {  // swap halves
    s[i] = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    s[i + 4] = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
  for (int h = 0; h < 8; h += 4) {
    for (int i = 0; i < 2; ++i) {
      r[h + i] = __builtin_shufflevector(s[h + i], s[h + i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      r[h + i + 2] = __builtin_shufflevector(s[h + i], s[h + i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (int i = 0; i < 4; i += 2) {
      s[h + i] = __builtin_shufflevector(r[h + i], r[h + i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
      s[h + i + 1] = __builtin_shufflevector(r[h + i], r[h + i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
  }
  for (int i = 0; i < 8; ++i) store(to + i * ld, s[i]);
}

// `rows` of `width` floats -> columns from `at` on of `to` [width, ld].
void packTransposed(const float* from, Long stride, Long rows, Long width, float* to, Long ld, Long at) {
  Long i = 0;
  for (; i + 8 <= rows; i += 8)
    for (Long c = 0; c < width; c += 8) transpose8(from + i * stride + c, stride, to + c * ld + at + i, ld);
  for (; i < rows; ++i)
    for (Long c = 0; c < width; ++c) to[c * ld + at + i] = from[i * stride + c];
}

// Rows of scores [rows, ld] -> probabilities; columns from `count` on become 0. Returns 1/sum in `inverse` when the
// caller divides later, else divides here.
void softmaxRow(float* row, Long count, Long ld, float* inverse) {
  const Long whole = count / kLanes * kLanes;
  Vec top = splat(row[0]);
  for (Long j = 0; j < whole; j += kLanes) {
    const Vec v = load(row + j);
    top = v > top ? v : top;
  }
  float highest = maxOf(top);
  for (Long j = whole; j < count; ++j) highest = row[j] > highest ? row[j] : highest;
  for (Long j = count; j < ld; ++j) row[j] = highest;
  Vec sum = splat(0);
  for (Long j = 0; j < ld; j += kLanes) {
    Vec v = expOf(load(row + j) - highest);
    store(row + j, v);
    if (j + kLanes <= count) sum += v;
  }
  float total = sumOf(sum);
  for (Long j = whole; j < count; ++j) total += row[j];
  for (Long j = count; j < ld; ++j) row[j] = 0;
  if (inverse) {
    *inverse = 1.0f / total;
    return;
  }
  const Vec scale = splat(1.0f / total);
  for (Long j = 0; j < ld; j += kLanes) store(row + j, load(row + j) * scale);
}

// Where the keys or values of a head are: in place, or packed behind the prefix.
struct Rows {
  const float* data;
  Long stride;
};

Rows rowsOf(const Head& head, const float* own, const float* prefix, float* scratch) {
  const Long stride = 3 * head.width;
  if (head.prefix == 0) return {own, stride};
  const std::size_t bytes = sizeof(float) * static_cast<std::size_t>(head.head_width);
  for (Long i = 0; i < head.prefix; ++i)
    std::memcpy(scratch + i * head.head_width, prefix + i * head.prefix_stride, bytes);
  for (Long i = 0; i < head.tokens; ++i)
    std::memcpy(scratch + (head.prefix + i) * head.head_width, own + i * stride, bytes);
  return {scratch, head.head_width};
}

void packColumns(const Head& head, const float* own, const float* prefix, float* to, Long ld) {
  const Long all = head.prefix + head.tokens;
  if (head.prefix > 0) packTransposed(prefix, head.prefix_stride, head.prefix, head.head_width, to, ld, 0);
  packTransposed(own, 3 * head.width, head.tokens, head.head_width, to, ld, head.prefix);
  for (Long c = 0; c < head.head_width; ++c)
    for (Long j = all; j < ld; ++j) to[c * ld + j] = 0;
}

float scaleOf(const Head& head) { return 1.0f / __builtin_sqrtf(static_cast<float>(head.head_width)); }

}  // namespace

void geluForward(const float* x, float* y, std::ptrdiff_t count) {
  Long i = 0;
  Vec bell;
  for (; i + kLanes <= count; i += kLanes) {
    const Vec v = load(x + i);
    store(y + i, v * normalCdf(v, bell));
  }
  for (; i < count; ++i) y[i] = x[i] * normalCdf(splat(x[i]), bell)[0];
}

void geluBackward(const float* dy, const float* x, float* dx, std::ptrdiff_t count) {
  const auto slope = [](Vec v) {
    Vec bell;
    const Vec cdf = normalCdf(v, bell);
    return cdf + v * bell * 0.39894228f;
  };
  Long i = 0;
  for (; i + kLanes <= count; i += kLanes) store(dx + i, load(dy + i) * slope(load(x + i)));
  for (; i < count; ++i) dx[i] = dy[i] * slope(splat(x[i]))[0];
}

std::size_t attentionForwardScratch(const Head& head) {
  const auto ld = static_cast<std::size_t>(padded(head.prefix + head.tokens));
  return ld * static_cast<std::size_t>(head.head_width) * 2 + 6 * ld;
}

std::size_t attentionBackwardScratch(const Head& head) {
  const auto ld = static_cast<std::size_t>(padded(head.prefix + head.tokens));
  return ld * static_cast<std::size_t>(head.head_width) * 3 + 2 * ld * static_cast<std::size_t>(head.front);
}

void attentionForward(const Head& head, float* out, float* scratch) {
  const Long all = head.prefix + head.tokens, ld = padded(all), d = head.head_width;
  float* columns = scratch;
  float* scores = columns + ld * d;
  packColumns(head, head.qkv + head.width, head.prefix_key, columns, ld);
  const Rows values = rowsOf(head, head.qkv + 2 * head.width, head.prefix_value, scores + 6 * ld);
  forTiles(head.front, [&]<int R>(Long i) {
    strip<R>(ld, d, head.qkv + i * 3 * head.width, 3 * head.width, 1, columns, ld, scores, ld, scaleOf(head));
    float inverse[R];
    for (Long r = 0; r < R; ++r) softmaxRow(scores + r * ld, all, ld, inverse + r);
    strip<R>(d, all, scores, ld, 1, values.data, values.stride, out + i * head.width, head.width, 1);
    for (Long r = 0; r < R; ++r) {
      float* row = out + (i + r) * head.width;
      for (Long c = 0; c < d; c += kLanes) store(row + c, load(row + c) * inverse[r]);
    }
  });
}

void attentionBackward(const Head& head, const float* d_out, float* d_qkv, float* d_key, float* d_value,
                       float* scratch) {
  const Long all = head.prefix + head.tokens, ld = padded(all), d = head.head_width, stride = 3 * head.width;
  const float scale = scaleOf(head);
  float* columns = scratch;
  float* packed = columns + ld * d;
  float* map = packed + 2 * ld * d;
  float* slope = map + ld * head.front;

  packColumns(head, head.qkv + head.width, head.prefix_key, columns, ld);
  product(head.front, ld, d, head.qkv, stride, 1, columns, ld, map, ld, scale);
  for (Long i = 0; i < head.front; ++i) softmaxRow(map + i * ld, all, ld, nullptr);

  packColumns(head, head.qkv + 2 * head.width, head.prefix_value, columns, ld);
  product(head.front, ld, d, d_out, head.width, 1, columns, ld, slope, ld, 1);
  // dV = P^T dO, before the map is needed for the scores' slope.
  if (head.prefix > 0) product(head.prefix, d, head.front, map, 1, ld, d_out, head.width, d_value, d, 1);
  product(head.tokens, d, head.front, map + head.prefix, 1, ld, d_out, head.width, d_qkv + 2 * head.width, stride, 1);

  for (Long i = 0; i < head.front; ++i) {  // dS = P * (dP - sum(P * dP)) * scale
    float* p = map + i * ld;
    float* g = slope + i * ld;
    Vec dot = splat(0);
    for (Long j = 0; j < ld; j += kLanes) dot += load(p + j) * load(g + j);
    const Vec mean = splat(sumOf(dot));
    for (Long j = 0; j < ld; j += kLanes) store(g + j, load(p + j) * (load(g + j) - mean) * scale);
  }
  if (head.prefix > 0) product(head.prefix, d, head.front, slope, 1, ld, head.qkv, stride, d_key, d, 1);
  product(head.tokens, d, head.front, slope + head.prefix, 1, ld, head.qkv, stride, d_qkv + head.width, stride, 1);
  const Rows keys = rowsOf(head, head.qkv + head.width, head.prefix_key, packed);
  product(head.front, d, all, slope, ld, 1, keys.data, keys.stride, d_qkv, stride, 1);
  for (Long i = head.front; i < head.tokens; ++i)
    for (Long c = 0; c < d; c += kLanes) store(d_qkv + i * stride + c, splat(0));
}

namespace {

constexpr Long kPanel = 16;
constexpr Long kSummands = 256;  // of a panel that stay in the innermost cache beside six rows of A

// Six rows or fewer of one panel. Bias and base join at the end: sums that begin with a large one lose digits. Calls for
// `ahead` rows of the next panel on the way: weights wait in a cache that is far away, and the products do not.
template <int R>
inline void panelTile(Long depth, const float* a, Long lda, const float* panel, const float* bias, const float* base,
                      bool more, float* c, Long ldc, const float* next, Long ahead) {
  for (Long k = 0; k < ahead; ++k) __builtin_prefetch(next + k * kPanel);
  Vec acc[R][2];
  for (int r = 0; r < R; ++r)
    for (int j = 0; j < 2; ++j) acc[r][j] = more ? load(c + r * ldc + j * kLanes) : splat(0);
  for (Long k = 0; k < depth; ++k) {
    const Vec left = load(panel + k * kPanel), right = load(panel + k * kPanel + kLanes);
    for (int r = 0; r < R; ++r) {
      const Vec own = splat(a[r * lda + k]);
      acc[r][0] += own * left;
      acc[r][1] += own * right;
    }
  }
  for (int j = 0; j < 2; ++j) {
    const Vec end = bias ? load(bias + j * kLanes) : splat(0);
    for (int r = 0; r < R; ++r) {
      Vec sum = acc[r][j] + end;
      if (base) sum += load(base + r * ldc + j * kLanes);
      store(c + r * ldc + j * kLanes, sum);
    }
  }
}

}  // namespace

void packForward(const float* weight, Long n, Long k, float* to) {
  for (Long panel = 0; panel < n; panel += kPanel)
    for (Long i = 0; i < k; ++i)
      for (Long j = 0; j < kPanel; ++j) *to++ = weight[(panel + j) * k + i];
}

void packBackward(const float* weight, Long n, Long k, float* to) {
  for (Long panel = 0; panel < k; panel += kPanel)
    for (Long i = 0; i < n; ++i)
      for (Long j = 0; j < kPanel; ++j) *to++ = weight[i * k + panel + j];
}

void panelProduct(Long rows, Long results, Long summands, const float* a, const float* panels, const float* bias,
                  const float* base, float* c) {
  const Long cuts = (summands + kSummands - 1) / kSummands, cut = (summands + cuts - 1) / cuts;
  for (Long k = 0; k < summands; k += cut) {
    const Long depth = summands - k < cut ? summands - k : cut;
    const bool last = k + depth == summands;
    const Long ahead = (depth * 6 + rows - 1) / rows;  // of the next panel, for each tile of six rows
    for (Long p = 0; p < results; p += kPanel)
      forTiles(rows, [&]<int R>(Long i) {
        panelTile<R>(depth, a + i * summands + k, summands, panels + p * summands + k * kPanel, last && bias ? bias + p : nullptr,
                     last && base ? base + i * results + p : nullptr, k > 0, c + i * results + p, results,
                     panels + (p + kPanel) * summands + (k + i * depth / rows) * kPanel, p + kPanel < results ? ahead : 0);
      });
  }
}

void outerProduct(Long rows, Long n, Long k, const float* dy, const float* x, float* dw) { product(n, k, rows, dy, 1, n, x, k, dw, k, 1); }

void layerNormForward(Long rows, Long width, const float* x, const float* weight, const float* bias, float eps, float* y,
                      float* moments) {
  const float share = 1.0f / static_cast<float>(width);
  for (Long i = 0; i < rows; ++i, x += width, y += width, moments += 2) {
    Vec sum = splat(0), squares = splat(0);
    for (Long j = 0; j < width; j += kLanes) sum += load(x + j);
    const float mean = sumOf(sum) * share;
    for (Long j = 0; j < width; j += kLanes) {
      const Vec off = load(x + j) - mean;
      squares += off * off;
    }
    const float inverse = 1.0f / __builtin_sqrtf(sumOf(squares) * share + eps);
    for (Long j = 0; j < width; j += kLanes)
      store(y + j, (load(x + j) - mean) * inverse * load(weight + j) + load(bias + j));
    moments[0] = mean;
    moments[1] = inverse;
  }
}

void layerNormBackward(Long rows, Long width, const float* dy, const float* x, const float* weight, const float* moments,
                       const float* base, Long base_rows, float* dx) {
  const float share = 1.0f / static_cast<float>(width);
  for (Long i = 0; i < rows; ++i, dy += width, x += width, dx += width, moments += 2) {
    const float mean = moments[0], inverse = moments[1];
    Vec along = splat(0), slopes = splat(0);
    for (Long j = 0; j < width; j += kLanes) {
      const Vec slope = load(dy + j) * load(weight + j);
      slopes += slope;
      along += slope * (load(x + j) - mean);
    }
    const float level = sumOf(slopes) * share, tilt = sumOf(along) * share * inverse * inverse;
    for (Long j = 0; j < width; j += kLanes) {
      Vec slope = (load(dy + j) * load(weight + j) - level - (load(x + j) - mean) * tilt) * inverse;
      if (i < base_rows) slope += load(base + i * width + j);
      store(dx + j, slope);
    }
  }
}

}  // namespace palimpsest::vit
