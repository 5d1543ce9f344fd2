// Steps of a run <-> tasks of a run, piecewise linear: task k fills [k, k+1] however many steps it took, so that runs
// of different length can be compared. The end of the task being learned is estimated from its progress.
#pragma once

#include <vector>

namespace palimpsest {

class RunData;

class TimeAxis {
 public:
  struct Piece {
    double step_from, step_to;  // half open
    double x_from, x_to;
  };
  TimeAxis() = default;  // x is the step
  static TimeAxis ofTasks(const RunData& run);

  bool tasks() const { return !pieces_.empty(); }
  double x(double step) const;
  double step(double x) const;
  // The parts of [low, high] in x, each with its steps; one piece when x is the step.
  std::vector<Piece> within(double low, double high) const;

 private:
  std::vector<Piece> pieces_;
};

}  // namespace palimpsest
