// Attractors of iterated function systems, as in FractalDB (Kataoka et al., 2020): a class is a set of affine maps,
// drawn by the chaos game.
#pragma once

#include <vector>

#include "engine/data/procedural/canvas.h"

namespace palimpsest {

class Fractal final : public Motif {
 public:
  explicit Fractal(Rng& rng);  // draws maps until the attractor fills a fair part of its frame
  void draw(const Placement& at, Rng& jitter, Layer& layer) const override;

 private:
  struct Map {
    float a, b, c, d, e, f, share;  // x' = a x + b y + e, y' = c x + d y + f; share: cumulative probability
  };
  static std::vector<Map> drawMaps(Rng& rng);
  // Points of the attractor moved and scaled into [-0.9, 0.9]; empty when the system runs away.
  static std::vector<Point> play(const std::vector<Map>& maps, int points, Rng& rng);
  std::vector<Map> maps_;
};

}  // namespace palimpsest
