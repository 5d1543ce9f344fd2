// palimpsest-cli features: frozen features of one split, as safetensors.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/plan.h"
#include "engine/record/json.h"

namespace palimpsest::cli {
namespace {

struct Arguments {
  explicit Arguments(CLI::App& command)
      : options(command, {"data", "limit_train", "limit_test", "backbone", "image_size", "position_resize", "input_range",
                          "test_transform", "device", "precision", "threads", "eval_batch"}) {
    command.add_option("--split", split, "train or test. [default test]")->type_name("TEXT");
    command
        .add_option("--out", out, "File to write: features [N, width] float32, labels [N] int64, in data set order.")
        ->type_name("FILE");
    command.add_flag("--blocks", blocks, "Also write block_cls [N, depth, width]: the [CLS] token after each block.");
    command.add_flag("--json", json, "Print the summary as JSON.");
  }
  RunArguments options;
  std::string split = "test", out;
  bool blocks = false, json = false;
};

int features(const Arguments& arguments) {
  Issues issues;
  FeatureRequest request{.options = arguments.options.read(issues),
                         .split = arguments.split,
                         .blocks = arguments.blocks,
                         .out = arguments.out};
  if (arguments.split != "train" && arguments.split != "test")
    issues.push_back(error("--split", "\"" + arguments.split + "\" is not one of train, test"));
  if (arguments.out.empty()) issues.push_back(error("--out", "is missing", "for example --out features.safetensors"));
  refuse(issues);
  const FeatureSummary summary = extractFeatures(request);
  if (arguments.json) {
    std::cout << record::toJson(Value::Object{{"images", summary.images},
                                              {"width", summary.width},
                                              {"seconds", summary.seconds},
                                              {"file", arguments.out}},
                                2)
              << '\n';
  } else {
    std::cout << fmt::format("{} images x {} features in {:.1f} s: {}\n", summary.images, summary.width,
                             summary.seconds, arguments.out);
  }
  return kDone;
}

}  // namespace

void addFeatures(CLI::App& app, Context& context) {
  CLI::App& command =
      *app.add_subcommand("features", "Writes the frozen backbone's features of one split to a safetensors file.");
  auto arguments = std::make_shared<Arguments>(command);
  whenChosen(command, context, [arguments] { return features(*arguments); });
}

}  // namespace palimpsest::cli
