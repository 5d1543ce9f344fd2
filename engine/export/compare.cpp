#include "engine/export/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "engine/protocol/error.h"

namespace palimpsest::report {
namespace {

// Options that two runs of one method may differ in: the seed, and what does not touch the numbers.
constexpr std::array<std::string_view, 11> kFreeOptions{
    "seed", "device", "threads", "eval_batch", "probe_images", "probe_every", "probe_dense", "map_images", "prompt_every", "checkpoint_seconds", "scenario"};
// Keys of a recipe that are for people.
constexpr std::array<std::string_view, 4> kWords{"name", "title", "paper", "doc"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// "cil:init=2,increment=2,order=1993" without the order: runs over several class orders are one method.
std::string withoutOrder(const std::string& scenario) {
  const auto begin = scenario.find("order=");
  if (begin == std::string::npos) return scenario;
  const auto comma = scenario.find(',', begin);
  std::string rest = scenario.substr(0, begin) + (comma == std::string::npos ? "" : scenario.substr(comma + 1));
  while (!rest.empty() && (rest.back() == ',' || rest.back() == ':')) rest.pop_back();
  return rest;
}

using Flat = std::vector<std::pair<std::string, std::string>>;

void flatten(const Value& value, const std::string& path, Flat& out) {
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

Flat settingsOf(const RunSummary& run) {
  Flat out, recipe;
  flatten(run.header.options, "options", out);
  flatten(run.header.recipe, "", recipe);
  for (auto& [path, text] : recipe)
    if (!contains(kWords, path)) out.emplace_back(std::move(path), std::move(text));
  return out;
}

// Equal for runs that are repetitions of one another.
std::string identityOf(const RunSummary& run) {
  std::string out = run.recipe + "\n" + withoutOrder(run.scenario) + "\n";
  for (const auto& [path, text] : settingsOf(run))
    if (!path.starts_with("options.") || !contains(kFreeOptions, std::string_view(path).substr(8)))
      out += path + "=" + text + "\n";
  return out;
}

std::optional<double> percent(std::optional<double> fraction) {
  return fraction ? std::optional(100 * *fraction) : std::nullopt;
}

Spread over(const Comparison& all, const Method& method,
            const std::function<std::optional<double>(const RunSummary&)>& figure) {
  std::vector<std::optional<double>> values;
  for (const std::size_t run : method.used) values.push_back(figure(all.runs[run]));
  return spreadOf(values);
}

void chooseRuns(const Comparison& all, Method& method) {
  for (const std::size_t run : method.runs)
    if (all.runs[run].complete()) method.used.push_back(run);
  method.complete = !method.used.empty();
  if (!method.complete) method.used = method.runs;
}

void measure(const Comparison& all, Method& method) {
  int stages = 0;
  for (const std::size_t run : method.used) stages = std::max(stages, all.runs[run].matrix.stages());
  for (int i = 0; i < stages; ++i) {
    method.top1.push_back(over(all, method, [&](const RunSummary& r) {
      return i < r.matrix.stages() ? percent(r.matrix.top1(i)) : std::nullopt;
    }));
    method.forgetting_at.push_back(
        over(all, method, [&](const RunSummary& r) { return percent(r.matrix.forgetting(i)); }));
  }
  method.average = over(all, method, [](const RunSummary& r) { return percent(r.matrix.average()); });
  method.last = over(all, method, [](const RunSummary& r) { return percent(r.matrix.last()); });
  method.last_macro = over(all, method, [](const RunSummary& r) { return percent(r.matrix.lastMacro()); });
  method.forgetting = over(all, method, [](const RunSummary& r) { return percent(r.matrix.forgetting()); });
  method.seconds =
      over(all, method, [](const RunSummary& r) { return r.seconds > 0 ? std::optional(r.seconds) : std::nullopt; });
}

void groupRuns(Comparison& all) {
  std::vector<std::string> identities;
  for (std::size_t i = 0; i < all.runs.size(); ++i) {
    const std::string identity = identityOf(all.runs[i]);
    const auto known = std::find(identities.begin(), identities.end(), identity);
    const auto place = static_cast<std::size_t>(known - identities.begin());
    if (known == identities.end()) {
      identities.push_back(identity);
      all.methods.push_back({.name = all.runs[i].recipe, .title = all.runs[i].title});
    }
    all.methods[place].runs.push_back(i);
  }
}

// Settings side by side; the order of the first run, what others have in addition behind it.
void alignSettings(Comparison& all) {
  std::map<std::string, std::size_t> place;
  for (std::size_t m = 0; m < all.methods.size(); ++m) {
    Flat flat = settingsOf(all.runs[all.methods[m].runs.front()]);
    for (auto& [path, text] : flat) {
      const auto [at, fresh] = place.try_emplace(path, all.settings.size());
      if (fresh) all.settings.push_back({path, std::vector<std::string>(all.methods.size()), false});
      all.settings[at->second].values[m] = text;
    }
  }
  for (Setting& setting : all.settings)
    setting.differs =
        std::adjacent_find(setting.values.begin(), setting.values.end(), std::not_equal_to<>()) != setting.values.end();
}

// Two methods of one recipe are told apart by what was set differently.
void makeNamesUnique(Comparison& all) {
  std::map<std::string, std::vector<std::size_t>> same;
  for (std::size_t m = 0; m < all.methods.size(); ++m) same[all.methods[m].name].push_back(m);
  for (const auto& [name, members] : same) {
    if (members.size() < 2) continue;
    std::vector<std::string> marks(members.size());
    int used = 0;
    for (const Setting& setting : all.settings) {
      std::set<std::string> values;
      for (const std::size_t m : members) values.insert(setting.values[m]);
      const bool free = setting.path.starts_with("options.") &&
                        contains(kFreeOptions, std::string_view(setting.path).substr(8)) &&
                        setting.path != "options.scenario";
      if (values.size() < 2 || free || used == 2) continue;
      ++used;
      for (std::size_t k = 0; k < members.size(); ++k)
        marks[k] += (marks[k].empty() ? "" : ", ") + setting.path + " " +
                    (setting.values[members[k]].empty() ? "none" : setting.values[members[k]]);
    }
    std::set<std::string> distinct(marks.begin(), marks.end());
    for (std::size_t k = 0; k < members.size(); ++k) {
      const std::string mark = distinct.size() == members.size() ? marks[k] : std::to_string(k + 1);
      all.methods[members[k]].name += " (" + mark + ")";
      all.methods[members[k]].title += " (" + mark + ")";
    }
  }
}

// What each method has of something, "a / b" where its runs differ; empty: does not apply to it.
using Feature = std::function<std::string(const RunSummary&)>;

std::vector<std::string> valuesOf(const Comparison& all, const Feature& feature) {
  std::vector<std::string> values;
  for (const Method& method : all.methods) {
    std::set<std::string> seen;
    for (const std::size_t run : method.runs) seen.insert(feature(all.runs[run]));
    std::string joined;
    for (const std::string& value : seen) joined += (joined.empty() ? "" : " / ") + value;
    values.push_back(joined);
  }
  return values;
}

void requireEqual(Comparison& all, const std::string& path, const std::string& what, const Feature& feature,
                  bool spell = true) {
  const auto values = valuesOf(all, feature);
  std::set<std::string> distinct;
  for (const std::string& value : values)
    if (!value.empty()) distinct.insert(value);
  if (distinct.size() < 2) return;
  std::string message = what;
  if (spell) {
    std::string list;
    for (std::size_t m = 0; m < values.size(); ++m)
      if (!values[m].empty()) list += (list.empty() ? ": " : "; ") + all.methods[m].name + " " + values[m];
    message += list;
  }
  all.unfair.push_back(warning(path, message));
}

Feature option(std::string key) {
  return [key = std::move(key)](const RunSummary& run) {
    const Value* value = run.header.options.find(key);
    return value ? value->text() : std::string();
  };
}

// Over the phases that train with steps: "5" or "20 + 5".
Feature inPhases(std::string key) {
  return [key = std::move(key)](const RunSummary& run) {
    std::string out;
    const Value* phases = run.header.recipe.find("phases");
    if (!phases) return out;
    for (const Value& phase : phases->asArray())
      if (const Value* value = phase.find("epochs") ? phase.find(key) : nullptr)
        out += (out.empty() ? "" : " + ") + value->text();
    return out;
  };
}

std::string orderOf(const RunSummary& run) {
  std::string out;
  for (const int c : run.header.class_order) out += (out.empty() ? "" : " ") + std::to_string(c);
  return out;
}

void judge(Comparison& all) {
  if (all.methods.size() < 2) return;
  requireEqual(all, "data", "the data differ", [](const RunSummary& r) { return r.header.data; });
  requireEqual(
      all, "data_fingerprint", "the images or labels used differ",
      [](const RunSummary& r) { return r.header.data_fingerprint; }, false);
  requireEqual(all, "backbone", "the backbones differ", [](const RunSummary& r) { return r.header.backbone; });
  requireEqual(
      all, "backbone_sha256", "the backbones' weights differ",
      [](const RunSummary& r) { return r.header.backbone_sha256; }, false);
  requireEqual(all, "scenario", "the streams of tasks differ",
               [](const RunSummary& r) { return withoutOrder(r.scenario); });
  requireEqual(all, "class_order", "the classes come in different orders", orderOf, false);
  for (const char* key : {"image_size", "input_range", "train_transform", "test_transform", "precision"})
    requireEqual(all, std::string("options.") + key, std::string(key) + " differs", option(key));
  requireEqual(all, "epochs", "the epochs differ", inPhases("epochs"));
  requireEqual(all, "batch", "the training batches differ", inPhases("batch"));
  requireEqual(all, "evaluation", "the evaluation differs", [](const RunSummary& r) { return r.header.evaluation; });
  requireEqual(all, "seeds", "the seeds differ", [](const RunSummary& r) { return std::to_string(r.header.seed); });
}

std::string stagesText(const RunSummary& run) {
  return std::to_string(run.matrix.stages()) + " of " + std::to_string(run.tasks) + " tasks are finished";
}

void takeNotes(Comparison& all) {
  for (const RunSummary& run : all.runs) {
    const std::string where = run.recipe + ", " + run.id();
    if (run.state == "failed")
      all.notes.push_back(warning(where, "failed (" + run.failure + "); " + stagesText(run), run.hint));
    else if (run.state == "running")
      all.notes.push_back(
          warning(where, "is still going; " + stagesText(run), "make the report again when it has ended"));
    else if (!run.complete())
      all.notes.push_back(warning(where, "was " + run.state + "; " + stagesText(run), "it can be resumed"));
    for (const Issue& issue : run.issues)
      if (!issue.message.empty()) all.notes.push_back(warning(where + ", " + issue.path, issue.message, issue.hint));
  }
  for (const Method& method : all.methods)
    if (method.complete && method.used.size() < method.runs.size())
      all.notes.push_back(warning(method.name, "figures are of the " + std::to_string(method.used.size()) +
                                                   " complete runs of " + std::to_string(method.runs.size())));
}

}  // namespace

Spread spreadOf(const std::vector<std::optional<double>>& values) {
  Spread out;
  double sum = 0;
  for (const auto& value : values)
    if (value) {
      sum += *value;
      ++out.n;
    }
  if (out.n == 0) return out;
  out.mean = sum / out.n;
  if (out.n < 2) return out;
  double squares = 0;
  for (const auto& value : values)
    if (value) squares += (*value - *out.mean) * (*value - *out.mean);
  out.deviation = std::sqrt(squares / (out.n - 1));
  return out;
}

Comparison compare(std::vector<RunSummary> runs) {
  Comparison all;
  all.runs = std::move(runs);
  for (const RunSummary& run : all.runs) all.tasks = std::max(all.tasks, run.tasks);
  groupRuns(all);
  alignSettings(all);
  for (Method& method : all.methods) {
    chooseRuns(all, method);
    measure(all, method);
  }
  makeNamesUnique(all);
  judge(all);
  takeNotes(all);
  return all;
}

}  // namespace palimpsest::report
