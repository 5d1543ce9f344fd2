// What every curve plot shares: task bands, seams, crosshair, zoom that data never touch, "Follow", legend, export.
// A subclass says what there is to see (scene()); it is asked once a frame, so nothing is borrowed for longer.
#pragma once

#include <QPen>
#include <QVariantMap>
#include <QWidget>
#include <memory>
#include <optional>
#include <vector>

#include "widgets/models/run_list.h"
#include "widgets/views/frame_clock.h"
#include "widgets/views/time_axis.h"

class QToolButton;

namespace palimpsest {

struct Curve {
  const Series* series = nullptr;
  QString name;             // legend, tooltip and CSV
  QPen pen;                 // Qt::NoPen: markers only
  int marker = -1;          // the run's marker (style/swatch.h) at each point; -1: none
  TimeAxis time;
  bool in_legend = true;    // false for the raw trace under a smoothed one
  bool marks_breaks = false;  // NaN leaves a red tick on the axis
  bool in_tasks = false;    // the series counts tasks learned, not steps
  const Series *low = nullptr, *high = nullptr;  // at the same x: a band around the curve, shaded in its colour
  std::vector<QString> notes;    // behind the value beside the crosshair, one for each point; may be empty
};

struct Bar {  // a present value, at the right of the curves and on their scale
  QString label;
  double value = 0;
  QColor colour;
};

struct Scene {
  std::vector<Curve> curves;
  std::vector<Bar> bars;
  QString subtitle;             // what is measured, on what; after the title
  std::vector<TaskBand> bands;  // of the run in focus, in steps
  std::vector<double> seams;    // steps
  TimeAxis time;                // of the run in focus
  int current_task = -1;
  double end = 0;               // the view that follows shows [0, end] in x
  double low = 0, high = 100;   // y of the view that follows
  bool logarithmic = false;     // y; low is above 0 then, and what is not is a break
  QString x_title, y_title;     // instead of time, and of the plot's own; x is no time then
  std::vector<QString> places;  // what x = 1, 2, ... are called; empty: x is a number
};

class PlotCanvas;

class LivePlot : public QWidget, public Framed {
  Q_OBJECT
 public:
  enum class Axis { Tasks, Steps };
  ~LivePlot() override;

  void markDirty();  // cheap; painted at the next frame if visible
  bool wantsFrame() const override;
  void paintFrame() override;

  void setRun(RunData* run);  // the run in focus: bands, seams, current task; nullptr: none
  RunData* run() const { return run_; }
  void setAxis(Axis axis);
  Axis axis() const { return axis_; }
  void setCursor(double step);  // the one time cursor, in steps of the run in focus; NaN hides it
  bool following() const;
  void follow();  // F, double-click and the pill
  // What went wrong, in words; nullopt when the file is there. Suffix .png (twice the size), .svg or .pdf.
  std::optional<QString> exportImage(const QString& path);
  std::optional<QString> exportCsv(const QString& path) const;
  QString csv() const;  // curve,step,tasks_learned,value: every point, full precision
  PlotCanvas& canvas() const { return *canvas_; }
  QVariantMap view() const;  // axis and zoom, to be kept for the next session
  void setView(const QVariantMap& view);  // what does not fit is ignored

 Q_SIGNALS:
  void hovered(double step);  // in steps of the run in focus; NaN when the pointer left
  void problem(const QString& message);

 protected:
  struct Labels {
    QString title, y_axis, unit;  // unit: after values in tooltips
  };
  LivePlot(Labels labels, FrameClock& frames, QWidget* parent);
  virtual Scene scene() const = 0;
  virtual QString summary() const = 0;  // one sentence for people who do not see the plot
  virtual QString emptyText() const = 0;  // instead of curves without points
  Scene focused() const;  // bands, seams, time and end of the run in focus; no curves
  double reach(const RunData& run) const;  // how far x goes for it, with room for the last marker
  void addToCorner(QWidget* widget);  // right of the title
  void offerOnlyTasks() { only_tasks_ = true; }  // curves that have no steps: the menu does not ask
  void watch(RunListModel& runs);     // for plots of every ticked run

  void changeEvent(QEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  void collect();  // asks scene() where something changed since; before anything of it is used
  void saveImage();
  void saveCsv();
  void copyImage();
  void copyLatex();
  void placeCorner();
  Labels labels_;
  FrameClock& frames_;
  QPointer<RunData> run_;
  PlotCanvas* canvas_;
  QWidget* corner_;
  QToolButton* pill_;
  Axis axis_ = Axis::Tasks;
  double cursor_;  // in steps; NaN: none
  bool dirty_ = true, only_tasks_ = false;
};

}  // namespace palimpsest
