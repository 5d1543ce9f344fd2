#include "engine/data/png_reader.h"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

namespace palimpsest {

struct PngReader::Callbacks {
  static void read(png_structp png, png_bytep out, std::size_t count) {
    auto* self = static_cast<PngReader*>(png_get_io_ptr(png));
    if (count > self->left_) png_error(png, "the file is truncated");
    std::memcpy(out, self->bytes_, count);
    self->bytes_ += count;
    self->left_ -= count;
  }
  [[noreturn]] static void fail(png_structp png, png_const_charp text) {
    auto* self = static_cast<PngReader*>(png_get_error_ptr(png));
    std::snprintf(self->problem_, sizeof self->problem_, "%s", text);
    png_longjmp(png, 1);
  }
  static void warn(png_structp, png_const_charp) {}
};

namespace {

png_structp pngOf(void* handle) { return static_cast<png_structp>(handle); }
png_infop infoOf(void* handle) { return static_cast<png_infop>(handle); }

}  // namespace

PngReader::PngReader(const std::uint8_t* bytes, std::size_t size) : bytes_(bytes), left_(size) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &Callbacks::fail, &Callbacks::warn);
  png_ = png;
  if (!png) return;
  info_ = png_create_info_struct(png);
  png_set_read_fn(png, this, &Callbacks::read);
}

PngReader::~PngReader() {
  png_structp png = pngOf(png_);
  png_infop info = infoOf(info_);
  if (png) png_destroy_read_struct(&png, &info, nullptr);
}

bool PngReader::readHeader() {
  png_structp png = pngOf(png_);
  png_infop info = infoOf(info_);
  if (!png || !info || setjmp(png_jmpbuf(png))) return false;
  png_read_info(png, info);
  png_set_strip_16(png);
  png_set_palette_to_rgb(png);
  if (png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  width_ = static_cast<int>(png_get_image_width(png, info));
  height_ = static_cast<int>(png_get_image_height(png, info));
  channels_ = png_get_channels(png, info);
  const bool expected = (channels_ == 1 || channels_ == 3) && png_get_bit_depth(png, info) == 8;
  return expected && png_get_rowbytes(png, info) == static_cast<std::size_t>(width_) * channels_;
}

bool PngReader::readRows(std::uint8_t** rows) {
  png_structp png = pngOf(png_);
  if (setjmp(png_jmpbuf(png))) return false;
  png_read_image(png, rows);
  return true;
}

}  // namespace palimpsest
