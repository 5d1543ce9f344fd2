// Textures that fill the plane: gratings, plaids, lattices, noise. A class fixes the kind and its proportions.
#pragma once

#include "engine/data/procedural/canvas.h"

namespace palimpsest {

class Pattern final : public Motif {
 public:
  enum class Kind { Stripes, Plaid, Checks, Dots, Clouds, Zebra, Rings, Bricks, Chevrons, Cells };
  static constexpr int kKinds = 10;
  Pattern(Kind kind, Rng& rng);
  // Where in the plane an image's sample of the pattern lies.
  struct Sample {
    float cosine, sine, scale, shift_x, shift_y;
    std::uint64_t salt;  // of the random lattice
  };
  Sample sample(Rng& jitter) const;
  float value(Point p, const Sample& at, float pixel) const;  // 0 to 1
  void draw(const Placement& at, Rng& jitter, Layer& layer) const override;
  // Darkens what was drawn on the layer by the pattern, down to `low` of its brightness.
  void engrave(const Placement& at, Rng& jitter, Layer& layer, float low) const;

 private:
  Kind kind_;
  float frequency_, angle_, duty_, softness_, ratio_, amount_;
  bool staggered_;
};

}  // namespace palimpsest
