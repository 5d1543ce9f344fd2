// Keys and queries on one plane: the two directions of largest variance of the unit vectors of all tasks' keys and of
// some queries. One plane for all tasks, so that scrubbing moves points and not the ground. Pure; any thread.
#pragma once

#include <QPointF>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "widgets/feed/blob_store.h"

namespace palimpsest {

struct KeyMap {
  std::vector<int> tasks;                   // after which the keys below were read, ascending
  std::vector<std::vector<QPointF>> keys;   // [tasks][prompts there were then]
  std::vector<QPointF> queries;
  std::vector<int> labels;                  // of the queries: classes of the data set
  double explained = 0;                     // share of the variance that the plane shows, 0..1
  bool empty() const { return keys.empty(); }
};

// keys: by task, blobs with "keys" [pool, width]; what has another width than the last is left out. features: with
// "queries" [N, width] and "label" [N]; nullptr or another width: keys alone. Empty when cancelled or without keys.
KeyMap keyMap(const std::vector<std::pair<int, std::shared_ptr<const Blob>>>& keys, const std::shared_ptr<const Blob>& features,
              const std::atomic<bool>* cancel = nullptr);

// [M, M] cosines between the keys of one blob, row-major; NaN where a key is zero. Empty without keys.
std::vector<double> keyCosineTable(const Blob& keys);

}  // namespace palimpsest
