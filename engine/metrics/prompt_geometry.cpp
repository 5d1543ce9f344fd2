#include "engine/metrics/prompt_geometry.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

namespace palimpsest {
namespace {

using Row = std::span<const double>;

std::size_t sized(int count) { return static_cast<std::size_t>(std::max(count, 0)); }

// Unit rows in double; a row of zeros stays one.
std::vector<std::vector<double>> unitRows(std::span<const float> values, int width) {
  std::vector<std::vector<double>> rows;
  if (width < 1) return rows;
  for (std::size_t from = 0; from + sized(width) <= values.size(); from += sized(width)) {
    std::vector<double> row(values.begin() + static_cast<std::ptrdiff_t>(from),
                            values.begin() + static_cast<std::ptrdiff_t>(from + sized(width)));
    const double norm = std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
    for (double& x : row) x = norm > 0 ? x / norm : 0;
    rows.push_back(std::move(row));
  }
  return rows;
}
double dot(Row a, Row b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }
double norm(Row row) { return std::sqrt(dot(row, row)); }
double cosine(Row a, Row b) {
  const double norms = norm(a) * norm(b);
  return norms > 0 ? std::clamp(dot(a, b) / norms, -1.0, 1.0) : 0;
}

// Calls back with the rows that both have, in double.
template <typename Compare>
void eachPair(std::span<const float> before, std::span<const float> after, int width, Compare compare) {
  if (width < 1) return;
  const std::size_t columns = sized(width), rows = std::min(before.size(), after.size()) / columns;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto a = before.subspan(i * columns, columns), b = after.subspan(i * columns, columns);
    compare(std::vector<double>(a.begin(), a.end()), std::vector<double>(b.begin(), b.end()));
  }
}

}  // namespace

SquareMatrix::SquareMatrix(int side) : size(std::max(side, 0)), values(sized(side) * sized(side)) {}
double& SquareMatrix::at(int row, int column) { return values.at(sized(row) * sized(size) + sized(column)); }
double SquareMatrix::at(int row, int column) const { return values.at(sized(row) * sized(size) + sized(column)); }

double entropy(Row shares) {
  double sum = 0;
  for (const double share : shares)
    if (share > 0) sum -= share * std::log(share);
  return sum;
}

std::optional<Cosines> keyCosines(std::span<const float> keys, int width) {
  std::vector<int> rows(width > 0 ? keys.size() / sized(width) : 0);
  std::iota(rows.begin(), rows.end(), 0);
  return keyCosines(keys, width, rows);
}

std::optional<Cosines> keyCosines(std::span<const float> keys, int width, const std::vector<int>& rows) {
  const auto units = unitRows(keys, width);
  std::vector<std::vector<double>> picked;
  for (const int row : rows)
    if (row >= 0 && sized(row) < units.size()) picked.push_back(units[sized(row)]);
  if (picked.size() < 2) return std::nullopt;
  Cosines out{0, -1};
  for (std::size_t i = 1; i < picked.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const double value = std::clamp(dot(picked[i], picked[j]), -1.0, 1.0);
      out.mean += value;
      out.max = std::max(out.max, value);
    }
  out.mean /= static_cast<double>(picked.size()) * static_cast<double>(picked.size() - 1) / 2;
  return out;
}

double effectiveRank(std::span<const double> singular_values) {
  std::vector<double> shares;
  for (const double value : singular_values)
    if (value > 0) shares.push_back(value);
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares.empty() ? 0 : std::exp(entropy(shares));
}

std::optional<Anisotropy> queryAnisotropy(std::span<const float> queries, int width, const std::vector<int>& tasks) {
  const auto units = unitRows(queries, width);
  if (units.empty()) return std::nullopt;
  const auto images = static_cast<double>(units.size());
  const int count = tasks.empty() ? 0 : 1 + *std::max_element(tasks.begin(), tasks.end());
  std::vector<double> all(sized(width));
  std::vector<std::vector<double>> sums(sized(count), all);
  double squares = 0;
  const auto add = [](std::vector<double>& sum, Row row) {
    std::transform(sum.begin(), sum.end(), row.begin(), sum.begin(), std::plus<>());
  };
  for (std::size_t i = 0; i < units.size(); ++i) {
    squares += dot(units[i], units[i]);
    add(all, units[i]);
    if (i < tasks.size() && tasks[i] >= 0) add(sums[sized(tasks[i])], units[i]);
  }
  Anisotropy out{norm(all) / images, std::nullopt, SquareMatrix(count)};
  // All pairs at once: |sum|^2 holds every product, and those of a query with itself are taken off.
  if (images > 1) out.mean_cosine = (dot(all, all) - squares) / (images * (images - 1));
  for (int i = 0; i < count; ++i)
    for (int j = 0; j < count; ++j) out.centroids.at(i, j) = cosine(sums[sized(i)], sums[sized(j)]);
  return out;
}

std::optional<double> topMargin(std::span<const float> scores, int prompts, int per_image) {
  if (per_image < 1 || per_image >= prompts || scores.size() < sized(prompts)) return std::nullopt;
  const std::size_t columns = sized(prompts), images = scores.size() / columns;
  double margin = 0, mean = 0, variance = 0;
  for (std::size_t i = 0; i < images; ++i) {
    std::vector<double> row(columns);
    std::copy_n(scores.begin() + static_cast<std::ptrdiff_t>(i * columns), columns, row.begin());
    std::sort(row.begin(), row.end(), std::greater<>());
    margin += (row[sized(per_image) - 1] - row[sized(per_image)]) / static_cast<double>(images);
    mean += std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(images * columns);
  }
  for (const float score : scores.first(images * columns)) variance += (score - mean) * (score - mean);
  const double deviation = std::sqrt(variance / static_cast<double>(images * columns));
  return margin > 0 ? margin / deviation : 0;  // equal scores: the choice is arbitrary
}

std::optional<double> nearestMeanRetrieval(std::span<const float> class_means, const std::vector<int>& task_of_class,
                                           std::span<const float> queries, const std::vector<int>& tasks, int width) {
  const auto means = unitRows(class_means, width), images = unitRows(queries, width);
  if (means.empty() || task_of_class.empty()) return std::nullopt;
  double hits = 0, count = 0;
  for (std::size_t i = 0; i < std::min(images.size(), tasks.size()); ++i) {
    if (tasks[i] < 0) continue;
    double best = -std::numeric_limits<double>::infinity();
    int found = -1;
    for (std::size_t c = 0; c < std::min(means.size(), task_of_class.size()); ++c)
      if (const double value = dot(means[c], images[i]); value > best) {
        best = value;
        found = task_of_class[c];
      }
    hits += found == tasks[i];
    count += 1;
  }
  return count > 0 ? std::optional(hits / count) : std::nullopt;
}

std::vector<double> rowDrift(std::span<const float> before, std::span<const float> after, int width) {
  std::vector<double> out;
  eachPair(before, after, width, [&](const auto& a, const auto& b) { out.push_back(a == b ? 0 : 1 - cosine(a, b)); });
  return out;
}

std::vector<std::optional<double>> rowGrowth(std::span<const float> before, std::span<const float> after, int width) {
  std::vector<std::optional<double>> out;
  eachPair(before, after, width, [&](const auto& a, const auto& b) {
    out.push_back(norm(a) > 0 ? std::optional(norm(b) / norm(a)) : std::nullopt);
  });
  return out;
}

std::vector<double> promptDrift(std::span<const float> before, std::span<const float> after, int width) {
  std::vector<double> out;
  eachPair(before, after, width, [&](const auto& a, const auto& b) {
    std::vector<double> change;
    for (std::size_t d = 0; d < a.size(); ++d) change.push_back(b[d] - a[d]);
    const double size = norm(a);
    out.push_back(size == 0 ? (norm(change) == 0 ? 0 : 1) : norm(change) / size);
  });
  return out;
}

}  // namespace palimpsest
