#include "app/cli/inspection.h"

#include <fmt/format.h>

#include <iostream>

#include "engine/record/json.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {

InspectionArguments::InspectionArguments(CLI::App& command) : options_(command, {"threads", "device"}) {
  command.add_option("RUN_FOLDER", folder_, "The run's folder; nothing in it is changed.");
  command
      .add_option("--images", images_,
                  "Test images of each class to look at, the first ones. [1 to 100000; default 10]")
      ->type_name("N");
  command.add_flag("--json", json_, "Print JSON, with every figure there is.");
}

InspectOptions InspectionArguments::read(Console& console, Issues& issues) const {
  const RunOptions run = options_.read(issues);
  InspectOptions options{.threads = run.threads, .device = run.device};
  options.images = wholeNumber("--images", images_, 1, 100000, issues);
  options.progress = [&console](int done, int of) {
    console.bar(done < of ? fmt::format("looking into the run: {} of {}", done, of) : "");
  };
  const std::string hint = "palimpsest-cli list runs shows the runs below ./runs";
  if (folder_.empty()) issues.push_back(error("RUN_FOLDER", "is missing", hint));
  else if (!record::isRun(folder_)) issues.push_back(error(folder_, "holds no run", hint));
  return options;
}

void InspectionArguments::answer(const Value& found, std::string (*text)(const Value&)) const {
  std::cout << (json_ ? record::toJson(found, 2) + "\n" : text(found)) << std::flush;
}

}  // namespace palimpsest::cli
