#include "engine/data/descriptor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace palimpsest {
namespace {

constexpr int kBins = 8, kThumb = 4, kChannels = 3;
constexpr int kLevels = 4, kColours = kLevels * kLevels * kLevels;

struct Gradient {
  float length = 0, cosine = 1, sine = 0;  // of its direction
};

// Central differences of the channel that changes most; the border is repeated.
Gradient gradientAt(const float* image, int side, int x, int y) {
  float dx = 0, dy = 0, largest = -1;
  const int left = std::max(x - 1, 0), right = std::min(x + 1, side - 1);
  const int above = std::max(y - 1, 0), below = std::min(y + 1, side - 1);
  for (int c = 0; c < kChannels; ++c, image += side * side) {
    const float across = image[y * side + right] - image[y * side + left];
    const float down = image[below * side + x] - image[above * side + x];
    const float size = across * across + down * down;
    if (size <= largest) continue;
    largest = size;
    dx = across;
    dy = down;
  }
  const float length = std::sqrt(largest);
  if (length <= 0) return {};
  return {length, dx / length, dy / length};
}

struct Bin {
  float cosine, sine;
};
std::array<Bin, kBins> makeBins() {
  std::array<Bin, kBins> bins{};
  for (int b = 0; b < kBins; ++b) {
    const double angle = 2 * std::numbers::pi * b / kBins;
    bins[static_cast<std::size_t>(b)] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
  }
  return bins;
}

// Means over boxes of `cell` x `cell` that begin every `stride` pixels.
void pool(const float* map, int side, int cell, int stride, int places, float* out) {
  std::vector<float> rows(static_cast<std::size_t>(side) * static_cast<std::size_t>(places));
  for (int y = 0; y < side; ++y)
    for (int p = 0; p < places; ++p) {
      float sum = 0;
      for (int x = 0; x < cell; ++x) sum += map[y * side + p * stride + x];
      rows[static_cast<std::size_t>(y * places + p)] = sum;
    }
  const float share = 1 / static_cast<float>(cell * cell);
  for (int q = 0; q < places; ++q)
    for (int p = 0; p < places; ++p) {
      float sum = 0;
      for (int y = 0; y < cell; ++y) sum += rows[static_cast<std::size_t>((q * stride + y) * places + p)];
      out[q * places + p] = sum * share;
    }
}

// Which two of the levels a value lies between, and how near to the upper one.
struct Between {
  int lower;
  float upper_share;
};
Between levelsOf(float value) {
  const float place = std::clamp(value, 0.0f, 1.0f) * (kLevels - 1);
  const int lower = std::min(static_cast<int>(place), kLevels - 2);
  return {lower, place - static_cast<float>(lower)};
}

// Every pixel is shared out among the eight colours around it.
void countColours(const float* image, int pixels, float* out) {
  std::fill_n(out, kColours, 0.0f);
  for (int i = 0; i < pixels; ++i) {
    const Between r = levelsOf(image[i]), g = levelsOf(image[pixels + i]), b = levelsOf(image[2 * pixels + i]);
    for (int corner = 0; corner < 8; ++corner) {
      const int up_r = corner & 1, up_g = (corner >> 1) & 1, up_b = corner >> 2;
      const auto share = [](const Between& at, int up) { return up ? at.upper_share : 1 - at.upper_share; };
      out[((r.lower + up_r) * kLevels + g.lower + up_g) * kLevels + b.lower + up_b] +=
          share(r, up_r) * share(g, up_g) * share(b, up_b);
    }
  }
  for (int i = 0; i < kColours; ++i) out[i] = std::sqrt(out[i] / static_cast<float>(pixels));
}

}  // namespace

Descriptor::Descriptor(int side) : side_(side), cell_(std::max(2, side / 4)), stride_(std::max(1, side * 3 / 28)) {}

int Descriptor::width() const { return 2 * kBins * places() * places() + kChannels * kThumb * kThumb + kColours; }

void Descriptor::describe(const float* image, float* out) const {
  static const std::array<Bin, kBins> bins = makeBins();
  const int pixels = side_ * side_;
  std::vector<float> maps(static_cast<std::size_t>(2 * kBins * pixels));
  const auto fill = [&](int first, int pixel, float length, float cosine, float sine) {
    for (int b = 0; b < kBins; ++b) {
      const Bin& bin = bins[static_cast<std::size_t>(b)];
      const float near = std::max(0.0f, cosine * bin.cosine + sine * bin.sine);
      maps[static_cast<std::size_t>((first + b) * pixels + pixel)] = length * near * near * near;
    }
  };
  for (int y = 0, pixel = 0; y < side_; ++y)
    for (int x = 0; x < side_; ++x, ++pixel) {
      const Gradient g = gradientAt(image, side_, x, y);
      fill(0, pixel, g.length, g.cosine * g.cosine - g.sine * g.sine, 2 * g.sine * g.cosine);  // twice the angle
      fill(kBins, pixel, g.length, g.cosine, g.sine);
    }
  const int cells = places() * places();
  for (int map = 0; map < 2 * kBins; ++map)
    pool(maps.data() + static_cast<std::ptrdiff_t>(map) * pixels, side_, cell_, stride_, places(), out + map * cells);
  for (int i = 0; i < 2 * kBins * cells; ++i) out[i] = std::sqrt(std::max(0.0f, out[i]));
  float* thumbnail = out + 2 * kBins * cells;
  const int block = side_ / kThumb;
  for (int c = 0; c < kChannels; ++c)
    pool(image + static_cast<std::ptrdiff_t>(c) * pixels, side_, block, block, kThumb, thumbnail + c * kThumb * kThumb);
  countColours(image, pixels, thumbnail + kChannels * kThumb * kThumb);
}

}  // namespace palimpsest
