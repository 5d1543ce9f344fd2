// Pillow's two-pass resampling (src/libImaging/Resample.c describes the arithmetic): weights in double, rounded to
// 22-bit fixed point, a horizontal pass rounded to 8 bits, then a vertical one. The same integers in the same places
// give the same bytes, which is what makes features comparable with those of the Python toolboxes.
#include "engine/data/resample.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

constexpr int kPrecision = 32 - 8 - 2;  // sign and overshoot of negative lobes fit above the 8 bits
constexpr std::int32_t kHalf = 1 << (kPrecision - 1);

double triangle(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

// Which source pixels each result pixel reads, and how much of each.
struct Weights {
  int length = 0;                     // room per result pixel
  std::vector<int> first, count;      // per result pixel
  std::vector<std::int32_t> weights;  // [pixels, length], fixed point
};

Weights weightsFor(int source, float from, float to, int size, int skip, int wanted, Resampling how) {
  const double scale = static_cast<double>(to - from) / size;
  const double filter_scale = std::max(scale, 1.0);  // shrinking widens the filter: antialiasing
  const double support = (how == Resampling::Bicubic ? 2.0 : 1.0) * filter_scale;
  Weights out;
  out.length = static_cast<int>(std::ceil(support)) * 2 + 1;
  out.first.resize(wanted);
  out.count.resize(wanted);
  out.weights.assign(static_cast<std::size_t>(wanted) * out.length, 0);
  std::vector<double> raw(out.length);
  for (int i = 0; i < wanted; ++i) {
    const double center = from + (i + skip + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - support + 0.5));
    const int count = std::min(source, static_cast<int>(center + support + 0.5)) - first;
    double total = 0;
    for (int x = 0; x < count; ++x) {
      const double at = (x + first - center + 0.5) * (1.0 / filter_scale);
      total += raw[x] = how == Resampling::Bicubic ? cubic(at) : triangle(at);
    }
    for (int x = 0; x < count; ++x) {
      const double w = (total != 0.0 ? raw[x] / total : raw[x]) * (1 << kPrecision);
      out.weights[static_cast<std::size_t>(i) * out.length + x] = static_cast<std::int32_t>(w < 0 ? w - 0.5 : w + 0.5);
    }
    out.first[i] = first;
    out.count[i] = count;
  }
  return out;
}

std::uint8_t clipped(std::int32_t value) { return static_cast<std::uint8_t>(std::clamp(value >> kPrecision, 0, 255)); }

template <int C>
void horizontalRow(const std::uint8_t* in, const Weights& w, int width, std::uint8_t* out) {
  for (int x = 0; x < width; ++x) {
    std::int32_t sums[C];
    for (int c = 0; c < C; ++c) sums[c] = kHalf;
    const std::uint8_t* pixel = in + w.first[x] * C;
    const std::int32_t* weight = &w.weights[static_cast<std::size_t>(x) * w.length];
    for (int k = 0; k < w.count[x]; ++k)
      for (int c = 0; c < C; ++c) sums[c] += pixel[k * C + c] * weight[k];
    for (int c = 0; c < C; ++c) out[x * C + c] = clipped(sums[c]);
  }
}

// `rows` holds the source rows from `base` on. Walks whole rows, so that the compiler can use vectors.
void verticalPass(const std::uint8_t* rows, std::ptrdiff_t stride, int base, const Weights& w, Image& out) {
  const int bytes = out.width * out.channels;
  std::vector<std::int32_t> sums(bytes);
  for (int y = 0; y < out.height; ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (int k = 0; k < w.count[y]; ++k) {
      const std::uint8_t* in = rows + (w.first[y] + k - base) * stride;
      const std::int32_t weight = w.weights[static_cast<std::size_t>(y) * w.length + k];
      for (int i = 0; i < bytes; ++i) sums[i] += in[i] * weight;
    }
    std::uint8_t* target = &out.pixels[static_cast<std::size_t>(y) * bytes];
    for (int i = 0; i < bytes; ++i) target[i] = clipped(sums[i]);
  }
}

Image blank(int width, int height, int channels) {
  return {width, height, channels, std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * channels)};
}

// Rows first..first+count-1 of the source, cut to the window's columns and resampled across if need be.
Image acrossRows(const PixelView& source, const Box& box, int width, const Window& window, int first, int count,
                 Resampling how) {
  Image out = blank(window.width, count, source.channels);
  const int bytes = window.width * source.channels;
  const bool same = width == source.width && box.left == 0 && box.right == width;
  Weights w;
  if (!same)
    w = weightsFor(source.width, static_cast<float>(box.left), static_cast<float>(box.right), width, window.left,
                   window.width, how);
  for (int y = 0; y < count; ++y) {
    const std::uint8_t* in = source.pixels + (first + y) * source.stride;
    std::uint8_t* target = &out.pixels[static_cast<std::size_t>(y) * bytes];
    if (same) std::copy_n(in + window.left * source.channels, bytes, target);
    else if (source.channels == 3) horizontalRow<3>(in, w, window.width, target);
    else horizontalRow<1>(in, w, window.width, target);
  }
  return out;
}

}  // namespace

PixelView viewOf(const Image& image) { return viewOf(image, 0, 0, image.width, image.height); }

PixelView viewOf(const Image& image, int left, int top, int width, int height) {
  PALIMPSEST_EXPECT(
      left >= 0 && top >= 0 && width > 0 && height > 0 && left + width <= image.width && top + height <= image.height,
      "[image] the rectangle reaches outside the image");
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(image.width) * image.channels;
  return {image.pixels.data() + top * stride + left * image.channels, stride, width, height, image.channels};
}

Image resampled(const PixelView& source, const Box& box, int width, int height, const Window& window, Resampling how) {
  PALIMPSEST_EXPECT(source.channels == 1 || source.channels == 3, "[image] an image has 1 or 3 channels");
  PALIMPSEST_EXPECT(width > 0 && height > 0 && window.left >= 0 && window.top >= 0 && window.width > 0 &&
                        window.height > 0 && window.left + window.width <= width &&
                        window.top + window.height <= height,
                    "[image] the window reaches outside the resized image");
  PALIMPSEST_EXPECT(box.left >= 0 && box.top >= 0 && box.right <= source.width && box.bottom <= source.height &&
                        box.left < box.right && box.top < box.bottom,
                    "[image] the box reaches outside the image");
  if (height == source.height && box.top == 0 && box.bottom == height)
    return acrossRows(source, box, width, window, window.top, window.height, how);
  const Weights down = weightsFor(source.height, static_cast<float>(box.top), static_cast<float>(box.bottom), height,
                                  window.top, window.height, how);
  const int first = down.first.front();
  const int count = down.first.back() + down.count.back() - first;
  const Image rows = acrossRows(source, box, width, window, first, count, how);
  Image out = blank(window.width, window.height, source.channels);
  verticalPass(rows.pixels.data(), static_cast<std::ptrdiff_t>(window.width) * source.channels, first, down, out);
  return out;
}

Image resized(const Image& image, int width, int height, Resampling how) {
  return resizedBox(image, 0, 0, image.width, image.height, width, height, how);
}

Image resizedBox(const Image& image, double left, double top, double right, double bottom, int width, int height,
                 Resampling how) {
  return resampled(viewOf(image), {left, top, right, bottom}, width, height, {0, 0, width, height}, how);
}

}  // namespace palimpsest
