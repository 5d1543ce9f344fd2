#include "widgets/models/costs.h"

#include <QCoreApplication>
#include <algorithm>
#include <numeric>

#include "widgets/style/format.h"

namespace palimpsest {

namespace {
struct Costs {
  Q_DECLARE_TR_FUNCTIONS(Costs)
};

// The newest measurement of that name; nullptr: none.
const Measured* newest(const RunData& run, const char* name) {
  const Measured* found = nullptr;
  for (const Measured& one : run.measured())
    if (one.name == name && (!found || one.task >= found->task)) found = &one;
  return found;
}

double sum(const Measured& one) { return std::accumulate(one.values.begin(), one.values.end(), 0.0); }
}  // namespace

QString costName(Cost cost) {
  switch (cost) {
    case Cost::StoredBytes: return Costs::tr("stored (bytes)");
    case Cost::TrainableParameters: return Costs::tr("trained parameters");
    case Cost::SecondsPerTask: return Costs::tr("seconds per task");
    case Cost::ImagesKept: return Costs::tr("images kept for replay");
    case Cost::TestMacs: return Costs::tr("GMAC per test image");
  }
  return {};
}

QString costDefinition(Cost cost) {
  switch (cost) {
    case Cost::StoredBytes: return Costs::tr("All that is saved of the method after the last task, without the frozen backbone: prompts, heads, statistics, exemplars");
    case Cost::TrainableParameters: return Costs::tr("Parameters that were trained, as results.json says when the run has ended");
    case Cost::SecondsPerTask: return Costs::tr("Mean wall-clock time of training and evaluating a task; depends on the machine");
    case Cost::ImagesKept: return Costs::tr("Training images of earlier tasks that are held after the last task");
    case Cost::TestMacs: return Costs::tr("Multiply-accumulate operations to classify one test image, all passes through the network, in billions");
  }
  return {};
}

QString costText(Cost cost, double value) {
  if (!std::isfinite(value)) return Costs::tr("not measured");
  switch (cost) {
    case Cost::StoredBytes: return style::bytes(std::int64_t(value));
    case Cost::TrainableParameters: return Costs::tr("%1 parameters").arg(style::integer(std::int64_t(value)));
    case Cost::SecondsPerTask: return Costs::tr("%1 s per task").arg(style::points(value));
    case Cost::ImagesKept: return Costs::tr("%1 images kept").arg(style::integer(std::int64_t(value)));
    case Cost::TestMacs: return Costs::tr("%1 GMAC per image").arg(style::number(value));
  }
  return {};
}

double costOf(const RunData& run, Cost cost, const RunResults& results) {
  const Measured* bytes = newest(run, "stored-bytes");
  switch (cost) {
    case Cost::StoredBytes: return bytes ? sum(*bytes) : results.stored_bytes;
    case Cost::TrainableParameters: return results.trainable_parameters;
    case Cost::SecondsPerTask: {
      double seconds = 0;
      for (const TaskEnded& task : run.endedTasks()) seconds += task.seconds;
      return run.endedTasks().empty() ? std::nan("") : seconds / double(run.endedTasks().size());
    }
    case Cost::ImagesKept: {
      const Measured* memory = newest(run, "memory");
      return memory ? sum(*memory) : bytes ? 0 : std::nan("");
    }
    case Cost::TestMacs: {
      const Measured* compute = newest(run, "compute");
      return compute && compute->values.size() > 1 ? compute->values[1] : std::nan("");
    }
  }
  return std::nan("");
}

std::vector<std::size_t> paretoFront(const std::vector<CostPoint>& points) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (std::isfinite(points[i].cost) && std::isfinite(points[i].accuracy)) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return points[a].cost != points[b].cost ? points[a].cost < points[b].cost : points[a].accuracy > points[b].accuracy;
  });
  std::vector<std::size_t> front;
  for (const std::size_t i : order)
    if (front.empty() || points[i].accuracy > points[front.back()].accuracy) front.push_back(i);
  return front;
}

}  // namespace palimpsest
