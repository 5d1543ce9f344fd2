// The comparison behind the one big button: what forgets, what does not, what prompts add to a frozen network.
#pragma once

#include <vector>

#include "app/engine_api.h"

namespace palimpsest {

RunOptions defaultComparisonOptions();
// Finetune, no-prompt, SimpleCIL and L2P on the same data, order and seed. Throws BadInput when a recipe is missing.
std::vector<RunPlan> defaultComparison(const EngineApi& api);

}  // namespace palimpsest
