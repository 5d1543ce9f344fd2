// palimpsest-cli run: one run of one recipe.
#include <iostream>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/follow.h"
#include "app/cli/plan.h"
#include "app/cli/summary.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {
namespace {

struct Arguments {
  explicit Arguments(CLI::App& command) : options(command), settings(command) {
    command.add_option("--recipe", recipe, "A bundled recipe (see: list recipes) or a recipe file.")
        ->type_name("NAME|FILE");
    command.add_option("--control", control, controlHelp("Run a control of the recipe in its place."))
        ->type_name("NAME");
    command.add_option("--out", out, "Folder of the run; must not hold a run yet. [default ./runs/<recipe>-<n>]")
        ->type_name("DIR");
    command.add_flag("--json", json, "Print results.json instead of the table.");
  }
  RunArguments options;
  Settings settings;
  std::string recipe, control, out;
  bool json = false;
};

// Everything that is wrong, at once: what was written and, as far as it can be read, what it means.
RunPlan readPlan(const CLI::App& command, const Arguments& arguments) {
  Issues issues;
  const auto settings = arguments.settings.read(command, issues);
  RunPlan plan{.recipe = {}, .options = arguments.options.read(issues)};
  if (arguments.recipe.empty())
    issues.push_back(error("--recipe", "is missing", "palimpsest-cli list recipes shows what there is"));
  else plan.recipe = readRecipe(arguments.recipe, settings, issues);
  std::vector<std::string> names{arguments.recipe, nameOf(plan.recipe)};
  if (plan.recipe.isObject() && !arguments.control.empty()) {
    plan.recipe = readControl(plan.recipe, arguments.control, settings, issues);
    names.push_back(nameOf(plan.recipe));
  }
  if (plan.recipe.isObject()) {
    refuseUnknownTargets(settings, names, issues);
    if (hasErrors(issues)) append(issues, check(plan));
  }
  if (!arguments.out.empty() && record::isRun(arguments.out))
    issues.push_back(error("--out", arguments.out + " holds a run already",
                           "choose another folder, or go on with it: palimpsest-cli resume " + arguments.out));
  refuseUnusable(arguments.out.empty() ? "runs" : arguments.out, issues);
  refuse(issues);
  return plan;
}

int run(const CLI::App& command, const Arguments& arguments, Console& console) {
  RunPlan plan = readPlan(command, arguments);
  const std::string name = nameOf(plan.recipe);
  const std::filesystem::path folder = arguments.out.empty() ? freeFolder(name) : std::filesystem::path(arguments.out);
  Tail tail;
  const Interrupt interrupt;
  RunOutcome outcome;
  {
    ProgressView view(console, name);
    const auto live = Run::start(std::move(plan), folder, {&tail});
    outcome = follow(*live, tail, view, console, interrupt);
  }
  if (outcome.state == "done") printSummary({folder}, arguments.json);
  if (outcome.state == "done") console.line("The run is in " + folder.string());
  return explain(outcome, folder, console);
}

}  // namespace

void addRun(CLI::App& app, Context& context) {
  CLI::App& command =
      *app.add_subcommand("run", "One run of one recipe: trains, evaluates after each task, records everything.");
  auto arguments = std::make_shared<Arguments>(command);
  whenChosen(
      command, context, [&command, &context, arguments] { return run(command, *arguments, context.console); }, true);
}

}  // namespace palimpsest::cli
