// palimpsest-cli pretrain: trains a backbone on images that the program draws, and writes it as a weights file with a
// card. It is a run like any other: it can be stopped, resumed and watched.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>

#include "app/cli/commands.h"
#include "app/cli/follow.h"
#include "app/cli/plan.h"
#include "engine/data/dataset.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {
namespace {

struct Arguments {
  explicit Arguments(CLI::App& command) : options(command), settings(command) {
    command.add_option("--objective", objective,
                       "distilled: the feature learns a hand-made description of the image; supervised: the classes of "
                       "the world. [default distilled]")
        ->type_name("TEXT");
    command.add_option("--recipe", recipe, "Recipe of the pre-training, in place of an objective.")->type_name("FILE");
    command
        .add_option("--run", folder,
                    "Folder of the run; one that holds a run is gone on with. [default ./runs/pretrain-<n>]")
        ->type_name("DIR");
    command.add_option("--out", out, "Weights file to write; its card stands beside it.")
        ->type_name("FILE.safetensors");
    command.add_flag("--half", half, "Store 16-bit floats.");
    command.add_option("--assess", assess,
                       "Data sets on whose training split the features are assessed at the end, for the card; none: on "
                       "nothing. [default a world that was not trained on, and fashion-mnist where it is installed]")
        ->type_name("SPEC");
  }
  RunArguments options;
  Settings settings;
  std::string objective = kObjectives.front(), recipe, folder, out;
  std::vector<std::string> assess;
  bool half = false;
};

RunPlan readPlan(const CLI::App& command, const Arguments& arguments) {
  Issues issues;
  const auto settings = arguments.settings.read(command, issues);
  RunPlan plan{.recipe = {}, .options = arguments.options.read(issues)};
  usePretrainingDefaults(plan.options);
  if (std::find(kObjectives.begin(), kObjectives.end(), arguments.objective) == kObjectives.end())
    issues.push_back(error("--objective", "\"" + arguments.objective + "\" is not one of distilled, supervised"));
  else
    plan.recipe = readRecipe(arguments.recipe.empty() ? pretrainingRecipe(arguments.objective).string() : arguments.recipe, settings, issues);
  for (const std::string& data : arguments.assess) try {
      if (data != "none") openDataset(data);
    } catch (const BadInput& bad) {  // hours from now would be late
      append(issues, bad.issues);
    }
  if (arguments.out.empty()) issues.push_back(error("--out", "is missing", "name the weights file to write"));
  refuse(issues);
  return plan;
}

// Where `value` differs from `base`, as settings of the command line: " --phases.1.lr 0.001".
void addSettings(const Value& value, const Value& base, const std::string& path, std::string& out) {
  const auto below = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
  if (value.isObject()) {
    for (const auto& [name, member] : value.asObject())
      if (const Value* other = base.find(name)) addSettings(member, *other, below(name), out);
  } else if (value.isArray() && base.isArray() && !value.asArray().empty() && value.asArray().front().isObject()) {
    for (std::size_t i = 0; i < value.asArray().size() && i < base.asArray().size(); ++i)
      addSettings(value.asArray()[i], base.asArray()[i], below(std::to_string(i)), out);
  } else if (!(value == base)) {
    out += " --" + path + " " + value.text();
  }
}

// The objective with the settings that make this recipe, or the recipe's file.
std::string objectiveOf(const Value& recipe) {
  Issues ignored;
  const std::string name = nameOf(recipe);
  if (std::find(kObjectives.begin(), kObjectives.end(), name) == kObjectives.end()) return " --recipe recipe.json";
  std::string text = name == kObjectives.front() ? "" : " --objective " + name;
  addSettings(recipe, resolve(readRecipe(pretrainingRecipe(name).string(), {}, ignored), catalogue()).recipe, "", text);
  return text;
}

// Worlds of another seed share no class with those of the default one. No test image is looked at anywhere, so that
// weights may be chosen by these figures.
std::vector<std::string> assessedOn(const Arguments& arguments) {
  if (!arguments.assess.empty()) return arguments.assess;
  std::vector<std::string> specs{"world:classes=100,train=120,test=1,seed=2"};
  for (const DatasetInfo& data : knownDatasets())
    if (data.available && data.spec == "fashion-mnist") specs.push_back(data.spec);
  return specs;
}

std::string assessmentsOf(const std::filesystem::path& weights, const Arguments& arguments, Console& console) {
  std::string rows;
  for (const std::string& data : assessedOn(arguments)) {
    if (data == "none") continue;
    AssessRequest request{.options = {}, .training_split_only = true};
    request.options.data = data;
    request.options.backbone = weights.string();
    const Assessment found = assess(request, [&](std::int64_t done, std::int64_t of) {
      console.bar(fmt::format("features of {}: {} of {} images", data, done, of));
      return true;
    });
    rows += fmt::format("| {} | {} | {} | {:.2f} % | {:.2f} % |\n", data, found.classes, found.test_images, found.nearest_mean, found.ridge);
  }
  console.bar("");
  if (rows.empty()) return rows;
  return "Its frozen features, on images of training splits that were held out (one in six): nearest class mean by cosine, "
         "and ridge regression on 2,000 random ReLU features.\n\n| data | classes | images | nearest mean | ridge |\n|---|---|---|---|---|\n" +
         rows + "\n";
}

// The card beside the weights that training began with, one level down: without it the last command is half the story.
std::string beginningOf(const std::string& backbone) {
  std::ifstream card(std::filesystem::path(backbone).replace_extension(".md"));
  if (backbone.starts_with("new:") || !card) return {};
  std::string text = "\n## " + backbone + ", which it began with\n\n", line;
  for (std::getline(card, line); std::getline(card, line);) text += (line.starts_with('#') ? "#" : "") + line + "\n";
  return text;
}

// What somebody needs to know of the weights, and to make them again.
void writeCard(const std::filesystem::path& weights, const std::filesystem::path& folder, const Arguments& arguments, Console& console) {
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
       << (results && results->find("last") ? fmt::format("{:.2f}", results->find("last")->asDouble()) : "")
       << " % |\n| licence | GPL-3.0-or-later |\n\n"
       << assessmentsOf(weights, arguments, console)
       << "Recipe:\n\n```json\n"
       << record::toJson(*run.run().find("recipe"), 2)
       << "\n```\n\nThe same weights again, on the same kind of device with the same number of "
          "threads:\n\n```\npalimpsest-cli pretrain" << objectiveOf(*run.run().find("recipe"));
  for (const auto& [name, value] : run.run().find("options")->asObject())
    for (const ParamSpec& spec : specsOf<RunOptions>())
      if (spec.name == name && !(spec.fallback == value)) card << " " << flagOf(name) << " " << value.text();
  card << (arguments.half ? " --half" : "") << " --out " << weights.filename().string() << "\n```\n" << beginningOf(text("options.backbone"));
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
    writeCard(arguments.out, folder, arguments, console);
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
