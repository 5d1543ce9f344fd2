#include "widgets/views/matrix_layout.h"

#include <QFontMetricsF>
#include <algorithm>
#include <cmath>

namespace palimpsest {

namespace {
constexpr double kSmallestFigure = 6.5;  // points; below this the colour alone speaks
constexpr double kBarRoom = 56;
}

MatrixLayout::MatrixLayout(const QSize& size, int tasks, const QFont& font) : tasks(std::max(1, tasks)), cell_font(font), label_font(font) {
  label_font.setPointSizeF(font.pointSizeF() * 0.88);
  const QFontMetricsF labels(label_font), title(font);
  const double row_labels = labels.horizontalAdvance(QStringLiteral("T%1").arg(tasks)) + 8, axis_title = labels.height() + 4;
  const double head = title.height() + 14, foot = 2 * labels.height() + 10;
  const double width = size.width() - 10 - axis_title - row_labels - kBarRoom, height = size.height() - head - foot;
  side = std::max(3.0, std::floor(std::min(width, height) / this->tasks));
  gap = side > 14 ? 1 : 0;
  axis_title_x = std::floor((size.width() - this->tasks * side - kBarRoom - axis_title - row_labels) / 2) + axis_title / 2;
  axis_title_x = std::max(axis_title_x, axis_title / 2 + 4);
  left = std::floor(axis_title_x + axis_title / 2 + row_labels);
  top = std::floor(head + std::max(0.0, (height - this->tasks * side) / 2));
  const auto fits = [&](const QString& text, double points) {
    cell_font.setPointSizeF(points);
    return QFontMetricsF(cell_font).horizontalAdvance(text) <= side - gap - 3 && QFontMetricsF(cell_font).height() <= side;
  };
  // One decimal while it can be read, then whole percents, then nothing.
  for (const bool decimal : {true, false})
    for (double points = font.pointSizeF() * 1.1; points >= kSmallestFigure; points -= 0.5)
      if (fits(decimal ? QStringLiteral("100.0") : QStringLiteral("100"), points)) {
        one_decimal = decimal;
        return;
      }
  shows_values = false;
}

std::optional<QPoint> MatrixLayout::cellAt(const QPoint& position) const {
  const int on = int(std::floor((position.x() - left) / side)), after = int(std::floor((position.y() - top) / side));
  if (on < 0 || after < 0 || on >= tasks || after >= tasks) return std::nullopt;
  return QPoint(on, after);
}

}  // namespace palimpsest
