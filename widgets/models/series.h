// One curve: points in order of x, appended at the end or cut there, with a pyramid of minima and maxima (factor 4)
// so that drawing a million points costs as much as the plot has pixel columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace palimpsest {

struct Column {  // what one pixel column shows
  double x = 0;  // of its first point
  double first = 0, last = 0;  // NaN at a break
  double min = 0, max = 0;     // NaN when nothing is finite
};

class Series {
 public:
  void append(double x, double y);  // equal x replaces the last point, a lower x cuts; NaN and Inf break the line
  void cutFrom(double x);           // forgets points at or after x (a resumed run does them again)
  void truncate(std::size_t size);  // keeps the first `size` points
  void clear() { truncate(0); }
  std::size_t size() const { return x_.size(); }
  bool empty() const { return x_.empty(); }
  double x(std::size_t i) const { return x_[i]; }
  double y(std::size_t i) const { return y_[i]; }  // NaN for every non-finite value
  const std::vector<double>& xs() const { return x_; }
  const std::vector<double>& ys() const { return y_; }
  const std::vector<double>& breaks() const { return breaks_; }  // x of the non-finite points, ascending
  std::uint64_t revision() const { return revision_; }           // grows with every change
  std::uint64_t rewrites() const { return rewrites_; }           // grows when a known point is changed or forgotten
  std::size_t firstAtOrAfter(double x) const;                    // size() when there is none

  // First, min, max and last per column of [low, high] cut into `columns`, closed at both ends; empty columns are left
  // out. A one-sample spike is always in its column's range. O(columns * log).
  std::vector<Column> columns(double low, double high, int columns) const;
  // Smallest and largest finite y in [low, high]; false when there is none.
  bool range(double low, double high, double& min, double& max) const;

 private:
  struct Extent {  // of no finite point: min > max
    double min, max;
    void include(const Extent& other);
  };
  static Extent extentOf(double y);
  Extent extent(std::size_t begin, std::size_t end) const;
  Column column(std::size_t begin, std::size_t end) const;

  std::vector<double> x_, y_, breaks_;
  std::vector<std::vector<Extent>> levels_;  // level k: whole blocks of 4^(k+1) points; what is left over is read below
  std::uint64_t revision_ = 0, rewrites_ = 0;
};

// Debiased exponential average of the whole series, weight `beta` in [0, 1): s = b s + (1 - b) x, y = s / (1 - b^n).
// Starts anew at each of `resets` (task boundaries, ascending x) and after a break. Computed on all points, before any
// thinning. Constant in, constant out; later points never change earlier ones.
Series smoothed(const Series& raw, double beta, const std::vector<double>& resets);

// The same for a curve that grows: only new points are computed. One per curve and view; hand it the same curve.
class Smoother {
 public:
  const Series& update(const Series& raw, double beta, const std::vector<double>& resets);

 private:
  void extend(const Series& raw);
  Series out_;
  double beta_ = -1, weight_ = 0, mean_ = 0;
  std::vector<double> resets_;
  std::size_t next_reset_ = 0;
  std::uint64_t rewrites_ = 0;
};

}  // namespace palimpsest
