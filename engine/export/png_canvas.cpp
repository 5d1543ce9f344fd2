#include <cairo.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "engine/export/canvas.h"
#include "engine/protocol/error.h"

namespace palimpsest::report {
namespace {

constexpr const char* kFont = "sans-serif";

void setFont(cairo_t* context, const TextStyle& style) {
  cairo_select_font_face(context, kFont, CAIRO_FONT_SLANT_NORMAL,
                         style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context, style.size);
}

// Cairo stops for good at the first text that is not UTF-8.
std::string utf8(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80         ? 1
                               : lead >> 5 == 0x6  ? 2
                               : lead >> 4 == 0xe  ? 3
                               : lead >> 3 == 0x1e ? 4
                                                   : 0;
    bool whole = length > 0 && lead != 0 && i + length <= text.size();
    for (std::size_t k = 1; whole && k < length; ++k) whole = (static_cast<unsigned char>(text[i + k]) >> 6) == 0x2;
    out += whole ? std::string(text.substr(i, length)) : "?";
    i += whole ? length : 1;
  }
  return out;
}

double advance(cairo_t* context, const std::string& text) {
  cairo_text_extents_t extents;
  cairo_text_extents(context, text.c_str(), &extents);
  return extents.x_advance;
}

cairo_status_t append(void* out, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

struct PngCanvas::Cairo {
  Cairo(int width, int height)
      : surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height)), context(cairo_create(surface)) {}
  ~Cairo() {
    cairo_destroy(context);
    cairo_surface_destroy(surface);
  }
  void setInk(const Ink& ink) {
    const auto rgb = std::strtoul(ink.colour.light.c_str() + 1, nullptr, 16);
    const auto part = [&](int shift) { return static_cast<double>((rgb >> shift) & 0xff) / 255.0; };
    cairo_set_source_rgba(context, part(16), part(8), part(0), ink.alpha);
  }
  void trace(const Points& points) {
    cairo_new_path(context);
    for (const auto& [x, y] : points) cairo_line_to(context, x, y);
  }
  cairo_surface_t* surface;
  cairo_t* context;
};

double textWidth(std::string_view text, const TextStyle& style) {
  cairo_surface_t* surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
  cairo_t* context = cairo_create(surface);
  setFont(context, style);
  const double width = advance(context, utf8(text));
  cairo_destroy(context);
  cairo_surface_destroy(surface);
  return width;
}

PngCanvas::PngCanvas(double width, double height, double scale)
    : cairo_(std::make_unique<Cairo>(static_cast<int>(std::ceil(width * scale)),
                                     static_cast<int>(std::ceil(height * scale)))) {
  cairo_set_source_rgb(cairo_->context, 1, 1, 1);
  cairo_paint(cairo_->context);
  cairo_scale(cairo_->context, scale, scale);
  cairo_set_line_join(cairo_->context, CAIRO_LINE_JOIN_ROUND);
}

PngCanvas::~PngCanvas() = default;

void PngCanvas::line(const Points& points, const Ink& ink, double width, const std::vector<double>& dash) {
  cairo_->setInk(ink);
  cairo_->trace(points);
  cairo_set_line_width(cairo_->context, width);
  cairo_set_dash(cairo_->context, dash.data(), static_cast<int>(dash.size()), 0);
  cairo_stroke(cairo_->context);
}

void PngCanvas::fill(const Points& outline, const Ink& ink) {
  cairo_->setInk(ink);
  cairo_->trace(outline);
  cairo_fill(cairo_->context);
}

void PngCanvas::text(double x, double y, std::string_view text, const Ink& ink, const TextStyle& style) {
  const std::string clean = utf8(text);
  setFont(cairo_->context, style);
  const double share = style.anchor == Anchor::Start ? 0 : style.anchor == Anchor::Middle ? 0.5 : 1;
  cairo_move_to(cairo_->context, x - share * advance(cairo_->context, clean), y);
  cairo_->setInk(ink);
  cairo_show_text(cairo_->context, clean.c_str());
}

void PngCanvas::image(double x, double y, double scale, const Image& image) {
  cairo_surface_t* surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, image.width, image.height);
  unsigned char* out = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  cairo_surface_flush(surface);
  for (int row = 0; out && row < image.height; ++row)
    for (int column = 0; column < image.width; ++column) {
      const std::uint8_t* in = &image.pixels[(static_cast<std::size_t>(row) * image.width + column) * image.channels];
      const bool grey = image.channels == 1;
      const std::uint32_t pixel = std::uint32_t{in[0]} << 16 | std::uint32_t{in[grey ? 0 : 1]} << 8 | in[grey ? 0 : 2];
      std::memcpy(out + static_cast<std::size_t>(row) * stride + column * sizeof pixel, &pixel, sizeof pixel);
    }
  cairo_surface_mark_dirty(surface);
  cairo_save(cairo_->context);
  cairo_translate(cairo_->context, x, y);
  cairo_scale(cairo_->context, scale, scale);
  cairo_set_source_surface(cairo_->context, surface, 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cairo_->context), scale >= 1 ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD);
  cairo_rectangle(cairo_->context, 0, 0, image.width, image.height);
  cairo_fill(cairo_->context);
  cairo_restore(cairo_->context);
  cairo_surface_destroy(surface);
}

std::string PngCanvas::finish() {
  std::string png;
  cairo_surface_flush(cairo_->surface);
  const cairo_status_t drawn = cairo_status(cairo_->context);
  const cairo_status_t status = drawn ? drawn : cairo_surface_write_to_png_stream(cairo_->surface, append, &png);
  if (status != CAIRO_STATUS_SUCCESS)
    throw Error("write-failed", std::string("A figure could not be drawn: ") + cairo_status_to_string(status) + ".",
                "The tables are not affected.");
  return png;
}

}  // namespace palimpsest::report
