// Streams whose tasks overlap. Which training images a task gets is drawn from a seed with integers only, so that it is
// the same on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/data/dataset.h"

namespace palimpsest {

struct DrawnStream {
  std::vector<int> major;                        // class of the data set -> the task whose column it is in
  std::vector<std::vector<std::int64_t>> train;  // by task: indices into the training split, in the order drawn
};

// i-Blurry-N-M (Koh et al., "Online continual learning on class incremental blurry task configuration", ICLR 2022).
struct Blur {
  int tasks = 5;      // 2 to the number of classes
  int disjoint = 50;  // N: percent of the classes all of whose images are in one task
  int blurry = 10;    // M: percent of the images of each other class that are spread evenly over the other tasks
  std::uint32_t seed = 0;
};

// Task sizes differ by at most one class, of disjoint and blurry ones together; which are which follows from
// pilotClassOrder. A class has M percent of its images elsewhere, rounded, but keeps at least one in its major task.
// Every other task gets the same number of them up to one. Within a task the order is random.
DrawnStream drawBlurry(const Split& train, int classes, const Blur& blur);

// A continuous stream with linear decay, cut into `tasks` segments: classes are dealt to tasks in pilotClassOrder, and
// an image of task t comes at time t + 1/2 + u - v for u, v uniform in [0, 1). So at each moment between the middles of
// two tasks the share of one falls and that of the other rises linearly; three quarters of a task's images are in its
// own segment. The ends of the stream reflect, so that every moment has the same density.
DrawnStream drawDrift(const Split& train, int classes, int tasks, std::uint32_t seed);

}  // namespace palimpsest
