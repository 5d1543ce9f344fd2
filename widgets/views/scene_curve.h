// The accuracy of one run over tasks learned, large enough for the last row, with room for a guess: the audience draws the part
// that is not shown yet, then it is revealed. By mouse, or with the arrow keys.
#pragma once

#include <QPointer>
#include <QWidget>
#include <vector>

#include "widgets/models/run_data.h"

namespace palimpsest {

class SceneCurve : public QWidget {
  Q_OBJECT
 public:
  explicit SceneCurve(QWidget* parent = nullptr);
  void setRun(RunData* run);          // borrowed; its tasks so far are drawn
  void setPredicting(bool on);        // whether a guess may be drawn now; one that was drawn stays
  bool predicting() const { return predicting_; }
  void forgetGuess();
  // Percent by task (0, 1, ...); NaN where nothing was drawn.
  const std::vector<double>& guess() const { return guess_; }
  void setGuess(int task, double percent);  // ignored for tasks that are shown already or do not exist
  // Mean distance of the guess from what happened, in percentage points; NaN while there is nothing to compare.
  double meanGap() const;
  QPointF place(int task, double percent) const;  // in the widget, for tests
  QSize sizeHint() const override { return {900, 500}; }
  QSize minimumSizeHint() const override { return {260, 180}; }

 Q_SIGNALS:
  void guessed();

 protected:
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  int tasks() const;
  int shown() const;  // tasks whose accuracy is there
  double measured(int task) const;
  QRectF area() const;
  void drawTo(const QPointF& position);
  void drawAxes(QPainter& painter, const QRectF& area) const;
  void drawLine(QPainter& painter, const std::vector<double>& values, const QPen& pen, qreal marker) const;
  void drawNames(QPainter& painter, const QRectF& area) const;
  void refresh();
  QPointer<RunData> run_;
  std::vector<double> guess_;
  bool predicting_ = false;
  QPointF last_;     // of the stroke being drawn; its tasks in between are filled in
  bool stroke_ = false;
  int at_ = -1;      // task that the arrow keys are on
};

}  // namespace palimpsest
