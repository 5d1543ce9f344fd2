// palimpsest-cli check: validates a recipe without running it.
#include <iostream>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/follow.h"
#include "app/cli/plan.h"
#include "engine/record/json.h"

namespace palimpsest::cli {
namespace {

Value asValue(const Issues& issues) {
  Value::Array rows;
  for (const Issue& issue : issues) {
    rows.push_back(Value::Object{{"severity", issue.severity == Severity::Error ? "error" : "warning"},
                                 {"path", issue.path},
                                 {"message", issue.message},
                                 {"hint", issue.hint}});
  }
  return rows;
}

int checkRecipe(const std::string& file, const std::vector<Setting>& settings, Issues issues, bool json,
                Console& console) {
  const Value recipe = readRecipe(file, settings, issues);
  if (recipe.isObject()) append(issues, resolve(recipe, catalogue()).issues);
  if (json)
    std::cout << record::toJson(Value::Object{{"ok", !hasErrors(issues)}, {"issues", asValue(issues)}}, 2) << '\n';
  else printIssues(issues, console);
  if (hasErrors(issues)) return kBadInput;
  if (!json) std::cout << "ok\n";
  return kDone;
}

}  // namespace

void addCheck(CLI::App& app, Context& context) {
  struct Arguments {
    explicit Arguments(CLI::App& command) : settings(command) {}
    Settings settings;
    std::string file;
    bool json = false;
  };
  CLI::App& command =
      *app.add_subcommand("check", "Validates a recipe: exit status 0 and \"ok\", or 2 and every issue.");
  auto arguments = std::make_shared<Arguments>(command);
  command.add_option("FILE", arguments->file, "A recipe file, or the name of a bundled recipe.");
  command.add_flag("--json", arguments->json, "Print the issues as JSON.");
  const auto body = [&command, &context, arguments] {
    Issues issues;
    const auto settings = arguments->settings.read(command, issues);
    if (arguments->file.empty()) issues.push_back(error("FILE", "is missing", "palimpsest-cli check my-recipe.json"));
    refuse(issues);
    return checkRecipe(arguments->file, settings, issues, arguments->json, context.console);
  };
  whenChosen(command, context, body, true);
}

}  // namespace palimpsest::cli
