// palimpsest-cli diagnose, invariance, transfer: one question each about a run that has ended or waits.
#include <memory>

#include "app/cli/inspection.h"
#include "app/cli/inspection_text.h"
#include "app/cli/plan.h"

namespace palimpsest::cli {
namespace {

struct Instrument {
  const char *name, *doc;
  Value (*look)(const std::filesystem::path& run_folder, const InspectOptions& options);
  std::string (*text)(const Value& found);
};

constexpr Instrument kInstruments[] = {
    {"diagnose", "Prompts of a run: have they collapsed, what is forgetting due to, what is choosing worth?", diagnose, diagnosisText},
    {"invariance", "Whether a run's predictions depend on the batch: several sizes, sorted and shuffled.", invariance, invarianceText},
    {"transfer", "What a run's features are worth for each task before it, when it was learned, and now.", transfer, transferText}};

int answer(const Instrument& instrument, const InspectionArguments& arguments, Console& console) {
  Issues issues;
  const InspectOptions options = arguments.read(console, issues);
  refuse(issues);
  const Value found = instrument.look(arguments.folder(), options);
  console.bar("");
  arguments.answer(found, instrument.text);
  return kDone;
}

}  // namespace

void addInstruments(CLI::App& app, Context& context) {
  for (const Instrument& instrument : kInstruments) {
    CLI::App& command = *app.add_subcommand(instrument.name, instrument.doc);
    auto arguments = std::make_shared<InspectionArguments>(command);
    whenChosen(command, context, [&instrument, arguments, &context] { return answer(instrument, *arguments, context.console); });
  }
}

}  // namespace palimpsest::cli
