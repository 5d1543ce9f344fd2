#include "app/cli/summary.h"

#include <fmt/format.h>

#include <iostream>
#include <string>

#include "app/cli/progress_view.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {
namespace {

std::string percentText(const Value* value) {
  return value && value->isNumber() ? fmt::format("{:.2f}", value->asDouble()) : "-";
}

std::string accuraciesText(const Value& results) {
  std::string tasks = fmt::format("{:<24}", "after task"), accuracies = fmt::format("{:<24}", "accuracy, classes seen");
  const Value* top1 = results.find("top1");
  int task = 0;
  for (const Value& accuracy : top1 ? top1->asArray() : Value::Array{}) {
    tasks += fmt::format("{:>8}", ++task);
    accuracies += fmt::format("{:>8}", percentText(&accuracy));
  }
  return tasks + "\n" + accuracies + "\n";
}

}  // namespace

void printSummary(const std::filesystem::path& folder, bool json) {
  const Value results = record::readJsonFile(record::Paths(folder).results());
  if (json) {
    std::cout << record::toJson(results, 2) << '\n';
    return;
  }
  std::cout << accuraciesText(results);
  for (const char* figure : {"average", "last", "forgetting"})
    std::cout << fmt::format("{:<24}{:>8}\n", figure, percentText(results.find(figure)));
  const Value* seconds = results.at("seconds.total");
  std::cout << fmt::format("{:<24}{:>8}\n", "time", clockText(seconds ? seconds->asDouble() : -1)) << std::flush;
}

}  // namespace palimpsest::cli
