// Forgetting by task: curves over time and, at the right on the same scale, a bar for each task's present value. With
// several ticked runs: the mean over tasks, one curve and one bar a run.
#pragma once

#include <map>

#include "widgets/models/run_list.h"
#include "widgets/views/live_plot.h"

namespace palimpsest {

class ForgettingPlot final : public LivePlot {
  Q_OBJECT
 public:
  ForgettingPlot(RunListModel& runs, FrameClock& frames, QWidget* parent = nullptr);

 protected:
  Scene scene() const override;
  QString summary() const override;
  QString emptyText() const override;

 private:
  bool compares() const;  // several runs: means
  void addTasks(Scene& scene) const;
  void addMeans(Scene& scene) const;
  RunListModel& runs_;
  mutable std::map<const RunData*, Series> means_;  // of one frame
  mutable std::map<int, Series> by_task_;
};

}  // namespace palimpsest
