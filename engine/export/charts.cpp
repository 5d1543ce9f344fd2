#include "engine/export/charts.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "engine/export/canvas.h"
#include "engine/record/json.h"

namespace palimpsest::report {
namespace {

const Ink kText{{"#1f2328", "#e6e6e6"}};
const Ink kMuted{{"#59636e", "#a3a8ae"}};
const Ink kGrid{{"#e4e6e9", "#35383c"}};
const Ink kAxis{{"#9aa1a9", "#6b7178"}};
const Ink kShade{{"#f5f6f8", "#232629"}};

constexpr TextStyle kTitle{15, true};
constexpr TextStyle kLabel{11.5};

const std::vector<double>& dashOf(int look) {
  static const std::vector<double> kDashes[] = {{}, {7, 3}, {2, 2.5}, {9, 3, 2, 3}, {4, 2}};
  return kDashes[static_cast<std::size_t>(look) % std::size(kDashes)];
}

// Circle, square, triangle, diamond, triangle downwards.
Points markerAt(int look, double x, double y, double r) {
  const int corners[] = {16, 4, 3, 4, 3};
  const double turn[] = {0, 0.125, 0.75, 0, 0.25};
  const auto kind = static_cast<std::size_t>(look) % 5;
  Points outline;
  for (int k = 0; k < corners[kind]; ++k) {
    const double angle = 2 * 3.14159265358979 * (turn[kind] + static_cast<double>(k) / corners[kind]);
    const double size = kind == 0 ? r : 1.25 * r;
    outline.emplace_back(x + size * std::cos(angle), y + size * std::sin(angle));
  }
  return outline;
}

Points rectangle(double left, double top, double right, double bottom) {
  return {{left, top}, {right, top}, {right, bottom}, {left, bottom}};
}

TextStyle anchored(TextStyle style, Anchor anchor) {
  style.anchor = anchor;
  return style;
}

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void take(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

class LinePlot {
 public:
  LinePlot(const LineChart& chart, Canvas& canvas) : chart_(chart), canvas_(canvas) {}

  void draw() {
    findRanges();
    canvas_.text(kSide, 24, chart_.title, kText, kTitle);
    drawLegend();
    placeFrame();
    drawBands();
    drawGrid();
    for (const Series& series : chart_.series) drawSpread(series);
    for (const Series& series : chart_.series) drawSeries(series);
    if (x_.empty() || chart_.series.empty())
      canvas_.text((left_ + right_) / 2, (top_ + bottom_) / 2, "no data yet", kMuted, anchored(kLabel, Anchor::Middle));
  }

 private:
  static constexpr double kSide = 14;

  void findRanges() {
    for (const Series& series : chart_.series)
      for (std::size_t i = 0; i < series.x.size(); ++i) {
        const double half = i < series.spread.size() && std::isfinite(series.spread[i]) ? series.spread[i] : 0;
        if (std::isfinite(series.y[i])) x_.take(series.x[i]);
        y_.take(series.y[i] - half);
        y_.take(series.y[i] + half);
      }
    settle(x_, chart_.x_low, chart_.x_high);
    const bool free_low = !chart_.y_low, free_high = !chart_.y_high;
    settle(y_, chart_.y_low, chart_.y_high);
    // Free ends go out to a round number when one is near, else a little, so that no line touches the frame.
    const double tick = y_ticks_.size() > 1 ? y_ticks_[1] - y_ticks_[0] : 1, little = 0.08 * (y_.high - y_.low);
    if (free_low) y_.low = std::max(std::floor(y_.low / tick + 1e-9) * tick, y_.low - little);
    if (free_high) y_.high = std::min(std::ceil(y_.high / tick - 1e-9) * tick, y_.high + little);
    y_ticks_ = niceTicks(y_.low, y_.high, 5);
  }

  static void settle(Range& range, std::optional<double> low, std::optional<double> high) {
    if (low) range.low = *low;
    if (high) range.high = *high;
    if (!std::isfinite(range.low) || !std::isfinite(range.high)) range = {0, 1};
    if (range.low >= range.high) range = {range.low - 0.5, range.low + 0.5};
  }

  void drawLegend() {
    double x = kSide, y = 46;
    for (const Series& series : chart_.series) {
      if (series.name.empty()) continue;
      const double wide = 34 + textWidth(series.name, kLabel) * 1.05 + 18;
      if (x > kSide && x + wide > chart_.width) {
        x = kSide;
        y += 18;
      }
      canvas_.line({{x, y - 4}, {x + 26, y - 4}}, {series.colour}, series.weight, dashOf(series.look));
      if (series.markers) canvas_.fill(markerAt(series.look, x + 13, y - 4, 3.4), {series.colour});
      canvas_.text(x + 33, y, series.name, kText, kLabel);
      x += wide;
      legend_bottom_ = y;
    }
  }

  void placeFrame() {
    double widest = 0;
    for (const double tick : y_ticks_) widest = std::max(widest, textWidth(tickText(tick, step(y_ticks_)), kLabel));
    left_ = kSide + widest * 1.05 + 8;
    right_ = chart_.width - kSide - 8;
    top_ = legend_bottom_ + (chart_.y_label.empty() ? 16 : 34);
    bottom_ = chart_.height - 44;
    canvas_.text(kSide, top_ - 12, chart_.y_label, kMuted, kLabel);
  }

  double px(double x) const { return left_ + (x - x_.low) / (x_.high - x_.low) * (right_ - left_); }
  double py(double y) const { return bottom_ - (y - y_.low) / (y_.high - y_.low) * (bottom_ - top_); }
  static double step(const std::vector<double>& ticks) { return ticks.size() > 1 ? ticks[1] - ticks[0] : 1; }

  void drawBands() {
    for (std::size_t k = 0; k < chart_.bands.size(); ++k) {
      const Band& band = chart_.bands[k];
      const double from = px(std::clamp(band.from, x_.low, x_.high)), to = px(std::clamp(band.to, x_.low, x_.high));
      if (k % 2 == 0) canvas_.fill(rectangle(from, top_, to, bottom_), kShade);
      if (textWidth(band.label, kLabel) < to - from - 6)
        canvas_.text((from + to) / 2, bottom_ + 18, band.label, kMuted, anchored(kLabel, Anchor::Middle));
    }
  }

  void drawGrid() {
    for (const double tick : y_ticks_) {
      canvas_.line({{left_, py(tick)}, {right_, py(tick)}}, kGrid, 1);
      canvas_.text(left_ - 8, py(tick) + 4, tickText(tick, step(y_ticks_)), kMuted, anchored(kLabel, Anchor::End));
    }
    canvas_.line({{left_, bottom_}, {right_, bottom_}}, kAxis, 1);
    canvas_.text((left_ + right_) / 2, chart_.height - 10, chart_.x_label, kMuted, anchored(kLabel, Anchor::Middle));
    if (!chart_.bands.empty()) return;  // their labels stand where the numbers would
    const auto ticks = niceTicks(x_.low, x_.high, static_cast<int>((right_ - left_) / 60), chart_.whole_x);
    for (const double tick : ticks) {
      canvas_.line({{px(tick), bottom_}, {px(tick), bottom_ + 4}}, kAxis, 1);
      canvas_.text(px(tick), bottom_ + 18, tickText(tick, step(ticks)), kMuted, anchored(kLabel, Anchor::Middle));
    }
  }

  // The runs of finite points between breaks.
  template <typename Use>
  void eachStretch(const Series& series, Use use) const {
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= series.x.size(); ++i) {
      const bool gap = i == series.x.size() || !std::isfinite(series.x[i]) || !std::isfinite(series.y[i]);
      if (gap && i > begin) use(begin, i);
      if (gap) begin = i + 1;
    }
  }

  void drawSpread(const Series& series) {
    if (series.spread.size() < series.x.size()) return;
    eachStretch(series, [&](std::size_t begin, std::size_t end) {
      Points outline;
      const auto half = [&](std::size_t i) { return std::isfinite(series.spread[i]) ? series.spread[i] : 0; };
      const auto at = [&](double y) { return std::clamp(py(y), top_, bottom_); };
      for (std::size_t i = begin; i < end; ++i) outline.emplace_back(px(series.x[i]), at(series.y[i] + half(i)));
      for (std::size_t i = end; i > begin; --i)
        outline.emplace_back(px(series.x[i - 1]), at(series.y[i - 1] - half(i - 1)));
      if (outline.size() > 3) canvas_.fill(outline, {series.colour, 0.14});
    });
  }

  void drawSeries(const Series& series) {
    canvas_.group(series.name);
    eachStretch(series, [&](std::size_t begin, std::size_t end) {
      Points points;
      for (std::size_t i = begin; i < end; ++i)
        points.emplace_back(px(series.x[i]), std::clamp(py(series.y[i]), top_, bottom_));
      if (points.size() > 1) canvas_.line(points, {series.colour}, series.weight, dashOf(series.look));
      if (series.markers || points.size() == 1)
        for (const auto& [x, y] : points) canvas_.fill(markerAt(series.look, x, y, 3.4), {series.colour});
    });
    canvas_.group({});
  }

  const LineChart& chart_;
  Canvas& canvas_;
  Range x_, y_;
  std::vector<double> y_ticks_;
  double legend_bottom_ = 30, left_ = 0, right_ = 0, top_ = 0, bottom_ = 0;
};

struct HeatSize {
  double cell, left, width, height;
};
HeatSize sizeOf(const HeatMap& map) {
  const auto rows = static_cast<double>(map.percent.size());
  const double cell = rows > 12 ? 34 : 44, left = 44;
  const double heading = 28 + textWidth(map.title, kTitle) * 1.05;
  return {cell, left, std::max({left + rows * cell + 14, heading, 180.0}), 70 + rows * cell * 0.75 + 34};
}

void draw(const HeatMap& map, Canvas& canvas) {
  const HeatSize size = sizeOf(map);
  const double tall = size.cell * 0.75, top = 66;
  canvas.text(14, 24, map.title, kText, kTitle);
  canvas.text(14, 44, map.row_label, kMuted, kLabel);
  for (std::size_t i = 0; i < map.percent.size(); ++i) {
    const double y = top + static_cast<double>(i) * tall;
    canvas.text(size.left - 10, y + tall / 2 + 4, std::to_string(i + 1), kMuted, anchored(kLabel, Anchor::End));
    for (std::size_t j = 0; j < map.percent[i].size(); ++j) {
      const auto value = map.percent[i][j];
      if (!value) continue;
      const double x = size.left + static_cast<double>(j) * size.cell;
      const std::string colour = heatColour(*value / 100), ink = inkOn(colour);
      canvas.fill(rectangle(x, y, x + size.cell - 1.5, y + tall - 1.5), {{colour, colour}});
      canvas.text(x + size.cell / 2, y + tall / 2 + 4, tickText(*value, 0.1), {{ink, ink}},
                  anchored(kLabel, Anchor::Middle));
    }
  }
  const double below = top + static_cast<double>(map.percent.size()) * tall + 14;
  for (std::size_t j = 0; j < map.percent.size(); ++j)
    canvas.text(size.left + (static_cast<double>(j) + 0.5) * size.cell, below, std::to_string(j + 1), kMuted,
                anchored(kLabel, Anchor::Middle));
  canvas.text(size.left, below + 18, map.column_label, kMuted, kLabel);
}

}  // namespace

std::vector<double> niceTicks(double low, double high, int wanted, bool whole) {
  if (!std::isfinite(low) || !std::isfinite(high) || high <= low) return {low};
  const double power = std::pow(10, std::floor(std::log10((high - low) / std::max(wanted, 1))));
  double step = power;
  for (const double factor : {2.0, 5.0, 10.0})
    if (std::abs((high - low) / (factor * power) - wanted) < std::abs((high - low) / step - wanted))
      step = factor * power;
  if (whole) step = std::max(1.0, std::round(step));
  std::vector<double> ticks;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + step * 1e-9; ++k) ticks.push_back(k * step);
  return ticks;
}

std::string tickText(double value, double step) {
  const int decimals = step >= 1 || step <= 0 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
  char buffer[400];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value == 0 ? 0.0 : value, std::chars_format::fixed,
                                 std::min(decimals, 12))
                       .ptr;
  return {buffer, end};
}

std::string svgOf(const LineChart& chart, SvgStyle style) {
  SvgCanvas canvas(chart.width, chart.height, chart.title, style);
  LinePlot(chart, canvas).draw();
  return canvas.finish();
}

std::string svgOf(const HeatMap& map, SvgStyle style) {
  const HeatSize size = sizeOf(map);
  SvgCanvas canvas(size.width, size.height, map.title, style);
  draw(map, canvas);
  return canvas.finish();
}

void writePng(const LineChart& chart, const std::filesystem::path& file, double scale) {
  PngCanvas canvas(chart.width, chart.height, scale);
  LinePlot(chart, canvas).draw();
  record::writeFileAtomically(file, canvas.finish());
}

void writePng(const HeatMap& map, const std::filesystem::path& file, double scale) {
  const HeatSize size = sizeOf(map);
  PngCanvas canvas(size.width, size.height, scale);
  draw(map, canvas);
  record::writeFileAtomically(file, canvas.finish());
}

}  // namespace palimpsest::report
