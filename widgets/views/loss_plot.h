// Training loss: the raw trace at low opacity under its debiased average, which starts anew at each task.
#pragma once

#include <map>

#include "widgets/models/run_list.h"
#include "widgets/views/live_plot.h"

class QSlider;
class QLabel;

namespace palimpsest {

class LossPlot final : public LivePlot {
  Q_OBJECT
 public:
  LossPlot(RunListModel& runs, FrameClock& frames, QWidget* parent = nullptr);
  double smoothing() const { return beta_; }
  void setSmoothing(double beta);  // 0..0.99

 protected:
  Scene scene() const override;
  QString summary() const override;
  QString emptyText() const override;

 private:
  RunListModel& runs_;
  mutable std::map<const RunData*, Smoother> smoothers_;
  double beta_ = 0.9;
  QSlider* slider_ = nullptr;
  QLabel* value_ = nullptr;
};

}  // namespace palimpsest
