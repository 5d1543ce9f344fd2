// How the pipeline looks: cards of stages, their places, arrows between them.
#include <QPainter>
#include <QPainterPath>

#include "widgets/style/palette.h"
#include "widgets/views/pipeline_view.h"

namespace palimpsest {
namespace {

using Lamp = PipelinePlace::Lamp;

// The stage's state is that of what stands in it; a word, so that it is not colour alone.
std::pair<QString, QColor> wordOf(const PipelineStage& stage) {
  for (const PipelinePlace& place : stage.places) switch (place.lamp) {
      case Lamp::None: break;
      case Lamp::Pending: return {PipelineView::tr("pending"), style::muted()};
      case Lamp::Running: return {PipelineView::tr("running"), style::accent()};
      case Lamp::Done: return {PipelineView::tr("done"), style::good()};
      case Lamp::Failed: return {PipelineView::tr("ended early"), style::error()};
    }
  return {};
}

}  // namespace

void PipelineView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paint(painter, width(), true);
}

void PipelineView::paint(QPainter& painter, double width, bool on_screen) const {
  painter.setRenderHint(QPainter::Antialiasing);
  const PipelineLayout layout = layoutFor(width);
  painter.fillRect(QRectF(0, 0, width, std::max<double>(layout.height(), on_screen ? height() : 0)), style::plotBackground());
  if (model_.stages().empty()) {
    painter.setFont(font());
    painter.setPen(style::muted());
    painter.drawText(QRectF(rect()).adjusted(20, 20, -20, -20), Qt::AlignCenter | Qt::TextWordWrap,
                     tr("No recipe yet. Take a preset or open a file: its parts appear here as a chain that can be changed."));
    return;
  }
  QFont bold = font();
  bold.setBold(true);
  for (std::size_t i = 0; i < layout.cards().size(); ++i) {
    const auto& card = layout.cards()[i];
    const PipelineStage& stage = model_.stages()[i];
    painter.setPen(QPen(style::grid(), 1));
    painter.setBrush(style::band(true));
    painter.drawRoundedRect(card.rect.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
    const auto [word, colour] = wordOf(stage);
    const QRectF line = card.header.adjusted(10, 0, -10, 0);
    painter.setFont(PipelineLayout::small(font()));
    painter.setPen(colour.isValid() ? colour : style::muted());
    painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, word);
    const double taken = word.isEmpty() ? 0 : QFontMetricsF(painter.font()).horizontalAdvance(word) + 8;
    painter.setFont(bold);
    painter.setPen(palette().color(QPalette::Text));
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, QFontMetricsF(bold).elidedText(stage.title, Qt::ElideRight, line.width() - taken));
    for (std::size_t k = 0; k < card.places.size(); ++k) paintPlace(painter, card.places[k], stage.places[k], on_screen);
    if (stage.places.empty()) {
      painter.setFont(PipelineLayout::small(font()));
      painter.setPen(style::muted());
      painter.drawText(card.rect.adjusted(10, 0, -10, -6), Qt::AlignLeft | Qt::AlignBottom, tr("no part of the catalogue"));
    }
    if (i > 0) paintArrow(painter, layout, i);
  }
}

// From the card before: a chevron in the gap, or above the first card of a row.
void PipelineView::paintArrow(QPainter& painter, const PipelineLayout& layout, std::size_t card) const {
  const auto& to = layout.cards()[card];
  const QPointF tip = to.begins_row ? QPointF(to.rect.left() + 16, to.rect.top() - 4) : QPointF(to.rect.left() - 4, to.header.center().y());
  QPainterPath path;
  if (to.begins_row) {
    path.moveTo(tip + QPointF(-5, -6));
    path.lineTo(tip);
    path.lineTo(tip + QPointF(5, -6));
  } else {
    path.moveTo(tip + QPointF(-6, -5));
    path.lineTo(tip);
    path.lineTo(tip + QPointF(-6, 5));
  }
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(style::axis(), 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
  painter.drawPath(path);
}

void PipelineView::paintPlace(QPainter& painter, const QRectF& rect, const PipelinePlace& place, bool on_screen) const {
  const bool selected = on_screen && place.path == selected_, target = on_screen && !hovered_.isEmpty() && place.path == hovered_;
  QPen frame(place.error ? style::error() : place.vacant ? style::muted() : style::axis(), place.error ? 1.6 : 1, place.vacant ? Qt::DashLine : Qt::SolidLine);
  if (selected) frame = QPen(style::accent(), hasFocus() ? 2.5 : 1.8);
  if (target) frame = QPen(refusing_ ? style::error() : style::good(), 2.5);
  painter.setPen(frame);
  painter.setBrush(place.vacant ? QBrush(Qt::NoBrush) : QBrush(style::plotBackground()));
  painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 4, 4);
  const QFont little = PipelineLayout::small(font());
  const QFontMetricsF large(font()), metrics(little);
  QRectF line = rect.adjusted(8, 4, -8, 0);
  line.setHeight(large.height() + 2);
  if (place.changed) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(style::accent());
    painter.drawEllipse(QPointF(line.right() - 3, line.center().y()), 3, 3);
    line.setRight(line.right() - 12);
  }
  painter.setBrush(Qt::NoBrush);
  painter.setFont(font());
  if (!place.issue.isEmpty()) {
    painter.setPen(place.error ? style::error() : style::warning());
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, QStringLiteral("!"));
    line.setLeft(line.left() + 10);
  }
  if (place.vacant) {
    painter.setPen(style::muted());
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, large.elidedText(tr("+ %1").arg(place.role), Qt::ElideRight, line.width()));
    return;
  }
  const double wanted = large.horizontalAdvance(place.title) + 10;
  const QString role = metrics.elidedText(place.role, Qt::ElideRight, std::max(line.width() - wanted, line.width() * 0.3));
  const double taken = metrics.horizontalAdvance(role) + 8;
  painter.setPen(palette().color(QPalette::Text));
  painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, large.elidedText(place.title, Qt::ElideRight, line.width() - taken));
  painter.setFont(little);
  painter.setPen(style::muted());
  painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, role);
  if (place.settings.isEmpty()) return;
  const QRectF below(rect.left() + 8, line.bottom(), rect.width() - 16, metrics.height());
  painter.drawText(below, Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(place.settings.join(QStringLiteral(", ")), Qt::ElideRight, below.width()));
}

}  // namespace palimpsest
