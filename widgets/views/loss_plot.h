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
  void resizeEvent(QResizeEvent* event) override;

 private:
  struct Smooth {
    Series series;
    std::size_t size = 0;
    double beta = -1, last_x = 0;
    std::size_t resets = 0;
  };
  const Series& smooth(const RunData& run) const;
  RunListModel& runs_;
  mutable std::map<const RunData*, Smooth> smooth_;
  double beta_ = 0.9;
  QWidget* corner_ = nullptr;
  QSlider* slider_ = nullptr;
  QLabel* value_ = nullptr;
};

}  // namespace palimpsest
