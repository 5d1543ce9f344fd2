#include "engine/data/procedural/contour.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace palimpsest {
namespace {

constexpr int kSteps = 256;  // of a turn
constexpr float kTurn = 2 * std::numbers::pi_v<float>;

}  // namespace

Contour::Contour(Kind kind, Fill fill, Rng& rng) : kind_(kind), fill_(fill) {
  const int waves = pick(rng, 1, 4);
  for (int i = 0; i < waves; ++i) {
    const int frequency = pick(rng, 2, 9);
    const float amplitude = between(rng, 0.25f, 1.0f) / (1.2f + 0.25f * frequency);
    waves_.push_back({frequency, amplitude, between(rng, 0, kTurn)});
  }
  symmetry_ = static_cast<float>(pick(rng, 2, 10));
  power_ = std::exp(between(rng, -1.0f, 1.6f));
  for (float& power : powers_) power = std::exp(between(rng, -0.5f, 2.2f));
  // With an odd number of lobes the curve only closes when both powers agree.
  if (static_cast<int>(symmetry_) % 2 || chance(rng, 0.4)) powers_[1] = powers_[0];
  depth_ = between(rng, symmetry_ > 6 ? 0.25f : 0.08f, 0.75f);  // many shallow points are a circle
  sharpness_ = between(rng, 0.5f, 2.5f);
  levels_ = pick(rng, fill == Fill::Bands ? 2 : 1, 4);
  thickness_ = between(rng, 0.09f, 0.22f) / (1 + 0.35f * (levels_ - 1));
}

float Contour::harmonics(float angle, const std::vector<Wave>& waves) const {
  float radius = 1;
  for (const Wave& wave : waves) radius += wave.amplitude * std::sin(wave.frequency * angle + wave.phase);
  return std::max(radius, 0.06f);
}

std::vector<float> Contour::radii(Rng& jitter) const {
  std::vector<Wave> waves = waves_;
  for (Wave& wave : waves) {
    wave.amplitude *= between(jitter, 0.8f, 1.2f);
    wave.phase += between(jitter, -0.25f, 0.25f);
  }
  const float power = power_ * between(jitter, 0.9f, 1.1f);
  const float p = powers_[0] * between(jitter, 0.9f, 1.1f), q = powers_[1] * between(jitter, 0.9f, 1.1f);
  const float depth = std::min(0.8f, depth_ * between(jitter, 0.85f, 1.15f));
  std::vector<float> radii(kSteps);
  for (int i = 0; i < kSteps; ++i) {
    const float angle = kTurn * i / kSteps;
    if (kind_ == Kind::Harmonics) {
      radii[i] = harmonics(angle, waves);
    } else if (kind_ == Kind::Superformula) {
      const float c = std::abs(std::cos(symmetry_ * angle / 4)), s = std::abs(std::sin(symmetry_ * angle / 4));
      radii[i] = std::pow(std::pow(c, p) + std::pow(s, q) + 1e-6f, -1.0f / power);
    } else {
      const float ramp = std::abs(std::remainder(angle * symmetry_ / kTurn, 1.0f)) * 2;  // 0 at tips, 1 between
      radii[i] = 1 - depth * (1 - std::pow(1 - ramp, sharpness_));
    }
  }
  const float most = *std::max_element(radii.begin(), radii.end());
  for (float& radius : radii) radius = std::max(0.05f, 0.9f * radius / most);
  return radii;
}

void Contour::draw(const Placement& at, Rng& jitter, Layer& layer) const {
  const std::vector<float> table = radii(jitter);
  const float thickness = std::max(thickness_ * between(jitter, 0.75f, 1.3f), 1.2f * at.pixel());
  const float pixel = at.pixel();
  // First-order distance to the curve `level` times as large: the radial gap over the length of its gradient.
  const auto distance = [](float rho, float radius, float slope, float level) {
    const float lean = level * slope / std::max(rho, 0.03f);
    return (rho - level * radius) / std::sqrt(1 + lean * lean);
  };
  for (int y = 0, i = 0; y < layer.side; ++y)
    for (int x = 0; x < layer.side; ++x, ++i) {
      const Point p = at.motifAt(x, y);
      const float rho = std::sqrt(p.x * p.x + p.y * p.y);
      if (rho > 0.9f + thickness + pixel) continue;
      const float turn = std::atan2(p.y, p.x) / kTurn;
      const float where = (turn < 0 ? turn + 1 : turn) * kSteps;
      const int cell = static_cast<int>(where);
      const float a = table[cell % kSteps], b = table[(cell + 1) % kSteps];
      const float radius = mix(a, b, where - cell), slope = (b - a) * (kSteps / kTurn);
      float cover = 0;
      for (int level = 0; level < levels_; ++level) {
        const float d = distance(rho, radius, slope, 1.0f - static_cast<float>(level) / levels_);
        if (fill_ == Fill::Outline)
          cover = std::max(cover, coverageOf(std::abs(d + thickness / 2) - thickness / 2, pixel));
        else if (fill_ == Fill::Bands) cover += (level % 2 ? -1.0f : 1.0f) * coverageOf(d, pixel);
        else if (level == 0) cover = coverageOf(d, pixel);
      }
      layer.cover[i] = std::max(layer.cover[i], std::clamp(cover, 0.0f, 1.0f));
    }
}

}  // namespace palimpsest
