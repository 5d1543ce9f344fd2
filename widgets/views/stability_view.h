// The stability gap of the run in focus: accuracy on earlier tasks over the first steps after each task border, one curve a
// task, with min-ACC and worst-case accuracy.
#pragma once

#include "widgets/models/lab.h"
#include "widgets/models/stability.h"
#include "widgets/views/live_plot.h"

class QLabel;

namespace palimpsest {

class StabilityView final : public LivePlot {
  Q_OBJECT
 public:
  explicit StabilityView(Lab& lab, QWidget* parent = nullptr);
  QString figures() const;  // "min-ACC 41.2 %, WC-ACC 55.0 %"; empty where they are not defined

 protected:
  Scene scene() const override;
  QString summary() const override;
  QString emptyText() const override;

 private:
  void measure() const;  // anew where probes have come
  QLabel* figures_;
  mutable Stability stability_;
  mutable const RunData* measured_ = nullptr;
  mutable std::size_t probes_ = 0, bands_ = 0;
};

}  // namespace palimpsest
