// The spine of the window: the tasks of the run in focus as bands, planned ones hatched, with seams, evaluations and
// the one time cursor, which can be dragged. x is in tasks; the cursor speaks steps.
#pragma once

#include <QPointer>
#include <QWidget>

#include "widgets/models/run_data.h"
#include "widgets/views/time_axis.h"

namespace palimpsest {

class TimelineView : public QWidget {
  Q_OBJECT
 public:
  explicit TimelineView(QWidget* parent = nullptr);
  void setRun(RunData* run);
  RunData* run() const { return run_; }
  double cursor() const { return cursor_; }  // steps; NaN: none
  void setCursor(double step);               // does not emit
  void setTask(int task);                    // whose end the cursor stands at, where tasks take no steps
  QRectF bandRect(int task) const;
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 Q_SIGNALS:
  void cursorMoved(double step);   // NaN: released to "now" (Esc, double-click)
  void taskActivated(int task);    // clicked

 protected:
  bool event(QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  int tasks() const;
  QRectF track() const;
  double xOf(double step) const;
  double stepAt(double x) const;
  void moveCursor(double step);
  void paintBand(QPainter& painter, int task) const;
  void paintMarks(QPainter& painter) const;
  void refresh();
  QPointer<RunData> run_;
  TimeAxis time_;
  double cursor_;
  int task_ = -1;
};

}  // namespace palimpsest
