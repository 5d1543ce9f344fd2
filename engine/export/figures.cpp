#include "engine/export/figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace palimpsest::report {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::string labelOf(const Method& method) { return method.title + (method.complete ? "" : " *"); }

Series stageSeries(const Comparison& all, std::size_t m, const std::vector<Spread>& values) {
  Series series{
      .name = labelOf(all.methods[m]), .colour = slotColour(static_cast<int>(m)), .look = static_cast<int>(m)};
  bool spread = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    series.x.push_back(static_cast<double>(i + 1));
    series.y.push_back(values[i].mean.value_or(kNone));
    series.spread.push_back(values[i].deviation.value_or(0));
    spread = spread || values[i].deviation;
  }
  if (!spread) series.spread.clear();
  return series;
}

LineChart stageChart(const Comparison& all, std::string title, std::string y_label) {
  LineChart chart{.title = std::move(title), .x_label = "tasks learned", .y_label = std::move(y_label)};
  chart.whole_x = true;
  chart.x_low = 1;
  chart.x_high = std::max(all.tasks, 2);
  return chart;
}

std::vector<Band> taskBands(int tasks) {
  std::vector<Band> bands;
  for (int t = 0; t < tasks; ++t) bands.push_back({static_cast<double>(t), t + 1.0, "task " + std::to_string(t + 1)});
  return bands;
}

// Means over stretches of equal length; a mean hides no drift and needs no window at the start.
void thin(const std::vector<Point>& points, double stretch, Series& series) {
  double sum = 0, at = 0;
  int count = 0;
  double cell = kNone;
  const auto close = [&] {
    if (count == 0) return;
    series.x.push_back(at / count);
    series.y.push_back(sum / count);
    sum = at = 0;
    count = 0;
  };
  for (const Point& point : points) {
    if (!std::isfinite(point.at) || !std::isfinite(point.value)) continue;
    const double here = std::floor(point.at / stretch);
    if (here != cell) close();
    cell = here;
    sum += point.value;
    at += point.at;
    ++count;
  }
  close();
}

// Where nothing is negative: zero is what these curves are compared with.
void beginAtZero(LineChart& chart) {
  for (const Series& series : chart.series)
    for (std::size_t i = 0; i < series.y.size(); ++i)
      if (series.y[i] - (i < series.spread.size() ? series.spread[i] : 0) < 0) return;
  chart.y_low = 0;
}

// One exploding step would flatten everything else. Cut peaks run along the upper edge, and the label says so.
void cutPeaks(LineChart& chart) {
  std::vector<double> all;
  for (const Series& series : chart.series) all.insert(all.end(), series.y.begin(), series.y.end());
  if (all.size() < 20) return;
  std::sort(all.begin(), all.end());
  const double usual = all[all.size() * 98 / 100];
  if (usual <= 0 || all.back() < 3 * usual) return;
  const double tick = niceTicks(0, 1.25 * usual, 5)[1];
  chart.y_high = std::ceil(1.25 * usual / tick) * tick;
  chart.y_label += " (peaks above " + tickText(*chart.y_high, tick) + " are cut)";
}

}  // namespace

LineChart accuracyChart(const Comparison& all) {
  LineChart chart = stageChart(all, "Accuracy so far", "% of the test images of all classes seen");
  for (std::size_t m = 0; m < all.methods.size(); ++m) chart.series.push_back(stageSeries(all, m, all.methods[m].top1));
  chart.y_high = 100;
  return chart;
}

LineChart forgettingChart(const Comparison& all) {
  LineChart chart = stageChart(all, "Forgetting", "percentage points below the best so far, mean over earlier tasks");
  for (std::size_t m = 0; m < all.methods.size(); ++m)
    chart.series.push_back(stageSeries(all, m, all.methods[m].forgetting_at));
  beginAtZero(chart);
  return chart;
}

LineChart lossChart(const Comparison& all) {
  LineChart chart{.title = "Training loss", .x_label = "position in the stream", .y_label = "nats"};
  chart.bands = taskBands(all.tasks);
  chart.x_low = 0;
  chart.x_high = std::max(all.tasks, 1);
  const double stretch = std::max(all.tasks, 1) / 250.0;
  for (std::size_t m = 0; m < all.methods.size(); ++m) {
    bool first = true;
    for (const std::size_t run : all.methods[m].used) {
      Series series{.name = first ? labelOf(all.methods[m]) : "",
                    .colour = slotColour(static_cast<int>(m)),
                    .look = static_cast<int>(m),
                    .markers = false,
                    .weight = first ? 1.6 : 0.9};
      thin(all.runs[run].loss, stretch, series);
      if (series.x.empty()) continue;
      first = false;
      chart.series.push_back(std::move(series));
    }
  }
  cutPeaks(chart);
  beginAtZero(chart);
  return chart;
}

LineChart probeChart(const RunSummary& run) {
  LineChart chart{.title = run.title, .x_label = "position in the stream", .y_label = "% of each task's probe images"};
  chart.bands = taskBands(run.tasks);
  chart.x_low = 0;
  chart.x_high = std::max(run.tasks, 1);
  chart.y_low = 0;
  chart.y_high = 100;
  for (std::size_t j = 0; j < run.probed.size(); ++j) {
    Series series{.name = "task " + std::to_string(j + 1),
                  .colour = taskColour(run.tasks > 1 ? static_cast<double>(j) / (run.tasks - 1) : 0.5),
                  .look = static_cast<int>(j),
                  .markers = false,
                  .weight = 1.6};
    thin(run.probed[j], std::max(run.tasks, 1) / 400.0, series);
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

HeatMap matrixMap(const RunSummary& run) {
  HeatMap map{.title = run.title, .row_label = "after task", .column_label = "accuracy on task (%)", .percent = {}};
  for (int i = 0; i < run.matrix.stages(); ++i) {
    auto& row = map.percent.emplace_back();
    for (int j = 0; j <= i; ++j) {
      const auto value = run.matrix.at(i, j);
      row.push_back(value ? std::optional(100 * *value) : std::nullopt);
    }
  }
  return map;
}

}  // namespace palimpsest::report
