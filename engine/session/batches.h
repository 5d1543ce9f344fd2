// Images of a split as batches on the run's device, with cached frozen features where there are some.
#pragma once

#include <memory>
#include <vector>

#include "engine/data/loader.h"
#include "engine/session/session.h"

namespace palimpsest {

struct BatchPlan {
  const Split* split = nullptr;            // data.train or data.test of the session
  std::vector<std::int64_t> order;         // images, in order
  int batch = 64;
  std::int64_t first_batch = 0;
  const Transform* transform = nullptr;
  FrozenCache* cache = nullptr;            // filled for all of `order`, or null
  const FrozenCache* settled = nullptr;    // features of all of `order`, or null
  const std::vector<FrozenCache>* members = nullptr;  // by member of the bank, filled for all of `order`; or null
  int known_members = 0;                              // how many of them
  std::uint64_t epoch_key = 0;
};

class Batches {
 public:
  Batches(Session& session, BatchPlan plan);
  ~Batches();
  bool next(Samples& samples);

 private:
  Session& session_;
  const BatchPlan plan_;
  std::unique_ptr<Loader> loader_;  // null where features are all that is needed
  std::int64_t next_ = 0;
};

// Fills the cache for these images, in chunks of the list as given: features of the frozen network, or through a member
// of the bank. Reads the mailbox in between.
void fillCache(Session& session, FrozenCache& cache, const Split& split, const std::vector<std::int64_t>& indices,
               const Transform& transform, int task, int member = -1);
// The same for the first `count` members, each with a cache of its own.
void fillMembers(Session& session, std::vector<FrozenCache>& caches, const Split& split, const std::vector<std::int64_t>& indices,
                 const Transform& transform, int task, int count);

}  // namespace palimpsest
