#include "app/cli/plan.h"

#include <unistd.h>

#include <algorithm>

#include "engine/protocol/control.h"
#include "engine/protocol/error.h"

namespace palimpsest::cli {
namespace {

// "l2p:head.bias" -> {"l2p", "head.bias"}; a path alone has no name. Paths have no colon.
std::pair<std::string, std::string> splitTarget(const std::string& path) {
  const auto colon = path.find(':');
  if (colon == std::string::npos) return {"", path};
  return {path.substr(0, colon), path.substr(colon + 1)};
}

}  // namespace

Value readRecipe(const std::string& name_or_file, const std::vector<Setting>& settings, Issues& issues) {
  Value recipe;
  try {
    recipe = loadRecipe(name_or_file);
  } catch (const BadInput& bad) {
    append(issues, bad.issues);
    return recipe;
  }
  for (const Setting& setting : settings) {
    const auto [target, path] = splitTarget(setting.path);
    if (target.empty() || target == name_or_file || target == nameOf(recipe))
      applySetting(recipe, path, setting.value, catalogue(), issues);
  }
  return recipe;
}

std::string controlHelp(std::string_view intro) {
  std::string names;
  for (const std::string& name : controlNames()) names += (names.empty() ? "" : ", ") + name;
  return std::string(intro) + " [" + names + "; see: list controls]";
}

Value readControl(const Value& recipe, const std::string& control, const std::vector<Setting>& settings,
                  Issues& issues) {
  Issues found;
  Value changed = controlled(recipe, control, found);
  append(issues, found);
  if (!changed.isObject()) return changed;
  const std::string name = nameOf(changed);
  for (const Setting& setting : settings)
    if (const auto [target, path] = splitTarget(setting.path); target == name)
      applySetting(changed, path, setting.value, catalogue(), issues);
  return changed;
}

void refuseUnknownTargets(const std::vector<Setting>& settings, const std::vector<std::string>& names, Issues& issues) {
  for (const Setting& setting : settings) {
    const std::string target = splitTarget(setting.path).first;
    if (target.empty() || std::find(names.begin(), names.end(), target) != names.end()) continue;
    const auto near = nearest(target, names);
    issues.push_back(error("--set", "\"" + target + "\" is no recipe of this command",
                           near ? "did you mean \"" + *near + "\"?" : ""));
  }
}

std::filesystem::path pretrainingRecipe(const std::string& objective) { return resourceFolder() / "pretraining" / (objective + ".json"); }

void usePretrainingDefaults(RunOptions& options) {
  const RunOptions usual;
  if (options.data == usual.data) options.data = "world";
  if (options.backbone == usual.backbone) options.backbone = "new:image=28,patch=7,width=192,depth=5,heads=6,seed=1";
  if (options.input_range == usual.input_range) options.input_range = "0..1";  // as the teacher reads images
  if (options.scenario == usual.scenario) options.scenario = "cil:init=all,order=natural";
}

std::string nameOf(const Value& recipe) {
  const Value* name = recipe.find("name");
  return name && !name->asString().empty() ? name->asString() : "recipe";
}

std::filesystem::path freeFolder(const std::string& stem) {
  for (int n = 1;; ++n) {
    std::filesystem::path folder = std::filesystem::path("runs") / (stem + "-" + std::to_string(n));
    if (!std::filesystem::exists(folder)) return folder;
  }
}

void refuseUnusable(const std::filesystem::path& folder, Issues& issues) {
  namespace fs = std::filesystem;
  std::error_code trouble;
  fs::path nearest = fs::absolute(folder);
  while (!fs::exists(nearest, trouble) && nearest.has_relative_path()) nearest = nearest.parent_path();
  const std::string text = folder.string();
  if (!fs::is_directory(nearest, trouble))
    issues.push_back(
        error("--out", text + " cannot be made: " + nearest.string() + " is no folder", "name another folder"));
  else if (access(nearest.c_str(), W_OK | X_OK) != 0)
    issues.push_back(error("--out", text + " cannot be made: " + nearest.string() + " is not writable for you",
                           "name another folder"));
}

void append(Issues& issues, const Issues& more) {
  for (const Issue& issue : more)
    if (std::find(issues.begin(), issues.end(), issue) == issues.end()) issues.push_back(issue);
}

void refuse(const Issues& issues) {
  if (hasErrors(issues)) throw BadInput(issues);
}

}  // namespace palimpsest::cli
