// Where the points of a map lie, for picking: the nearest to the pointer, and those inside a lasso. Built once a map and a
// direction of view (a few milliseconds for 100,000 points), read from any thread.
#pragma once

#include <QLineF>
#include <QPointF>
#include <QPolygonF>
#include <QRectF>
#include <vector>

namespace palimpsest {

class PointGrid {
 public:
  PointGrid() = default;
  explicit PointGrid(std::vector<QPointF> points);  // in any unit; points that are not finite are never found

  const std::vector<QPointF>& points() const { return points_; }
  const QRectF& bounds() const { return bounds_; }  // of the finite points; null when there are none
  int nearest(const QPointF& at, double radius) const;     // index, the smaller one of two equally near; -1: none that near
  std::vector<int> inside(const QPolygonF& lasso) const;   // ascending; closed by itself, even-odd where it crosses itself
  std::vector<int> inside(const QRectF& rectangle) const;  // ascending, edges included

 private:
  int columnOf(double x) const;
  int rowOf(double y) const;
  std::vector<char> crossedCells(const std::vector<QLineF>& edges, int row) const;
  std::vector<QPointF> points_;
  QRectF bounds_;
  int side_ = 0;                // cells along each direction
  double cell_width_ = 1, cell_height_ = 1;
  std::vector<int> first_;      // [side * side + 1]: where a cell begins in `order_`
  std::vector<int> order_;      // points by cell, row by row
};

// Even-odd rule; a point on an edge belongs to one side of it, the same for everybody who asks.
bool isInside(const QPolygonF& polygon, const QPointF& point);

}  // namespace palimpsest
