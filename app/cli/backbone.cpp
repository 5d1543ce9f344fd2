// palimpsest-cli backbone: the weights that somebody brings along, and how good their features are.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/plan.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"

namespace palimpsest::cli {
namespace {

int add(const std::vector<std::string>& files) {
  if (files.empty()) throw BadInput({error("FILE", "is missing", "name one or several weights files")});
  Issues issues;
  for (const std::string& file : files) try {
      const BackboneInfo info = palimpsest::addBackbone(file);
      std::cout << fmt::format("{}: {}, {} parameters, inputs {} ({})\n", info.name, info.architecture, info.parameters,
                               info.input_range, info.file);
    } catch (const BadInput& bad) {
      append(issues, bad.issues);
    }
  if (hasErrors(issues)) throw BadInput(issues);
  return kDone;
}

int remove(const std::vector<std::string>& names) {
  if (names.empty()) throw BadInput({error("NAME", "is missing", "palimpsest-cli list backbones shows what there is")});
  for (const std::string& name : names) removeBackbone(name);
  return kDone;
}

struct ExportArguments {
  std::string run, out;
  bool half = false;
};

int exported(const ExportArguments& arguments) {
  if (arguments.run.empty() || arguments.out.empty()) throw BadInput({error("RUN_FOLDER", "is missing, or --out is", "name a run's folder, and with --out the file to write")});
  if (std::filesystem::exists(arguments.out)) throw BadInput({error("--out", arguments.out + " is already there", "choose another name")});
  exportBackbone(arguments.run, arguments.out, {{"origin", "trained by palimpsest-cli, run " + std::filesystem::path(arguments.run).filename().string()}}, arguments.half);
  std::cout << arguments.out << '\n';
  return kDone;
}

struct AssessArguments {
  explicit AssessArguments(CLI::App& command)
      : options(command, {"data", "limit_train", "limit_test", "backbone", "image_size", "position_resize", "input_range",
                          "test_transform", "device", "threads", "eval_batch"}) {
    command.add_option("--random-features", random, "Random ReLU features of the ridge regression; 0 leaves it out. [0 to 20000; default 2000]")
        ->type_name("N");
    command.add_flag("--training-split", training, "Hold out one in six training images, and leave the test split alone.");
    command.add_flag("--json", json, "Print JSON.");
  }
  RunArguments options;
  std::string random = "2000";
  bool training = false, json = false;
};

int assessment(const AssessArguments& arguments, Console& console) {
  Issues issues;
  AssessRequest request{.options = arguments.options.read(issues), .training_split_only = arguments.training};
  request.random_features = wholeNumber("--random-features", arguments.random, 0, 20000, issues);
  refuse(issues);
  const Assessment found = assess(request, [&](std::int64_t done, std::int64_t of) {
    console.bar(fmt::format("features of {} of {} images", done, of));
    return true;
  });
  console.bar("");
  if (arguments.json)
    std::cout << record::toJson(Value::Object{{"backbone", request.options.backbone}, {"data", request.options.data},
                                              {"nearest_mean", found.nearest_mean}, {"ridge", found.ridge},
                                              {"random_features", request.random_features}, {"classes", found.classes},
                                              {"train_images", found.train_images}, {"test_images", found.test_images},
                                              {"held_out", arguments.training ? "training split" : "test split"},
                                              {"seconds", found.seconds}}, 2) << '\n';
  else {
    std::cout << fmt::format("Nearest class mean: {:.2f} % of {} images in {} classes ({} training images).\n", found.nearest_mean,
                             found.test_images, found.classes, found.train_images);
    if (request.random_features > 0)
      std::cout << fmt::format("Ridge regression on {} random features: {:.2f} %.\n", request.random_features, found.ridge);
  }
  return kDone;
}

}  // namespace

void addBackbone(CLI::App& app, Context& context) {
  CLI::App& command = *app.add_subcommand("backbone", "Weights that you bring along, or that a run has trained: backbone add, remove, assess, export.");
  auto files = std::make_shared<std::vector<std::string>>(), names = std::make_shared<std::vector<std::string>>();
  CLI::App& adding = *command.add_subcommand("add", "Checks weights files and remembers them by name; they stay where they are.");
  adding.add_option("FILE", *files, "safetensors, PyTorch (.pth, .pt, .bin), TorchScript or JAX (.npz).");
  whenChosen(adding, context, [files] { return add(*files); });
  CLI::App& removing = *command.add_subcommand("remove", "Forgets added weights; the files stay.");
  removing.add_option("NAME", *names, "As list backbones shows them.");
  whenChosen(removing, context, [names] { return remove(*names); });
  CLI::App& assessing = *command.add_subcommand("assess", "How good its frozen features are: nearest class mean, and ridge regression on random features.");
  auto arguments = std::make_shared<AssessArguments>(assessing);
  whenChosen(assessing, context, [arguments, &context] { return assessment(*arguments, context.console); });
  auto wanted = std::make_shared<ExportArguments>();
  CLI::App& exporting = *command.add_subcommand("export", "Writes the network of a run as a weights file: trained, or adapted by SSF or LoRA, which are folded in.");
  exporting.add_option("RUN_FOLDER", wanted->run, "A run that has finished a task.");
  exporting.add_option("--out", wanted->out, "File to write (.safetensors).");
  exporting.add_flag("--half", wanted->half, "16-bit floats.");
  whenChosen(exporting, context, [wanted] { return exported(*wanted); });
  whenChosen(command, context, [&command, &context] {
    if (!command.get_subcommands().empty()) return context.status;
    const auto words = command.remaining();
    const std::string known = "one of add, remove, assess, export";
    throw BadInput({words.empty() ? error("WHAT", "is missing", known) : error(words.front(), "is nothing that can be done with a backbone", known)});
  }, true);
}

}  // namespace palimpsest::cli
