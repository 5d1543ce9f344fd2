// A better start for a network that is trained from scratch than small random numbers: layers at the scale of their
// inputs, and a patch layer that already sees what varies in the images.
#pragma once

#include <cstdint>

#include "engine/vit/vit.h"

namespace palimpsest::vit {

// Scales the linear layers of the blocks to rows of deviation 1 / sqrt(inputs) (LeCun et al., 1998), those that write to
// the residual stream to 1 / sqrt(2 depth) of that (Radford et al., 2019).
void rescaleToFanIn(Vit& vit);

// The patch layer as whitened principal components of patches (Coates & Ng, 2012), and positions and [CLS] at the
// scale of the tokens that this makes.
class PatchWhitening {
 public:
  explicit PatchWhitening(const Shape& shape);
  void add(const Tensor& images);  // [B, C, image, image]
  // Needs images. Rows beyond the number of values in a patch become zero. A pure function of the images and the seed.
  void apply(Vit& vit, std::uint64_t seed) const;

 private:
  const Shape shape_;
  Tensor sum_, scatter_;  // [F], [F, F] float64
  std::int64_t count_ = 0;
};

}  // namespace palimpsest::vit
