// Pillow's resampling of a part of an image, computing only the part of the result that is wanted.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/data/transform.h"

namespace palimpsest {

// Borrowed pixels: a whole image or a rectangle inside one. Nothing outside the view is read, as after a crop.
struct PixelView {
  const std::uint8_t* pixels = nullptr;
  std::ptrdiff_t stride = 0;  // bytes from row to row
  int width = 0, height = 0, channels = 0;
};
PixelView viewOf(const Image& image);
PixelView viewOf(const Image& image, int left, int top, int width, int height);

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;  // source pixels
};
struct Window {
  int left = 0, top = 0, width = 0, height = 0;  // pixels of the full result
};

// The `window` of what resizing `box` of `source` to width x height gives: equal to resizing, then cropping.
Image resampled(const PixelView& source, const Box& box, int width, int height, const Window& window, Resampling how);

}  // namespace palimpsest
