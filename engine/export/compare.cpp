#include "engine/export/compare.h"

#include <algorithm>
#include <functional>

#include "engine/metrics/transfer.h"
#include "engine/record/fairness.h"

namespace palimpsest::report {
namespace {

// Equal for runs that are repetitions of one another; the events know a recipe's name where run.json is damaged.
std::string identityOf(const RunSummary& run) { return run.recipe + "\n" + record::identityOf(run.header); }

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

// Accuracy on each task of training on it and all before it together (a*_k of Chaudhry et al., 2018): the mean over the
// complete runs of joint training on the same stream. nullopt where there is none.
std::vector<std::optional<double>> jointReferences(const Comparison& all, const RunSummary& run) {
  std::vector<std::optional<double>> references;
  for (int task = 0; task < run.tasks; ++task) {
    std::vector<std::optional<double>> values;
    for (const RunSummary& other : all.runs)
      if (other.complete() && other.tasks == run.tasks && record::isJointReference(other.header, run.header)) values.push_back(other.matrix.at(task, task));
    references.push_back(spreadOf(values).mean);
  }
  return references;
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
  method.intransigence = over(all, method, [&](const RunSummary& r) {
    return percent(intransigence(r.matrix, jointReferences(all, r)));
  });
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

void alignSettings(Comparison& all) {
  std::vector<record::Settings> compared;
  for (const Method& method : all.methods) compared.push_back(record::settingsOf(all.runs[method.runs.front()].header));
  all.settings = record::alignSettings(compared);
}

// Two methods of one recipe are told apart by what was set differently.
void makeNamesUnique(Comparison& all) {
  std::vector<std::string> names;
  for (const Method& method : all.methods) names.push_back(method.name);
  names = record::uniqueNames(std::move(names), all.settings);
  for (std::size_t m = 0; m < names.size(); ++m) {
    all.methods[m].title += names[m].substr(all.methods[m].name.size());
    all.methods[m].name = std::move(names[m]);
  }
}

void judge(Comparison& all) {
  std::vector<std::vector<const record::RunHeader*>> methods;
  for (const Method& method : all.methods)
    for (auto& headers = methods.emplace_back(); const std::size_t run : method.runs) headers.push_back(&all.runs[run].header);
  for (const record::Mismatch& mismatch : record::mismatches(methods)) {
    std::string list;
    for (std::size_t m = 0; mismatch.criterion->spell && m < mismatch.values.size(); ++m)
      if (!mismatch.values[m].empty()) list += (list.empty() ? ": " : "; ") + all.methods[m].name + " " + mismatch.values[m];
    all.unfair.push_back(warning(mismatch.criterion->path, mismatch.criterion->what + list));
  }
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
