#include "widgets/models/point_grid.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace palimpsest {
namespace {

constexpr int kMostCells = 512;  // along a side

bool finite(const QPointF& p) { return std::isfinite(p.x()) && std::isfinite(p.y()); }

// Whether a ray from the point to the right crosses the edge from a to b.
bool crosses(const QPointF& a, const QPointF& b, const QPointF& p) {
  if ((a.y() > p.y()) == (b.y() > p.y())) return false;
  return p.x() < a.x() + (b.x() - a.x()) * (p.y() - a.y()) / (b.y() - a.y());
}

QPointF corner(const QPolygonF& polygon, int i) { return polygon[i % polygon.size()]; }

bool oddCrossings(const std::vector<QLineF>& edges, const QPointF& p) {
  bool odd = false;
  for (const QLineF& edge : edges) odd ^= crosses(edge.p1(), edge.p2(), p);
  return odd;
}

}  // namespace

bool isInside(const QPolygonF& polygon, const QPointF& point) {
  bool odd = false;
  for (int e = 0; e < polygon.size(); ++e) odd ^= crosses(corner(polygon, e), corner(polygon, e + 1), point);
  return odd;
}

PointGrid::PointGrid(std::vector<QPointF> points) : points_(std::move(points)) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double left = kInfinity, right = -kInfinity, top = kInfinity, bottom = -kInfinity;
  std::size_t count = 0;
  for (const QPointF& p : points_) {
    if (!finite(p)) continue;
    ++count;
    left = std::min(left, p.x());
    right = std::max(right, p.x());
    top = std::min(top, p.y());
    bottom = std::max(bottom, p.y());
  }
  if (count == 0) return;
  bounds_ = QRectF(QPointF(left, top), QPointF(right, bottom));
  side_ = std::clamp(int(std::sqrt(double(count) / 2)), 1, kMostCells);
  cell_width_ = std::max((right - left) / side_, 1e-300);
  cell_height_ = std::max((bottom - top) / side_, 1e-300);
  first_.assign(std::size_t(side_ * side_) + 1, 0);
  const auto cellOf = [&](const QPointF& p) { return std::size_t(rowOf(p.y()) * side_ + columnOf(p.x())); };
  for (const QPointF& p : points_)
    if (finite(p)) ++first_[cellOf(p) + 1];
  for (std::size_t c = 1; c < first_.size(); ++c) first_[c] += first_[c - 1];
  order_.resize(count);
  std::vector<int> next(first_.begin(), first_.end() - 1);
  for (std::size_t i = 0; i < points_.size(); ++i)
    if (finite(points_[i])) order_[std::size_t(next[cellOf(points_[i])]++)] = int(i);
}

int PointGrid::columnOf(double x) const { return int(std::clamp((x - bounds_.left()) / cell_width_, 0.0, double(side_ - 1))); }
int PointGrid::rowOf(double y) const { return int(std::clamp((y - bounds_.top()) / cell_height_, 0.0, double(side_ - 1))); }

int PointGrid::nearest(const QPointF& at, double radius) const {
  if (side_ == 0 || !finite(at) || !(radius >= 0)) return -1;
  if (at.x() < bounds_.left() - radius || at.x() > bounds_.right() + radius || at.y() < bounds_.top() - radius || at.y() > bounds_.bottom() + radius) return -1;
  int best = -1;
  double least = radius * radius;
  for (int row = rowOf(at.y() - radius); row <= rowOf(at.y() + radius); ++row)
    for (int column = columnOf(at.x() - radius); column <= columnOf(at.x() + radius); ++column) {
      // A cell that is farther away than the best so far has nothing to offer: this matters where thousands are in reach.
      const double dx = std::max({bounds_.left() + column * cell_width_ - at.x(), at.x() - bounds_.left() - (column + 1) * cell_width_, 0.0});
      const double dy = std::max({bounds_.top() + row * cell_height_ - at.y(), at.y() - bounds_.top() - (row + 1) * cell_height_, 0.0});
      if (dx * dx + dy * dy > least * (1 + 1e-9)) continue;
      const auto cell = std::size_t(row * side_ + column);
      for (int o = first_[cell]; o < first_[cell + 1]; ++o) {
        const int i = order_[std::size_t(o)];
        const QPointF off = points_[std::size_t(i)] - at;
        const double squared = QPointF::dotProduct(off, off);
        if (squared < least || (squared == least && (best < 0 || i < best))) {
          least = squared;
          best = i;
        }
      }
    }
  return best;
}

// Cells of a row that an edge may run through, by the edges that have part of them in the row's band.
std::vector<char> PointGrid::crossedCells(const std::vector<QLineF>& edges, int row) const {
  std::vector<char> crossed(std::size_t(side_), 0);
  const double low = bounds_.top() + row * cell_height_, high = low + cell_height_;
  for (const QLineF& edge : edges) {
    QPointF a = edge.p1(), b = edge.p2();
    if (a.y() > b.y()) std::swap(a, b);
    const auto xAt = [&](double y) { return b.y() > a.y() ? a.x() + (b.x() - a.x()) * (std::clamp(y, a.y(), b.y()) - a.y()) / (b.y() - a.y()) : a.x(); };
    double from = xAt(low), to = b.y() > a.y() ? xAt(high) : b.x();
    if (from > to) std::swap(from, to);
    // One cell more on both sides, so that rounding cannot pass one over.
    for (int c = std::max(0, columnOf(from) - 1); c <= std::min(side_ - 1, columnOf(to) + 1); ++c) crossed[std::size_t(c)] = 1;
  }
  return crossed;
}

std::vector<int> PointGrid::inside(const QPolygonF& lasso) const {
  std::vector<int> out;
  if (side_ == 0 || lasso.size() < 3) return out;
  std::vector<char> caught(points_.size(), 0);  // in place of sorting, which would cost more than all the rest
  std::vector<std::vector<QLineF>> edges;       // by row
  edges.resize(std::size_t(side_));
  for (int e = 0; e < lasso.size(); ++e) {
    const QLineF edge(corner(lasso, e), corner(lasso, e + 1));
    const int from = rowOf(std::min(edge.y1(), edge.y2())) - 1, to = rowOf(std::max(edge.y1(), edge.y2())) + 1;
    for (int row = std::max(0, from); row <= std::min(side_ - 1, to); ++row) edges[std::size_t(row)].push_back(edge);
  }
  for (int row = 0; row < side_; ++row) {
    const std::vector<QLineF>& near = edges[std::size_t(row)];
    if (near.empty()) continue;
    const std::vector<char> crossed = crossedCells(near, row);
    for (int column = 0; column < side_; ++column) {
      const auto cell = std::size_t(row * side_ + column);
      if (first_[cell] == first_[cell + 1]) continue;
      const bool each = crossed[std::size_t(column)] != 0;  // otherwise one point speaks for the whole cell
      const bool whole = !each && oddCrossings(near, points_[std::size_t(order_[std::size_t(first_[cell])])]);
      for (int o = first_[cell]; o < first_[cell + 1] && (each || whole); ++o) {
        const int i = order_[std::size_t(o)];
        if (whole || oddCrossings(near, points_[std::size_t(i)])) caught[std::size_t(i)] = 1;
      }
    }
  }
  for (std::size_t i = 0; i < caught.size(); ++i)
    if (caught[i] != 0) out.push_back(int(i));
  return out;
}

std::vector<int> PointGrid::inside(const QRectF& rectangle) const {
  std::vector<int> out;
  if (side_ == 0) return out;
  for (int row = rowOf(rectangle.top()); row <= rowOf(rectangle.bottom()); ++row)
    for (int column = columnOf(rectangle.left()); column <= columnOf(rectangle.right()); ++column) {
      const auto cell = std::size_t(row * side_ + column);
      for (int o = first_[cell]; o < first_[cell + 1]; ++o) {
        const QPointF& p = points_[std::size_t(order_[std::size_t(o)])];
        if (p.x() >= rectangle.left() && p.x() <= rectangle.right() && p.y() >= rectangle.top() && p.y() <= rectangle.bottom()) out.push_back(order_[std::size_t(o)]);
      }
    }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace palimpsest
