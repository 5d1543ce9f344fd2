// The stability gap: how accuracy on earlier tasks falls right after a task border and comes back. De Lange, van de Ven and
// Tuytelaars, "Continual evaluation for lifelong learning: identifying the stability gap", ICLR 2023. Read off the probes
// of a run. Percent.
#pragma once

#include <optional>
#include <vector>

#include "widgets/models/run_data.h"

namespace palimpsest {

struct BorderCurve {
  int task = 0;            // the task that began at the border
  Series earlier;          // x: steps since the border; y: accuracy on the probe images of all earlier tasks, pooled
  double before = 0;       // the same just before the border; NaN where it was not probed
  double lowest = 0;       // of the first `dense` steps, or of all probes where none are dense
  int dense = 0;           // consecutive steps from the border on that were probed one by one
};

struct Stability {
  std::vector<BorderCurve> curves;  // by task, those with probes
  int dense = 0;                    // the most of any curve
  // min-ACC: mean over the tasks before the last of the lowest accuracy since they were learned. WC-ACC, worst-case
  // accuracy: accuracy on the last task / k + (1 - 1/k) min-ACC, k tasks. On probe images.
  std::optional<double> min_acc, wc_acc;
  int tasks = 0;  // k
};

Stability stabilityOf(const std::vector<Probed>& probes, const std::vector<TaskBand>& bands);

}  // namespace palimpsest
