// Objects put together from a few simple parts, most of them mirror-symmetric, each part with a brightness of its own.
#pragma once

#include <vector>

#include "engine/data/procedural/canvas.h"

namespace palimpsest {

class Solid final : public Motif {
 public:
  explicit Solid(Rng& rng);
  void draw(const Placement& at, Rng& jitter, Layer& layer) const override;

 private:
  enum class Form { Box, Ellipse, Taper, Arc };
  struct Part {
    Form form;
    Point centre, half;  // of its frame
    float angle, extra;  // corner radius, narrowing or thickness
    float tone;
    bool hole;  // taken away instead of added
  };
  static float distance(const Part& part, Point p);
  std::vector<Part> parts_;
  bool mirrored_ = true;
};

}  // namespace palimpsest
