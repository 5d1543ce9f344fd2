#include "engine/memory/herding.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

using Vector = std::vector<double>;

// Four sums at a time, unlike std::inner_product, in an order that the lengths alone decide.
double squaredDistance(const Vector& a, const Vector& b) {
  return std::transform_reduce(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(),
                               [](double x, double y) { return (x - y) * (x - y); });
}

std::vector<Vector> unitRows(std::span<const float> features, std::size_t width) {
  std::vector<Vector> rows;
  for (std::size_t from = 0; from < features.size(); from += width) {
    const auto row = features.subspan(from, width);
    rows.emplace_back(row.begin(), row.end());
    Vector& unit = rows.back();
    const double norm = std::sqrt(std::inner_product(unit.begin(), unit.end(), unit.begin(), 0.0));
    if (!std::isfinite(norm))
      throw Error("features-not-finite",
                  "Exemplars cannot be chosen: the features of image " + std::to_string(rows.size()) +
                      " of a class are no finite numbers.",
                  "What was recorded before is safe. Try a smaller learning rate.");
    for (double& value : unit) value = norm > 0 ? value / norm : 0;
  }
  return rows;
}

}  // namespace

std::vector<int> herd(std::span<const float> features, int width, int count) {
  PALIMPSEST_EXPECT(width >= 1 && features.size() % static_cast<std::size_t>(width) == 0,
                    "[herding] features are [n, width]");
  const std::vector<Vector> rows = unitRows(features, static_cast<std::size_t>(width));
  // What the next row is to equal: k mean - sum of those chosen. Of one k, its distance from a row orders the rows as
  // |mean - (sum + row) / k| does.
  Vector mean(static_cast<std::size_t>(width)), wanted(mean.size());
  for (const Vector& row : rows) std::transform(mean.begin(), mean.end(), row.begin(), mean.begin(), std::plus<>());
  for (double& value : mean) value /= static_cast<double>(rows.size());
  std::vector<int> chosen;
  std::vector<bool> taken(rows.size());
  for (std::size_t k = std::min(static_cast<std::size_t>(std::max(count, 0)), rows.size()); k > 0; --k) {
    std::transform(wanted.begin(), wanted.end(), mean.begin(), wanted.begin(), std::plus<>());
    double nearest = std::numeric_limits<double>::infinity();
    std::size_t best = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (taken[i]) continue;
      if (const double distance = squaredDistance(wanted, rows[i]); distance < nearest) {
        nearest = distance;
        best = i;
      }
    }
    taken[best] = true;
    chosen.push_back(static_cast<int>(best));
    std::transform(wanted.begin(), wanted.end(), rows[best].begin(), wanted.begin(), std::minus<>());
  }
  return chosen;
}

std::vector<int> quotas(int capacity, int classes) {
  const int images = std::max(capacity, 0), count = std::max(classes, 0);
  std::vector<int> out(static_cast<std::size_t>(count), count ? images / count : 0);
  for (int label = 0; count && label < images % count; ++label) ++out[static_cast<std::size_t>(label)];
  return out;
}

}  // namespace palimpsest
