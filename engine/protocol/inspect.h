// What may be asked of a recorded run's models (engine/inspect.h has the functions that answer). Std only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

}  // namespace palimpsest
