// One curve of a plot. Draws every point while they are few; a million of them as the lowest, highest and last value of
// each pixel column, so that no spike is ever lost and the cost is that of the plot's width.
#pragma once

#include <optional>

#include "widgets/views/live_plot.h"
#include "widgets/views/qcp.h"

namespace palimpsest {

class LiveCurve final : public QCPAbstractPlottable {
 public:
  struct Reading {
    double step = 0, x = 0, y = 0;
    QString note;
  };
  LiveCurve(QCPAxis* x, QCPAxis* y);
  void setCurve(const Curve& curve);
  const Curve& curve() const { return curve_; }
  // The measured point nearest to x, while x lies within the curve's extent.
  std::optional<Reading> nearest(double x) const;
  // What is drawn of [low, high] (in x) on `pixels` columns when there are more points than pixels; x in plot units.
  std::vector<Column> drawnColumns(double low, double high, int pixels) const;
  int timesDrawn() const { return times_drawn_; }
  void drawSample(QCPPainter* painter, const QRectF& rect) const;  // for legends

  double selectTest(const QPointF&, bool, QVariant* = nullptr) const override { return -1; }
  QCPRange getKeyRange(bool& found, QCP::SignDomain domain = QCP::sdBoth) const override;
  QCPRange getValueRange(bool& found, QCP::SignDomain domain = QCP::sdBoth, const QCPRange& keys = QCPRange()) const override;

 protected:
  void draw(QCPPainter* painter) override;
  void drawLegendIcon(QCPPainter* painter, const QRectF& rect) const override { drawSample(painter, rect); }

 private:
  struct Span {
    std::size_t from = 0, to = 0;
  };
  Span visible() const;  // points in view and one more on each side
  void drawBand(QCPPainter* painter);
  void drawPoints(QCPPainter* painter, Span span);
  void drawEnvelope(QCPPainter* painter);
  void drawMarkers(QCPPainter* painter, Span span);
  void drawBreaks(QCPPainter* painter);
  Curve curve_;
  int times_drawn_ = 0;
};

}  // namespace palimpsest
