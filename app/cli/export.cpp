// palimpsest-cli export: a run's trained model as a file that other programs read, checked after writing.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/plan.h"
#include "engine/engine.h"
#include "engine/record/json.h"

namespace palimpsest::cli {
namespace {

struct Arguments {
  std::string folder, format = "torchscript", out, images = "10", threads = "0";
  bool json = false;
};

std::string formats() {
  std::string all;
  for (const ExportFormat& format : exportFormats()) all += (all.empty() ? "" : " ") + format.name + ": " + format.doc;
  return all;
}

int exported(const Arguments& arguments, Console& console) {
  Issues issues;
  if (arguments.folder.empty()) issues.push_back(error("RUN_FOLDER", "is missing", "palimpsest-cli list runs shows the runs below ./runs"));
  if (arguments.out.empty()) issues.push_back(error("--out", "is missing", "name the file to write"));
  ExportRequest request{.run_folder = arguments.folder, .out = arguments.out, .format = arguments.format};
  request.check_images = wholeNumber("--check-images", arguments.images, 1, 1000000, issues);
  request.threads = wholeNumber("--threads", arguments.threads, 0, 1024, issues);
  refuse(issues);
  request.progress = [&](int done, int of) { console.bar(fmt::format("checked with {} of {} images", done, of)); };
  const ExportedModel found = exportModel(request);
  console.bar("");
  if (arguments.json)
    std::cout << record::toJson(Value::Object{{"file", found.file.string()}, {"format", arguments.format}, {"bytes", static_cast<std::int64_t>(found.bytes)},
                                              {"classes", found.classes}, {"image_size", found.image_size}, {"tasks", found.tasks},
                                              {"checked_images", found.images}, {"changed_predictions", found.changed},
                                              {"largest_difference", found.largest_difference}, {"accuracy", found.accuracy}}, 2) << '\n';
  else
    std::cout << fmt::format("{}: {:.1f} MB, {} classes of {} tasks, images of {} x {} pixels.\nRead again, it classifies {} test images as the model does ({:.2f} % right; logits at most {:.1e} apart).\n",
                             found.file.string(), static_cast<double>(found.bytes) / 1e6, found.classes, found.tasks, found.image_size, found.image_size,
                             found.images, found.accuracy, found.largest_difference);
  return kDone;
}

}  // namespace

void addExport(CLI::App& app, Context& context) {
  CLI::App& command = *app.add_subcommand("export", "A run's trained model as a file that other programs read, with its classes and what is done to an image first; read again and checked before it is kept.");
  auto arguments = std::make_shared<Arguments>();
  command.add_option("RUN_FOLDER", arguments->folder, "A run that has finished a task.");
  command.add_option("--format", arguments->format, formats())->type_name("NAME")->take_last()->capture_default_str();
  command.add_option("--out", arguments->out, "File to write.")->type_name("FILE")->take_last();
  command.add_option("--check-images", arguments->images, "Test images of each class that the file is checked with.")->type_name("N")->take_last()->capture_default_str();
  command.add_option("--threads", arguments->threads, "Threads; 0: as the run had.")->type_name("N")->take_last()->capture_default_str();
  command.add_flag("--json", arguments->json, "Print JSON.");
  whenChosen(command, context, [arguments, &context] { return exported(*arguments, context.console); });
}

}  // namespace palimpsest::cli
