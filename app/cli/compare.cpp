// palimpsest-cli compare: several recipes on the same data, order and seed, one after another.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <set>

#include "app/cli/commands.h"
#include "app/cli/follow.h"
#include "app/cli/plan.h"
#include "engine/export/compare.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {
namespace {

struct Arguments {
  explicit Arguments(CLI::App& command) : options(command), settings(command) {
    command.add_option("--recipes", recipes, "Recipes to compare, separated by commas: bundled names or files.")
        ->type_name("A,B,C")
        ->delimiter(',');
    command
        .add_option(
            "--control", controls,
            controlHelp("Add controls of each recipe that has prompts, separated by commas: l2p, l2p+random, ..."))
        ->type_name("A,B,C")
        ->delimiter(',');
    command
        .add_option("--out", out,
                    "Folder for the table, the report, the curves and the runs. [default ./runs/comparison-<n>]")
        ->type_name("DIR");
    command.add_flag("--json", json, "Print compare.json instead of the table.");
  }
  RunArguments options;
  Settings settings;
  std::vector<std::string> recipes, controls;
  std::string out;
  bool json = false;
};

struct Entry {
  std::string name;  // unique in the comparison; the run's folder is called so
  RunPlan plan;
  std::filesystem::path folder;
};

// Two files may call their recipes the same: "l2p", "l2p-2".
std::string uniqueName(const std::string& name, const std::vector<Entry>& entries) {
  const auto taken = [&](const std::string& n) {
    return std::any_of(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == n; });
  };
  std::string unique = name;
  for (int n = 2; taken(unique); ++n) unique = fmt::format("{}-{}", name, n);
  return unique;
}

void refuseUsedFolder(const std::filesystem::path& out, Issues& issues) {
  namespace fs = std::filesystem;
  std::error_code trouble;
  if (!fs::exists(out, trouble)) return;
  if (record::isRun(out) || fs::exists(out / "runs", trouble) || fs::exists(out / "compare.json", trouble))
    issues.push_back(
        error("--out", out.string() + " is in use: it holds runs already", "name another folder, or remove this one"));
}

// A setting without "l2p:" in front concerns every recipe, and one of them may not have that parameter.
void explainSettings(const std::vector<std::string>& recipes, const std::vector<Setting>& settings, Issues& issues) {
  if (recipes.size() < 2 || settings.empty() || !hasErrors(issues)) return;
  const std::string& example = settings.front().path;
  if (example.find(':') == std::string::npos)
    issues.push_back(
        warning("--set", "a setting concerns every recipe of the comparison",
                fmt::format("to change one alone: --set {}:{}={}", recipes.back(), example, settings.front().value)));
}

bool hasPrompts(const Value& recipe) {
  const Value* prompts = recipe.find("prompts");
  return prompts && !prompts->asArray().empty();
}

// Each recipe and, behind it, its controls; what could not be read is left out, and an issue.
std::vector<Value> readRecipes(const Arguments& arguments, const std::vector<Setting>& settings, Issues& issues) {
  std::vector<Value> recipes;
  bool prompted = false;
  for (const std::string& name : arguments.recipes) {
    const Value recipe = recipes.emplace_back(readRecipe(name, settings, issues));
    prompted = prompted || hasPrompts(recipe);
    for (const std::string& control : arguments.controls)
      if (hasPrompts(recipe)) recipes.push_back(readControl(recipe, control, settings, issues));
  }
  std::erase_if(recipes, [](const Value& recipe) { return !recipe.isObject(); });
  if (!arguments.controls.empty() && !recipes.empty() && !prompted)
    issues.push_back(
        error("--control", "no recipe of the comparison has prompts", "name one that has, or leave it out"));
  return recipes;
}

std::vector<Entry> readEntries(const CLI::App& command, const Arguments& arguments, const std::filesystem::path& out) {
  Issues issues;
  const auto settings = arguments.settings.read(command, issues);
  const RunOptions options = arguments.options.read(issues);
  if (arguments.recipes.empty())
    issues.push_back(error("--recipes", "is missing", "for example --recipes finetune,simplecil,l2p"));
  refuseUsedFolder(out, issues);
  refuseUnusable(out, issues);
  std::vector<Entry> entries;
  std::vector<std::string> names = arguments.recipes;
  for (Value& recipe : readRecipes(arguments, settings, issues)) {
    names.push_back(nameOf(recipe));
    const std::string name = uniqueName(nameOf(recipe), entries);
    entries.push_back({name, RunPlan{.recipe = std::move(recipe), .options = options}, out / "runs" / name});
  }
  refuseUnknownTargets(settings, names, issues);
  explainSettings(arguments.recipes, settings, issues);
  // Every plan is checked before the first run starts: a comparison that breaks off after an hour helps nobody.
  for (const Entry& entry : entries) append(issues, check(entry.plan, entry.folder));
  refuse(issues);
  return entries;
}

RunOutcome runOne(Entry& entry, std::size_t number, std::size_t of, Console& console, const Interrupt& interrupt) {
  Tail tail;
  ProgressView view(console, fmt::format("{}/{} {}", number, of, entry.name));
  const auto live = Run::start(std::move(entry.plan), entry.folder, {&tail});
  return follow(*live, tail, view, console, interrupt);
}

void writeResults(const std::filesystem::path& out, const std::vector<report::RunSummary>& runs, bool json,
                  Console& console) {
  report::writeComparison(out, runs);
  const report::Comparison comparison = report::compare(runs);
  std::cout << (json ? record::toJson(report::comparisonJson(comparison), 2) + "\n"
                     : report::comparisonTable(comparison))
            << std::flush;
  for (const Issue& issue : comparison.unfair) console.line(lineOf(issue));
  console.line("Report, tables and curves are in " + out.string());
}

int compare(const CLI::App& command, const Arguments& arguments, Console& console) {
  const std::filesystem::path out =
      arguments.out.empty() ? freeFolder("comparison") : std::filesystem::path(arguments.out);
  std::vector<Entry> entries = readEntries(command, arguments, out);
  const Interrupt interrupt;
  std::vector<report::RunSummary> runs;
  int status = kDone;
  for (std::size_t i = 0; i < entries.size() && status != kInterrupted; ++i) {
    const RunOutcome outcome = runOne(entries[i], i + 1, entries.size(), console, interrupt);
    if (const int ended = explain(outcome, entries[i].folder, console); ended != kDone) status = ended;
    if (record::isRun(entries[i].folder)) runs.push_back(report::summarise(entries[i].folder));
  }
  if (!runs.empty()) writeResults(out, runs, arguments.json, console);
  if (status == kInterrupted)
    console.line(fmt::format(
        "After resuming, the report is renewed with:  palimpsest-cli report {0}/runs/* --out {0}/report.html",
        out.string()));
  return status;
}

}  // namespace

void addCompare(CLI::App& app, Context& context) {
  CLI::App& command =
      *app.add_subcommand("compare", "Several recipes on the same data, order and seed: table, report, curves.");
  auto arguments = std::make_shared<Arguments>(command);
  whenChosen(
      command, context, [&command, &context, arguments] { return compare(command, *arguments, context.console); },
      true);
}

}  // namespace palimpsest::cli
