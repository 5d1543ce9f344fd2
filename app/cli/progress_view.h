// A run's events as a person follows them in a terminal: a bar with two estimates (task, run) redrawn in place and one
// line per task, or, where standard error is no terminal, one line per epoch and per task. A fold: it only has apply().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli/console.h"
#include "engine/metrics/accuracy_matrix.h"
#include "engine/protocol/event.h"

namespace palimpsest::cli {

// 75 -> "1:15", 3700 -> "1:01:40"; negative is unknown: "-:--".
std::string clockText(double seconds);

class ProgressView {
 public:
  // `label` opens every line: "l2p", or "2/4 l2p" in a comparison.
  ProgressView(Console& console, std::string label);
  ~ProgressView();  // takes the bar away
  void apply(const Event& event);
  // What a resumed run did before, without a word about it.
  void catchUp(const std::vector<Event>& before);
  // "l2p  task 3/5  [####----]  43 %  52 images/s  task 0:12  run 1:40  training" cut to `columns`.
  std::string barText(int columns) const;

 private:
  void on(const RunStarted& event);
  void on(const RunResumed& event);
  void on(const PhaseStarted& event);
  void on(const EpochEnded& event);
  void on(const Evaluated& event);
  void on(const TaskEnded& event);
  void on(const Progress& event);
  void on(const IssueRaised& event);
  template <typename E>
  void on(const E&) {}
  std::string lead(int task) const;
  std::string estimates() const;

  Console& console_;
  const std::string label_;
  int tasks_ = 0, epochs_ = 0;
  AccuracyMatrix matrix_;
  std::optional<Progress> progress_;
};

}  // namespace palimpsest::cli
