// Run folders made up for tests, written through the public Writer: the numbers are invented.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/record/results.h"
#include "engine/record/run_folder.h"
#include "engine/record/run_header.h"

namespace palimpsest::tests {

struct MadeRun {
  std::string recipe = "l2p", title = "Learning to Prompt";
  std::int64_t seed = 1;
  int tasks = 3, finished = 3;
  int epochs = 2, steps = 20;       // of each task; no epochs: a method that does not train
  double start = 0.9, fall = 0.06;  // accuracy when learned, loss of it with each later task
  int probe_every = 0;
  std::string state = "done";  // empty: the record just ends
  std::string backbone_sha256 = "9f2c41d0";
  std::vector<int> class_order = {4, 2, 7, 6, 0, 3};
  std::int64_t test_images = 1000;  // of each task
};

record::RunHeader headerOf(const MadeRun& run);
AccuracyMatrix matrixOf(const MadeRun& run);
record::ResultInputs resultInputsOf(const MadeRun& run);
// Returns the writer, so that a test can go on writing or hold the lock.
std::unique_ptr<record::Writer> write(const MadeRun& run, const std::filesystem::path& folder);

}  // namespace palimpsest::tests
