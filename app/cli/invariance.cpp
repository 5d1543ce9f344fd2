// palimpsest-cli invariance: whether what is predicted of an image depends on the images beside it.
#include <memory>

#include "app/cli/inspection.h"
#include "app/cli/inspection_text.h"
#include "app/cli/plan.h"

namespace palimpsest::cli {
namespace {

int compareBatches(const InspectionArguments& arguments, Console& console) {
  Issues issues;
  const InspectOptions options = arguments.read(console, issues);
  refuse(issues);
  const Value found = invariance(arguments.folder(), options);
  console.bar("");
  arguments.answer(found, invarianceText);
  return kDone;
}

}  // namespace

void addInvariance(CLI::App& app, Context& context) {
  CLI::App& command = *app.add_subcommand(
      "invariance", "Whether a run's predictions depend on the batch: several sizes, sorted and shuffled.");
  auto arguments = std::make_shared<InspectionArguments>(command);
  whenChosen(command, context, [arguments, &context] { return compareBatches(*arguments, context.console); });
}

}  // namespace palimpsest::cli
