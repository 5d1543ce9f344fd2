// A hand-made description of an image: histograms of oriented gradients (Dalal & Triggs, CVPR 2005) over overlapping
// cells, once with and once without the direction's sign, which MaskFeat (Wei et al., CVPR 2022) found to be the best
// hand-made target to pre-train a Vision Transformer on; and colour, as a thumbnail and as a histogram.
#pragma once

#include <cstddef>

namespace palimpsest {

class Descriptor {
 public:
  explicit Descriptor(int side);  // of the images in pixels, at least 8
  int width() const;              // numbers in a description
  // `image` is [3, side, side] in 0..1; `out` gets width() numbers: square roots of the mean gradient in each of 8 soft
  // bins of orientation (unsigned, then signed) at places() x places() cells, then 4 x 4 mean colours, then square roots
  // of the shares of 4 x 4 x 4 soft bins of colour in the whole image. The gradient of the channel in which it is largest
  // counts. Safe to call from many threads.
  void describe(const float* image, float* out) const;
  int places() const { return (side_ - cell_) / stride_ + 1; }

 private:
  const int side_, cell_, stride_;  // a cell is a quarter of the side; cells begin every tenth of it
};

}  // namespace palimpsest
