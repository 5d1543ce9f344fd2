// palimpsest-cli docs: the manual or a page of it.
#include <iostream>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/manual.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"

namespace palimpsest::cli {
namespace {

// A name may belong to several slots ("frozen"); all of its pages are printed.
std::string pagesOf(const std::string& topic) {
  if (topic.empty()) return wholeManual();
  if (topic == "options") return optionsPage();
  if (topic == "events") return eventsPage();
  std::string pages;
  std::vector<std::string> known{"options", "events"};
  for (const NamedRecipe& recipe : bundledRecipes()) {
    if (recipe.name == topic) pages += recipePage(recipe);
    known.push_back(recipe.name);
  }
  for (const PartInfo& part : catalogue()) {
    if (part.name == topic || part.slot == topic) pages += partPage(part);
    known.push_back(part.name);
  }
  if (!pages.empty()) return pages;
  const auto near = nearest(topic, known);
  throw BadInput(
      {error(topic, "is no part, slot or recipe",
             near ? "did you mean \"" + *near + "\"?" : "palimpsest-cli list parts and list recipes show the names")});
}

}  // namespace

void addDocs(CLI::App& app, Context& context) {
  struct Arguments {
    std::string topic;
    bool json = false;
  };
  CLI::App& command = *app.add_subcommand("docs", "The manual, or one page of it, in Markdown.");
  auto arguments = std::make_shared<Arguments>();
  command.add_option("TOPIC", arguments->topic,
                     "A part, a slot, a recipe, \"options\" or \"events\"; everything without one.");
  command.add_flag("--json", arguments->json, "Print every declaration as JSON.");
  whenChosen(command, context, [arguments] {
    std::cout << (arguments->json ? record::toJson(manualAsValue(), 2) + "\n" : pagesOf(arguments->topic));
    return int{kDone};
  });
}

}  // namespace palimpsest::cli
