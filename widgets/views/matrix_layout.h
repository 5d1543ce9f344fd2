// Where the cells of an accuracy matrix lie in a rectangle, and how large its figures can be. And the matrix as text.
#pragma once

#include <QFont>
#include <QPoint>
#include <QRectF>
#include <QSize>
#include <optional>

namespace palimpsest {

class MatrixLayout {
 public:
  MatrixLayout(const QSize& size, int tasks, const QFont& font);
  QRectF cell(int after, int on) const { return {left + on * side, top + after * side, side - gap, side - gap}; }
  QRectF grid() const { return {left, top, tasks * side - gap, tasks * side - gap}; }
  QRectF bar() const { return {left + tasks * side + 14, top, 10, tasks * side - gap}; }
  std::optional<QPoint> cellAt(const QPoint& position) const;  // x = on, y = after

  int tasks;
  double side = 1, left = 0, top = 0, gap = 1, axis_title_x = 0;
  QFont cell_font, label_font;
  bool shows_values = true, one_decimal = true;
};

}  // namespace palimpsest
