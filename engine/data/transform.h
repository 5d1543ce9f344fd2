// Image -> the numbers that a network is fed. Resampling is Pillow's, bit for bit (two passes, 8-bit rounding
// between them, antialiased); values are planar RGB, [3, side, side], float32.
#pragma once

#include <string>
#include <vector>

#include "engine/data/image.h"
#include "engine/protocol/random.h"

namespace palimpsest {

enum class Resampling { Bilinear, Bicubic };  // Pillow's; bicubic has a = -0.5

// Pillow's Image.resize with a source box (in source pixels, fractions allowed).
Image resized(const Image& image, int width, int height, Resampling how);
Image resizedBox(const Image& image, double left, double top, double right, double bottom, int width, int height,
                 Resampling how);
Image cropped(const Image& image, int left, int top, int width, int height);
Image flipped(const Image& image);
Image toRgb(const Image& image);

struct TransformSpec {
  std::string name = "plain";  // plain | pilot | pilot-coda
  bool train = false;
  int side = 224;
  std::string range = "0..1";  // 0..1 | -1..1 | imagenet | clip
  std::string id() const;      // "pilot-train-112-0..1": part of cache keys
};

class Transform {
 public:
  explicit Transform(TransformSpec spec);  // throws BadInput for an unknown name or range
  const TransformSpec& spec() const { return spec_; }
  bool deterministic() const;  // true when rng is never drawn from: features may be cached
  std::vector<std::string> steps() const;  // in words, in order; none of them is the range
  // What the range makes of a channel's value x in 0..1: shift + scale * x.
  struct Line {
    float shift, scale;
  };
  Line line(int channel) const { return {table_[channel * 256], table_[channel * 256 + 255] - table_[channel * 256]}; }
  // Writes 3 * side * side floats. Thread-safe.
  void operator()(const Image& image, Rng& rng, float* out) const;

 private:
  TransformSpec spec_;
  std::vector<float> table_;  // [3, 256]: what a byte of a channel becomes
};

}  // namespace palimpsest
