// What a run's folder comes to, for tables, curves and reports. Works on finished, stopped, failed, killed and still
// growing runs; every figure is derived from the counts in the events.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/metrics/accuracy_matrix.h"
#include "engine/protocol/issue.h"
#include "engine/record/run_header.h"

namespace palimpsest::report {

// Position in the stream: task (from 0) plus the part of its steps that is done. It puts methods with different
// numbers of steps beside each other.
struct Point {
  double at = 0;
  std::int64_t step = 0;  // of the run
  double value = 0;
};

struct RunSummary {
  std::filesystem::path folder;
  record::RunHeader header;
  std::string recipe, title, paper, scenario;
  // "done", "stopped", "failed", "running" (somebody writes it now), "interrupted" (killed; it can be resumed)
  std::string state;
  std::string failure, hint;  // of a failed run
  int tasks = 0;              // length of the stream; matrix.stages() of them are finished
  AccuracyMatrix matrix;
  std::vector<int> task_sizes, train_images, test_images;
  std::vector<std::int64_t> task_steps;    // first step of each task begun, then the step after the last
  std::vector<Point> loss;                 // of each step
  std::vector<std::vector<Point>> probed;  // per task: accuracy on its probe images, percent, inside later tasks
  double seconds = 0, train_seconds = 0, evaluate_seconds = 0, data_seconds = 0;
  std::int64_t peak_rss_bytes = 0, trainable_parameters = 0, stored_bytes = 0;
  int batch = 0;                // of evaluation
  std::int64_t started_us = 0;  // since 1970, UTC
  Issues issues;                // of the record and of the run

  bool complete() const { return state == "done" && matrix.stages() >= tasks; }
  std::string id() const { return folder.filename().string(); }  // never the whole path: reports are passed on
};

// Throws BadInput when the folder holds no run.
RunSummary summarise(const std::filesystem::path& folder);

}  // namespace palimpsest::report
