// libpng behind a door: it reports errors by longjmp, which must not cross C++ objects, so each step that may fail
// is a function of its own without any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace palimpsest {

class PngReader {
 public:
  PngReader(const std::uint8_t* bytes, std::size_t size);  // borrowed
  ~PngReader();
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  bool readHeader();  // false: see problem()
  int width() const { return width_; }
  int height() const { return height_; }
  int channels() const { return channels_; }  // 1 or 3, of 8 bits
  bool readRows(std::uint8_t** rows);         // height() rows of width() * channels() bytes
  std::string problem() const { return problem_[0] ? problem_ : "the PNG file is damaged"; }

  struct Callbacks;  // libpng's
 private:
  const std::uint8_t* bytes_;
  std::size_t left_;
  void* png_ = nullptr;
  void* info_ = nullptr;
  int width_ = 0, height_ = 0, channels_ = 0;
  char problem_[160] = {};
};

}  // namespace palimpsest
