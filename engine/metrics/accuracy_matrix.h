// Accuracy matrix R[i][j]: accuracy on task j after learning task i, kept as integer counts; every ratio is derived in
// double and only rounded for display. Definitions: Chaudhry et al. 2018 (forgetting), Lopez-Paz & Ranzato 2017 (BWT).
// std only, pure. Fractions are 0..1; nullopt where a figure is not defined.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace palimpsest {

class AccuracyMatrix {
 public:
  AccuracyMatrix() = default;
  explicit AccuracyMatrix(int tasks) : tasks_(tasks) {}

  int tasks() const { return tasks_; }
  // Stages (rows) for which every column 0..row has been set, from the first on.
  int stages() const;
  void set(int after_task, int on_task, std::int64_t hits, std::int64_t count);  // grows as needed
  void forgetFrom(int after_task);  // takes back rows, when a resumed run does them again
  std::optional<std::int64_t> hits(int after_task, int on_task) const;
  std::optional<std::int64_t> count(int after_task, int on_task) const;
  std::optional<std::int64_t> count(int on_task) const;  // of the newest row that has one
  std::optional<double> at(int after_task, int on_task) const;  // R[i][j]

  std::optional<double> top1(int stage) const;       // A_i, micro: pooled over the test images of tasks 0..i
  std::optional<double> macro(int stage) const;      // A_i^m: mean over tasks
  std::optional<double> average() const;             // mean of top1 over finished stages
  std::optional<double> averageMacro() const;        // mean of macro over finished stages
  std::optional<double> last() const;                // top1 of the last finished stage
  std::optional<double> lastMacro() const;
  // f_j^k = max over l in [j, k-1] of R[l][j], minus R[k][j]; needs j < k <= last stage.
  std::optional<double> forgettingOf(int task, int stage) const;
  std::optional<double> forgetting(int stage) const;  // F_k: mean over j < k; needs k >= 1
  std::optional<double> forgetting() const;           // of the last finished stage
  // Variants that papers and toolboxes print under the same name.
  std::optional<double> forgettingPilot() const;      // maximum includes the last stage
  std::optional<double> forgettingFirstLast() const;  // R[j][j] - R[T-1][j]
  std::optional<double> backwardTransfer() const;     // mean over j < k of R[k][j] - R[j][j]
  std::optional<double> learningAccuracy() const;     // mean of R[i][i]
  std::optional<double> performanceDrop() const;      // A_0 - A_last

 private:
  struct Cell {
    std::int64_t hits = 0, count = 0;
    bool known = false;
  };
  const Cell* cell(int after_task, int on_task) const;
  int tasks_ = 0;
  std::vector<std::vector<Cell>> rows_;  // rows_[i][j], ragged, j may exceed i in domain-incremental streams
};

}  // namespace palimpsest
