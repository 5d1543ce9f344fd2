// Decodes and transforms batches ahead of the engine. What comes out depends on the arguments alone, never on the
// number of threads: each image draws from a stream keyed by (seed, augmentation, epoch_key, its index).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/transform.h"

namespace palimpsest {

struct Batch {
  int count = 0;
  std::vector<float> pixels;          // [count, 3, side, side]
  std::vector<int> labels;            // classes of the data set
  std::vector<std::int64_t> indices;  // in the split
};

class Loader {
 public:
  struct Plan {
    std::shared_ptr<const Split> split;
    std::vector<std::int64_t> order;  // every image of the epoch, in the order of training
    int batch = 64;
    std::int64_t first_batch = 0;  // where a resumed epoch goes on
    std::uint64_t seed = 0;
    std::uint64_t epoch_key = 0;  // differs from epoch to epoch and task to task
    int threads = 1;              // workers besides the caller; 0: everything on the caller's thread
    int ahead = 4;                // batches kept ready at most
  };
  Loader(Plan plan, const Transform& transform);  // the transform is copied
  ~Loader();                                      // cancels what is under way
  Loader(const Loader&) = delete;

  std::int64_t batches() const;  // of the whole epoch
  // Next batch in order; false at the end. Blocks until it is ready; rethrows what a worker threw, once.
  bool next(Batch& batch);
  double secondsWaited() const;  // time next() has blocked, for the "data" clock

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace palimpsest
