#include "engine/data/procedural/solid.h"

#include <algorithm>
#include <cmath>

namespace palimpsest {
namespace {

float boxDistance(Point p, Point half, float corner) {
  const float dx = std::abs(p.x) - half.x + corner, dy = std::abs(p.y) - half.y + corner;
  const float ox = std::max(dx, 0.0f), oy = std::max(dy, 0.0f);
  return std::sqrt(ox * ox + oy * oy) + std::min(std::max(dx, dy), 0.0f) - corner;
}

}  // namespace

Solid::Solid(Rng& rng) : mirrored_(chance(rng, 0.75)) {
  const int count = pick(rng, 2, 5);
  for (int i = 0; i < count; ++i) {
    Part part{};
    part.form = static_cast<Form>(pick(rng, 0, 3));
    // The first part is the body; the others are put on or near it.
    const float reach = i == 0 ? 0.15f : 0.65f;
    part.centre.x = between(rng, -reach, reach);
    part.centre.y = between(rng, -reach, reach);
    if (mirrored_ && (i == 0 || chance(rng, 0.4))) part.centre.x = 0;
    const float size = i == 0 ? between(rng, 0.4f, 0.75f) : between(rng, 0.15f, 0.45f);
    const float stretch = std::exp(between(rng, -0.75f, 0.75f));
    part.half = {std::min(0.9f, size * std::sqrt(stretch)), std::min(0.9f, size / std::sqrt(stretch))};
    part.angle = chance(rng, 0.5) ? 0.0f : between(rng, -0.9f, 0.9f);
    part.extra = between(rng, 0.0f, 1.0f);
    part.tone = i == 0 ? 1.0f : between(rng, 0.15f, 1.0f);
    part.hole = i > 0 && chance(rng, 0.22);
    parts_.push_back(part);
  }
}

float Solid::distance(const Part& part, Point p) {
  const float c = std::cos(part.angle), s = std::sin(part.angle);
  const float dx = p.x - part.centre.x, dy = p.y - part.centre.y;
  const Point q{c * dx + s * dy, c * dy - s * dx};
  const float least = std::min(part.half.x, part.half.y);
  switch (part.form) {
    case Form::Box:
      return boxDistance(q, part.half, part.extra * 0.8f * least);
    case Form::Taper: {  // a box that narrows upwards
      const float along = std::clamp((q.y / part.half.y + 1) / 2, 0.0f, 1.0f);
      return boxDistance(q, {part.half.x * mix(1 - 0.8f * part.extra, 1, along), part.half.y}, 0);
    }
    case Form::Ellipse:
    case Form::Arc: {
      // The implicit function over the length of its gradient: exact on the edge, good near it.
      const float u = q.x / part.half.x, v = q.y / part.half.y, f = std::sqrt(u * u + v * v);
      const float gx = u / part.half.x, gy = v / part.half.y;
      const float d = f * (f - 1) / std::max(std::sqrt(gx * gx + gy * gy), 1e-4f);
      if (part.form == Form::Ellipse) return d;
      return std::max(std::abs(d) - mix(0.06f, 0.16f, part.extra), q.y - part.half.y * 0.3f);  // open below
    }
  }
  return 1;
}

void Solid::draw(const Placement& at, Rng& jitter, Layer& layer) const {
  std::vector<Part> parts = parts_;
  for (Part& part : parts) {
    part.centre.x += (mirrored_ && part.centre.x == 0) ? 0 : between(jitter, -0.06f, 0.06f);
    part.centre.y += between(jitter, -0.06f, 0.06f);
    part.half.x *= between(jitter, 0.85f, 1.18f);
    part.half.y *= between(jitter, 0.85f, 1.18f);
    part.angle += between(jitter, -0.12f, 0.12f);
    part.tone = std::clamp(part.tone + between(jitter, -0.12f, 0.12f), 0.0f, 1.0f);
  }
  const float pixel = at.pixel();
  for (int y = 0, i = 0; y < layer.side; ++y)
    for (int x = 0; x < layer.side; ++x, ++i) {
      Point p = at.motifAt(x, y);
      if (std::abs(p.x) > 1.3f || std::abs(p.y) > 1.3f) continue;
      if (mirrored_) p.x = std::abs(p.x);
      float cover = layer.cover[i], tone = layer.tone[i];
      for (const Part& part : parts) {
        const float inside = coverageOf(distance(part, p), pixel);
        if (part.hole) cover *= 1 - inside;
        else {
          tone = mix(tone, part.tone, inside);
          cover = std::max(cover, inside);
        }
      }
      layer.cover[i] = cover;
      layer.tone[i] = tone;
    }
}

}  // namespace palimpsest
