// The same model chosen from otherwise, and the same model in other batches.
#include <algorithm>
#include <chrono>

#include "engine/protocol/error.h"
#include "engine/protocol/random.h"
#include "engine/session/inspection.h"
#include "engine/session/watch.h"

namespace palimpsest {
namespace {

void checkPrompts(const WhatIf& change, const Inspection& run, const Model& model, int after, Issues& issues) {
  const auto selections = model.selections();
  if (change.layer >= static_cast<int>(selections.size()))
    issues.push_back(error("--layer", "the run has " + std::to_string(selections.size()) + " selections, counted from 0"));
  int prompts = 0;
  bool soft = false;
  for (const Model::Selection& which : selections) {
    if (!model.selector(which.entry).queries()) continue;
    prompts = std::max(prompts, model.pool(which.entry).size());
    soft = soft || model.pool(which.entry).gates(0).defined();
  }
  const auto check = [&](const char* flag, int prompt) {
    if (prompt < 0 || prompt >= prompts)
      issues.push_back(error(flag, "there is no prompt " + std::to_string(prompt), prompts > 0 ? "they are counted from 0 to " + std::to_string(prompts - 1) : "nothing is chosen in this run"));
  };
  for (const int prompt : change.mask) check("--mask", prompt);
  for (const int prompt : change.force) check("--force", prompt);
  for (const int prompt : change.reinitialise) check("--reinitialise", prompt);
  for (const auto& [a, b] : change.swap) {
    check("--swap", a);
    check("--swap", b);
  }
  for (const auto& [prompt, task] : change.freeze) {
    check("--freeze", prompt);
    if (task < 0 || task > after) {
      issues.push_back(error("--freeze", "the run has no task " + std::to_string(task + 1) + " before what is looked at", "tasks are counted from 1 to " + std::to_string(after + 1)));
    } else if (prompt >= 0 && prompt < prompts) {
      const auto then = run.model(task);
      bool there = false;
      for (const Model::Selection& which : selections) there = there || prompt < then->pool(which.entry).size();
      if (!there) issues.push_back(error("--freeze", "prompt " + std::to_string(prompt) + " was not there after task " + std::to_string(task + 1)));
    }
  }
  if (soft && !change.force.empty()) issues.push_back(error("--force", "components are weighed, not chosen", "use --mask, --top-k or --temperature"));
  if (!soft && change.temperature) issues.push_back(error("--temperature", "this choice has no temperature", "it belongs to weighted components (sapc)"));
  if (prompts > 0 && static_cast<int>(change.mask.size()) >= prompts) issues.push_back(error("--mask", "no prompt would be left to choose"));
}

// What a pool holds of a prompt: the prompt in all places, its keys and gates in all choices.
void copyPrompt(Pool& pool, const Pool& from, int prompt, int places) {
  if (prompt >= from.size()) return;
  for (int place = 0; place < places; ++place) pool.setPrompts(place, prompt, from.prompts(place)[prompt].unsqueeze(0));
  for (int choice = 0; choice < pool.choices(); ++choice) {
    pool.setKeys(choice, prompt, from.keys(choice)[prompt].unsqueeze(0));
    if (from.gates(choice).defined()) pool.setGates(choice, prompt, from.gates(choice)[prompt].unsqueeze(0));
  }
}

void changePool(Pool& pool, const Pool& fresh, const WhatIf& change, int places) {
  for (int place = 0; place < places; ++place) {
    for (const auto& [a, b] : change.swap) {
      const Tensor one = pool.prompts(place)[a].clone(), other = pool.prompts(place)[b].clone();
      pool.setPrompts(place, a, other.unsqueeze(0));
      pool.setPrompts(place, b, one.unsqueeze(0));
    }
  }
  for (const int prompt : change.reinitialise) copyPrompt(pool, fresh, prompt, places);
}

void apply(Inspection& run, Model& model, const WhatIf& change, int after) {
  const auto selections = model.selections();
  Model fresh(run.session().plan.recipe, model.loaded(), model.setting());
  for (int task = 0; task <= after; ++task) fresh.beginTask(run.scopeOf(task));
  model.adjusted.assign(static_cast<std::size_t>(selections.back().entry) + 1, {});
  for (std::size_t i = 0; i < selections.size(); ++i) {
    const Model::Selection& which = selections[i];
    if (which.choice > 0 || !model.selector(which.entry).queries()) continue;  // once for each entry
    if (change.layer >= 0 && selections[static_cast<std::size_t>(change.layer)].entry != which.entry) continue;
    Adjustments& adjust = model.adjusted[static_cast<std::size_t>(which.entry)];
    adjust.mask = change.mask;
    adjust.force = change.force;
    adjust.top_k = change.top_k;
    adjust.temperature = change.temperature;
    if (change.centre) adjust.centre = run.queries(run.imagesOf(0, 0)).mean(0);
    int places = 0;
    for (const Model::Selection& own : selections)
      if (own.entry == which.entry) places += static_cast<int>(own.places.size());
    changePool(model.pool(which.entry), fresh.pool(which.entry), change, places);
    for (const auto& [prompt, task] : change.freeze) copyPrompt(model.pool(which.entry), run.model(task)->pool(which.entry), prompt, places);
  }
}

Value changeValue(const WhatIf& change) {
  Value out{Value::Object{}};
  if (!change.mask.empty()) out["mask"] = toValue(change.mask);
  if (!change.force.empty()) out["force"] = toValue(change.force);
  if (!change.reinitialise.empty()) out["reinitialise"] = toValue(change.reinitialise);
  const auto pairs = [&](const char* name, const std::vector<std::pair<int, int>>& all) {
    Value::Array list;
    for (const auto& [a, b] : all) list.push_back(Value::Array{a, b});
    if (!list.empty()) out[name] = Value(std::move(list));
  };
  pairs("swap", change.swap);
  pairs("freeze", change.freeze);
  if (change.top_k) out["top_k"] = *change.top_k;
  if (change.temperature) out["temperature"] = *change.temperature;
  if (change.centre) out["centre"] = true;
  if (change.layer >= 0) out["layer"] = change.layer;
  return out;
}

Value accuracies(const Inspection& run, const Seen& seen, const std::vector<std::int64_t>& places, int last) {
  const std::vector<int> tasks = run.tasksOf(places);
  std::vector<double> hits(static_cast<std::size_t>(last) + 1, 0), counts(hits.size(), 0);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    counts[static_cast<std::size_t>(tasks[i])] += 1;
    hits[static_cast<std::size_t>(tasks[i])] += seen.predictions[i] == seen.labels[i];
  }
  for (std::size_t task = 0; task < hits.size(); ++task) hits[task] *= 100.0 / std::max(1.0, counts[task]);
  Value out{Value::Object{}};
  out["accuracy"] = number(seen.accuracy());
  out["by_task"] = listOf(hits);
  return out;
}

double changedSelections(const Model& model, const Seen& a, const Seen& b, const Tensor& tasks) {
  double changed = 0, of = 0;
  for (const Model::Selection& which : model.selections()) {
    if (!model.selector(which.entry).queries()) continue;
    const auto entry = static_cast<std::size_t>(which.entry);
    const int prompts = model.pool(which.entry).available();
    changed += totalVariation(selectionsOf(a.choices[entry], which.choice, prompts, tasks), selectionsOf(b.choices[entry], which.choice, prompts, tasks)).value_or(0);
    of += 1;
  }
  return of > 0 ? changed / of : 0;
}

}  // namespace

Value whatIf(const std::filesystem::path& run_folder, const WhatIf& change, const InspectOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  Inspection run(run_folder, options, change.after_task);
  const int after = change.after_task >= 0 ? change.after_task : run.now();
  const auto plain = run.model(after), other = run.model(after);
  Issues issues;
  checkPrompts(change, run, *plain, after, issues);
  if (hasErrors(issues)) throw BadInput(std::move(issues));
  run.expect(2);
  const auto places = run.imagesOf(0, after);
  const Seen before = run.evaluate(*plain, places);
  apply(run, *other, change, after);
  const Seen seen = run.evaluate(*other, places);
  const auto changed = changedPredictions(before.predictions, seen.predictions);
  Value out{Value::Object{}};
  out["recipe"] = run.recipeName();
  out["after_task"] = run.ended(after) ? Value(after) : Value();
  out["images"] = static_cast<std::int64_t>(places.size());
  out["change"] = changeValue(change);
  out["before"] = accuracies(run, before, places, after);
  out["after"] = accuracies(run, seen, places, after);
  out["changed_predictions"] = changed ? changed->count : 0;
  out["changed_share"] = changed ? changed->share : 0.0;
  out["changed_selections"] = changedSelections(*plain, before, seen, run.inputs(places).tasks);
  out["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return out;
}

// Every batch size in three orders; each image's prediction is compared with what it gets alone.
Value invariance(const std::filesystem::path& run_folder, const InspectOptions& options) {
  Inspection run(run_folder, options, -1);
  const auto sorted = run.imagesOf(0, run.now());
  run.voteByBatch();
  auto model = run.model(run.now());
  std::vector<std::int64_t> shuffled = sorted, by_task;
  rngOf(1, Purpose::Probe, 1).shuffle(shuffled);
  for (int task = 0; task <= run.now(); ++task) {
    auto own = run.imagesOf(task, task);
    rngOf(1, Purpose::Probe, 2, task).shuffle(own);
    by_task.insert(by_task.end(), own.begin(), own.end());
  }
  const std::vector<int> sizes{1, 2, 8, 16, 64, 128};
  run.expect(static_cast<int>(sizes.size()) * 3 - 2);
  std::vector<int> alone(sorted.size());
  std::vector<bool> moved(sorted.size(), false);
  Value::Array rows;
  double reference = 0, homogeneous = 0, mixed_order = 0;
  const auto measure = [&](int batch, const char* composition, const std::vector<std::int64_t>& order) {
    const Seen seen = run.evaluate(*model, order, batch);
    std::int64_t changed = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto place = static_cast<std::size_t>(order[i]);
      if (batch == 1) alone[place] = seen.predictions[i];
      changed += alone[place] != seen.predictions[i];
      if (alone[place] != seen.predictions[i]) moved[place] = true;
    }
    rows.push_back(Value::Object{{"batch", batch}, {"composition", composition}, {"accuracy", number(seen.accuracy())}, {"changed", changed}, {"purity", number(batchPurity(run.tasksOf(order), batch))}});
    return seen.accuracy();
  };
  for (const int batch : sizes) {
    const double accuracy = measure(batch, batch == 1 ? "alone" : "class-sorted", sorted);
    if (batch == 1) {
      reference = accuracy;
      continue;
    }
    homogeneous = measure(batch, "task-homogeneous", by_task);
    mixed_order = measure(batch, "shuffled", shuffled);
  }
  Value out{Value::Object{}};
  const auto changed = std::count(moved.begin(), moved.end(), true);
  out["recipe"] = run.recipeName();
  out["images"] = static_cast<std::int64_t>(sorted.size());
  out["changed_predictions"] = static_cast<std::int64_t>(changed);
  out["share"] = static_cast<double>(changed) / static_cast<double>(std::max<std::size_t>(1, sorted.size()));
  out["reference_accuracy"] = number(reference);
  out["bwe"] = number(homogeneous - reference);
  out["bwe_shuffled"] = number(mixed_order - reference);
  out["rows"] = Value(std::move(rows));
  return out;
}

}  // namespace palimpsest
