// Where a run is. A checkpoint is this and the tensors.
#pragma once

#include <cstdint>

namespace palimpsest {

// The next thing to do; everything before it is done.
struct Clock {
  int task = 0, phase = 0, epoch = 0, step = 0;
  std::int64_t global_step = 0;
  bool begun = false;  // the task has begun: heads have grown
};

// Sums over the epoch under way.
struct EpochSums {
  double loss = 0, seconds = 0;
  int hits = 0, count = 0;
};

// Wall-clock time of all stretches of the run, by what it was spent on.
struct Seconds {
  double total = 0, train = 0, evaluate = 0, data = 0;
};

}  // namespace palimpsest
