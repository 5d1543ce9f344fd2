#include "widgets/style/swatch.h"

#include <QPainter>
#include <QPixmapCache>
#include <cmath>
#include <numbers>

#include "widgets/style/palette.h"

namespace palimpsest::style {
namespace {

// A polygon of `corners`, the first at `turn` (in full turns, clockwise from the top); every other corner lies at
// `inner` times the radius when that is given, which makes stars and crosses.
QPainterPath polygon(int corners, double turn, qreal radius, double inner = 1) {
  QPainterPath path;
  const int points = inner < 1 ? 2 * corners : corners;
  for (int i = 0; i < points; ++i) {
    const double angle = 2 * std::numbers::pi * (turn + double(i) / points);
    const double r = i % 2 && inner < 1 ? radius * inner : radius;
    const QPointF at(r * std::sin(angle), -r * std::cos(angle));
    if (i == 0) path.moveTo(at);
    else path.lineTo(at);
  }
  path.closeSubpath();
  return path;
}

QPixmap drawn(int slot, int side, qreal ratio) {
  QPixmap pixmap(QSize(side, side) * ratio);
  pixmap.setDevicePixelRatio(ratio);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(runPen(slot, 2));
  painter.drawLine(QPointF(0, side / 2.0), QPointF(side, side / 2.0));
  painter.translate(side / 2.0, side / 2.0);
  painter.fillPath(marker(slot, side * 0.6), run(slot));
  return pixmap;
}

}  // namespace

QPainterPath marker(int slot, qreal size) {
  const qreal r = size / 2;
  QPainterPath path;
  switch (((slot % kRunSlots) + kRunSlots) % kRunSlots) {
    case 0:
      path.addEllipse(QPointF(0, 0), r, r);
      return path;
    case 1:
      path.addRect(-0.85 * r, -0.85 * r, 1.7 * r, 1.7 * r);
      return path;
    case 2:
      return polygon(3, 0, r);
    case 3:
      return polygon(4, 0, r);  // diamond
    case 4:
      return polygon(3, 0.5, r);  // triangle, point down
    case 5:
      return polygon(5, 0, r, 0.45);  // star
    case 6:
      return polygon(4, 0, r, 0.35);  // plus
    case 7:
      return polygon(4, 0.125, r, 0.35);  // cross
    case 8:
      return polygon(5, 0, r);
    default:
      return polygon(6, 0, r);
  }
}

QIcon swatch(int slot) {
  QIcon icon;
  for (const int ratio : {1, 2}) {
    const QString key = QStringLiteral("swatch-%1-%2-%3").arg(slot % kRunSlots).arg(int(current())).arg(ratio);
    QPixmap pixmap;
    if (!QPixmapCache::find(key, &pixmap)) {
      pixmap = drawn(slot, 16, ratio);
      QPixmapCache::insert(key, pixmap);
    }
    icon.addPixmap(pixmap);
  }
  return icon;
}

}  // namespace palimpsest::style
