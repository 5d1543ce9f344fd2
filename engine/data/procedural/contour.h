// Closed curves given by their radius over the angle: sums of circular harmonics (in the spirit of Visual Atoms,
// Takashima et al., 2023), superformula curves (Gielis, 2003) and stars.
#pragma once

#include <vector>

#include "engine/data/procedural/canvas.h"

namespace palimpsest {

class Contour final : public Motif {
 public:
  enum class Fill { Solid, Outline, Bands };
  enum class Kind { Harmonics, Superformula, Star };
  Contour(Kind kind, Fill fill, Rng& rng);  // draws the parameters of a class
  void draw(const Placement& at, Rng& jitter, Layer& layer) const override;

 private:
  struct Wave {
    int frequency;
    float amplitude, phase;
  };
  std::vector<float> radii(Rng& jitter) const;  // over a full turn, the largest is 0.9
  float harmonics(float angle, const std::vector<Wave>& waves) const;

  Kind kind_;
  Fill fill_;
  std::vector<Wave> waves_;
  float symmetry_ = 3, power_ = 1, powers_[2] = {1, 1};  // superformula
  float depth_ = 0.5f, sharpness_ = 1;                   // star
  int levels_ = 1;
  float thickness_ = 0.1f;
};

}  // namespace palimpsest
