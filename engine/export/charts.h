// Figures for files: line charts and accuracy matrices, as PNG and as SVG with real text. The same drawing code serves
// both. Not for the window, whose plots are interactive.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace palimpsest::report {

struct Colour {
  std::string light, dark;  // "#rrggbb" on a white and on a dark page
};
// Ten slots that stay apart under colour-blindness; from the seventh on only together with dash and marker.
Colour slotColour(int slot);
// Old (dark) to new (bright), `at` from 0 to 1, kept readable on both pages.
Colour taskColour(double at);
// Cividis, `at` from 0 to 1: "#rrggbb"; and black or white, whichever reads better on it.
std::string heatColour(double at);
std::string inkOn(const std::string& background);

struct Series {
  std::string name;
  Colour colour;
  int look = 0;  // dash and marker; so that colour is never alone
  bool markers = true;
  double weight = 2;
  std::vector<double> x, y;    // a NaN breaks the line
  std::vector<double> spread;  // half height of the band around y; may be empty
};
struct Band {
  double from = 0, to = 0;
  std::string label;
};
struct LineChart {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  std::vector<Band> bands;                             // tasks, lightly shaded in turn
  std::optional<double> x_low, x_high, y_low, y_high;  // else from the data
  bool whole_x = false;                                // ticks on whole numbers only
  double width = 720, height = 400;
};
struct HeatMap {
  std::string title, row_label, column_label;
  std::vector<std::vector<std::optional<double>>> percent;  // rows; cells are labelled from 1
};

// Themed: for a page that defines the classes in chartCss(); else white, on its own.
enum class SvgStyle { Standalone, Themed };
std::string svgOf(const LineChart& chart, SvgStyle style = SvgStyle::Standalone);
std::string svgOf(const HeatMap& map, SvgStyle style = SvgStyle::Standalone);
std::string chartCss();

// White background; `scale` pixels for each unit. Throws Error{"disk-full"} or Error{"write-failed"}.
void writePng(const LineChart& chart, const std::filesystem::path& file, double scale = 2);
void writePng(const HeatMap& map, const std::filesystem::path& file, double scale = 2);

// Round numbers from low to high, about `wanted` of them.
std::vector<double> niceTicks(double low, double high, int wanted, bool whole = false);
std::string tickText(double value, double step);

}  // namespace palimpsest::report
