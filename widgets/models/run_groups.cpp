#include "widgets/models/run_groups.h"

#include <QStringList>
#include <algorithm>
#include <functional>

#include "engine/metrics/transfer.h"
#include "engine/record/fairness.h"
#include "engine/record/run_settings.h"

namespace palimpsest {
namespace {

std::optional<double> percent(std::optional<double> fraction) { return fraction ? std::optional(100 * *fraction) : std::nullopt; }

using Reading = std::function<std::optional<double>(const RunFigures&)>;

Figure over(const RunGroup& group, const Reading& read) {
  Figure out;
  for (const std::size_t run : group.used) out.values.push_back(read(group.runs[run]));
  out.spread = spreadOf(out.values);
  return out;
}

// The mean of R[k][k] over complete runs of joint training on the same stream, for each task k.
std::vector<std::optional<double>> jointReferences(const std::vector<RunFigures>& runs, const RunFigures& run) {
  std::vector<std::optional<double>> references;
  for (int task = 0; task < run.tasks; ++task) {
    std::vector<std::optional<double>> values;
    for (const RunFigures& other : runs)
      if (other.complete && other.tasks == run.tasks && other.header && run.header && record::isJointReference(other.header->header, run.header->header))
        values.push_back(other.matrix.at(task, task));
    references.push_back(spreadOf(values).mean);
  }
  return references;
}

void measure(RunGroup& group, const std::vector<RunFigures>& runs) {
  for (std::size_t i = 0; i < group.runs.size(); ++i)
    if (group.runs[i].complete) group.used.push_back(i);
  group.complete = !group.used.empty();
  if (!group.complete)
    for (std::size_t i = 0; i < group.runs.size(); ++i) group.used.push_back(i);
  std::size_t stages = 0;
  for (const std::size_t run : group.used) stages = std::max(stages, group.runs[run].top1.size());
  for (std::size_t k = 0; k < stages; ++k)
    group.top1.push_back(over(group, [k](const RunFigures& r) { return k < r.top1.size() ? r.top1[k] : std::nullopt; }));
  group.last = over(group, [](const RunFigures& r) { return r.last; });
  group.average = over(group, [](const RunFigures& r) { return r.average; });
  group.forgetting = over(group, [](const RunFigures& r) { return r.forgetting; });
  group.seconds = over(group, [](const RunFigures& r) { return r.seconds; });
  group.intransigence = over(group, [&](const RunFigures& r) { return percent(intransigence(r.matrix, jointReferences(runs, r))); });
}

void makeNamesUnique(std::vector<RunGroup>& groups) {
  std::vector<std::string> names;
  std::vector<record::Settings> settings;
  for (const RunGroup& group : groups) {
    names.push_back(group.name.toStdString());
    const auto& header = group.runs.front().header;
    settings.push_back(header ? record::settingsOf(header->header) : record::Settings());
  }
  names = record::uniqueNames(std::move(names), record::alignSettings(settings));
  for (std::size_t g = 0; g < groups.size(); ++g) groups[g].name = QString::fromStdString(names[g]);
}

}  // namespace

RunFigures figuresOf(const RunData& run, std::shared_ptr<const KnownHeader> header) {
  const AccuracyMatrix& matrix = run.matrix();
  RunFigures out;
  out.id = run.id();
  out.title = run.title();
  out.colour_slot = run.colour_slot;
  out.seed = header ? header->header.seed : run.start().seed;
  out.tasks = run.start().tasks;
  const int stages = matrix.stages();
  for (int stage = 0; stage < stages; ++stage) out.top1.push_back(percent(matrix.top1(stage)));
  out.matrix = matrix;
  out.complete = run.state() == RunData::State::Done && out.tasks > 0 && stages >= out.tasks;
  out.last = percent(matrix.last());
  out.average = percent(matrix.average());
  out.forgetting = percent(matrix.forgetting());
  if (run.secondsRun() > 0) out.seconds = run.secondsRun();
  out.header = std::move(header);
  return out;
}

QStringList RunGroup::ids() const {
  QStringList out;
  for (const RunFigures& run : runs) out << run.id;
  return out;
}

std::vector<RunGroup> groupRuns(const std::vector<RunFigures>& runs) {
  std::vector<RunGroup> out;
  for (const RunFigures& run : runs) {
    const auto same = std::find_if(out.begin(), out.end(), [&](const RunGroup& group) {
      const auto& first = group.runs.front().header;
      return first && run.header && first->identity == run.header->identity;
    });
    if (same != out.end()) {
      same->runs.push_back(run);
      continue;
    }
    out.push_back({});
    out.back().name = run.title;
    out.back().runs.push_back(run);
  }
  for (RunGroup& group : out) measure(group, runs);
  makeNamesUnique(out);
  return out;
}

std::vector<std::optional<int>> ranksOf(const std::vector<RunGroup>& groups) {
  std::vector<std::optional<int>> out(groups.size());
  const auto counts = [](const RunGroup& group) { return group.complete && group.average.spread.mean; };
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (!counts(groups[g])) continue;
    out[g] = 1 + int(std::count_if(groups.begin(), groups.end(), [&](const RunGroup& other) {
               return counts(other) && *other.average.spread.mean > *groups[g].average.spread.mean;
             }));
  }
  return out;
}

}  // namespace palimpsest
