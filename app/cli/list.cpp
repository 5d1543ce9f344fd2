// palimpsest-cli list: what there is.
#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <optional>

#include "app/cli/commands.h"
#include "app/cli/listing.h"
#include "app/cli/plan.h"
#include "engine/data/dataset.h"
#include "engine/protocol/control.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {
namespace {

Listing listRecipes() {
  Listing listing{.columns = {"name", "title", "paper"}};
  for (const NamedRecipe& recipe : bundledRecipes()) listing.rows.push_back({recipe.name, recipe.title, recipe.paper});
  return listing;
}

Listing listParts() {
  Listing listing{.columns = {"slot", "name", "title"}};
  for (const PartInfo& part : catalogue()) listing.rows.push_back({part.slot, part.name, part.title});
  return listing;
}

Listing listControls() {
  Listing listing{.columns = {"name", "doc"}};
  for (const std::string& name : controlNames()) listing.rows.push_back({name, controlDoc(name)});
  return listing;
}

Listing listDatasets() {
  Listing listing{.columns = {"spec", "available", "title", "doc"}};
  for (const DatasetInfo& data : knownDatasets())
    listing.rows.push_back({data.spec, data.available, data.title, data.doc});
  return listing;
}

Listing listBackbones() {
  Listing listing{
      .columns = {"name", "source", "architecture", "parameters", "image_size", "input_range", "licence", "origin", "sha256", "file", "problem"}};
  for (const BackboneInfo& b : knownBackbones())
    listing.rows.push_back({b.name, b.bundled ? "bundled" : "added", b.architecture, b.parameters, b.image_size, b.input_range, b.licence,
                            b.origin, b.sha256, b.file, b.problem});
  return listing;
}

Value member(const std::optional<Value>& object, std::string_view name) {
  const Value* found = object ? object->find(name) : nullptr;
  return found ? *found : Value{};
}

Value::Array runRow(const std::filesystem::path& folder) {
  std::optional<Value> results;
  std::string recipe;
  try {
    const record::Reader reader(folder);
    const Value* name = reader.run().at("recipe.name");
    if (name) recipe = name->asString();
    results = reader.results();
  } catch (const std::exception& damaged) {  // a listing shows what it can
    return {folder.string(), recipe, std::string("unreadable: ") + damaged.what(), {}, {}, {}};
  }
  std::string state = member(results, "state").asString();
  if (record::isBeingWritten(folder)) state = "running";
  else if (state.empty() || state == "running") state = "unfinished";
  return {folder.string(),
          recipe,
          state,
          member(results, "last"),
          member(results, "average"),
          member(results, "forgetting")};
}

// Runs at most three levels below `top`: runs/NAME-1, and runs/comparison-1/runs/NAME.
Listing listRuns(const std::filesystem::path& top) {
  namespace fs = std::filesystem;
  Listing listing{.columns = {"folder", "recipe", "state", "last", "average", "forgetting"}};
  std::error_code trouble;
  if (!fs::is_directory(top, trouble))
    refuse({error("DIR", top.string() + " is no folder", "give the folder that holds the runs")});
  std::vector<fs::path> folders;
  if (record::isRun(top)) folders.push_back(top);
  for (fs::recursive_directory_iterator at(top, fs::directory_options::skip_permission_denied, trouble), end; at != end;
       at.increment(trouble)) {
    if (!at->is_directory(trouble)) continue;
    const bool run = record::isRun(at->path());
    if (run) folders.push_back(at->path());
    if (run || at.depth() >= 2) at.disable_recursion_pending();
  }
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) listing.rows.push_back(runRow(folder));
  return listing;
}

Listing listingOf(const std::string& what, const std::string& folder) {
  if (what == "recipes") return listRecipes();
  if (what == "parts") return listParts();
  if (what == "controls") return listControls();
  if (what == "datasets") return listDatasets();
  if (what == "backbones") return listBackbones();
  if (what == "runs") return listRuns(folder.empty() ? "runs" : folder);
  const std::string known = "recipes, parts, controls, datasets, backbones, runs";
  if (what.empty()) throw BadInput({error("WHAT", "is missing", "one of " + known)});
  const auto near = nearest(what, {"recipes", "parts", "controls", "datasets", "backbones", "runs"});
  throw BadInput(
      {error(what, "is nothing that can be listed", near ? "did you mean \"" + *near + "\"?" : "one of " + known)});
}

}  // namespace

void addList(CLI::App& app, Context& context) {
  struct Arguments {
    std::string what, folder;
    bool json = false;
  };
  CLI::App& command =
      *app.add_subcommand("list", "What there is: recipes, parts, controls, datasets, backbones, runs.");
  auto arguments = std::make_shared<Arguments>();
  command.add_option("WHAT", arguments->what, "recipes, parts, controls, datasets, backbones or runs.");
  command.add_option("DIR", arguments->folder, "For runs: where to look. [default ./runs]");
  command.add_flag("--json", arguments->json, "Print JSON.");
  whenChosen(command, context, [arguments] {
    const Listing listing = listingOf(arguments->what, arguments->folder);
    std::cout << (arguments->json ? record::toJson(jsonOf(listing), 2) + "\n" : textOf(listing));
    return int{kDone};
  });
}

}  // namespace palimpsest::cli
