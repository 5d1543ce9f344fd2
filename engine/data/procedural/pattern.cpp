#include "engine/data/procedural/pattern.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace palimpsest {
namespace {

constexpr float kTurn = 2 * std::numbers::pi_v<float>;

// A random value in [0, 1) for a node of the integer lattice.
float nodeValue(int x, int y, std::uint64_t salt) {
  std::uint64_t h = salt ^ (static_cast<std::uint64_t>(static_cast<std::uint32_t>(x)) * 0x9e3779b97f4a7c15ULL) ^
                    (static_cast<std::uint64_t>(static_cast<std::uint32_t>(y)) * 0xc2b2ae3d27d4eb4fULL);
  h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9ULL;
  h = (h ^ (h >> 32)) * 0x94d049bb133111ebULL;
  return static_cast<float>(h >> 40) * 0x1.0p-24f;
}

float valueNoise(float x, float y, std::uint64_t salt) {
  const int ix = static_cast<int>(std::floor(x)), iy = static_cast<int>(std::floor(y));
  float fx = x - ix, fy = y - iy;
  fx = fx * fx * (3 - 2 * fx);
  fy = fy * fy * (3 - 2 * fy);
  return mix(mix(nodeValue(ix, iy, salt), nodeValue(ix + 1, iy, salt), fx),
             mix(nodeValue(ix, iy + 1, salt), nodeValue(ix + 1, iy + 1, salt), fx), fy);
}

// A wave of period 1 that is 1 for `duty` of it, with edges at least a pixel wide.
float wave(float at, float duty, float softness, float pixel) {
  const float distance = std::abs(std::remainder(at, 1.0f)) - duty / 2;  // negative inside, in periods
  const float edge = std::max(softness, pixel);
  return std::clamp(0.5f - distance / edge, 0.0f, 1.0f);
}

float cellEdge(float x, float y, std::uint64_t salt) {  // gap between the nearest and the second seed (Worley)
  const int ix = static_cast<int>(std::floor(x)), iy = static_cast<int>(std::floor(y));
  float first = 9, second = 9;
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx) {
      const float sx = ix + dx + nodeValue(ix + dx, iy + dy, salt) - x;
      const float sy = iy + dy + nodeValue(ix + dx, iy + dy, salt ^ 0x5851f42d4c957f2dULL) - y;
      const float d = sx * sx + sy * sy;
      if (d < first) second = std::exchange(first, d);
      else second = std::min(second, d);
    }
  return std::sqrt(second) - std::sqrt(first);
}

}  // namespace

Pattern::Pattern(Kind kind, Rng& rng) : kind_(kind) {
  frequency_ = std::exp(between(rng, std::log(0.9f), std::log(3.2f)));  // periods per motif unit: 2 to 6 an image
  angle_ = between(rng, 0, kTurn / 2);
  duty_ = between(rng, 0.25f, 0.7f);
  softness_ = between(rng, 0.05f, 0.6f);
  ratio_ = std::exp(between(rng, -0.7f, 0.7f));
  amount_ = between(rng, 0.2f, 1.0f);
  staggered_ = chance(rng, 0.5);
}

Pattern::Sample Pattern::sample(Rng& jitter) const {
  Sample at{};
  const float angle = angle_ + between(jitter, -0.2f, 0.2f);
  at.cosine = std::cos(angle);
  at.sine = std::sin(angle);
  at.scale = frequency_ * std::exp(between(jitter, -0.2f, 0.2f));
  at.shift_x = between(jitter, 0, 16);
  at.shift_y = between(jitter, 0, 16);
  at.salt = jitter.next();
  return at;
}

float Pattern::value(Point p, const Sample& at, float pixel) const {
  const float step = pixel * at.scale;
  float u = (at.cosine * p.x + at.sine * p.y) * at.scale + at.shift_x;
  float v = (at.cosine * p.y - at.sine * p.x) * at.scale + at.shift_y;
  switch (kind_) {
    case Kind::Stripes:
      return wave(u, duty_, softness_, step);
    case Kind::Plaid:
      return 0.5f * (wave(u, duty_, softness_, step) + amount_ * wave(v * ratio_, duty_, softness_, step)) /
             (0.5f + 0.5f * amount_);
    case Kind::Checks: {
      const float a = 2 * wave(u, 0.5f, 0.05f, step) - 1, b = 2 * wave(v * ratio_, 0.5f, 0.05f, step) - 1;
      return 0.5f + 0.5f * a * b;
    }
    case Kind::Dots: {
      if (staggered_) u += 0.5f * (static_cast<int>(std::floor(v * ratio_)) & 1);
      const float dx = std::remainder(u, 1.0f), dy = v * ratio_ - std::floor(v * ratio_) - 0.5f;
      return std::clamp(
          0.5f - (std::sqrt(dx * dx + dy * dy) - 0.18f - 0.28f * duty_) / std::max(step, 0.3f * softness_), 0.0f, 1.0f);
    }
    case Kind::Clouds: {
      const float coarse = valueNoise(u, v * ratio_, at.salt);
      return std::clamp(
          0.5f + 1.5f * (mix(coarse, valueNoise(2.3f * u, 2.3f * v * ratio_, at.salt + 1), 0.4f * amount_) - 0.5f),
          0.0f, 1.0f);
    }
    case Kind::Zebra:
      return wave(u * 0.7f + 1.4f * amount_ * valueNoise(0.8f * u, 0.8f * v, at.salt), duty_, softness_ * 0.5f, step);
    case Kind::Rings: {
      const float x = p.x + 0.04f * (at.shift_x - 8), y = p.y + 0.04f * (at.shift_y - 8);
      const float turn = staggered_ ? std::atan2(y, x) / kTurn : 0;  // a spiral
      return wave(std::sqrt(x * x + y * y * ratio_) * at.scale + turn, duty_, softness_, step);
    }
    case Kind::Bricks: {
      const float row = std::floor(v * 1.6f);
      if (staggered_) u += 0.5f * (static_cast<int>(row) & 1);
      const float joint = 0.12f + 0.12f * duty_;
      return std::min(1 - wave(u * 0.7f, joint * 0.7f, 0.02f, step),
                      1 - wave(v * 1.6f, joint * 1.6f, 0.02f, 1.6f * step));
    }
    case Kind::Chevrons:
      return wave(u + amount_ * std::abs(std::remainder(v * ratio_, 1.0f)) * 1.5f, duty_, softness_, 1.5f * step);
    case Kind::Cells:
      return std::clamp((cellEdge(u, v * ratio_, at.salt) - 0.1f * duty_) / (0.08f + 0.5f * softness_), 0.0f, 1.0f);
  }
  return 0;
}

void Pattern::draw(const Placement& at, Rng& jitter, Layer& layer) const {
  const Sample where = sample(jitter);
  for (int y = 0, i = 0; y < layer.side; ++y)
    for (int x = 0; x < layer.side; ++x, ++i)
      layer.cover[i] = std::max(layer.cover[i], value(at.motifAt(x, y), where, at.pixel()));
}

void Pattern::engrave(const Placement& at, Rng& jitter, Layer& layer, float low) const {
  const Sample where = sample(jitter);
  for (int y = 0, i = 0; y < layer.side; ++y)
    for (int x = 0; x < layer.side; ++x, ++i)
      if (layer.cover[i] > 0) layer.tone[i] *= mix(low, 1, value(at.motifAt(x, y), where, at.pixel()));
}

}  // namespace palimpsest
