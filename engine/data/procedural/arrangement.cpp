#include "engine/data/procedural/arrangement.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace palimpsest {
namespace {

enum class Layout { Row, Ring, Grid, Cross, Scatter };

std::vector<Point> placesOf(Layout layout, Rng& rng) {
  std::vector<Point> places;
  const float angle = between(rng, 0, std::numbers::pi_v<float>);
  const int count = pick(rng, 2, layout == Layout::Row ? 4 : 6);
  for (int i = 0; i < count; ++i) {
    const float t = count > 1 ? 2.0f * i / (count - 1) - 1 : 0;
    const float turn = angle + 2 * std::numbers::pi_v<float> * i / count;
    if (layout == Layout::Row) places.push_back({0.62f * t * std::cos(angle), 0.62f * t * std::sin(angle)});
    else if (layout == Layout::Ring) places.push_back({0.58f * std::cos(turn), 0.58f * std::sin(turn)});
    else if (layout == Layout::Grid)
      places.push_back({i % 2 ? 0.42f : -0.42f, 0.62f * (i / 2) / std::max(1, (count - 1) / 2) * 2 - 0.62f});
    else if (layout == Layout::Cross)
      places.push_back(i == 0 ? Point{} : Point{0.62f * std::cos(turn), 0.62f * std::sin(turn)});
    else {
      const float x = between(rng, -0.6f, 0.6f), y = between(rng, -0.6f, 0.6f);
      places.push_back({x, y});
    }
  }
  return places;
}

}  // namespace

Arrangement::Arrangement(Rng& rng) {
  places_ = placesOf(static_cast<Layout>(pick(rng, 0, 4)), rng);
  size_ = between(rng, 0.9f, 1.3f) / (1 + std::sqrt(static_cast<float>(places_.size())));
  const int kinds = pick(rng, 1, 2);
  for (int i = 0; i < kinds; ++i) {
    const auto kind = static_cast<Contour::Kind>(pick(rng, 0, 2));
    items_.emplace_back(kind, chance(rng, 0.75) ? Contour::Fill::Solid : Contour::Fill::Bands, rng);
  }
}

void Arrangement::draw(const Placement& at, Rng& jitter, Layer& layer) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Point centre = places_[i];
    centre.x += between(jitter, -0.06f, 0.06f);
    centre.y += between(jitter, -0.06f, 0.06f);
    const float size = size_ * between(jitter, 0.85f, 1.15f);
    items_[i % items_.size()].draw(at.part(centre, size, between(jitter, -0.25f, 0.25f)), jitter, layer);
  }
}

}  // namespace palimpsest
