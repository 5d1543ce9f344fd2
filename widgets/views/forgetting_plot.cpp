#include "widgets/views/forgetting_plot.h"

#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/run_curves.h"

namespace palimpsest {

namespace {
constexpr double kSmallestScale = 10;  // points: noise of a few images must not look like a landslide
}

ForgettingPlot::ForgettingPlot(RunListModel& runs, FrameClock& frames, QWidget* parent)
    : LivePlot({tr("Forgetting"), tr("points lost"), tr(" points")}, frames, parent), runs_(runs) {
  setObjectName(QStringLiteral("forgettingPlot"));
  watch(runs);
}

bool ForgettingPlot::compares() const { return runs_.visibleRuns().size() > 1; }

void ForgettingPlot::addTasks(Scene& scene) const {
  scene.subtitle = tr("%1: best accuracy on a task so far, minus the present one; thin: probes").arg(run()->title());
  const bool from_matrix = axis() == Axis::Tasks && !stepsTellTasksApart(*run());
  by_task_.clear();
  for (const TaskBand& band : run()->bands()) {
    const QColor colour = style::task(band.task, run()->start().tasks);
    if (!from_matrix && run()->taskForgettingProbed(band.task).size() > 0)
      scene.curves.push_back({&run()->taskForgettingProbed(band.task), tr("T%1 (probes)").arg(band.task + 1), QPen(colour, 1), -1, scene.time, false});
    Curve curve{&run()->taskForgetting(band.task), tr("T%1").arg(band.task + 1), QPen(colour, 2), 0, scene.time};
    if (from_matrix) {
      curve.series = &(by_task_[band.task] = forgettingOfTask(*run(), band.task));
      curve.time = {};
      curve.in_tasks = true;
    }
    if (curve.series->size() == 0) continue;
    scene.bars.push_back({curve.name, curve.series->ys().back(), curve.pen.color()});
    scene.curves.push_back(curve);
  }
}

void ForgettingPlot::addMeans(Scene& scene) const {
  scene.subtitle = tr("mean over the tasks before the last");
  const std::vector<RunData*> runs = runs_.visibleRuns();
  const bool over_tasks = axis() == Axis::Tasks;
  means_.clear();
  for (const RunData* run : runs) {
    const Series& mean = means_[run] = meanForgetting(*run, over_tasks);
    Curve curve{&mean, nameOf(*run, runs), style::runPen(run->colour_slot, 2), run->colour_slot, TimeAxis()};
    curve.in_tasks = over_tasks;
    scene.curves.push_back(curve);
    if (mean.size() > 0) scene.bars.push_back({QString(), mean.ys().back(), style::run(run->colour_slot)});
    scene.end = std::max(scene.end, reach(*run));
  }
}

Scene ForgettingPlot::scene() const {
  Scene scene = focused();
  if (compares()) addMeans(scene);
  else if (run()) addTasks(scene);
  scene.low = 0;
  scene.high = kSmallestScale;
  for (const Curve& curve : scene.curves)
    for (const double y : curve.series->ys()) {
      scene.high = std::max(scene.high, std::ceil(y * 1.05 / 10) * 10);
      scene.low = std::min(scene.low, std::floor(y * 1.05 / 10) * 10);
    }
  return scene;
}

QString ForgettingPlot::summary() const {
  QStringList parts;
  std::vector<RunData*> runs = runs_.visibleRuns();
  if (runs.size() < 2 && run()) runs = {run()};
  for (const RunData* shown : runs)
    if (const auto mean = shown->matrix().forgetting())
      parts << tr("%1: %2 points on average after task %3").arg(shown->title(), style::points(100 * *mean)).arg(shown->matrix().stages());
  return parts.isEmpty() ? emptyText() : parts.join(QStringLiteral("; "));
}

QString ForgettingPlot::emptyText() const {
  if (!compares() && !run()) return tr("No run is in focus. Choose one in the list of runs.");
  return tr("Nothing can be forgotten before task 2. Then: the best accuracy on a task so far, minus the present one.");
}

}  // namespace palimpsest
