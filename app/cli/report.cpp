// palimpsest-cli report: one HTML page about finished, stopped or still growing runs.
#include <iostream>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/plan.h"
#include "engine/export/compare.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"

namespace palimpsest::cli {
namespace {

struct Arguments {
  std::vector<std::string> folders;
  std::string out;
  bool json = false;
};

int writePage(const Arguments& arguments, Console& console) {
  Issues issues;
  if (arguments.folders.empty())
    issues.push_back(error("RUN_FOLDER", "is missing", "palimpsest-cli list runs shows the runs below ./runs"));
  if (arguments.out.empty()) issues.push_back(error("--out", "is missing", "for example --out report.html"));
  std::vector<report::RunSummary> runs;
  for (const std::string& folder : arguments.folders) {
    try {
      runs.push_back(report::summarise(folder));
    } catch (const BadInput& bad) {
      append(issues, bad.issues);
    }
  }
  refuse(issues);
  report::writeReport(arguments.out, runs);
  const report::Comparison comparison = report::compare(std::move(runs));
  for (const Issues* list : {&comparison.unfair, &comparison.notes})
    for (const Issue& issue : *list) console.line(lineOf(issue));
  std::cout << (arguments.json ? record::toJson(report::comparisonJson(comparison), 2) + "\n"
                               : report::comparisonTable(comparison))
            << std::flush;
  console.line("The report is " + arguments.out);
  return kDone;
}

}  // namespace

void addReport(CLI::App& app, Context& context) {
  CLI::App& command = *app.add_subcommand("report", "One HTML page with curves and tables of one or several runs.");
  auto arguments = std::make_shared<Arguments>();
  command.add_option("RUN_FOLDER", arguments->folders, "Folders of runs; several seeds of a recipe become a mean.");
  command.add_option("--out", arguments->out, "The page to write.")->type_name("FILE.html");
  command.add_flag("--json", arguments->json, "Print the comparison as JSON instead of the table.");
  whenChosen(command, context, [arguments, &context] { return writePage(*arguments, context.console); });
}

}  // namespace palimpsest::cli
