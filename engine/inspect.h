// Looking into a run that has ended or waits: how its prompts were chosen, what would change if they were chosen
// otherwise, and whether an image's prediction depends on its batch. Free of torch headers; nothing of the run is
// changed. Results are objects as described in ARCHITECTURE.md ("Instruments"); percentages are 0 to 100, what is not
// defined is null.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/protocol/value.h"

namespace palimpsest {

struct InspectOptions {
  int images = 10;              // of each seen class, the first ones of the test images: the probe set
  int threads = 0;              // 0: one for each core
  std::string device = "auto";
  std::function<void(int done, int of)> progress;  // on the calling thread, now and then
};

// What to change before looking; prompts are counted from 0.
struct WhatIf {
  std::vector<int> mask;                       // never chosen
  std::vector<int> force;                      // always chosen (hard selections only)
  std::vector<std::pair<int, int>> swap;       // exchange what two prompts hold; their keys stay
  std::vector<int> reinitialise;               // drawn anew, as at the start
  std::vector<std::pair<int, int>> freeze;     // prompt and key as they were after a task, from 0: (prompt, task)
  std::optional<int> top_k;
  std::optional<double> temperature;
  bool centre = false;                         // take the first task's mean query off every query
  int layer = -1;                              // which selection it is done to; -1: all of them
  int after_task = -1;                         // the model as it was after this task, from 0; -1: as it is now
};

// All of these block, read the run's data and weights, and throw BadInput with every problem: no run, no prompts, no
// checkpoint yet, data or weights that are not those of the run, a prompt that does not exist.
Value diagnose(const std::filesystem::path& run_folder, const InspectOptions& options);
Value whatIf(const std::filesystem::path& run_folder, const WhatIf& change, const InspectOptions& options);
Value invariance(const std::filesystem::path& run_folder, const InspectOptions& options);

}  // namespace palimpsest
