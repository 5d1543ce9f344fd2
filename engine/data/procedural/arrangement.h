// Several copies of a small contour, laid out in a way that makes the class.
#pragma once

#include <vector>

#include "engine/data/procedural/contour.h"

namespace palimpsest {

class Arrangement final : public Motif {
 public:
  explicit Arrangement(Rng& rng);
  void draw(const Placement& at, Rng& jitter, Layer& layer) const override;

 private:
  std::vector<Point> places_;
  std::vector<Contour> items_;  // taken in turn
  float size_ = 0.3f;
};

}  // namespace palimpsest
