#include "engine/metrics/transfer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace palimpsest {
namespace {

std::optional<double> finite(double value) { return std::isfinite(value) ? std::optional(value) : std::nullopt; }

// Mean of one figure over tasks or stages from..to-1; nullopt for none, or when one is not defined.
template <typename Figure>
std::optional<double> meanOver(int from, int to, Figure figure) {
  double sum = 0;
  for (int i = from; i < to; ++i) {
    const std::optional<double> value = figure(i);
    if (!value) return std::nullopt;
    sum += *value;
  }
  return to > from ? std::optional(sum / (to - from)) : std::nullopt;
}

// The same sum of T - 1 terms, divided by T.
std::optional<double> dividedByAll(std::optional<double> mean, int tasks) {
  return mean ? std::optional(*mean * (tasks - 1) / tasks) : std::nullopt;
}

std::optional<double> pilotTop1(const AccuracyMatrix& m, int stage) {
  std::int64_t hits = 0, count = 0;
  for (int j = 0; j <= stage; ++j) {
    hits += m.hits(stage, j).value_or(0);
    count += m.count(stage, j).value_or(0);
  }
  return pilotPercent(hits, count);
}

std::optional<double> pilotForgetting(const AccuracyMatrix& m) {
  const int last = m.stages() - 1;
  return meanOver(0, last, [&](int j) -> std::optional<double> {
    double best = 0, now = 0;
    for (int i = j; i <= last; ++i) {
      const auto value = pilotPercent(m.hits(i, j).value_or(0), m.count(i, j).value_or(0));
      if (!value) return std::nullopt;
      now = *value;
      best = std::max(best, now);
    }
    return best - now;
  });
}

}  // namespace

std::optional<double> backwardTransferGem(const AccuracyMatrix& m) {
  return dividedByAll(m.backwardTransfer(), m.stages());
}

std::optional<double> forwardTransfer(std::span<const double> before_learning, std::span<const double> baselines) {
  const std::size_t tasks = before_learning.size();
  if (baselines.size() < tasks) return std::nullopt;
  const auto term = [&](int j) {
    return finite(before_learning[static_cast<std::size_t>(j)] - baselines[static_cast<std::size_t>(j)]);
  };
  return meanOver(1, static_cast<int>(tasks), term);
}

std::optional<double> forwardTransfer(const AccuracyMatrix& m, std::span<const double> baselines) {
  const int tasks = m.stages();
  std::vector<double> before(static_cast<std::size_t>(tasks));
  for (int j = 1; j < tasks; ++j) {
    const auto value = m.at(j - 1, j);
    if (!value) return std::nullopt;
    before[static_cast<std::size_t>(j)] = *value;
  }
  return forwardTransfer(before, baselines);
}

std::optional<double> forwardTransferGem(const AccuracyMatrix& m, std::span<const double> baselines) {
  return dividedByAll(forwardTransfer(m, baselines), m.stages());
}

std::optional<double> intransigence(const AccuracyMatrix& m, int task, std::optional<double> reference) {
  const auto learned = m.at(task, task);
  return learned && reference && task < m.stages() ? finite(*reference - *learned) : std::nullopt;
}

std::optional<double> intransigence(const AccuracyMatrix& m, const std::vector<std::optional<double>>& references) {
  if (references.size() < static_cast<std::size_t>(m.stages())) return std::nullopt;
  return meanOver(0, m.stages(), [&](int k) { return intransigence(m, k, references[static_cast<std::size_t>(k)]); });
}

std::optional<double> relativeForgettingOf(const AccuracyMatrix& m, int task, int stage) {
  const auto lost = m.forgettingOf(task, stage), learned = m.at(task, task);
  return lost && learned && *learned > 0 ? std::optional(*lost / *learned) : std::nullopt;
}

std::optional<double> relativeForgetting(const AccuracyMatrix& m) {
  const int last = m.stages() - 1;
  return meanOver(0, last, [&](int j) { return relativeForgettingOf(m, j, last); });
}

std::optional<StabilityPlasticity> stabilityPlasticity(const AccuracyMatrix& m) {
  const auto forgetting = m.forgetting(), learning = m.learningAccuracy();
  if (!forgetting || !learning) return std::nullopt;
  return StabilityPlasticity{1 - *forgetting, *learning};
}

std::optional<double> minimumAccuracy(const AccuracyMatrix& m, int stage) {
  if (stage >= m.stages()) return std::nullopt;
  return meanOver(0, stage, [&](int j) {
    std::optional<double> least;
    for (int l = j + 1; l <= stage; ++l) {
      const auto value = m.at(l, j);
      if (!value) return std::optional<double>();
      least = std::min(least.value_or(*value), *value);
    }
    return least;
  });
}

std::optional<double> worstCase(int tasks_learned, double current, std::optional<double> min_acc) {
  if (tasks_learned < 1) return std::nullopt;
  if (tasks_learned == 1) return finite(current);
  const double share = 1.0 / tasks_learned;
  return min_acc ? finite(share * current + (1 - share) * *min_acc) : std::nullopt;
}

std::optional<double> worstCase(const AccuracyMatrix& m, int stage) {
  if (stage < 0 || stage >= m.stages()) return std::nullopt;
  const auto current = m.at(stage, stage);
  return current ? worstCase(stage + 1, *current, minimumAccuracy(m, stage)) : std::nullopt;
}

std::optional<double> anytime(std::span<const double> accuracies) {
  return meanOver(0, static_cast<int>(accuracies.size()),
                  [&](int i) { return finite(accuracies[static_cast<std::size_t>(i)]); });
}

std::optional<double> pilotPercent(std::int64_t hits, std::int64_t count) {
  if (count < 1) return std::nullopt;
  // The order of these operations is numpy's, ties included; nearbyint rounds half to even.
  return std::nearbyint(static_cast<double>(hits) * 100.0 / static_cast<double>(count) * 100.0) / 100.0;
}

std::optional<PilotFigures> pilotFigures(const AccuracyMatrix& m) {
  const int stages = m.stages();
  PilotFigures out;
  for (int i = 0; i < stages; ++i) {
    const auto value = pilotTop1(m, i);
    if (!value) return std::nullopt;
    out.top1.push_back(*value);
  }
  if (out.top1.empty()) return std::nullopt;
  out.average = std::accumulate(out.top1.begin(), out.top1.end(), 0.0) / stages;
  out.last = out.top1.back();
  out.forgetting = pilotForgetting(m);
  return out;
}

}  // namespace palimpsest
