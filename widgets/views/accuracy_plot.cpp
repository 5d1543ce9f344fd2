#include "widgets/views/accuracy_plot.h"

#include <algorithm>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/run_curves.h"

namespace palimpsest {

AccuracyPlot::AccuracyPlot(RunListModel& runs, FrameClock& frames, QWidget* parent)
    : LivePlot({tr("Accuracy so far"), tr("accuracy (%)"), QStringLiteral(" %")}, frames, parent), runs_(runs) {
  setObjectName(QStringLiteral("accuracyPlot"));
  watch(runs);
}

Scene AccuracyPlot::scene() const {
  Scene scene = focused();
  scene.subtitle = tr("test images of all classes seen, after each task; thin: probes in between");
  const std::vector<RunData*> runs = runs_.visibleRuns();
  const bool over_tasks = axis() == Axis::Tasks;
  std::erase_if(by_task_, [&](const auto& entry) { return std::find(runs.begin(), runs.end(), entry.first) == runs.end(); });
  for (const RunData* run : runs) {
    const TimeAxis time = over_tasks ? TimeAxis::ofTasks(*run) : TimeAxis();
    const QString name = nameOf(*run, runs);
    if (run->probedSoFar().size() > 0)
      scene.curves.push_back({&run->probedSoFar(), tr("%1 (probes)").arg(name), QPen(style::run(run->colour_slot), 1), -1, time, false});
    Curve exact{&run->accuracySoFar(), name, style::runPen(run->colour_slot, 2), run->colour_slot, time};
    if (over_tasks) {
      exact.series = &(by_task_[run] = accuracyByTask(*run));
      exact.time = {};
      exact.in_tasks = true;
    }
    scene.curves.push_back(exact);
    scene.end = std::max(scene.end, reach(*run));
  }
  return scene;
}

QString AccuracyPlot::summary() const {
  QStringList parts;
  for (const RunData* run : runs_.visibleRuns())
    if (const auto last = run->matrix().last())
      parts << tr("%1: %2 after task %3 of %4").arg(run->title(), style::percent(100 * *last)).arg(run->matrix().stages()).arg(run->start().tasks);
  return parts.isEmpty() ? emptyText() : parts.join(QStringLiteral("; "));
}

QString AccuracyPlot::emptyText() const {
  if (runs_.visibleRuns().empty()) return tr("No run is shown. Start one, or tick one in the list of runs.");
  return tr("The first point comes when task 1 has been learned.");
}

}  // namespace palimpsest
