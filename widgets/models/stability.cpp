#include "widgets/models/stability.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace palimpsest {

namespace {
struct Count {
  std::int64_t hits = 0, images = 0;
  double percent() const { return images > 0 ? 100.0 * double(hits) / double(images) : std::nan(""); }
};

// All tasks before `task`; NaN unless every one of them was probed.
double pooled(const std::map<int, Count>& latest, int task) {
  Count all;
  for (int on = 0; on < task; ++on) {
    const auto found = latest.find(on);
    if (found == latest.end() || found->second.images == 0) return std::nan("");
    all.hits += found->second.hits;
    all.images += found->second.images;
  }
  return all.percent();
}

void judge(BorderCurve& curve) {
  for (const double x : curve.earlier.xs())
    if (x == curve.dense + 1) ++curve.dense;
  const double end = curve.dense > 1 ? curve.dense : std::numeric_limits<double>::infinity();
  curve.lowest = std::nan("");
  for (std::size_t i = 0; i < curve.earlier.size(); ++i)
    if (curve.earlier.x(i) > 0 && curve.earlier.x(i) <= end && !(curve.lowest <= curve.earlier.y(i))) curve.lowest = curve.earlier.y(i);
}

void measure(Stability& out, const std::vector<Probed>& probes) {
  std::map<int, double> lowest, latest;
  for (const Probed& probe : probes) {
    const double y = Count{probe.hits, probe.count}.percent();
    if (std::isnan(y)) continue;
    latest[probe.on_task] = y;
    if (probe.task <= probe.on_task) continue;
    const auto [at, fresh] = lowest.emplace(probe.on_task, y);
    if (!fresh) at->second = std::min(at->second, y);
  }
  int last = -1;
  for (const Probed& probe : probes) last = std::max(last, probe.task);
  double sum = 0;
  for (int on = 0; on < last; ++on) {
    if (!lowest.contains(on)) return;
    sum += lowest.at(on);
  }
  if (last < 1) return;
  out.tasks = last + 1;
  out.min_acc = sum / last;
  if (const auto own = latest.find(last); own != latest.end()) out.wc_acc = own->second / out.tasks + (1 - 1.0 / out.tasks) * *out.min_acc;
}
}  // namespace

Stability stabilityOf(const std::vector<Probed>& probes, const std::vector<TaskBand>& bands) {
  Stability out;
  std::map<int, Count> latest;  // by task probed
  std::size_t next = 0;
  for (const TaskBand& band : bands) {
    BorderCurve curve;
    curve.task = band.task;
    while (next < probes.size() && probes[next].task < band.task) {
      latest[probes[next].on_task] = {probes[next].hits, probes[next].count};
      ++next;
    }
    curve.before = pooled(latest, band.task);
    if (band.task > 0 && !std::isnan(curve.before)) curve.earlier.append(0, curve.before);
    while (next < probes.size() && probes[next].task == band.task) {
      const auto step = probes[next].global_step;
      for (; next < probes.size() && probes[next].task == band.task && probes[next].global_step == step; ++next)
        latest[probes[next].on_task] = {probes[next].hits, probes[next].count};
      if (const double y = pooled(latest, band.task); band.task > 0 && !std::isnan(y)) curve.earlier.append(double(step) - band.from, y);
    }
    if (curve.earlier.size() < (std::isnan(curve.before) ? 1u : 2u)) continue;
    judge(curve);
    out.dense = std::max(out.dense, curve.dense);
    out.curves.push_back(std::move(curve));
  }
  measure(out, probes);
  return out;
}

}  // namespace palimpsest
