#include "widgets/models/series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace palimpsest {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t blockSize(std::size_t level) { return std::size_t{4} << (2 * level); }

}  // namespace

void Series::Extent::include(const Extent& other) {
  min = std::min(min, other.min);
  max = std::max(max, other.max);
}

Series::Extent Series::extentOf(double y) { return std::isnan(y) ? Extent{kInfinity, -kInfinity} : Extent{y, y}; }

void Series::append(double x, double y) {
  if (std::isnan(x)) return;
  if (!x_.empty() && x <= x_.back()) cutFrom(x);
  if (!std::isfinite(y)) {
    y = kNaN;
    breaks_.push_back(x);
  }
  x_.push_back(x);
  y_.push_back(y);
  ++revision_;
  // A block is written when its last point arrives, so four blocks below are whole too: O(1) amortised.
  for (std::size_t level = 0; x_.size() % blockSize(level) == 0; ++level) {
    if (levels_.size() == level) levels_.emplace_back();
    const std::size_t end = x_.size(), begin = end - blockSize(level);
    Extent block = extentOf(kNaN);
    if (level == 0) {
      for (std::size_t i = begin; i < end; ++i) block.include(extentOf(y_[i]));
    } else {
      const auto& below = levels_[level - 1];
      for (std::size_t i = below.size() - 4; i < below.size(); ++i) block.include(below[i]);
    }
    levels_[level].push_back(block);
  }
}

std::size_t Series::firstAtOrAfter(double x) const {
  return static_cast<std::size_t>(std::lower_bound(x_.begin(), x_.end(), x) - x_.begin());
}

void Series::cutFrom(double x) { truncate(firstAtOrAfter(x)); }

void Series::truncate(std::size_t size) {
  if (size >= x_.size()) return;
  breaks_.erase(std::lower_bound(breaks_.begin(), breaks_.end(), x_[size]), breaks_.end());
  x_.resize(size);
  y_.resize(size);
  for (std::size_t level = 0; level < levels_.size(); ++level)
    levels_[level].resize(size / blockSize(level), extentOf(kNaN));
  ++revision_;
  ++rewrites_;
}

Series::Extent Series::extent(std::size_t begin, std::size_t end) const {
  Extent out = extentOf(kNaN);
  while (begin < end) {
    std::size_t level = 0;  // one more than the level of the largest block that starts here and fits
    while (level < levels_.size() && begin % blockSize(level) == 0 && begin + blockSize(level) <= end) ++level;
    if (level == 0) {
      out.include(extentOf(y_[begin++]));
    } else {
      out.include(levels_[level - 1][begin / blockSize(level - 1)]);
      begin += blockSize(level - 1);
    }
  }
  return out;
}

Column Series::column(std::size_t begin, std::size_t end) const {
  const Extent e = extent(begin, end);
  const bool any = e.min <= e.max;
  return {x_[begin], y_[begin], y_[end - 1], any ? e.min : kNaN, any ? e.max : kNaN};
}

std::vector<Column> Series::columns(double low, double high, int columns) const {
  std::vector<Column> out;
  if (columns <= 0 || !(low <= high)) return out;
  const double width = (high - low) / columns;
  const auto end = std::upper_bound(x_.begin(), x_.end(), high);
  auto here = std::lower_bound(x_.begin(), end, low);
  out.reserve(std::min<std::size_t>(static_cast<std::size_t>(columns), static_cast<std::size_t>(end - here)));
  while (here != end) {
    const double place = width > 0 ? std::floor((*here - low) / width) : columns;
    const double edge = place + 1 < columns ? low + (place + 1) * width : kInfinity;
    // Rounding can put the point itself on the edge: a column holds at least one.
    const auto next = std::max(here + 1, std::lower_bound(here, end, edge));
    out.push_back(column(static_cast<std::size_t>(here - x_.begin()), static_cast<std::size_t>(next - x_.begin())));
    here = next;
  }
  return out;
}

bool Series::range(double low, double high, double& min, double& max) const {
  const auto end = static_cast<std::size_t>(std::upper_bound(x_.begin(), x_.end(), high) - x_.begin());
  const Extent e = extent(firstAtOrAfter(low), end);
  if (e.min > e.max) return false;
  min = e.min;
  max = e.max;
  return true;
}

Series smoothed(const Series& raw, double beta, const std::vector<double>& resets) {
  Smoother smoother;
  return smoother.update(raw, beta, resets);
}

const Series& Smoother::update(const Series& raw, double beta, const std::vector<double>& resets) {
  beta = std::clamp(beta, 0.0, std::nextafter(1.0, 0.0));
  // A new boundary beyond the computed points changes none of them.
  const std::size_t passed = next_reset_;
  const bool same_past =
      resets.size() >= passed &&
      std::equal(resets_.begin(), resets_.begin() + static_cast<std::ptrdiff_t>(passed), resets.begin()) &&
      (out_.empty() || resets.size() == passed || resets[passed] > out_.x(out_.size() - 1));
  if (beta != beta_ || raw.rewrites() != rewrites_ || raw.size() < out_.size() || !same_past) {
    out_.clear();
    weight_ = mean_ = 0;
    next_reset_ = 0;
  }
  beta_ = beta;
  rewrites_ = raw.rewrites();
  resets_ = resets;
  extend(raw);
  return out_;
}

// y_n = y_{n-1} + (1 - b) / (1 - b^n) (x - y_{n-1}) is the same average, and exact for a constant whatever the
// rounding.
void Smoother::extend(const Series& raw) {
  for (std::size_t i = out_.size(); i < raw.size(); ++i) {
    const double x = raw.x(i), y = raw.y(i);
    for (; next_reset_ < resets_.size() && x >= resets_[next_reset_]; ++next_reset_) weight_ = 0;
    if (std::isnan(y)) {
      weight_ = 0;
    } else {
      weight_ = beta_ * weight_ + (1 - beta_);  // 1 - b^n
      mean_ = weight_ == 1 - beta_ ? y : mean_ + (1 - beta_) / weight_ * (y - mean_);
    }
    out_.append(x, std::isnan(y) ? kNaN : mean_);
  }
}

}  // namespace palimpsest
