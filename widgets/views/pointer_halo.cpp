#include "widgets/views/pointer_halo.h"

#include <QPainter>

#include "widgets/style/palette.h"

namespace palimpsest {

namespace {
constexpr int kRadius = 34;
}

PointerHalo::PointerHalo(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("pointer_halo"));
  setAttribute(Qt::WA_TransparentForMouseEvents);
  setAttribute(Qt::WA_NoSystemBackground);
  setFocusPolicy(Qt::NoFocus);
}

QRect PointerHalo::ring() const { return QRect(at_, QSize()).adjusted(-kRadius - 3, -kRadius - 3, kRadius + 3, kRadius + 3); }

void PointerHalo::moveTo(const QPoint& position) {
  update(ring());
  at_ = position;
  update(ring());
}

void PointerHalo::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  QColor light = style::warning();
  light.setAlphaF(0.22F);
  painter.setBrush(light);
  painter.setPen(QPen(style::warning(), 3));
  painter.drawEllipse(at_, kRadius, kRadius);
}

}  // namespace palimpsest
