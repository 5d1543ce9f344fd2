#include "widgets/views/run_curves.h"

#include <algorithm>

namespace palimpsest {

bool stepsTellTasksApart(const RunData& run) {
  return std::all_of(run.bands().begin(), run.bands().end(), [](const TaskBand& band) { return !band.ended || band.to > band.from; });
}

Series accuracyByTask(const RunData& run) {
  Series out;
  for (int stage = 0; stage < run.matrix().stages(); ++stage)
    if (const auto top1 = run.matrix().top1(stage)) out.append(stage + 1, 100 * *top1);
  return out;
}

Series accuracyOfTask(const RunData& run, int task) {
  Series out;
  for (int stage = task; stage < run.matrix().tasks(); ++stage)
    if (const auto accuracy = run.matrix().at(stage, task)) out.append(stage + 1, 100 * *accuracy);
  return out;
}

Series forgettingOfTask(const RunData& run, int task) {
  Series out;
  double best = 0;
  for (int stage = task; stage < run.matrix().tasks(); ++stage) {
    const auto accuracy = run.matrix().at(stage, task);
    if (!accuracy) continue;
    best = std::max(best, 100 * *accuracy);
    out.append(stage + 1, best - 100 * *accuracy);
  }
  return out;
}

Series meanForgetting(const RunData& run, bool over_tasks) {
  Series out;
  for (int stage = 1; stage < run.matrix().stages(); ++stage) {
    const auto forgetting = run.matrix().forgetting(stage);
    if (!forgetting) continue;
    if (over_tasks) out.append(stage + 1, 100 * *forgetting);
    else if (std::size_t(stage) < run.bands().size()) out.append(run.bands()[std::size_t(stage)].to, 100 * *forgetting);
  }
  return out;
}

QString nameOf(const RunData& run, const std::vector<RunData*>& among) {
  const QString title = run.title();
  const auto same = std::count_if(among.begin(), among.end(), [&](const RunData* other) { return other->title() == title; });
  return same > 1 && title != run.id() ? QStringLiteral("%1 (%2)").arg(title, run.id()) : title;
}

}  // namespace palimpsest
