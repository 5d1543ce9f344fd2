#include "engine/data/procedural/named_shape.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

enum Which { Circle, Square, Triangle, Pentagon, Hexagon, Star, Cross, Ring, Heart, Crescent, Ellipse, Diamond };
constexpr float kTurn = 2 * std::numbers::pi_v<float>;

std::vector<Point> regular(int corners, float inner = 0) {  // inner > 0: a star with that radius between its tips
  std::vector<Point> points;
  const int count = inner > 0 ? 2 * corners : corners;
  for (int i = 0; i < count; ++i) {
    const float angle = kTurn * i / count - kTurn / 4, radius = inner > 0 && i % 2 ? inner : 0.95f;
    points.push_back({radius * std::cos(angle), radius * std::sin(angle)});
  }
  return points;
}

std::vector<Point> heart() {
  std::vector<Point> points;
  for (int i = 0; i < 36; ++i) {
    const float t = kTurn * i / 36, s = std::sin(t);
    const float y = 13 * std::cos(t) - 5 * std::cos(2 * t) - 2 * std::cos(3 * t) - std::cos(4 * t);
    points.push_back({16 * s * s * s / 18, -(y + 2) / 18});
  }
  return points;
}

std::vector<Point> outlineOf(int which) {
  switch (which) {
    case Square:
      return {{-0.75f, -0.75f}, {0.75f, -0.75f}, {0.75f, 0.75f}, {-0.75f, 0.75f}};
    case Triangle:
      return regular(3);
    case Pentagon:
      return regular(5);
    case Hexagon:
      return regular(6);
    case Star:
      return regular(5, 0.4f);
    case Cross:
      return {{-0.3f, -0.9f}, {0.3f, -0.9f}, {0.3f, -0.3f}, {0.9f, -0.3f}, {0.9f, 0.3f},   {0.3f, 0.3f},
              {0.3f, 0.9f},   {-0.3f, 0.9f}, {-0.3f, 0.3f}, {-0.9f, 0.3f}, {-0.9f, -0.3f}, {-0.3f, -0.3f}};
    case Heart:
      return heart();
    case Diamond:
      return {{0, -0.95f}, {0.6f, 0}, {0, 0.95f}, {-0.6f, 0}};
    default:
      return {};
  }
}

// Distance to the nearest edge, signed by the parity of the edges to the right of the point.
float polygonDistance(const std::vector<Point>& outline, Point p) {
  float nearest = 1e9f;
  bool inside = false;
  for (std::size_t i = 0, j = outline.size() - 1; i < outline.size(); j = i++) {
    const Point a = outline[i], b = outline[j];
    const float ex = b.x - a.x, ey = b.y - a.y, px = p.x - a.x, py = p.y - a.y;
    const float t = std::clamp((px * ex + py * ey) / (ex * ex + ey * ey), 0.0f, 1.0f);
    const float dx = px - t * ex, dy = py - t * ey;
    nearest = std::min(nearest, dx * dx + dy * dy);
    if ((a.y > p.y) != (b.y > p.y) && p.x < ex * (p.y - a.y) / ey + a.x) inside = !inside;
  }
  return inside ? -std::sqrt(nearest) : std::sqrt(nearest);
}

}  // namespace

const std::vector<std::string>& NamedShape::names() {
  static const std::vector<std::string> names{"circle", "square", "triangle", "pentagon", "hexagon", "star",
                                              "cross",  "ring",   "heart",    "crescent", "ellipse", "diamond"};
  return names;
}

NamedShape::NamedShape(int which) : which_(which), outline_(outlineOf(which)) {
  PALIMPSEST_EXPECT(which >= 0 && which < static_cast<int>(names().size()), "[shapes] there is no such shape");
}

float NamedShape::distance(Point p) const {
  if (!outline_.empty()) return polygonDistance(outline_, p);
  const float radius = std::hypot(p.x, p.y);
  switch (which_) {
    case Ring:
      return std::abs(radius - 0.68f) - 0.2f;
    case Crescent:
      return std::max(radius - 0.9f, 0.75f - std::hypot(p.x - 0.42f, p.y));
    case Ellipse: {
      const float u = p.x / 0.92f, v = p.y / 0.5f, f = std::hypot(u, v);
      return f * (f - 1) / std::max(std::hypot(u / 0.92f, v / 0.5f), 1e-4f);
    }
    default:
      return radius - 0.88f;  // a circle
  }
}

void NamedShape::draw(const Placement& at, Rng&, Layer& layer) const {
  for (int y = 0, i = 0; y < layer.side; ++y)
    for (int x = 0; x < layer.side; ++x, ++i) {
      const Point p = at.motifAt(x, y);
      if (p.x * p.x + p.y * p.y > 2) continue;  // beyond every shape
      layer.cover[i] = std::max(layer.cover[i], coverageOf(distance(p), at.pixel()));
    }
}

}  // namespace palimpsest
