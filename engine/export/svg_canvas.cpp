#include <charconv>
#include <cmath>

#include "engine/export/canvas.h"

namespace palimpsest::report {
namespace {

// Two decimals are finer than any screen; the file stays small.
std::string number(double value) {
  char buffer[64];
  const double rounded = std::round(value * 100) / 100;
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, rounded == 0 ? 0.0 : rounded).ptr};
}

std::string coordinates(const Points& points) {
  std::string out;
  for (const auto& [x, y] : points) out += (out.empty() ? "" : " ") + number(x) + "," + number(y);
  return out;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (c == '\'') out += "&#39;";
    else if (!control) out += c;
  }
  return out;
}

SvgCanvas::SvgCanvas(double width, double height, std::string_view title, SvgStyle style) : style_(style) {
  out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) + " " + number(height) +
         "\" role=\"img\" aria-label=\"" + escaped(title) + "\"";
  if (style == SvgStyle::Themed) {
    out_ += " class=\"chart\">";
  } else {
    out_ += " width=\"" + number(width) + "\" height=\"" + number(height) + "\" font-family=\"sans-serif\">";
    out_ += "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>";
  }
}

// A themed page chooses between the two colours; a file has the light one.
std::string SvgCanvas::paint(const char* kind, const Ink& ink) const {
  const bool stroke = kind[0] == 's';
  std::string out;
  if (style_ == SvgStyle::Themed) {
    out = std::string(" class=\"") + (stroke ? "cs" : "cf") + "\" style=\"--l:" + ink.colour.light +
          ";--d:" + ink.colour.dark + "\"";
  } else {
    out = std::string(" ") + kind + "=\"" + ink.colour.light + "\"" + (stroke ? " fill=\"none\"" : "");
  }
  if (ink.alpha < 1) out += std::string(" ") + kind + "-opacity=\"" + number(ink.alpha) + "\"";
  return out;
}

void SvgCanvas::line(const Points& points, const Ink& ink, double width, const std::vector<double>& dash) {
  out_ += "<polyline points=\"" + coordinates(points) + "\"" + paint("stroke", ink) + " stroke-width=\"" +
          number(width) + "\" stroke-linejoin=\"round\"";
  std::string pattern;
  for (const double length : dash) pattern += (pattern.empty() ? "" : " ") + number(length);
  if (!pattern.empty()) out_ += " stroke-dasharray=\"" + pattern + "\"";
  out_ += "/>";
}

void SvgCanvas::fill(const Points& outline, const Ink& ink) {
  out_ += "<polygon points=\"" + coordinates(outline) + "\"" + paint("fill", ink) + "/>";
}

void SvgCanvas::text(double x, double y, std::string_view text, const Ink& ink, const TextStyle& style) {
  static constexpr const char* kAnchors[] = {"start", "middle", "end"};
  out_ += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" font-size=\"" + number(style.size) +
          "\" text-anchor=\"" + kAnchors[static_cast<int>(style.anchor)] + "\"" +
          (style.bold ? " font-weight=\"600\"" : "") + paint("fill", ink) + ">" + escaped(text) + "</text>";
}

void SvgCanvas::group(std::string_view tooltip) {
  if (grouped_) out_ += "</g>";
  grouped_ = !tooltip.empty();
  if (grouped_) out_ += "<g><title>" + escaped(tooltip) + "</title>";
}

std::string SvgCanvas::finish() {
  group({});
  return out_ + "</svg>";
}

std::string chartCss() {
  return ".chart{display:block;width:102.6%;height:auto;margin-left:-2.6%;font-family:inherit;font-variant-numeric:"
         "tabular-nums}\n"
         ".cs{stroke:var(--l);fill:none}.cf{fill:var(--l)}\n"
         "@media screen and (prefers-color-scheme:dark){.cs{stroke:var(--d)}.cf{fill:var(--d)}}\n";
}

}  // namespace palimpsest::report
