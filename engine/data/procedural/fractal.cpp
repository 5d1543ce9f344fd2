#include "engine/data/procedural/fractal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace palimpsest {
namespace {

// Part of a 20 x 20 frame that the points touch: thin dust and full blobs make poor classes.
float fillingOf(const std::vector<Point>& points) {
  constexpr int n = 20;
  std::vector<bool> touched(n * n);
  for (const Point& p : points) {
    const int x = static_cast<int>((p.x + 1) * n / 2), y = static_cast<int>((p.y + 1) * n / 2);
    touched[std::clamp(y, 0, n - 1) * n + std::clamp(x, 0, n - 1)] = true;
  }
  return static_cast<float>(std::count(touched.begin(), touched.end(), true)) / (n * n);
}

}  // namespace

std::vector<Fractal::Map> Fractal::drawMaps(Rng& rng) {
  constexpr float pi = std::numbers::pi_v<float>;
  std::vector<Map> maps;
  const int count = pick(rng, 2, 5);
  float total = 0;
  for (int i = 0; i < count; ++i) {
    // Rotation, contraction, rotation: contractive by construction, so that the attractor exists.
    const float u = between(rng, -pi, pi), v = between(rng, -pi, pi);
    const float large = between(rng, 0.35f, 0.85f), small = large * between(rng, 0.25f, 1.0f);
    const float sign = chance(rng, 0.3) ? -1.0f : 1.0f;
    const float cu = std::cos(u), su = std::sin(u), cv = std::cos(v), sv = std::sin(v);
    Map map{};
    map.a = large * cu * cv - sign * small * su * sv;
    map.b = -large * cu * sv - sign * small * su * cv;
    map.c = large * su * cv + sign * small * cu * sv;
    map.d = -large * su * sv + sign * small * cu * cv;
    map.e = between(rng, -1, 1);
    map.f = between(rng, -1, 1);
    total += large * small + 0.02f;
    map.share = total;
    maps.push_back(map);
  }
  for (Map& map : maps) map.share /= total;
  return maps;
}

std::vector<Point> Fractal::play(const std::vector<Map>& maps, int count, Rng& rng) {
  std::vector<Point> points;
  points.reserve(count);
  Point p;
  Point low{1e9f, 1e9f}, high{-1e9f, -1e9f};
  for (int i = -20; i < count; ++i) {  // the first steps only reach the attractor
    const auto at = static_cast<float>(rng.uniform());
    std::size_t m = 0;
    while (m + 1 < maps.size() && at >= maps[m].share) ++m;
    p = {maps[m].a * p.x + maps[m].b * p.y + maps[m].e, maps[m].c * p.x + maps[m].d * p.y + maps[m].f};
    if (i < 0) continue;
    if (!(std::abs(p.x) < 1e3f && std::abs(p.y) < 1e3f)) return {};
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    points.push_back(p);
  }
  const float scale = 1.8f / std::max({high.x - low.x, high.y - low.y, 1e-3f});
  for (Point& q : points) q = {(q.x - (low.x + high.x) / 2) * scale, (q.y - (low.y + high.y) / 2) * scale};
  return points;
}

Fractal::Fractal(Rng& rng) {
  float best = -1;
  for (int attempt = 0; attempt < 60; ++attempt) {
    std::vector<Map> maps = drawMaps(rng);
    const float filling = fillingOf(play(maps, 1200, rng));
    const float score = filling > 0.6f ? 1.2f - filling : filling;
    if (score <= best) continue;
    best = score;
    maps_ = std::move(maps);
    if (filling > 0.28f && filling < 0.6f) break;
  }
}

void Fractal::draw(const Placement& at, Rng& jitter, Layer& layer) const {
  std::vector<Map> maps = maps_;
  for (Map& map : maps)
    for (float* value : {&map.a, &map.b, &map.c, &map.d, &map.e, &map.f}) *value *= between(jitter, 0.93f, 1.07f);
  const int side = layer.side;
  const int count = std::clamp(4 * side * side, 2000, 60000);
  std::vector<float> density(side * side);
  for (const Point& point : play(maps, count, jitter)) {
    const Point p = at.pixelAt(point);
    const float u = p.x - 0.5f, v = p.y - 0.5f;
    const int x = static_cast<int>(std::floor(u)), y = static_cast<int>(std::floor(v));
    if (x < 0 || y < 0 || x + 1 >= side || y + 1 >= side) continue;
    const float fx = u - x, fy = v - y;
    float* d = &density[y * side + x];
    d[0] += (1 - fx) * (1 - fy);
    d[1] += fx * (1 - fy);
    d[side] += (1 - fx) * fy;
    d[side + 1] += fx * fy;
  }
  for (int i = 0; i < side * side; ++i) layer.cover[i] = std::max(layer.cover[i], 1 - std::exp(-0.35f * density[i]));
}

}  // namespace palimpsest
