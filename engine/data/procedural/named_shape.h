// The twelve shapes with names: circle, square, ... as signed distances.
#pragma once

#include <string>
#include <vector>

#include "engine/data/procedural/canvas.h"

namespace palimpsest {

class NamedShape final : public Motif {
 public:
  static const std::vector<std::string>& names();
  explicit NamedShape(int which);  // position in names()
  void draw(const Placement& at, Rng& jitter, Layer& layer) const override;

 private:
  float distance(Point p) const;  // negative inside
  int which_;
  std::vector<Point> outline_;  // empty for what is round
};

}  // namespace palimpsest
