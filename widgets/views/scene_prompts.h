// Which prompts the test images of each task were given, large: a row is a task, a cell the share of its images.
#pragma once

#include <QPointer>
#include <QWidget>
#include <vector>

#include "widgets/models/run_data.h"

namespace palimpsest {

class ScenePrompts : public QWidget {
  Q_OBJECT
 public:
  explicit ScenePrompts(QWidget* parent = nullptr);
  void setRun(RunData* run);
  // [task][prompt], 0..1: images of the task that were given the prompt, as evaluated last. Empty without prompts.
  static std::vector<std::vector<double>> shares(const RunData& run);
  QSize sizeHint() const override { return {900, 500}; }
  QSize minimumSizeHint() const override { return {260, 180}; }

 protected:
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  void refresh();
  void drawCell(QPainter& painter, const QRectF& cell, double share) const;
  QPointer<RunData> run_;
  std::vector<std::vector<double>> shares_;
};

}  // namespace palimpsest
