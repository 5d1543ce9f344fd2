// The drawing surface of one plot: a QCustomPlot with its curves, decoration and view. Keeps a view that a person
// set; moves only one that follows.
#pragma once

#include <QObject>

#include "widgets/views/live_plot.h"

class QCPAxisTicker;
class QCustomPlot;

namespace palimpsest {

class LiveCurve;
class PlotBands;
class PlotHeading;
class PlotOverlay;

class PlotCanvas : public QObject {
  Q_OBJECT
 public:
  PlotCanvas(const QString& title, const QString& y_axis, const QString& unit, QWidget* parent);
  QCustomPlot& plot() const { return *plot_; }
  void set(Scene scene, const QString& empty_text);  // takes over what is to be seen; paints nothing
  const Scene& scene() const { return scene_; }
  const QString& xTitle() const { return x_title_; }
  const QString& yTitle() const { return scene_.y_title.isEmpty() ? y_title_ : scene_.y_title; }
  const std::vector<LiveCurve*>& curves() const { return curves_; }
  bool following() const { return follows_x_ && follows_y_; }
  void follow();
  QVariantMap view() const;  // "x" and "y": [low, high] of the axes that a person set
  void setView(const QVariantMap& view);  // axes without a good range follow
  void zoom(double factor);  // about the crosshair, or the middle
  void hover(double x);      // NaN: nothing; repaints the overlay only
  double hovered() const;
  QStringList readings() const;
  void setCursor(double x);  // shown at the next repaint
  void refreshOverlay();
  void setFocused(bool focused);
  void setReserved(int pixels);
  void restyle();  // colours, fonts and margins of the present theme
  void refit();    // margins and ticks for the present size
  // The whole figure without crosshair, as large as on the screen.
  std::optional<QString> write(const QString& path, const QString& title);
  QImage image() const;

 Q_SIGNALS:
  void aboutToPaint();  // also by QCustomPlot itself, when it is resized or dragged
  void touched();       // a person changed the view, or gave it back
  void pointed(double x);

 private:
  void applyView();
  void setScale();
  void syncCurves();
  void paintOn(QPaintDevice& device, bool vector) const;
  QCustomPlot* plot_;
  PlotHeading* heading_;
  PlotBands* bands_;
  PlotOverlay* overlay_;
  QString x_title_, y_title_;
  Scene scene_;
  std::vector<LiveCurve*> curves_;
  bool follows_x_ = true, follows_y_ = true, moving_ = false;
};

}  // namespace palimpsest
