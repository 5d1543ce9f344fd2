// The painted part of the attribution.
#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/attribution_view.h"
#include "widgets/views/figure.h"

namespace palimpsest {

namespace {
constexpr double kLeft = 46, kRight = 14, kWidestBar = 110;
}

Waterfall::Waterfall(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("waterfall"));
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(240, 160);
}

void Waterfall::set(std::vector<Bar> bars, const QString& title, const QString& empty) {
  bars_ = std::move(bars);
  title_ = title;
  empty_ = empty;
  current_ = -1;
  low_ = 0;
  high_ = 10;
  QStringList parts;
  for (const Bar& bar : bars_) {
    for (const double end : {bar.from, bar.to})
      if (std::isfinite(end)) high_ = std::max(high_, end), low_ = std::min(low_, end);
    parts << tr("%1: %2").arg(bar.name, style::points(bar.whole ? bar.to : bar.to - bar.from));
  }
  high_ = std::ceil(high_ / 10) * 10;
  low_ = std::floor(low_ / 10) * 10;
  setAccessibleName(title_.isEmpty() ? tr("Forgetting by cause") : title_);
  setAccessibleDescription(bars_.empty() ? empty_ : parts.join(QStringLiteral(", ")));
  update();
}

QRectF Waterfall::field() const {
  const double line = fontMetrics().height();
  return QRectF(kLeft, line + 22, std::max(40.0, width() - kLeft - kRight), std::max(40.0, height() - 2 * line - 44));
}

double Waterfall::yOf(double percent) const {
  const QRectF area = field();
  return area.bottom() - area.height() * (percent - low_) / (high_ - low_);
}

QRectF Waterfall::barRect(int bar) const {
  if (bar < 0 || std::size_t(bar) >= bars_.size()) return {};
  const QRectF area = field();
  const double step = std::min(kWidestBar * 1.4, area.width() / double(bars_.size())), width = step * 0.68;
  const Bar& one = bars_[std::size_t(bar)];
  const double a = yOf(one.whole ? 0 : one.from), b = yOf(one.to);
  if (!std::isfinite(a) || !std::isfinite(b)) return QRectF(area.left() + (bar + 0.16) * step, area.bottom(), width, 0);
  return QRectF(area.left() + (bar + 0.16) * step, std::min(a, b), width, std::max(2.0, std::abs(b - a)));
}

void Waterfall::paintBar(QPainter& painter, int bar) const {
  const Bar& one = bars_[std::size_t(bar)];
  const QRectF rect = barRect(bar), area = field();
  const bool lost = one.to < one.from;
  const QColor colour = one.whole ? style::accent() : style::difference(lost ? 1 : -1, 1);
  painter.fillRect(rect, colour);
  const double step = rect.width() / 0.68, room = step - 4;
  painter.setPen(palette().color(QPalette::Text));
  const QString figure = one.whole ? style::percent(one.to) : (one.to > one.from ? QStringLiteral("+") : QString()) + style::points(one.to - one.from);
  const double line = fontMetrics().height();
  painter.drawText(QRectF(rect.center().x() - step / 2, rect.top() - line - 2, step, line), Qt::AlignCenter, figure);
  painter.setPen(style::axis());
  painter.drawText(QRectF(rect.center().x() - room / 2, area.bottom() + 6, room, line), Qt::AlignCenter, fontMetrics().elidedText(one.name, Qt::ElideRight, int(room)));
  if (std::size_t(bar) + 1 >= bars_.size() || !std::isfinite(one.to)) return;
  painter.setPen(QPen(style::axis(), 1, Qt::DotLine));
  const QRectF next = barRect(bar + 1);
  painter.drawLine(QPointF(rect.right(), yOf(one.to)), QPointF(next.left(), yOf(one.to)));
}

void Waterfall::paint(QPainter& painter, bool on_screen) const {
  painter.fillRect(rect(), style::plotBackground());
  painter.setFont(font());
  if (bars_.empty()) {
    painter.setPen(style::muted());
    painter.drawText(rect().adjusted(24, 20, -24, -20), Qt::AlignCenter | Qt::TextWordWrap, empty_);
  } else {
    QFont bold = font();
    bold.setBold(true);
    painter.setFont(bold);
    painter.setPen(palette().color(QPalette::Text));
    painter.drawText(QPointF(10, 6 + QFontMetricsF(bold).ascent()), QFontMetricsF(bold).elidedText(title_, Qt::ElideRight, width() - 20));
    painter.setFont(font());
    const QRectF area = field();
    const double step = high_ - low_ > 50 ? 20 : 10;
    for (double percent = low_; percent <= high_; percent += step) {
      const double y = yOf(percent);
      painter.setPen(percent == 0 ? style::axis() : style::grid());
      painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
      painter.setPen(style::axis());
      painter.drawText(QRectF(0, y - fontMetrics().height() / 2.0, kLeft - 6, fontMetrics().height()), Qt::AlignRight | Qt::AlignVCenter, QString::number(percent));
    }
    for (int bar = 0; std::size_t(bar) < bars_.size(); ++bar) paintBar(painter, bar);
    painter.setPen(QPen(palette().color(QPalette::Text), 2));
    if (on_screen && current_ >= 0) painter.drawRect(barRect(current_));
  }
  if (!on_screen || !hasFocus()) return;
  painter.setPen(style::accent());
  painter.drawRect(rect().adjusted(0, 0, -1, -1));
}

void Waterfall::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paint(painter, true);
}

int Waterfall::barAt(const QPoint& at) const {
  for (int bar = 0; std::size_t(bar) < bars_.size(); ++bar) {
    const QRectF rect = barRect(bar);
    if (at.x() >= rect.left() && at.x() <= rect.right() && at.y() > field().top() - 20) return bar;
  }
  return -1;
}

bool Waterfall::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  if (const int bar = barAt(help->pos()); bar >= 0) QToolTip::showText(help->globalPos(), bars_[std::size_t(bar)].tool_tip, this);
  else QToolTip::hideText();
  return true;
}

void Waterfall::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  update();
}

void Waterfall::mousePressEvent(QMouseEvent* event) {
  const int bar = barAt(event->pos());
  if (event->button() != Qt::LeftButton || bar < 0) return;
  current_ = bar;
  update();
  if (bars_[std::size_t(bar)].clickable) Q_EMIT chosen(bar, event->modifiers());
}

void Waterfall::keyPressEvent(QKeyEvent* event) {
  const int key = event->key(), by = key == Qt::Key_Left ? -1 : key == Qt::Key_Right ? 1 : 0;
  const bool go = key == Qt::Key_Return || key == Qt::Key_Enter || key == Qt::Key_Space;
  if (bars_.empty() || (by == 0 && !go)) return QWidget::keyPressEvent(event);
  current_ = std::clamp(current_ + by, 0, int(bars_.size()) - 1);
  setAccessibleDescription(bars_[std::size_t(current_)].tool_tip);
  update();
  if (go && bars_[std::size_t(current_)].clickable) Q_EMIT chosen(current_, event->modifiers());
}

std::optional<QString> Waterfall::exportImage(const QString& path) {
  return writeFigure(path, size(), title_, [this](QPaintDevice& device, bool) {
    QPainter painter(&device);
    painter.setRenderHint(QPainter::Antialiasing);
    paint(painter, false);
  });
}

}  // namespace palimpsest
