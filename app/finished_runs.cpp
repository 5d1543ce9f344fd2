#include "app/finished_runs.h"

#include "engine/protocol/options.h"
#include "engine/record/json.h"
#include "engine/record/run_header.h"

namespace palimpsest {

namespace {
std::optional<QueueForecast::Finished> finishedRun(const std::filesystem::path& folder, const std::vector<PartInfo>& catalogue) try {
  const record::Paths paths(folder);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(paths.results(), ignored) || !record::isRun(folder)) return std::nullopt;
  const Value results = record::readJsonFile(paths.results());
  const Value *state = results.find("state"), *total = results.at("seconds.total");
  if (!state || state->asString() != "done" || !total) return std::nullopt;
  const record::RunHeader header = record::runHeader(record::readJsonFile(paths.run()));
  const QueueForecast::Wanted what = wantedRun(header.recipe, header.options, catalogue);
  QueueForecast::Finished run{what.recipe, what.options, total->asDouble(), 0, static_cast<int>(header.class_order.size())};
  for (const Value& task : header.stream.asArray())
    if (const Value* train = task.find("train"))
      for (const Value& images : train->asArray()) run.images += images.asInt();
  return run;
} catch (const std::exception&) {
  return std::nullopt;  // opening it says why
}
}  // namespace

QueueForecast::Wanted wantedRun(const Value& recipe, const Value& options, const std::vector<PartInfo>& catalogue) {
  Issues unreadable;
  const Value whole(valuesOf(readParams<RunOptions>(options, "options", unreadable)));
  return {trainedRecipe(resolve(recipe, catalogue).recipe, whole), whole};
}

std::vector<QueueForecast::Finished> finishedRuns(const std::filesystem::path& runs, const std::vector<PartInfo>& catalogue) {
  std::vector<QueueForecast::Finished> found;
  std::error_code trouble;
  std::filesystem::directory_iterator entries(runs, trouble);
  for (; !trouble && entries != std::filesystem::directory_iterator(); entries.increment(trouble))
    if (auto run = finishedRun(entries->path(), catalogue)) found.push_back(std::move(*run));
  return found;
}

}  // namespace palimpsest
