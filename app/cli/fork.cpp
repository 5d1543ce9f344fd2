// palimpsest-cli fork: a new run that shares another's past up to the end of a task, and goes on with other settings.
#include <algorithm>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/follow.h"
#include "app/cli/plan.h"
#include "engine/record/fork.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {
namespace {

std::vector<std::string> changeableOptions() {
  std::vector<std::string> names;
  const std::vector<std::string>& fixed = record::fixedInForks();
  for (const ParamSpec& spec : specsOf<RunOptions>())
    if (std::find(fixed.begin(), fixed.end(), spec.name) == fixed.end()) names.push_back(spec.name);
  return names;
}

struct Arguments {
  explicit Arguments(CLI::App& command) : options(command, changeableOptions()), settings(command) {
    command.add_option("RUN_FOLDER", folder, "The run to fork; it stays as it is.");
    command.add_option("--after-task", after_task, "The last task that both runs share, the first being 1.")->type_name("N")->take_last();
    command.add_option("--out", out, "Folder of the new run. [default: runs/NAME-fork-N, N the first free number]")->type_name("DIR")->take_last();
    command.add_flag("--only", only, "Make the new run and stop there; resume goes on with it.");
    command.add_flag("--json", json, "Print results.json instead of the table.");
  }
  RunArguments options;
  Settings settings;
  std::string folder, after_task, out;
  bool only = false, json = false;
};

std::string tasksOf(const std::filesystem::path& folder) {
  std::string names;
  for (const int task : record::forkPoints(folder)) names += (names.empty() ? "" : ", ") + std::to_string(task + 1);
  return names.empty() ? "this run cannot be forked after any task" : "this run can be forked after task " + names;
}

record::ForkPlan readPlan(const CLI::App& command, const Arguments& arguments, const std::string& folder) {
  Issues issues;
  if (!record::isRun(folder))
    refuse({error(folder.empty() ? "RUN_FOLDER" : folder, folder.empty() ? "is missing" : "holds no run", "palimpsest-cli list runs shows the runs below ./runs")});
  if (arguments.after_task.empty()) issues.push_back(error("--after-task", "is missing", tasksOf(folder)));
  const int task = arguments.after_task.empty() ? 1 : wholeNumber("--after-task", arguments.after_task, 1, 1000000, issues);
  record::ForkPlan plan = record::forkPlanOf(folder, task - 1);
  for (const Setting& setting : arguments.settings.read(command, issues))
    applySetting(plan.recipe, setting.path, setting.value, catalogue(), issues);
  plan.options = arguments.options.read(issues, plan.options);
  append(issues, resolve(plan.recipe, catalogue()).issues);
  if (!arguments.out.empty()) refuseUnusable(arguments.out, issues);
  refuse(issues);
  return plan;
}

int fork(const CLI::App& command, const Arguments& arguments, Console& console) {
  const record::ForkPlan plan = readPlan(command, arguments, arguments.folder);
  const std::string name = nameOf(plan.recipe);
  const std::filesystem::path folder = arguments.out.empty() ? freeFolder(name + "-fork") : std::filesystem::path(arguments.out);
  record::forkRun(arguments.folder, plan, folder);
  console.line("The fork is in " + folder.string());
  return arguments.only ? kDone : goOn(folder, name, arguments.json, console);
}

}  // namespace

void addFork(CLI::App& app, Context& context) {
  CLI::App& command = *app.add_subcommand("fork", "A new run with the past of another up to the end of a task, going on with other settings.");
  auto arguments = std::make_shared<Arguments>(command);
  whenChosen(command, context, [&command, &context, arguments] { return fork(command, *arguments, context.console); }, true);
}

}  // namespace palimpsest::cli
