#include "engine/metrics/accuracy_matrix.h"

#include <algorithm>

namespace palimpsest {
namespace {

// Far above any stream; keeps a damaged record from asking for all the memory there is.
constexpr int kMostTasks = 100000;

double ratio(std::int64_t hits, std::int64_t count) { return static_cast<double>(hits) / static_cast<double>(count); }

}  // namespace

const AccuracyMatrix::Cell* AccuracyMatrix::cell(int after_task, int on_task) const {
  if (after_task < 0 || on_task < 0 || static_cast<std::size_t>(after_task) >= rows_.size()) return nullptr;
  const auto& row = rows_[static_cast<std::size_t>(after_task)];
  if (static_cast<std::size_t>(on_task) >= row.size()) return nullptr;
  const Cell& found = row[static_cast<std::size_t>(on_task)];
  return found.known ? &found : nullptr;
}

int AccuracyMatrix::stages() const {
  int stage = 0;
  for (;; ++stage)
    for (int j = 0; j <= stage; ++j)
      if (!cell(stage, j)) return stage;
}

void AccuracyMatrix::set(int after_task, int on_task, std::int64_t hits, std::int64_t count) {
  if (after_task < 0 || on_task < 0 || after_task >= kMostTasks || on_task >= kMostTasks) return;
  if (hits < 0 || count < hits) return;
  const auto i = static_cast<std::size_t>(after_task), j = static_cast<std::size_t>(on_task);
  if (rows_.size() <= i) rows_.resize(i + 1);
  if (rows_[i].size() <= j) rows_[i].resize(j + 1);
  rows_[i][j] = {hits, count, true};
  tasks_ = std::max({tasks_, after_task + 1, on_task + 1});
}

void AccuracyMatrix::forgetFrom(int after_task) {
  if (const auto keep = static_cast<std::size_t>(std::max(after_task, 0)); keep < rows_.size()) rows_.resize(keep);
}

std::optional<std::int64_t> AccuracyMatrix::hits(int after_task, int on_task) const {
  const Cell* found = cell(after_task, on_task);
  return found ? std::optional(found->hits) : std::nullopt;
}

std::optional<std::int64_t> AccuracyMatrix::count(int after_task, int on_task) const {
  const Cell* found = cell(after_task, on_task);
  return found ? std::optional(found->count) : std::nullopt;
}

std::optional<std::int64_t> AccuracyMatrix::count(int on_task) const {
  for (auto i = static_cast<int>(rows_.size()) - 1; i >= 0; --i)
    if (const Cell* found = cell(i, on_task)) return found->count;
  return std::nullopt;
}

std::optional<double> AccuracyMatrix::at(int after_task, int on_task) const {
  const Cell* found = cell(after_task, on_task);
  return found && found->count > 0 ? std::optional(ratio(found->hits, found->count)) : std::nullopt;
}

std::optional<double> AccuracyMatrix::top1(int stage) const {
  if (stage < 0) return std::nullopt;
  std::int64_t hits = 0, count = 0;
  for (int j = 0; j <= stage; ++j) {
    const Cell* found = cell(stage, j);
    if (!found) return std::nullopt;
    hits += found->hits;
    count += found->count;
  }
  return count > 0 ? std::optional(ratio(hits, count)) : std::nullopt;
}

std::optional<double> AccuracyMatrix::macro(int stage) const {
  if (stage < 0) return std::nullopt;
  double sum = 0;
  for (int j = 0; j <= stage; ++j) {
    const auto value = at(stage, j);
    if (!value) return std::nullopt;
    sum += *value;
  }
  return sum / (stage + 1);
}

std::optional<double> AccuracyMatrix::average() const {
  const int finished = stages();
  double sum = 0;
  for (int i = 0; i < finished; ++i) {
    const auto value = top1(i);
    if (!value) return std::nullopt;
    sum += *value;
  }
  return finished > 0 ? std::optional(sum / finished) : std::nullopt;
}

std::optional<double> AccuracyMatrix::averageMacro() const {
  const int finished = stages();
  double sum = 0;
  for (int i = 0; i < finished; ++i) {
    const auto value = macro(i);
    if (!value) return std::nullopt;
    sum += *value;
  }
  return finished > 0 ? std::optional(sum / finished) : std::nullopt;
}

std::optional<double> AccuracyMatrix::last() const { return top1(stages() - 1); }
std::optional<double> AccuracyMatrix::lastMacro() const { return macro(stages() - 1); }

std::optional<double> AccuracyMatrix::forgettingOf(int task, int stage) const {
  if (task < 0 || stage <= task || stage >= stages()) return std::nullopt;
  std::optional<double> best;
  for (int l = task; l < stage; ++l) {
    const auto value = at(l, task);
    if (!value) return std::nullopt;
    best = std::max(best.value_or(*value), *value);
  }
  const auto now = at(stage, task);
  return now ? std::optional(*best - *now) : std::nullopt;
}

std::optional<double> AccuracyMatrix::forgetting(int stage) const {
  if (stage < 1) return std::nullopt;
  double sum = 0;
  for (int j = 0; j < stage; ++j) {
    const auto value = forgettingOf(j, stage);
    if (!value) return std::nullopt;
    sum += *value;
  }
  return sum / stage;
}

std::optional<double> AccuracyMatrix::forgetting() const { return forgetting(stages() - 1); }

std::optional<double> AccuracyMatrix::forgettingPilot() const {
  const int stage = stages() - 1;
  if (stage < 1) return std::nullopt;
  double sum = 0;
  for (int j = 0; j < stage; ++j) {
    const auto value = forgettingOf(j, stage);
    if (!value) return std::nullopt;
    sum += std::max(*value, 0.0);  // the maximum over all stages is at least the last one
  }
  return sum / stage;
}

std::optional<double> AccuracyMatrix::forgettingFirstLast() const {
  const auto transfer = backwardTransfer();
  return transfer ? std::optional(0.0 - *transfer) : std::nullopt;  // 0 - x: never a negative zero
}

std::optional<double> AccuracyMatrix::backwardTransfer() const {
  const int stage = stages() - 1;
  if (stage < 1) return std::nullopt;
  double sum = 0;
  for (int j = 0; j < stage; ++j) {
    const auto now = at(stage, j), learned = at(j, j);
    if (!now || !learned) return std::nullopt;
    sum += *now - *learned;
  }
  return sum / stage;
}

std::optional<double> AccuracyMatrix::learningAccuracy() const {
  const int finished = stages();
  double sum = 0;
  for (int i = 0; i < finished; ++i) {
    const auto value = at(i, i);
    if (!value) return std::nullopt;
    sum += *value;
  }
  return finished > 0 ? std::optional(sum / finished) : std::nullopt;
}

std::optional<double> AccuracyMatrix::performanceDrop() const {
  const auto first = top1(0), now = last();
  return first && now ? std::optional(*first - *now) : std::nullopt;
}

}  // namespace palimpsest
