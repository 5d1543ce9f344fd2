#include "app/default_comparison.h"

namespace palimpsest {

RunOptions defaultComparisonOptions() {
  RunOptions options;
  options.data = "fashion-mnist";
  options.scenario = "cil:init=2,increment=2,order=1993";
  options.limit_train = 500;
  options.limit_test = 200;
  options.epochs = 2;
  options.probe_images = 20;
  options.probe_every = 25;
  return options;
}

std::vector<RunPlan> defaultComparison(const EngineApi& api) {
  std::vector<RunPlan> plans;
  for (const char* name : {"finetune", "no-prompt", "simplecil", "l2p"})
    plans.push_back({api.recipe(name), defaultComparisonOptions()});
  return plans;
}

}  // namespace palimpsest
