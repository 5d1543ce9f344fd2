#include "widgets/models/queue_forecast.h"

#include <algorithm>

namespace palimpsest {

namespace {

// What does not make a run longer or shorter.
constexpr const char* kIdleOptions[] = {"seed", "epochs", "checkpoint_seconds"};
constexpr const char* kIdleKeys[] = {"name", "title", "paper", "doc", "notes"};

std::string keyOf(const Value& recipe, const Value& options, bool limit) {
  Value what = recipe, where = options;
  for (const char* key : kIdleKeys) what.erase(key);
  for (const char* key : kIdleOptions) where.erase(key);
  if (!limit) where.erase("limit_train");
  return what.text() + "\n" + where.text();
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Value trainedRecipe(Value recipe, const Value& options) {
  const Value* epochs = options.find("epochs");
  if (!epochs || epochs->asInt() <= 0) return recipe;
  for (int phase = 0; Value* place = recipe.at("phases." + std::to_string(phase)); ++phase)
    if (Value* own = place->find("epochs")) *own = *epochs;
  return recipe;
}

void QueueForecast::setFinished(const std::vector<Finished>& runs) {
  same_.clear();
  similar_.clear();
  for (const Finished& run : runs) {
    if (!(run.seconds > 0)) continue;
    same_[keyOf(run.recipe, run.options, true)].push_back(run.seconds);
    if (run.images <= 0 || run.classes <= 0) continue;
    Kind& kind = similar_[keyOf(run.recipe, run.options, false)];
    kind.per_image.push_back(run.seconds / static_cast<double>(run.images));
    kind.classes = run.classes;
  }
}

std::optional<double> QueueForecast::seconds(const Wanted& run) const {
  const double left = 1 - std::clamp(run.done, 0.0, 1.0);
  if (const auto same = same_.find(keyOf(run.recipe, run.options, true)); same != same_.end()) return left * *median(same->second);
  const Value* limit = run.options.find("limit_train");
  const auto similar = similar_.find(keyOf(run.recipe, run.options, false));
  if (!limit || limit->asInt() <= 0 || similar == similar_.end()) return std::nullopt;
  const double images = static_cast<double>(limit->asInt()) * similar->second.classes;
  return left * images * *median(similar->second.per_image);
}

std::vector<QueueForecast::Slot> QueueForecast::slotsAfter(std::optional<double> until_free, const std::vector<std::optional<double>>& lengths) {
  std::vector<Slot> slots;
  std::optional<double> at = until_free;
  for (const std::optional<double>& length : lengths) {
    Slot slot{at, std::nullopt};
    if (at && length) slot.end = *at + *length;
    at = slot.end;
    slots.push_back(slot);
  }
  return slots;
}

}  // namespace palimpsest
