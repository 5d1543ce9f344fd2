// What the charts draw on: a PNG through cairo, or SVG text. Units are those of the chart, y grows downwards.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/data/image.h"
#include "engine/export/charts.h"

namespace palimpsest::report {

struct Ink {
  Colour colour;
  double alpha = 1;
};
enum class Anchor { Start, Middle, End };
struct TextStyle {
  double size = 11;
  bool bold = false;
  Anchor anchor = Anchor::Start;
};
using Points = std::vector<std::pair<double, double>>;

class Canvas {
 public:
  virtual ~Canvas() = default;
  // `dash`: lengths of line and gap in turn; empty: solid.
  virtual void line(const Points& points, const Ink& ink, double width, const std::vector<double>& dash = {}) = 0;
  virtual void fill(const Points& outline, const Ink& ink) = 0;
  // `y` is the base line.
  virtual void text(double x, double y, std::string_view text, const Ink& ink, const TextStyle& style) = 0;
  // What is drawn until the next call has this tooltip, where there are tooltips.
  virtual void group(std::string_view) {}
};

// In the sans-serif font of this machine; a page may show another one, so leave some room.
double textWidth(std::string_view text, const TextStyle& style);

class SvgCanvas final : public Canvas {
 public:
  SvgCanvas(double width, double height, std::string_view title, SvgStyle style);
  void line(const Points& points, const Ink& ink, double width, const std::vector<double>& dash = {}) override;
  void fill(const Points& outline, const Ink& ink) override;
  void text(double x, double y, std::string_view text, const Ink& ink, const TextStyle& style) override;
  void group(std::string_view tooltip) override;
  std::string finish();

 private:
  std::string paint(const char* kind, const Ink& ink) const;
  const SvgStyle style_;
  bool grouped_ = false;
  std::string out_;
};

class PngCanvas final : public Canvas {
 public:
  PngCanvas(double width, double height, double scale);
  ~PngCanvas() override;
  void line(const Points& points, const Ink& ink, double width, const std::vector<double>& dash = {}) override;
  void fill(const Points& outline, const Ink& ink) override;
  void text(double x, double y, std::string_view text, const Ink& ink, const TextStyle& style) override;
  // Its upper left corner at (x, y); `scale`: units for a pixel of the image. Enlarged pixels stay sharp.
  void image(double x, double y, double scale, const Image& image);
  std::string finish();  // the file's bytes

 private:
  struct Cairo;
  const std::unique_ptr<Cairo> cairo_;
};

// "&", "<", ">" and quotes as entities; control characters that XML forbids are left out.
std::string escaped(std::string_view text);

}  // namespace palimpsest::report
