// palimpsest-cli pretrain: trains a backbone on images that the program draws, and writes it as a weights file with a
// card. It is a run like any other: it can be stopped, resumed and watched.
#include <fstream>
#include <memory>
#include <sstream>

#include "app/cli/commands.h"
#include "app/cli/follow.h"
#include "app/cli/plan.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {
namespace {

struct Arguments {
  explicit Arguments(CLI::App& command) : options(command), settings(command) {
    command.add_option("--recipe", recipe, "Recipe of the pre-training. [default: the program's own]")
        ->type_name("FILE");
    command
        .add_option("--run", folder,
                    "Folder of the run; one that holds a run is gone on with. [default ./runs/pretrain-<n>]")
        ->type_name("DIR");
    command.add_option("--out", out, "Weights file to write; its card stands beside it.")
        ->type_name("FILE.safetensors");
    command.add_flag("--half", half, "Store 16-bit floats.");
  }
  RunArguments options;
  Settings settings;
  std::string recipe, folder, out;
  bool half = false;
};

RunPlan readPlan(const CLI::App& command, const Arguments& arguments) {
  Issues issues;
  const auto settings = arguments.settings.read(command, issues);
  RunPlan plan{.recipe = {}, .options = arguments.options.read(issues)};
  usePretrainingDefaults(plan.options);
  const std::string recipe = arguments.recipe.empty() ? pretrainingRecipe().string() : arguments.recipe;
  plan.recipe = readRecipe(recipe, settings, issues);
  if (arguments.out.empty()) issues.push_back(error("--out", "is missing", "name the weights file to write"));
  refuse(issues);
  return plan;
}

// What somebody needs to know of the weights, and to make them again.
void writeCard(const std::filesystem::path& weights, const std::filesystem::path& folder) {
  const record::Reader run(folder);
  const auto text = [&](const char* path) {
    const Value* v = run.run().at(path);
    return v ? v->text() : std::string();
  };
  const auto results = run.results();
  std::ostringstream card;
  card << "# " << weights.stem().string()
       << "\n\nA Vision Transformer that Palimpsest trained on images that it draws itself; no photograph was used.\n\n"
       << "| | |\n|---|---|\n"
       << "| network | " << text("options.backbone") << " |\n| data | " << text("options.data")
       << " |\n| input range | " << text("options.input_range") << " |\n| seed | " << text("seed")
       << " |\n| program | Palimpsest " << text("version") << ", LibTorch " << text("torch") << ", " << text("device")
       << ", " << text("threads") << " threads |\n| held-out accuracy on its own classes | "
       << (results && results->find("last") ? results->find("last")->text() : "")
       << " % |\n| licence | GPL-3.0-or-later |\n\n"
       << "Recipe:\n\n```json\n"
       << record::toJson(*run.run().find("recipe"), 2)
       << "\n```\n\nThe same weights again, on the same kind of device with the same number of "
          "threads:\n\n```\npalimpsest-cli pretrain";
  for (const auto& [name, value] : run.run().find("options")->asObject())
    for (const ParamSpec& spec : specsOf<RunOptions>())
      if (spec.name == name && !(spec.fallback == value)) card << " " << flagOf(name) << " " << value.text();
  card << " --half --out " << weights.filename().string() << "\n```\n";
  record::writeFileAtomically(std::filesystem::path(weights).replace_extension(".md"), card.str());
}

int pretrain(const CLI::App& command, const Arguments& arguments, Console& console) {
  RunPlan plan = readPlan(command, arguments);
  const std::filesystem::path folder =
      arguments.folder.empty() ? freeFolder("pretrain") : std::filesystem::path(arguments.folder);
  Tail tail;
  const Interrupt interrupt;
  RunOutcome outcome;
  {
    ProgressView view(console, "pretrain");
    const auto live =
        record::isRun(folder) ? Run::resume(folder, {&tail}) : Run::start(std::move(plan), folder, {&tail});
    outcome = follow(*live, tail, view, console, interrupt);
  }
  if (outcome.state == "done") {
    exportBackbone(folder, arguments.out,
                   {{"licence", "GPL-3.0-or-later"}, {"origin", "palimpsest-cli pretrain " + programVersion()}},
                   arguments.half);
    writeCard(arguments.out, folder);
    console.line("The weights are in " + arguments.out);
  }
  return explain(outcome, folder, console);
}

}  // namespace

void addPretrain(CLI::App& app, Context& context) {
  CLI::App& command =
      *app.add_subcommand("pretrain", "Trains a backbone on images that the program draws, and writes its weights.");
  auto arguments = std::make_shared<Arguments>(command);
  whenChosen(
      command, context, [&command, &context, arguments] { return pretrain(command, *arguments, context.console); },
      true);
}

}  // namespace palimpsest::cli
