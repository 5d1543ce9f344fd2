// Accuracy so far of every ticked run: exact points at task ends, the live probed curve thinner between them.
#pragma once

#include <map>

#include "widgets/models/run_list.h"
#include "widgets/views/live_plot.h"

namespace palimpsest {

class AccuracyPlot final : public LivePlot {
  Q_OBJECT
 public:
  AccuracyPlot(RunListModel& runs, FrameClock& frames, QWidget* parent = nullptr);

 protected:
  Scene scene() const override;
  QString summary() const override;
  QString emptyText() const override;

 private:
  RunListModel& runs_;
  mutable std::map<const RunData*, Series> by_task_;  // of one frame
};

}  // namespace palimpsest
