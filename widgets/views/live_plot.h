// What every curve plot shares: task bands, seams, crosshair, zoom that data never touch, "Follow", legend, export.
// A subclass says what there is to see (scene()); it is asked once a frame, so nothing is borrowed for longer.
#pragma once

#include <QPen>
#include <QWidget>
#include <memory>
#include <optional>
#include <vector>

#include "widgets/models/run_data.h"
#include "widgets/views/frame_clock.h"
#include "widgets/views/time_axis.h"

class QCustomPlot;
class QToolButton;

namespace palimpsest {

struct Curve {
  const Series* series = nullptr;
  QString name;             // legend, tooltip and CSV
  QPen pen;                 // Qt::NoPen: markers only
  int marker = -1;          // shape at each point, 0..5; -1: none
  TimeAxis time;
  bool in_legend = true;    // false for the raw trace under a smoothed one
  bool marks_breaks = false;  // NaN leaves a red tick on the axis
};

struct Scene {
  std::vector<Curve> curves;
  std::vector<TaskBand> bands;  // of the run in focus, in steps
  std::vector<double> seams;    // steps
  TimeAxis time;                // of the run in focus
  int current_task = -1;
  double end = 0;               // the view that follows shows [0, end] in x
  double low = 0, high = 100;   // y of the view that follows
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
  QString csv() const;  // curve,step,value: every point, full precision
  QCustomPlot* canvas() const;

 Q_SIGNALS:
  void hovered(double step);  // in steps of the run in focus; NaN when the pointer left
  void problem(const QString& message);

 protected:
  struct Labels {
    QString title, subtitle, unit, empty;
  };
  LivePlot(Labels labels, FrameClock& frames, QWidget* parent);
  virtual Scene scene() const = 0;
  virtual QString summary() const = 0;  // one sentence for people who do not see the plot
  virtual void runReplaced() {}
  Scene focused() const;  // bands, seams, time and end of the run in focus; no curves
  void setTitle(const QString& title, const QString& subtitle);
  void resetViewOnNextFrame();

  bool event(QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

  std::unique_ptr<PlotCanvas> canvas_;

 private:
  void saveImage();
  void saveCsv();
  Labels labels_;
  FrameClock& frames_;
  QPointer<RunData> run_;
  QToolButton* pill_ = nullptr;
  Axis axis_ = Axis::Tasks;
  bool dirty_ = true;
};

}  // namespace palimpsest
