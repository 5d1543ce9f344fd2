#include "engine/data/procedural/domain.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace palimpsest {
namespace {

constexpr float kTurn = 2 * std::numbers::pi_v<float>;

// Slopes of a plane [side, side] by central differences; edges repeat.
struct Slope {
  float x, y;
};
Slope slopeAt(const std::vector<float>& plane, int side, int x, int y) {
  const int left = std::max(x - 1, 0), right = std::min(x + 1, side - 1);
  const int up = std::max(y - 1, 0), down = std::min(y + 1, side - 1);
  return {0.5f * (plane[y * side + right] - plane[y * side + left]),
          0.5f * (plane[down * side + x] - plane[up * side + x])};
}

// The cover moved by (dx, dy) pixels and softened: where an object keeps the light off.
std::vector<float> shadowOf(const std::vector<float>& cover, int side, float dx, float dy, float softness) {
  std::vector<float> shadow(cover.size());
  const int sx = static_cast<int>(std::lround(dx)), sy = static_cast<int>(std::lround(dy));
  for (int y = 0, i = 0; y < side; ++y)
    for (int x = 0; x < side; ++x, ++i)
      if (x >= sx && x - sx < side && y >= sy && y - sy < side) shadow[i] = cover[(y - sy) * side + x - sx];
  soften(shadow, side, 1, softness);
  return shadow;
}

// Objects are domes under one lamp: bright towards it, with a highlight, and a shadow on the ground behind. Lens and
// sensor add a vignette, a tint, a little blur and noise.
void photograph(Canvas& canvas, const std::vector<float>& cover, Rng& rng) {
  const int side = canvas.side();
  const float lamp = between(rng, 0, kTurn), lx = std::cos(lamp), ly = std::sin(lamp);
  const float depth = between(rng, 0.8f, 1.3f), reach = side * between(rng, 0.05f, 0.1f);
  const float dark = between(rng, 0.4f, 0.65f), warmth = between(rng, -0.07f, 0.07f);
  const float tint[3] = {1 + warmth, 1, 1 - warmth};
  std::vector<float> dome = cover;
  soften(dome, side, 1, side * 0.07f);
  const std::vector<float> shadow = shadowOf(cover, side, -lx * reach, -ly * reach, side * 0.035f);
  for (int y = 0, i = 0; y < side; ++y)
    for (int x = 0; x < side; ++x, ++i) {
      const Slope slope = slopeAt(dome, side, x, y);
      const float facing = -(slope.x * lx + slope.y * ly) * side * 0.16f * depth;  // 1: straight at the lamp
      const float u = (x + 0.5f) * 2 / side - 1, v = (y + 0.5f) * 2 / side - 1;
      const float fall = 1 + 0.2f * (u * lx + v * ly) - 0.17f * (u * u + v * v);
      const float lit =
          std::clamp(1 + 0.65f * facing, 0.35f, 1.4f) * cover[i] + (1 - dark * shadow[i]) * (1 - cover[i]);
      const float shine = 0.5f * cover[i] * std::pow(std::clamp(facing, 0.0f, 1.0f), 4.0f);
      for (int c = 0; c < 3; ++c) {
        float& value = canvas.rgb()[i * 3 + c];
        value = value * fall * lit * tint[c] + shine;
      }
    }
  soften(canvas.rgb(), side, 3, std::max(0.35f, side * 0.008f));
  canvas.addNoise(0.015f, true, rng);
}

// How strongly the picture changes at each pixel, in any of its colours.
std::vector<float> edgesOf(std::vector<float> rgb, int side) {
  soften(rgb, side, 3, std::max(0.4f, side * 0.012f));
  std::vector<float> plane(static_cast<std::size_t>(side) * side), edges(plane.size());
  for (int c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < plane.size(); ++i) plane[i] = rgb[i * 3 + c];
    for (int y = 0, i = 0; y < side; ++y)
      for (int x = 0; x < side; ++x, ++i) {
        const Slope slope = slopeAt(plane, side, x, y);
        edges[i] = std::max(edges[i], std::hypot(slope.x, slope.y));
      }
  }
  return edges;
}

// Crayons on paper: dark outlines, hatching in the colour of what it fills, and no background.
void sketch(Canvas& canvas, const std::vector<float>& cover, Rng& rng) {
  const int side = canvas.side();
  const float paper = between(rng, 0.9f, 0.99f), yellow = between(rng, 0, 0.06f);
  const float angle = between(rng, 0, kTurn), nx = std::cos(angle), ny = std::sin(angle);
  const float spacing = std::max(2.6f, side * between(rng, 0.05f, 0.08f));
  const float sway = side * between(rng, 0.003f, 0.01f), turn = kTurn / (side * between(rng, 0.2f, 0.4f));
  const float pencil = between(rng, 0.05f, 0.25f);
  const std::vector<float> edges = edgesOf(canvas.rgb(), side);
  const float strongest = std::max(0.02f, *std::max_element(edges.begin(), edges.end()));
  for (int y = 0, i = 0; y < side; ++y)
    for (int x = 0; x < side; ++x, ++i) {
      const float across = x * nx + y * ny + sway * std::sin((y * nx - x * ny) * turn);
      const float stroke = std::abs(std::remainder(across / spacing, 1.0f)) * 2;  // 0 on a stroke, 1 between two
      const float hatch = cover[i] * std::clamp(1.1f - 0.5f * stroke, 0.6f, 1.0f);
      const float line = std::clamp(1.6f * edges[i] / strongest - 0.35f, 0.0f, 1.0f);
      for (int c = 0; c < 3; ++c) {
        float& value = canvas.rgb()[i * 3 + c];
        const float sheet = paper - (c == 2 ? yellow : 0);
        value = mix(mix(sheet, 0.92f * std::clamp(value, 0.0f, 1.0f), hatch), pencil, line);
      }
    }
  canvas.addNoise(0.025f, false, rng);
}

}  // namespace

const std::vector<std::string>& domainNames() {
  static const std::vector<std::string> names{"plain", "photo", "sketch", "inverted", "blurred"};
  return names;
}

const std::string& nameOf(Domain domain) { return domainNames()[static_cast<std::size_t>(domain)]; }

void showIn(Domain domain, Canvas& canvas, const std::vector<float>& cover, Rng& rng) {
  switch (domain) {
    case Domain::Plain:
      return;
    case Domain::Photo:
      return photograph(canvas, cover, rng);
    case Domain::Sketch:
      return sketch(canvas, cover, rng);
    case Domain::Inverted:
      for (float& value : canvas.rgb()) value = 1 - std::clamp(value, 0.0f, 1.0f);
      return;
    case Domain::Blurred:
      return soften(canvas.rgb(), canvas.side(), 3, canvas.side() * between(rng, 0.03f, 0.055f));
  }
}

}  // namespace palimpsest
