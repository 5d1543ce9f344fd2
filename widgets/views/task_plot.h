// Accuracy on each task of the run in focus, one curve a task, in task colours: where it was learned, where it fell.
#pragma once

#include <map>

#include "widgets/views/live_plot.h"

namespace palimpsest {

class TaskPlot final : public LivePlot {
  Q_OBJECT
 public:
  explicit TaskPlot(FrameClock& frames, QWidget* parent = nullptr);

 protected:
  Scene scene() const override;
  QString summary() const override;
  QString emptyText() const override;

 private:
  mutable std::map<int, Series> by_task_;  // of one frame
};

}  // namespace palimpsest
