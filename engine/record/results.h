// results.json: what a run came to. All figures are derived from integer counts by engine/metrics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/metrics/accuracy_matrix.h"
#include "engine/protocol/value.h"

namespace palimpsest::record {

struct ClassCount {
  int class_of_data = 0;  // as the data set numbers it
  std::int64_t hits = 0, count = 0;
};

struct ResultInputs {
  std::string recipe;
  std::string state;  // "running" after each task but the last, then as in RunEnded
  int tasks = 0;      // length of the stream
  std::int64_t seed = 0;
  std::vector<int> class_order;
  AccuracyMatrix matrix;
  std::vector<ClassCount> per_class;  // after the last finished stage
  double seconds_total = 0, seconds_train = 0, seconds_evaluate = 0, seconds_data = 0;
  std::int64_t peak_rss_bytes = 0, trainable_parameters = 0, stored_bytes = 0;
  std::string evaluation = "instance";
  int batch = 0;
  std::string device;
  int threads = 0;
};

// The keys of FORMAT.md, in that order. Percentages from 0 to 100 at full precision; what is not defined is null.
Value resultsOf(const ResultInputs& run);

}  // namespace palimpsest::record
