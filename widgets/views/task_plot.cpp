#include "widgets/views/task_plot.h"

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/run_curves.h"

namespace palimpsest {

TaskPlot::TaskPlot(FrameClock& frames, QWidget* parent)
    : LivePlot({tr("Accuracy by task"), tr("accuracy (%)"), QStringLiteral(" %")}, frames, parent) {
  setObjectName(QStringLiteral("taskPlot"));
}

Scene TaskPlot::scene() const {
  Scene scene = focused();
  if (!run()) return scene;
  scene.subtitle = tr("%1: each task's test images, since it was learned; thin: probes").arg(run()->title());
  const bool from_matrix = axis() == Axis::Tasks && !stepsTellTasksApart(*run());
  by_task_.clear();
  for (const TaskBand& band : run()->bands()) {
    const QColor colour = style::task(band.task, run()->start().tasks);
    if (!from_matrix && run()->taskProbed(band.task).size() > 0)
      scene.curves.push_back({&run()->taskProbed(band.task), tr("T%1 (probes)").arg(band.task + 1), QPen(colour, 1), -1, scene.time, false});
    Curve curve{&run()->taskAccuracy(band.task), tr("T%1").arg(band.task + 1), QPen(colour, band.task == scene.current_task ? 2.5 : 2), 0, scene.time};
    if (from_matrix) {
      curve.series = &(by_task_[band.task] = accuracyOfTask(*run(), band.task));
      curve.time = {};
      curve.in_tasks = true;
    }
    scene.curves.push_back(curve);
  }
  return scene;
}

QString TaskPlot::summary() const {
  if (!run() || run()->matrix().stages() == 0) return emptyText();
  QStringList parts;
  const int stage = run()->matrix().stages() - 1;
  for (int task = 0; task <= stage; ++task)
    if (const auto now = run()->matrix().at(stage, task)) parts << tr("task %1: %2").arg(task + 1).arg(style::percent(100 * *now));
  return tr("%1 after task %2: %3").arg(run()->title()).arg(stage + 1).arg(parts.join(QStringLiteral(", ")));
}

QString TaskPlot::emptyText() const {
  if (!run()) return tr("No run is in focus. Choose one in the list of runs.");
  return tr("One curve a task. The first comes when task 1 has been evaluated.");
}

}  // namespace palimpsest
