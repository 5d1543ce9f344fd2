#include "engine/data/procedural/glyph.h"

#include <algorithm>
#include <cmath>

namespace palimpsest {
namespace {

float distanceTo(Point p, Point a, Point b) {
  const float vx = b.x - a.x, vy = b.y - a.y, px = p.x - a.x, py = p.y - a.y;
  const float t = std::clamp((px * vx + py * vy) / (vx * vx + vy * vy + 1e-9f), 0.0f, 1.0f);
  const float dx = px - t * vx, dy = py - t * vy;
  return std::sqrt(dx * dx + dy * dy);
}

}  // namespace

Glyph::Glyph(Rng& rng) : thickness_(between(rng, 0.1f, 0.24f)) {
  const auto lattice = [&rng] {
    const float x = 0.4f * pick(rng, -2, 2), y = 0.4f * pick(rng, -2, 2);
    return Point{x, y};
  };
  const int count = pick(rng, 2, 4);
  for (int i = 0; i < count; ++i) {
    Stroke stroke{{}, chance(rng, 0.45)};
    // Most strokes begin on the one before, as handwriting does.
    if (i > 0 && chance(rng, 0.7))
      stroke.points.push_back(
          strokes_.back().points[pick(rng, 0, static_cast<int>(strokes_.back().points.size()) - 1)]);
    const std::size_t wanted = stroke.curved ? 3 : 2 + pick(rng, 0, 1);
    while (stroke.points.size() < wanted) {
      const Point next = lattice();
      if (!stroke.points.empty() && std::hypot(next.x - stroke.points.back().x, next.y - stroke.points.back().y) < 0.5f)
        continue;
      stroke.points.push_back(next);
    }
    strokes_.push_back(std::move(stroke));
  }
}

std::vector<Glyph::Segment> Glyph::segments(Rng& jitter) const {
  std::vector<Segment> out;
  for (const Stroke& stroke : strokes_) {
    std::vector<Point> points = stroke.points;
    for (Point& p : points) {
      p.x += between(jitter, -0.1f, 0.1f);
      p.y += between(jitter, -0.1f, 0.1f);
    }
    if (!stroke.curved) {
      for (std::size_t i = 1; i < points.size(); ++i) out.push_back({points[i - 1], points[i]});
      continue;
    }
    constexpr int pieces = 5;
    Point last = points[0];
    for (int i = 1; i <= pieces; ++i) {
      const float t = static_cast<float>(i) / pieces, s = 1 - t;
      const Point next{s * s * points[0].x + 2 * s * t * points[1].x + t * t * points[2].x,
                       s * s * points[0].y + 2 * s * t * points[1].y + t * t * points[2].y};
      out.push_back({last, next});
      last = next;
    }
  }
  return out;
}

void Glyph::draw(const Placement& at, Rng& jitter, Layer& layer) const {
  const std::vector<Segment> pieces = segments(jitter);
  const float radius = std::max(thickness_ * between(jitter, 0.7f, 1.35f), at.pixel()) / 2;
  for (int y = 0, i = 0; y < layer.side; ++y)
    for (int x = 0; x < layer.side; ++x, ++i) {
      const Point p = at.motifAt(x, y);
      float nearest = 1e9f;
      for (const Segment& piece : pieces) nearest = std::min(nearest, distanceTo(p, piece.from, piece.to));
      layer.cover[i] = std::max(layer.cover[i], coverageOf(nearest - radius, at.pixel()));
    }
}

}  // namespace palimpsest
