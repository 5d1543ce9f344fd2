// What is around the curves of a plot: heading with legend, task bands behind, crosshair above, ticks.
#pragma once

#include <functional>

#include "widgets/views/live_curve.h"
#include "widgets/views/live_plot.h"
#include "widgets/views/qcp.h"

namespace palimpsest {

// Title, subtitle and legend, above the axes. Its height depends on names and width, never on data.
class PlotHeading final : public QCPLayoutElement {
 public:
  PlotHeading(QCustomPlot* plot, QString title);
  void set(const QString& subtitle, std::vector<const LiveCurve*> legend);
  int reserved() const { return reserved_; }
  void setReserved(int pixels) { reserved_ = pixels; }  // at the right, for the corner's buttons
  void update(UpdatePhase phase) override;

 protected:
  void draw(QCPPainter* painter) override;

 private:
  struct Entry {
    const LiveCurve* curve;
    QRectF rect;
  };
  std::vector<Entry> arranged(int width) const;
  int rows(int width) const;
  QString title_, subtitle_;
  std::vector<const LiveCurve*> legend_;
  int reserved_ = 0;
};

// Bands of the tasks with their names on top, seams as dotted lines, present values as bars at the right.
class PlotBands final : public QCPLayerable {
 public:
  explicit PlotBands(QCPAxisRect* rect);
  void set(const Scene& scene) { scene_ = &scene; }
  static int barsWidth(const Scene& scene);

 protected:
  void applyDefaultAntialiasingHint(QCPPainter*) const override {}
  void draw(QCPPainter* painter) override;

 private:
  void drawBand(QCPPainter* painter, const TaskBand& band) const;
  void drawBars(QCPPainter* painter) const;
  QCPAxisRect* rect_;
  const Scene* scene_ = nullptr;
};

// Crosshair, readings and the time cursor: on a layer with a buffer of its own, so that they cost no curve.
class PlotOverlay final : public QCPLayerable {
 public:
  PlotOverlay(QCPAxisRect* rect, QString unit);
  void set(const Scene& scene, std::vector<const LiveCurve*> curves);
  void setEmptyText(const QString& text) { empty_ = text; }
  void setHover(double x) { hover_ = x; }  // in x of the plot; NaN: none
  double hover() const { return hover_; }
  void setCursor(double x) { cursor_ = x; }
  void setFocused(bool focused) { focused_ = focused; }
  QStringList readings() const;  // "name value unit", as shown beside the crosshair; the place first

 protected:
  void applyDefaultAntialiasingHint(QCPPainter*) const override {}
  void draw(QCPPainter* painter) override;

 private:
  struct Row {
    const LiveCurve* curve;
    LiveCurve::Reading reading;
  };
  std::vector<Row> rows() const;
  QString place() const;
  QString figure(double y) const;
  void drawReadings(QCPPainter* painter, double x) const;
  QCPAxisRect* rect_;
  QString unit_, empty_;
  const Scene* scene_ = nullptr;
  std::vector<const LiveCurve*> curves_;
  double hover_, cursor_;
  bool focused_ = false;
};

// Short labels of constant width class: 1500, 12k, 2.5M.
class CompactTicker final : public QCPAxisTicker {
 public:
  void setWhole(bool whole) { whole_ = whole; }  // tasks: no tick between two of them, unless that close
  void setPlaces(std::vector<QString> places) { places_ = std::move(places); }  // names of 1, 2, ... instead of numbers

 protected:
  double getTickStep(const QCPRange& range) override;
  QString getTickLabel(double tick, const QLocale&, QChar, int) override;

 private:
  bool whole_ = false;
  std::vector<QString> places_;
};
class CompactLogTicker final : public QCPAxisTickerLog {
 protected:
  QString getTickLabel(double tick, const QLocale&, QChar, int) override;
};

}  // namespace palimpsest
