// An 8-bit image in memory: what sources decode and transforms read.
#pragma once

#include <cstdint>
#include <vector>

namespace palimpsest {

struct Image {
  int width = 0, height = 0, channels = 0;  // channels: 1 (grey) or 3 (RGB)
  std::vector<std::uint8_t> pixels;         // height x width x channels, row by row
};

}  // namespace palimpsest
