#include "app/engine_api.h"
#include "engine/inspect.h"

namespace palimpsest {

EngineApi realEngine() {
  EngineApi api;  // in the background: the window's thread wins
  api.start = [](RunPlan plan, std::filesystem::path folder, EngineApi::Sinks sinks) {
    return Run::start(std::move(plan), std::move(folder), std::move(sinks), Priority::Background);
  };
  api.resume = [](std::filesystem::path folder, EngineApi::Sinks sinks) {
    return Run::resume(std::move(folder), std::move(sinks), Priority::Background);
  };
  api.catalogue = &catalogue();
  api.recipes = bundledRecipes;
  api.recipe = loadRecipe;
  api.backbones = knownBackbones;
  api.addBackbone = addBackbone;
  api.removeBackbone = removeBackbone;
  api.assess = assess;
  api.exportModel = exportModel;
  api.inspectors = {diagnose, invariance, whatIf};
  api.resources = resourceFolder();
  api.version = programVersion();
  api.torch_version = torchVersion();
  api.devices = devices;
  return api;
}

}  // namespace palimpsest
