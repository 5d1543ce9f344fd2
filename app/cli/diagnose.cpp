// palimpsest-cli diagnose: how a run's prompts were chosen, and what its forgetting is due to.
#include <memory>

#include "app/cli/inspection.h"
#include "app/cli/inspection_text.h"
#include "app/cli/plan.h"

namespace palimpsest::cli {
namespace {

int diagnoseRun(const InspectionArguments& arguments, Console& console) {
  Issues issues;
  const InspectOptions options = arguments.read(console, issues);
  refuse(issues);
  const Value found = diagnose(arguments.folder(), options);
  console.bar("");
  arguments.answer(found, diagnosisText);
  return kDone;
}

}  // namespace

void addDiagnose(CLI::App& app, Context& context) {
  CLI::App& command = *app.add_subcommand(
      "diagnose", "Prompts of a run: have they collapsed, what is forgetting due to, what is choosing worth?");
  auto arguments = std::make_shared<InspectionArguments>(command);
  whenChosen(command, context, [arguments, &context] { return diagnoseRun(*arguments, context.console); });
}

}  // namespace palimpsest::cli
