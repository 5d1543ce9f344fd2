// Invented characters: a few pen strokes, straight or curved, between points of a coarse lattice.
#pragma once

#include <vector>

#include "engine/data/procedural/canvas.h"

namespace palimpsest {

class Glyph final : public Motif {
 public:
  explicit Glyph(Rng& rng);
  void draw(const Placement& at, Rng& jitter, Layer& layer) const override;

 private:
  struct Stroke {
    std::vector<Point> points;
    bool curved;  // three points of a quadratic curve
  };
  struct Segment {
    Point from, to;
  };
  std::vector<Segment> segments(Rng& jitter) const;
  std::vector<Stroke> strokes_;
  float thickness_ = 0.15f;
};

}  // namespace palimpsest
