// JPEG and PNG files to pixels, as Pillow's convert("RGB") gives them: transparency is dropped, orientation tags are
// ignored, CMYK follows Adobe's inverted convention. Grey stays grey. The one difference: 16-bit grey keeps its upper
// byte, where Pillow saturates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/image.h"

namespace palimpsest {

struct Decoded {
  Image image;
  std::string problem;  // empty when the image is whole; otherwise what is wrong, without the file's name
};
Decoded decodeImage(const std::vector<std::uint8_t>& file);

// The same problem, found with less work: a JPEG file is read through at an eighth of its size.
std::string problemOf(const std::vector<std::uint8_t>& file);

enum class ImageKind { Unknown, Jpeg, Png };
ImageKind imageKindOf(const std::uint8_t* bytes, std::size_t size);  // by the first bytes, not by the file's name

}  // namespace palimpsest
