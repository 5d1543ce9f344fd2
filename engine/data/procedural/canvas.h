// What procedural images are drawn with: placed motifs leave their coverage on a layer, layers are blended onto a
// canvas of linear floats. Everything is a pure function of its arguments and of the draws from an Rng.
#pragma once

#include <vector>

#include "engine/data/image.h"
#include "engine/protocol/random.h"

namespace palimpsest {

inline float between(Rng& rng, float low, float high) { return static_cast<float>(rng.uniform(low, high)); }
inline bool chance(Rng& rng, double probability) { return rng.uniform() < probability; }
inline int pick(Rng& rng, int first, int last) { return first + static_cast<int>(rng.below(last - first + 1)); }
inline float mix(float a, float b, float t) { return a + (b - a) * t; }

struct Point {
  float x = 0, y = 0;
};
struct Colour {
  float r = 0, g = 0, b = 0;  // 0 to 1
  float luminance() const { return 0.299f * r + 0.587f * g + 0.114f * b; }
};
Colour fromHsv(float hue, float saturation, float value);  // all 0 to 1; hue wraps around

// A motif lives in [-1, 1] x [-1, 1], y downwards. A placement maps it to the pixels of a square image.
class Placement {
 public:
  struct Pose {
    float scale = 1, angle = 0, stretch = 1, shear = 0;  // radians; stretch > 1 is wider than high
    Point shift;                                         // of the centre, 1 = half the image
  };
  Placement(const Pose& pose, int side);
  Placement part(Point centre, float scale, float angle) const;  // of a smaller motif inside this one
  Point motifAt(int x, int y) const {                            // of a pixel's centre
    const float dx = x + 0.5f - shift_.x, dy = y + 0.5f - shift_.y;
    return {inverse_[0] * dx + inverse_[1] * dy, inverse_[2] * dx + inverse_[3] * dy};
  }
  Point pixelAt(Point motif) const {  // in pixels, fractions allowed
    return {forward_[0] * motif.x + forward_[1] * motif.y + shift_.x,
            forward_[2] * motif.x + forward_[3] * motif.y + shift_.y};
  }
  float pixel() const { return pixel_; }  // width of a pixel in motif units
  int side() const { return side_; }

 private:
  Placement(int side) : side_(side) {}
  void invert();
  int side_;
  float forward_[4] = {}, inverse_[4] = {}, pixel_ = 0;
  Point shift_;
};

// Opacity and brightness of what was drawn, pixel by pixel.
struct Layer {
  explicit Layer(int side) : side(side), cover(side * side, 0.0f), tone(side * side, 1.0f) {}
  int side;
  std::vector<float> cover, tone;
};

// Antialiasing: how much of a pixel lies inside, given the signed distance of its centre from the edge.
inline float coverageOf(float distance, float pixel) {
  const float c = 0.5f - distance / pixel;
  return c < 0 ? 0 : c > 1 ? 1 : c;
}

// Something that can be drawn: the parameters are a class, the jitter is an image of it.
class Motif {
 public:
  virtual ~Motif() = default;
  virtual void draw(const Placement& at, Rng& jitter, Layer& layer) const = 0;
};

class Canvas {
 public:
  Canvas(int side, Colour background);
  int side() const { return side_; }
  void shadeLinear(float angle, float amount);                  // brightness ramp across the image
  void shadeNoise(float cell, float amount, Rng& rng);          // soft clouds; cell: pixels between lattice points
  void blend(const Layer& layer, Colour colour, Colour other);  // tone 1 is colour, tone 0 is other
  void blur();                                                  // 3 x 3 binomial
  void gain(float contrast, float brightness);
  void addNoise(float deviation, bool coloured, Rng& rng);
  std::vector<float>& rgb() { return rgb_; }  // [side, side, 3]; 0 to 1, what lies outside is cut by image()
  Image image() const;

 private:
  int side_;
  std::vector<float> rgb_;
};

// Three box blurs, close to a Gaussian of this deviation in pixels, at a cost that does not grow with it. `values` is
// [side, side, channels]; edges repeat.
void soften(std::vector<float>& values, int side, int channels, float deviation);

}  // namespace palimpsest
