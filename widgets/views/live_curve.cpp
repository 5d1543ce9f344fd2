#include "widgets/views/live_curve.h"

#include <algorithm>
#include <cmath>

#include "widgets/style/palette.h"
#include "widgets/style/swatch.h"

namespace palimpsest {

namespace {

constexpr std::size_t kEveryPointInVector = 20000;  // up to here an exported drawing holds every point
constexpr double kMarkerSize = 8;
constexpr double kNeighbours = 1.5;  // pixels between two columns that touch
constexpr std::size_t kMarkersAlways = 24;  // more than these need 24 pixels each
constexpr int kBreakTick = 7;
constexpr double kShade = 0.18;  // opacity of a band

void drawShape(QPainter& painter, int slot, const QPointF& at, double size) {
  painter.drawPath(style::marker(slot, size).translated(at));
}

}  // namespace

LiveCurve::LiveCurve(QCPAxis* x, QCPAxis* y) : QCPAbstractPlottable(x, y) { setSelectable(QCP::stNone); }

void LiveCurve::setCurve(const Curve& curve) {
  curve_ = curve;
  setName(curve.name);
  setPen(curve.pen);
}

QCPRange LiveCurve::getKeyRange(bool& found, QCP::SignDomain) const {
  found = curve_.series && curve_.series->size() > 0;
  if (!found) return {};
  return {curve_.time.x(curve_.series->x(0)), curve_.time.x(curve_.series->x(curve_.series->size() - 1))};
}

QCPRange LiveCurve::getValueRange(bool& found, QCP::SignDomain, const QCPRange&) const {
  double low = 0, high = 0;
  found = curve_.series && curve_.series->size() > 0 &&
          curve_.series->range(curve_.series->x(0), curve_.series->xs().back(), low, high);
  return {low, high};
}

LiveCurve::Span LiveCurve::visible() const {
  const std::vector<double>& xs = curve_.series->xs();
  const QCPRange range = keyAxis()->range();
  const double low = curve_.time.step(range.lower), high = curve_.time.step(range.upper);
  auto from = std::lower_bound(xs.begin(), xs.end(), low), to = std::upper_bound(from, xs.end(), high);
  if (from != xs.begin()) --from;
  if (to != xs.end()) ++to;
  return {std::size_t(from - xs.begin()), std::size_t(to - xs.begin())};
}

void LiveCurve::draw(QCPPainter* painter) {
  ++times_drawn_;
  if (!curve_.series || curve_.series->size() == 0) return;
  if (curve_.low && curve_.high) drawBand(painter);
  const Span span = visible();
  const std::size_t points = span.to - span.from;
  const bool whole = painter->modes().testFlag(QCPPainter::pmVectorized) && points < kEveryPointInVector;
  const std::size_t columns = std::size_t(std::max(1, keyAxis()->axisRect()->width()));
  if (curve_.pen.style() != Qt::NoPen) {
    if (whole || points <= 2 * columns) drawPoints(painter, span);
    else drawEnvelope(painter);
  }
  if (curve_.marker >= 0 && points <= std::max(kMarkersAlways, columns / 24)) drawMarkers(painter, span);
  if (curve_.marks_breaks) drawBreaks(painter);
}

// Few points: bands belong to curves over tasks. One point has an extent, too.
void LiveCurve::drawBand(QCPPainter* painter) {
  QColor shade = curve_.pen.color();
  shade.setAlphaF(kShade);
  QPolygonF upper, lower;
  const auto flush = [&] {
    painter->setPen(upper.size() == 1 ? QPen(shade, 6, Qt::SolidLine, Qt::FlatCap) : QPen(Qt::NoPen));
    painter->setBrush(shade);
    std::reverse(lower.begin(), lower.end());
    if (upper.size() == 1) painter->drawLine(upper.front(), lower.front());
    else if (upper.size() > 1) painter->drawPolygon(upper + lower);
    upper.clear();
    lower.clear();
  };
  applyDefaultAntialiasingHint(painter);
  for (std::size_t i = 0; i < std::min(curve_.low->size(), curve_.high->size()); ++i) {
    const double x = curve_.time.x(curve_.low->x(i)), low = curve_.low->y(i), high = curve_.high->y(i);
    if (!std::isfinite(low) || !std::isfinite(high)) {
      flush();
      continue;
    }
    upper << coordsToPixels(x, high);
    lower << coordsToPixels(x, low);
  }
  flush();
}

void LiveCurve::drawPoints(QCPPainter* painter, Span span) {
  applyDefaultAntialiasingHint(painter);
  painter->setPen(curve_.pen);
  painter->setBrush(Qt::NoBrush);
  QPolygonF line;
  const auto flush = [&] {
    if (line.size() > 1) painter->drawPolyline(line);
    else if (line.size() == 1 && curve_.marker < 0) painter->drawPoint(line.front());
    line.clear();
  };
  for (std::size_t i = span.from; i < span.to; ++i) {
    const double y = curve_.series->y(i);
    if (std::isfinite(y)) line << coordsToPixels(curve_.time.x(curve_.series->x(i)), y);
    else flush();
  }
  flush();
}

std::vector<Column> LiveCurve::drawnColumns(double low, double high, int pixels) const {
  std::vector<Column> out;
  if (!curve_.series) return out;
  for (const TimeAxis::Piece& piece : curve_.time.within(low, high)) {
    const int part = std::max(1, int(std::ceil((piece.x_to - piece.x_from) / (high - low) * pixels)));
    const double scale = (piece.x_to - piece.x_from) / (piece.step_to - piece.step_from);
    for (Column column : curve_.series->columns(piece.step_from, piece.step_to, part)) {
      column.x = piece.x_from + (column.x - piece.step_from) * scale;
      out.push_back(column);
    }
  }
  return out;
}

// A thin curve is its columns: bars from the lowest to the highest value, reaching back to where the last one ended.
// Bars, because a painter strokes long lines slowly once the screen has more than one pixel to the unit.
// A thick one, an average, is a line through the last values on top of that.
void LiveCurve::drawEnvelope(QCPPainter* painter) {
  const QCPRange range = keyAxis()->range();
  const bool thick = curve_.pen.widthF() > 1;
  std::vector<QRectF> bars;
  QPolygonF line;
  std::vector<QLineF> bridges;  // over columns without a point
  painter->setBrush(Qt::NoBrush);
  painter->setAntialiasing(thick);
  painter->setPen(curve_.pen);
  QPointF before;
  bool joined = false;
  const auto flush = [&] {
    if (thick && line.size() > 1) painter->drawPolyline(line);
    line.clear();
    joined = false;
  };
  for (const Column& column : drawnColumns(range.lower, range.upper, keyAxis()->axisRect()->width())) {
    if (!std::isfinite(column.min) || !std::isfinite(column.max)) {
      flush();
      continue;
    }
    const double x = keyAxis()->coordToPixel(column.x);
    double low = valueAxis()->coordToPixel(column.min), high = valueAxis()->coordToPixel(column.max);
    if (joined && x - before.x() > kNeighbours) bridges.emplace_back(before, QPointF(x, valueAxis()->coordToPixel(column.first)));
    else if (joined && !thick) low = std::max(low, before.y()), high = std::min(high, before.y());
    if (!thick || low - high > curve_.pen.widthF()) bars.emplace_back(x - 0.5, high - 0.5, 1, low - high + 1);
    joined = std::isfinite(column.last);
    if (joined) line << (before = QPointF(x, valueAxis()->coordToPixel(column.last)));
    else flush();
  }
  flush();
  painter->setAntialiasing(false);
  if (!thick) painter->drawLines(bridges.data(), int(bridges.size()));
  painter->setPen(Qt::NoPen);
  painter->setBrush(curve_.pen.color());
  painter->drawRects(bars.data(), int(bars.size()));
}

void LiveCurve::drawMarkers(QCPPainter* painter, Span span) {
  applyDefaultAntialiasingHint(painter);
  const double size = std::max(kMarkerSize, curve_.pen.widthF() * 3.2);
  painter->setPen(QPen(style::plotBackground(), 1));
  painter->setBrush(curve_.pen.color());
  // A marker on the frame (100 %, the last task) is shown whole.
  const QRectF inside = QRectF(clipRect()).adjusted(-1, -1, 1, 1);
  painter->setClipRect(inside.adjusted(-size, -size, size, size));
  for (std::size_t i = span.from; i < span.to; ++i) {
    const QPointF at = coordsToPixels(curve_.time.x(curve_.series->x(i)), curve_.series->y(i));
    if (std::isfinite(curve_.series->y(i)) && inside.contains(at)) drawShape(*painter, curve_.marker, at, size);
  }
}

void LiveCurve::drawBreaks(QCPPainter* painter) {
  painter->setAntialiasing(false);
  painter->setPen(QPen(style::error(), 2));
  const QRect rect = keyAxis()->axisRect()->rect();
  double last = -1e9;
  for (const double step : curve_.series->breaks()) {
    const double x = keyAxis()->coordToPixel(curve_.time.x(step));
    if (x < rect.left() || x > rect.right() || x - last < 1) continue;
    painter->drawLine(QPointF(x, rect.bottom()), QPointF(x, rect.bottom() - kBreakTick));
    last = x;
  }
}

std::optional<LiveCurve::Reading> LiveCurve::nearest(double x) const {
  if (!curve_.series || curve_.series->size() == 0) return std::nullopt;
  const std::vector<double>& xs = curve_.series->xs();
  const double slack = keyAxis()->range().size() * 0.02;
  if (x < curve_.time.x(xs.front()) - slack || x > curve_.time.x(xs.back()) + slack) return std::nullopt;
  const double step = curve_.time.step(x);
  std::size_t i = std::size_t(std::lower_bound(xs.begin(), xs.end(), step) - xs.begin());
  if (i == xs.size() || (i > 0 && step - xs[i - 1] < xs[i] - step)) --i;
  return Reading{xs[i], curve_.time.x(xs[i]), curve_.series->y(i), i < curve_.notes.size() ? curve_.notes[i] : QString()};
}

void LiveCurve::drawSample(QCPPainter* painter, const QRectF& rect) const {
  painter->setAntialiasing(true);
  if (curve_.pen.style() != Qt::NoPen) {
    painter->setPen(curve_.pen);
    painter->drawLine(QLineF(rect.left(), rect.center().y(), rect.right(), rect.center().y()));
  }
  if (curve_.marker < 0) return;
  painter->setPen(QPen(style::plotBackground(), 1));
  painter->setBrush(curve_.pen.color());
  drawShape(*painter, curve_.marker, rect.center(), kMarkerSize);
}

}  // namespace palimpsest
