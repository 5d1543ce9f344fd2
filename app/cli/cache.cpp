// palimpsest-cli cache: features of frozen networks that are kept across runs.
#include <chrono>
#include <ctime>
#include <iostream>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/listing.h"
#include "engine/record/feature_store.h"
#include "engine/record/json.h"

namespace palimpsest::cli {
namespace {

std::string day(std::chrono::system_clock::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  char text[32];
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &utc);
  return text;
}

std::string oneLine(std::string text) {
  for (char& c : text)
    if (c == '\n') c = ';';
  return text;
}

}  // namespace

void addCache(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("cache", "What is kept of frozen networks' features, so that no run computes them again");
  auto clear = std::make_shared<bool>(false);
  auto json = std::make_shared<bool>(false);
  command->add_flag("--clear", *clear, "Remove all of it; runs that are under way go on");
  command->add_flag("--json", *json, "As JSON");
  whenChosen(*command, context, [clear, json, &context] {
    const record::FeatureStore::Place place = record::FeatureStore::placeFromEnvironment();
    for (const Issue& issue : place.issues) context.console.line(issue.path + ": " + issue.message);
    record::FeatureStore store(place.folder, place.limit_bytes);
    if (*clear) store.clear();
    Listing listing{.columns = {"rows", "of", "width", "megabytes", "last_use", "key"}};
    for (const auto& entry : store.entries())
      listing.rows.push_back({entry.rows, entry.size, entry.width, static_cast<std::int64_t>(entry.bytes >> 20), day(entry.last_use), entry.key.empty() ? "damaged" : oneLine(entry.key)});
    if (*json) {
      std::cout << record::toJson(jsonOf(listing), 2) << '\n';
    } else {
      std::cout << textOf(listing);
      context.console.line(place.folder.empty() ? "The cache is off (PALIMPSEST_FEATURE_CACHE)." : place.folder.string() + ": " + std::to_string(store.bytes() >> 20) + " of " + std::to_string(place.limit_bytes >> 20) + " MB");
    }
    return kDone;
  });
}

}  // namespace palimpsest::cli
