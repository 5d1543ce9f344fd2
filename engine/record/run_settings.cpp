#include "engine/record/run_settings.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

namespace palimpsest::record {
namespace {

constexpr std::string_view kOptions = "options.";
// Options that two runs of one method may differ in: the seed, and what does not touch the numbers. The stream is
// compared apart, without its order.
constexpr std::array<std::string_view, 11> kFreeOptions{"seed",        "device",      "threads",    "eval_batch",   "probe_images",       "probe_every",
                                                        "probe_dense", "map_images",  "prompt_every", "checkpoint_seconds", "scenario"};
// Options that came after there were runs, with what those did: at that value they are left out, so that such runs are
// alike those of today.
constexpr std::array<std::pair<std::string_view, std::string_view>, 1> kLaterOptions{{{"options.held_out", "0"}}};
// Keys of a recipe that are for people.
constexpr std::array<std::string_view, 4> kWords{"name", "title", "paper", "doc"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

void flatten(const Value& value, const std::string& path, Settings& out) {
  if (value.isObject() && !value.asObject().empty()) {
    for (const auto& [key, member] : value.asObject()) flatten(member, path.empty() ? key : path + "." + key, out);
    return;
  }
  const bool nested =
      value.isArray() && !value.asArray().empty() && (value.asArray()[0].isObject() || value.asArray()[0].isArray());
  if (!nested) {
    out.emplace_back(path, value.text());
    return;
  }
  for (std::size_t i = 0; i < value.asArray().size(); ++i)
    flatten(value.asArray()[i], path + "." + std::to_string(i), out);
}

// What tells these methods apart, one mark each; the first two settings that do.
std::vector<std::string> marksOf(const std::vector<std::size_t>& members, const std::vector<AlignedSetting>& settings) {
  std::vector<std::string> marks(members.size());
  int used = 0;
  for (const AlignedSetting& setting : settings) {
    std::set<std::string> values;
    for (const std::size_t m : members) values.insert(setting.values[m]);
    const bool free = isFree(setting.path) && setting.path != "options.scenario";
    if (values.size() < 2 || free || used == 2) continue;
    ++used;
    const std::string name = setting.path.starts_with(kOptions) ? setting.path.substr(kOptions.size()) : setting.path;
    for (std::size_t k = 0; k < members.size(); ++k)
      marks[k] += (marks[k].empty() ? "" : ", ") + name + " " + (setting.values[members[k]].empty() ? "none" : setting.values[members[k]]);
  }
  return marks;
}

}  // namespace

bool isFree(std::string_view path) { return path.starts_with(kOptions) && contains(kFreeOptions, path.substr(kOptions.size())); }

std::string withoutOrder(const std::string& scenario) {
  const auto begin = scenario.find("order=");
  if (begin == std::string::npos) return scenario;
  const auto comma = scenario.find(',', begin);
  std::string rest = scenario.substr(0, begin) + (comma == std::string::npos ? "" : scenario.substr(comma + 1));
  while (!rest.empty() && (rest.back() == ',' || rest.back() == ':')) rest.pop_back();
  return rest;
}

Settings settingsOf(const RunHeader& header) {
  Settings out, recipe;
  flatten(header.options, "options", out);
  std::erase_if(out, [](const auto& setting) {
    return std::ranges::any_of(kLaterOptions, [&](const auto& later) { return setting.first == later.first && setting.second == later.second; });
  });
  flatten(header.recipe, "", recipe);
  for (auto& [path, text] : recipe)
    if (!contains(kWords, path)) out.emplace_back(std::move(path), std::move(text));
  return out;
}

std::string identityOf(const RunHeader& header) {
  const Value* name = header.recipe.find("name");
  const Value* scenario = header.options.find("scenario");
  std::string out = (name ? name->asString() : "") + "\n" + (scenario ? withoutOrder(scenario->asString()) : "") + "\n";
  for (const auto& [path, text] : settingsOf(header))
    if (!isFree(path)) out += path + "=" + text + "\n";
  return out;
}

std::vector<AlignedSetting> alignSettings(const std::vector<Settings>& compared) {
  std::vector<AlignedSetting> out;
  std::map<std::string_view, std::size_t> place;  // of paths in `compared`
  for (std::size_t m = 0; m < compared.size(); ++m)
    for (const auto& [path, text] : compared[m]) {
      const auto [at, fresh] = place.try_emplace(path, out.size());
      if (fresh) out.push_back({path, std::vector<std::string>(compared.size()), false});
      out[at->second].values[m] = text;
    }
  for (AlignedSetting& setting : out)
    setting.differs =
        std::adjacent_find(setting.values.begin(), setting.values.end(), std::not_equal_to<>()) != setting.values.end();
  return out;
}

std::vector<std::string> uniqueNames(std::vector<std::string> names, const std::vector<AlignedSetting>& settings) {
  std::map<std::string, std::vector<std::size_t>> same;
  for (std::size_t m = 0; m < names.size(); ++m) same[names[m]].push_back(m);
  for (const auto& [name, members] : same) {
    if (members.size() < 2) continue;
    const std::vector<std::string> marks = marksOf(members, settings);
    const std::set<std::string> distinct(marks.begin(), marks.end());
    for (std::size_t k = 0; k < members.size(); ++k)
      names[members[k]] += " (" + (distinct.size() == members.size() ? marks[k] : std::to_string(k + 1)) + ")";
  }
  return names;
}

}  // namespace palimpsest::record
