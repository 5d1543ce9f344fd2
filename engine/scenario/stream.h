// Which images each task of a scenario has: what a run needs of a scenario and a data set together.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/protocol/value.h"
#include "engine/scenario/scenario.h"

namespace palimpsest {

// By task: indices into the splits. In `train` every image of the split appears exactly once. cil, til, dil: class by
// class in the order of labels, each in data set order, as PILOT has it; blurry, drift: in the order drawn.
// test[t]: images that column t of the accuracy matrix is about, class by class.
struct Stream {
  std::vector<std::vector<std::int64_t>> train, test;
};

// `scenario` must have been made for `data`.
Stream streamOf(const Scenario& scenario, const Dataset& data);

// What the stream came to, for the header of a run, because figures of blurry streams leave it open: a list with
// {"domain": name (dil only), "classes": [...], "train": [...], "test": [...]} for each task, where classes are those
// of the data set with an image in the task, by label, and the lists beside them count their images.
Value realised(const Scenario& scenario, const Stream& stream, const Dataset& data);

}  // namespace palimpsest
