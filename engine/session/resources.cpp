// What ships with the program: recipes, weights, recordings, and where they are.
#include <torch/version.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "engine/engine.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/weights/added_backbones.h"
#include "engine/weights/backbone.h"
#include "engine/weights/safetensors.h"

namespace palimpsest {
namespace {

namespace fs = std::filesystem;

// The order in which people meet the methods; recipes that are not named here come after, by name.
constexpr std::string_view kOrder[] = {"finetune", "no-prompt", "simplecil", "aper-finetune", "aper-vpt-shallow", "aper-vpt-deep", "aper-ssf", "aper-adapter", "ranpac", "fecam", "slca", "ease", "mos",
                                       "l2p", "dualprompt", "coda-prompt", "sapc", "dap", "vpt-shallow", "vpt-deep",
                                       "replay", "der", "der-plus-plus", "icarl", "lwf", "ewc", "ewc-online", "gem", "a-gem", "mer", "progressive", "joint"};

std::size_t place(const std::string& name) {
  const auto found = std::find(std::begin(kOrder), std::end(kOrder), name);
  return static_cast<std::size_t>(found - std::begin(kOrder));
}

std::vector<fs::path> filesIn(const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == extension) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// "l2p.pilot" is of the family l2p.
std::string familyOf(const std::string& name) { return name.substr(0, name.find('.')); }

std::string textOf(const Value& object, std::string_view key) {
  const Value* found = object.find(key);
  return found ? found->asString() : "";
}

// Whether the file still is what it was is told by its size: hashing hundreds of megabytes is for when it is loaded.
BackboneInfo infoOf(const AddedBackbone& added) {
  BackboneInfo info{added.name, added.file.string(), added.architecture, added.parameters, added.image_size, added.input_range,
                    added.sha256, added.licence, added.origin, false, {}};
  std::error_code trouble;
  const auto bytes = fs::file_size(added.file, trouble);
  if (trouble) info.problem = "the file is gone";
  else if (static_cast<std::int64_t>(bytes) != added.bytes) info.problem = "the file has changed since it was added";
  return info;
}

// The file's own name, with a number where it already means something.
std::string nameFor(const fs::path& file, const std::vector<AddedBackbone>& list) {
  const auto taken = [&](const std::string& name) {
    std::error_code ignored;
    return fs::exists(resourceFolder() / "weights" / (name + ".safetensors"), ignored) ||
           std::any_of(list.begin(), list.end(), [&](const AddedBackbone& a) { return a.name == name; });
  };
  const std::string stem = file.stem().string();
  std::string name = stem;
  for (int n = 2; taken(name); ++n) name = stem + "-" + std::to_string(n);
  return name;
}

}  // namespace

// An installed program has its resources in ../share/palimpsest; one that was just built uses those of its sources.
fs::path resourceFolder() {
  if (const char* given = std::getenv("PALIMPSEST_RESOURCES")) return given;
  std::error_code problem;
  const fs::path program = fs::read_symlink("/proc/self/exe", problem);
  for (const fs::path& folder : {program.parent_path() / "resources", program.parent_path().parent_path() / "share" / "palimpsest"})
    if (!problem && fs::is_directory(folder / "recipes", problem)) return folder;
  return PALIMPSEST_SOURCE_RESOURCES;
}

std::vector<NamedRecipe> bundledRecipes() {
  const fs::path folder = resourceFolder() / "recipes";
  std::vector<NamedRecipe> recipes;
  for (const fs::path& file : filesIn(folder, ".json"))
    for (Value& recipe : recipesIn(record::readJsonFile(file))) {
      std::string name = textOf(recipe, "name");
      recipes.push_back({std::move(name), textOf(recipe, "title"), textOf(recipe, "paper"), file, std::move(recipe)});
    }
  if (recipes.empty()) throw BadInput({error(folder.string(), "the program's recipes are missing", "install the program again, or set PALIMPSEST_RESOURCES to its resources folder")});
  std::stable_sort(recipes.begin(), recipes.end(), [](const auto& a, const auto& b) { return place(familyOf(a.name)) < place(familyOf(b.name)); });
  return recipes;
}

Value loadRecipe(const std::string& name_or_file) {
  const auto recipes = bundledRecipes();
  for (const NamedRecipe& recipe : recipes)
    if (recipe.name == name_or_file) return recipe.recipe;
  if (name_or_file.ends_with(".json") || fs::exists(name_or_file)) return recipesIn(record::readJsonFile(name_or_file)).front();
  std::vector<std::string> names;
  for (const NamedRecipe& recipe : recipes) names.push_back(recipe.name);
  const auto near = nearest(name_or_file, names);
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  throw BadInput({error("--recipe", "there is no recipe \"" + name_or_file + "\"", near ? "did you mean \"" + *near + "\"?" : "known: " + known + ", or the path of a .json file")});
}

std::vector<BackboneInfo> knownBackbones() {
  std::vector<BackboneInfo> found;
  for (const fs::path& file : filesIn(resourceFolder() / "weights", ".safetensors")) {
    found.push_back(inspectBackbone(file));
    found.back().name = file.stem().string();
    found.back().sha256 = sha256OfFile(file);
  }
  for (const AddedBackbone& added : addedBackbones()) found.push_back(infoOf(added));
  return found;
}

BackboneInfo addBackbone(const fs::path& given) {
  const fs::path file = fs::absolute(given).lexically_normal();
  std::error_code trouble;
  if (!fs::is_regular_file(file, trouble)) throw BadInput({error(file.string(), "is no file", "give a weights file: .safetensors, .pth, .pt, .bin or .npz")});
  const BackboneInfo info = inspectBackbone(file);
  std::vector<AddedBackbone> list = addedBackbones();
  AddedBackbone entry{nameFor(file, list), file, sha256OfFile(file), info.architecture, info.input_range, info.licence, info.origin,
                      info.parameters, static_cast<std::int64_t>(fs::file_size(file, trouble)), info.image_size};
  const auto same = std::find_if(list.begin(), list.end(), [&](const AddedBackbone& a) { return a.file == file; });
  if (same != list.end()) {
    entry.name = same->name;
    *same = entry;
  } else {
    list.push_back(entry);
  }
  keepAddedBackbones(list);
  return infoOf(entry);
}

void removeBackbone(const std::string& name) {
  std::vector<AddedBackbone> list = addedBackbones();
  std::vector<std::string> names;
  for (const AddedBackbone& added : list) names.push_back(added.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    const auto near = nearest(name, names);
    throw BadInput({error(name, "was not added", near ? "did you mean \"" + *near + "\"?" : "palimpsest-cli list backbones shows what there is")});
  }
  list.erase(list.begin() + (found - names.begin()));
  keepAddedBackbones(list);
}

std::string programVersion() { return PALIMPSEST_VERSION; }
std::string torchVersion() { return TORCH_VERSION; }

}  // namespace palimpsest
