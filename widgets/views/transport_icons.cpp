#include "widgets/views/transport_icons.h"

#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPainterPath>
#include <QPixmap>

#include "widgets/style/palette.h"

namespace palimpsest {

namespace {

// On a square of 16 units.
QPainterPath shape(Sign sign) {
  QPainterPath path;
  switch (sign) {
    case Sign::Run:
    case Sign::Resume: path.addPolygon(QPolygonF{{3.5, 2}, {13.5, 8}, {3.5, 14}, {3.5, 2}}); break;
    case Sign::Pause:
      path.addRect(3.5, 2.5, 3.2, 11);
      path.addRect(9.3, 2.5, 3.2, 11);
      break;
    case Sign::Step:
      path.addPolygon(QPolygonF{{3, 2.5}, {10, 8}, {3, 13.5}, {3, 2.5}});
      path.addRect(10.8, 2.5, 2.4, 11);
      break;
    case Sign::Stop: path.addRect(3, 3, 10, 10);
  }
  return path;
}

class SignEngine final : public QIconEngine {
 public:
  explicit SignEngine(Sign sign) : sign_(sign) {}
  QIconEngine* clone() const override { return new SignEngine(*this); }
  void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->translate(rect.topLeft());
    painter->scale(rect.width() / 16.0, rect.height() / 16.0);
    painter->fillPath(shape(sign_), colour(mode));
    painter->restore();
  }
  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
    QPixmap pixmap(size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    paint(&painter, QRect(QPoint(), size), mode, state);
    return pixmap;
  }

 private:
  QColor colour(QIcon::Mode mode) const {
    if (mode == QIcon::Disabled) return QGuiApplication::palette().color(QPalette::Disabled, QPalette::ButtonText);
    if (sign_ == Sign::Run || sign_ == Sign::Resume) return style::good();
    return sign_ == Sign::Stop ? style::error() : QGuiApplication::palette().color(QPalette::ButtonText);
  }
  Sign sign_;
};

}  // namespace

QIcon transportIcon(Sign sign) { return QIcon(new SignEngine(sign)); }

}  // namespace palimpsest
