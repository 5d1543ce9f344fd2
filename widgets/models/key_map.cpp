#include "widgets/models/key_map.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace palimpsest {

namespace {

constexpr std::size_t kMostQueries = 400;  // every k-th beyond: a cloud looks the same
constexpr int kMostSteps = 300;            // of the power iteration

using Vector = std::vector<double>;

struct Rows {  // [n, width]
  std::size_t width = 0;
  Vector values;
  std::size_t size() const { return width == 0 ? 0 : values.size() / width; }
  void addUnit(const float* row) {
    double norm = 0;
    for (std::size_t i = 0; i < width; ++i) norm += double(row[i]) * row[i];
    norm = std::isfinite(norm) && norm > 0 ? std::sqrt(norm) : 0;
    for (std::size_t i = 0; i < width; ++i) values.push_back(norm > 0 ? row[i] / norm : 0);
  }
};

double dot(const double* a, const double* b, std::size_t n) { return std::inner_product(a, a + n, b, 0.0); }

void centre(Rows& rows) {
  Vector mean(rows.width, 0);
  for (std::size_t i = 0; i < rows.values.size(); ++i) mean[i % rows.width] += rows.values[i];
  for (double& m : mean) m /= double(std::max<std::size_t>(1, rows.size()));
  for (std::size_t i = 0; i < rows.values.size(); ++i) rows.values[i] -= mean[i % rows.width];
}

// v := X^T X v without the directions found before. Returns the norm, which converges to the eigenvalue.
double step(const Rows& rows, Vector& v, const std::vector<Vector>& found) {
  Vector next(rows.width, 0);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const double* row = rows.values.data() + r * rows.width;
    const double along = dot(row, v.data(), rows.width);
    for (std::size_t i = 0; i < rows.width; ++i) next[i] += along * row[i];
  }
  for (const Vector& other : found) {
    const double along = dot(next.data(), other.data(), rows.width);
    for (std::size_t i = 0; i < rows.width; ++i) next[i] -= along * other[i];
  }
  const double norm = std::sqrt(dot(next.data(), next.data(), rows.width));
  if (norm > 0)
    for (double& x : next) x /= norm;
  v = std::move(next);
  return norm;
}

std::vector<Vector> directions(const Rows& rows, double& variance, const std::atomic<bool>* cancel) {
  std::vector<Vector> found;
  for (int k = 0; k < 2; ++k) {
    Vector v(rows.width);
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = std::sin(double(i + 1) * (1.3 + k)) + 1e-3;  // anything fixed
    double value = step(rows, v, found);
    for (int i = 0; i < kMostSteps && !(cancel && *cancel); ++i) {
      const double before = std::exchange(value, step(rows, v, found));
      if (std::abs(value - before) <= 1e-10 * std::abs(value)) break;
    }
    const auto largest = std::max_element(v.begin(), v.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
    if (largest != v.end() && *largest < 0)
      for (double& x : v) x = -x;  // a sign of its own, whatever the order of sums
    variance += value;
    found.push_back(std::move(v));
  }
  return found;
}

const Blob::Tensor* matrixIn(const Blob* blob, const char* name) {
  const Blob::Tensor* found = blob ? blob->find(name) : nullptr;
  const bool good = found && found->shape.size() == 2 && found->size(1) > 0 && found->values.size() == std::size_t(found->size(0) * found->size(1));
  return good ? found : nullptr;
}

}  // namespace

KeyMap keyMap(const std::vector<std::pair<int, std::shared_ptr<const Blob>>>& keys, const std::shared_ptr<const Blob>& features,
              const std::atomic<bool>* cancel) {
  Rows rows;
  std::vector<std::pair<int, std::size_t>> blocks;  // task, keys
  for (const auto& [task, blob] : keys)
    if (const Blob::Tensor* found = matrixIn(blob.get(), "keys")) rows.width = std::size_t(found->size(1));
  for (const auto& [task, blob] : keys) {
    const Blob::Tensor* found = matrixIn(blob.get(), "keys");
    if (!found || std::size_t(found->size(1)) != rows.width) continue;
    blocks.emplace_back(task, std::size_t(found->size(0)));
    for (std::size_t r = 0; r < blocks.back().second; ++r) rows.addUnit(found->values.data() + r * rows.width);
  }
  KeyMap map;
  if (blocks.empty()) return map;
  const Blob::Tensor* queries = matrixIn(features.get(), "queries");
  const Blob::Tensor* labels = features ? features->find("label") : nullptr;
  if (queries && std::size_t(queries->size(1)) == rows.width) {
    const std::size_t n = std::size_t(queries->size(0)), every = std::max<std::size_t>(1, (n + kMostQueries - 1) / kMostQueries);
    for (std::size_t r = 0; r < n; r += every) {
      rows.addUnit(queries->values.data() + r * rows.width);
      map.labels.push_back(labels && r < labels->integers.size() ? int(labels->integers[r]) : -1);
    }
  }
  centre(rows);
  double variance = 0;
  const std::vector<Vector> axes = directions(rows, variance, cancel);
  if (cancel && *cancel) return {};
  const double all = dot(rows.values.data(), rows.values.data(), rows.values.size());
  map.explained = all > 0 ? std::min(1.0, variance / all) : 0;
  std::size_t at = 0;
  const auto place = [&] {
    const double* row = rows.values.data() + at++ * rows.width;
    return QPointF(dot(row, axes[0].data(), rows.width), dot(row, axes[1].data(), rows.width));
  };
  for (const auto& [task, count] : blocks) {
    map.tasks.push_back(task);
    auto& placed = map.keys.emplace_back();
    for (std::size_t r = 0; r < count; ++r) placed.push_back(place());
  }
  for (std::size_t i = 0; i < map.labels.size(); ++i) map.queries.push_back(place());
  return map;
}

std::vector<double> keyCosineTable(const Blob& keys) {
  const Blob::Tensor* found = matrixIn(&keys, "keys");
  if (!found) return {};
  Rows rows;
  rows.width = std::size_t(found->size(1));
  const auto count = std::size_t(found->size(0));
  for (std::size_t r = 0; r < count; ++r) rows.addUnit(found->values.data() + r * rows.width);
  std::vector<double> out(count * count, 1);
  std::vector<bool> zero;
  for (std::size_t r = 0; r < count; ++r) zero.push_back(std::all_of(rows.values.begin() + std::ptrdiff_t(r * rows.width), rows.values.begin() + std::ptrdiff_t((r + 1) * rows.width), [](double x) { return x == 0; }));
  for (std::size_t a = 0; a < count; ++a)
    for (std::size_t b = 0; b <= a; ++b) {
      const double* first = rows.values.data() + a * rows.width;
      const double* second = rows.values.data() + b * rows.width;
      out[a * count + b] = out[b * count + a] = zero[a] || zero[b] ? std::nan("") : a == b ? 1 : std::clamp(dot(first, second, rows.width), -1.0, 1.0);
    }
  return out;
}

}  // namespace palimpsest
