// Configuration files of LAMDA-PILOT (Sun et al., PILOT: A Pre-Trained Model-Based Continual Learning Toolbox, 2023) as
// recipes and options of ours. Torch-free.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/protocol/issue.h"
#include "engine/protocol/value.h"

namespace palimpsest::record {

bool isPilotConfig(const Value& config);  // has model_name, init_cls and increment

struct PilotPlan {
  std::string recipe;                                    // "l2p.pilot"; empty: a method that there is no recipe of
  std::vector<std::pair<std::string, Value>> settings;   // paths in the recipe, "phases.0.epochs"; a recipe without the path takes none of it
  Value options{Value::Object{}};                        // scenario, seed, train_transform, test_transform, data where its name is known
  Issues issues;                                         // warnings: what the file says that could not be taken over, and what to choose by hand
};
// Never throws: what is wrong or unknown is an issue. A list of seeds gives the first one; in PILOT the seed is that of the
// class order, and every run trains with seed 1.
PilotPlan pilotPlan(const Value& config);
// Puts the plan's settings into a resolved recipe, as far as it has them. Returns the paths that it has not.
std::vector<std::string> takeSettings(const PilotPlan& plan, Value& resolved);

}  // namespace palimpsest::record
