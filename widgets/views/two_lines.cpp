#include "widgets/views/two_lines.h"

#include <QFontMetricsF>
#include <QPainter>

namespace palimpsest {

namespace {

constexpr int kAir = 10;  // above and below, together

QFont smaller(const QFont& font) {
  QFont small = font;
  small.setPointSizeF(font.pointSizeF() * 0.88);
  return small;
}

}  // namespace

void drawTwoLines(QPainter& painter, const QRectF& area, const QFont& font, const LineOfText& upper,
                  const LineOfText& lower) {
  const QFont small = smaller(font);
  const QFontMetricsF first(font), second(small);
  const double top = area.center().y() - (first.height() + second.height()) / 2;
  painter.setFont(font);
  painter.setPen(upper.colour);
  painter.drawText(QPointF(area.left(), top + first.ascent()),
                   first.elidedText(upper.text, Qt::ElideRight, area.width()));
  painter.setFont(small);
  painter.setPen(lower.colour);
  painter.drawText(QPointF(area.left(), top + first.height() + second.ascent()),
                   second.elidedText(lower.text, Qt::ElideRight, area.width()));
}

int heightOfTwoLines(const QFont& font) {
  return QFontMetrics(font).height() + QFontMetrics(smaller(font)).height() + kAir;
}

}  // namespace palimpsest
