// The map of a run: where its test images lie after each task, and how prototypes and keys wandered, from the tensors that the run
// kept. A pure computation for pool threads; the result is shared and does not change.
#pragma once

#include <QString>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "widgets/feed/blob_store.h"
#include "widgets/models/projection.h"
#include "widgets/models/tsne.h"

namespace palimpsest {

enum class MapOf { Features, Queries, Prototypes };  // with prototypes; with keys; class means alone
enum class MapMethod { Pca, Tsne };

// What a task left; each may be null. As the events `features`, `prototypes` and `keys` describe them.
struct MapSource {
  int task = 0;
  std::shared_ptr<const Blob> features, prototypes, keys;
};

struct MapRequest {
  std::vector<MapSource> sources;  // ascending tasks
  MapOf of = MapOf::Features;
  MapMethod method = MapMethod::Pca;
  TsneOptions tsne;
};

// A prototype or a key. Distances are those of the original space, never of the map; NaN where there is nothing to measure.
struct MapMark {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  bool key = false;
  std::int64_t id = 0;  // class of a prototype, number of a key
  Spot at{};
  double since_previous = kNone, since_first = kNone;
  int first_task = 0;
  // Of a prototype whose class has a known spread, on a straight map: leading principal axes, as long as the standard
  // deviation along them. Empty elsewhere: t-SNE knows no directions.
  std::vector<Spot> axes;
};

struct TaskMap {
  int task = 0;
  std::vector<std::int64_t> samples;            // indices in the test split
  std::vector<std::int64_t> labels, predictions;  // classes of the data set
  std::vector<int> tasks;                       // in which each image was first seen
  std::vector<Spot> at;                         // as long as `samples`
  std::vector<MapMark> marks;
  std::int64_t left_out = 0;                    // images beyond what t-SNE can map
  TsneOptions tsne;                             // as applied to this task
  const MapMark* mark(bool key, std::int64_t id) const;
  bool spreads() const;  // whether a mark has axes
};

struct EmbeddingMap {
  MapOf of = MapOf::Features;
  MapMethod method = MapMethod::Pca;
  TsneOptions wanted;
  Basis basis;                 // of all tasks together; of t-SNE: where its points began
  std::vector<TaskMap> tasks;  // ascending
  QString problem;             // for people; there are no tasks then
  const TaskMap* after(int task) const;  // nullptr: none
};

// All tasks have one basis, the principal axes of the union of their rows. t-SNE maps each task by itself, from there, and turns
// and scales it (Procrustes) to the map of the task before, by the images that both have. Queries and keys have unit length,
// because prompts are chosen by their cosine. Tasks whose rows have another width than those of the first are not mapped. Of more images than t-SNE can take, evenly spread ones are kept.
// `progress`: tasks mapped, iterations done in the next. nullptr: cancelled.
std::shared_ptr<const EmbeddingMap> makeMap(const MapRequest& request, std::stop_token cancel = {},
                                            const std::function<void(int tasks, int iterations)>& progress = {});

struct NeighbourImage {
  std::int64_t sample = -1;
  double distance = 0;  // in the original space, of queries at unit length
};
// The k images nearest to `sample` in the tensor that the map is of, itself left out. Empty where it is unknown.
std::vector<NeighbourImage> nearestImages(const Blob& features, MapOf of, std::int64_t sample, int k, std::stop_token cancel = {});

// "task,kind,id,label,prediction,x,y,z,..." of one task's map, a header first.
QString mapAsCsv(const EmbeddingMap& map, int task);

}  // namespace palimpsest
