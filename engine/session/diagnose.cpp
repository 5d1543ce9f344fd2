// Everything that can be said of how a run's prompts were chosen, and what its forgetting is due to.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "engine/record/run_folder.h"
#include "engine/session/inspection.h"
#include "engine/session/watch.h"

namespace palimpsest {
namespace {

// Takes tensors of a model by name.
class Pick final : public State {
 public:
  void tensor(const std::string& name, Tensor& tensor, bool) override { all[name] = tensor; }
  std::map<std::string, Tensor> all;
};

std::map<std::string, Tensor> tensorsOf(Model& model) {
  Pick pick;
  model.visit(pick);
  return pick.all;
}

std::vector<int> ownersOf(const Pool& pool) {
  std::vector<int> owners;
  for (int m = 0; m < pool.size(); ++m) owners.push_back(pool.owner(m));
  return owners;
}

Value boundary(Inspection& run, Model& model, const Model::Selection& which, int after) {
  const auto places = run.imagesOf(0, after);
  const Inputs in = run.inputs(places);
  const Pool& pool = model.pool(which.entry);
  const Choice choice = model.choose(in, in.known, false)[static_cast<std::size_t>(which.entry)];
  const int available = pool.available();
  const Selections applied = selectionsOf(choice, which.choice, available, in.tasks), asked = selectionsOf(choice, which.choice, available, in.tasks, true);
  const EffectivePrompts effective = effectivePrompts(applied);
  const SetDiversity sets = setDiversity(applied);
  const DeadPrompts dead = deadPrompts(applied);
  const auto keys = floatsOf(pool.keys(which.choice).slice(0, 0, available));
  const int width = static_cast<int>(pool.keys(which.choice).size(1));
  const std::vector<int> winners = winnersOf(applied);
  const auto all_keys = keyCosines(keys, width), winner_keys = keyCosines(keys, width, winners);
  const auto dependence = inputDependence(applied);
  const std::vector<int> owners = ownersOf(pool);
  const auto found = pool.perTask() > 0 ? retrieval(applied, owners) : std::nullopt;
  double support = 0;
  for (const double weight : applied.weights) support += weight > 0;
  const auto own = run.imagesOf(after, after);
  const Inputs last = run.inputs(own);
  const auto rule = [&](bool train) { return selectionsOf(model.choose(last, last.known, train)[static_cast<std::size_t>(which.entry)], which.choice, available, last.tasks); };
  std::vector<bool> trained;
  for (const int owner : owners) trained.push_back(owner <= after);
  Value out{Value::Object{}};
  out["after_task"] = after;
  out["available"] = available;
  out["evenness"] = number(evenness(applied));
  out["asked_evenness"] = number(evenness(asked));
  out["effective"] = number(effective.n1);
  out["effective_quadratic"] = number(effective.n2);
  out["dependence"] = number(dependence);
  out["dependence_share"] = dependence && available > 1 ? number(*dependence / std::log(available)) : Value();
  out["sets"] = sets.sets;
  out["effective_sets"] = number(sets.effective);
  out["coverage_n"] = number(coverage(applied, std::max<int>(1, applied.per_image)));
  out["k90"] = k90(applied);
  out["dead"] = dead.dead;
  out["never_selected"] = dead.never_selected;
  out["gini"] = number(gini(applied));
  out["support"] = number(support / static_cast<double>(std::max<std::size_t>(1, applied.images())));
  out["key_cosine_mean"] = all_keys ? number(all_keys->mean) : Value();
  out["key_cosine_max"] = all_keys ? number(all_keys->max) : Value();
  out["winners_cosine"] = winner_keys ? number(winner_keys->mean) : Value();
  out["winners"] = toValue(winners);
  out["key_rank"] = number(effectiveRank(singularValues(pool.keys(which.choice).slice(0, 0, available))));
  out["margin"] = choice.scores.defined() && applied.per_image > 0 ? number(topMargin(floatsOf(choice.scores[0]), static_cast<int>(choice.scores.size(2)), applied.per_image)) : Value();
  out["retrieval"] = found ? number(found->accuracy) : Value();
  out["own_mass"] = found ? number(found->own_mass) : Value();
  out["forward_theft"] = found ? number(forwardTheft(applied, owners)) : Value();
  out["backward_theft"] = found ? number(backwardTheft(applied, owners)) : Value();
  out["premature"] = number(premature(applied, trained));
  out["mismatch"] = number(mismatch(rule(true), rule(false)));
  out["usage"] = listOf(usage(applied));
  out["confusion"] = found ? rowsOf(found->confusion) : Value();
  out["overlap"] = rowsOf(usageOverlap(applied));
  return out;
}

// |a - b| / |b|, mean over images and places, of the prompts that images are given.
double driftOf(const std::vector<Tensor>& now, const std::vector<Tensor>& then) {
  double sum = 0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const Tensor a = now[i].flatten(1), b = then[i].flatten(1);
    sum += ((a - b).norm(2, 1) / b.norm(2, 1).clamp_min(1e-12)).mean().item<double>();
  }
  return now.empty() ? 0 : sum / static_cast<double>(now.size());
}

// Weights or indices of a choice for a pool with fewer prompts: what is beyond counts for nothing.
Choice within(const Choice& choice, int prompts) {
  Choice out = choice;
  if (choice.weights.defined()) out.weights = choice.weights.slice(2, 0, prompts);
  else out.indices = choice.indices.clamp_max(prompts - 1);
  return out;
}

Choice widened(const Choice& choice, int prompts) {
  Choice out = choice;
  if (choice.weights.defined()) out.weights = torch::constant_pad_nd(choice.weights, {0, prompts - choice.weights.size(2)});
  return out;
}

Value forgettingOf(Inspection& run, Model& then, Model& now, const Model::Selection& which, int task, int last) {
  const auto places = run.imagesOf(task, task);
  const Inputs in = run.inputs(places);
  const auto entry = static_cast<std::size_t>(which.entry);
  const Choice before = then.choose(in, in.known, false)[entry], after = now.choose(in, in.known, false)[entry];
  const Pool &old = then.pool(which.entry), &pool = now.pool(which.entry);
  const Selections a = selectionsOf(before, which.choice, old.available(), in.tasks), b = selectionsOf(after, which.choice, pool.available(), in.tasks);
  const auto rowsBy = [&](const Pool& from, const Choice& choice) {
    std::vector<Tensor> rows;
    for (const int place : which.places) rows.push_back(from.rows(choice, place));
    return rows;
  };
  const auto was = rowsBy(old, before), is = rowsBy(pool, after);
  const std::vector<int> at = which.places;
  const auto drift = promptDrift(floatsOf(old.prompts(at.front())), floatsOf(pool.prompts(at.front()).slice(0, 0, old.size())), static_cast<int>(old.prompts(at.front())[0].numel()));
  std::vector<double> used = usage(a);
  used.resize(drift.size(), 0);
  double grown = 0;
  for (std::size_t i = 0; i < was.size(); ++i) grown += (is[i].flatten(1).norm(2, 1) / was[i].flatten(1).norm(2, 1).clamp_min(1e-12)).mean().item<double>() / static_cast<double>(was.size());
  Value out{Value::Object{}};
  out["task"] = task;
  out["jaccard"] = number(jaccard(a, b));
  out["soft_jaccard"] = number(softJaccard(a, b));
  out["chance_jaccard"] = a.per_image > 0 ? number(chanceJaccard(pool.available(), a.per_image)) : Value();
  out["total_variation"] = number(totalVariation(a, b));
  out["jensen_shannon"] = number(jensenShannon(a, b));
  out["usage_weighted_drift"] = number(usageWeighted(used, drift));
  out["composed_drift"] = number(driftOf(is, was));
  out["selection_part"] = number(driftOf(rowsBy(old, within(after, old.size())), was));
  out["parameter_part"] = number(driftOf(rowsBy(pool, widened(before, pool.size())), was));
  const auto intruded = pool.perTask() > 0 ? intrusion(b, last, (task + 1) * pool.perTask()) : std::nullopt;
  out["intrusion_rate"] = intruded ? number(intruded->rate) : Value();
  out["intrusion_mass"] = intruded ? number(intruded->mass) : Value();
  out["exact_invariance"] = intruded ? number(intruded->invariant) : Value();
  out["norm_growth"] = number(grown);
  return out;
}

// The model as it is now, with what the bits name put back to what it was after `task`: 1 the matching, 2 the prompts,
// 4 the head's rows of the task.
std::unique_ptr<Model> swapped(const Inspection& run, int task, int last, int bits) {
  auto model = run.model(last);
  const auto then = run.model(task);
  auto state = tensorsOf(*model);
  const auto old = tensorsOf(*then);
  const torch::NoGradGuard no_graph;
  const std::size_t entries = model->selections().empty() ? 0 : static_cast<std::size_t>(model->selections().back().entry) + 1;
  model->adjusted.resize(entries);
  for (std::size_t entry = 0; entry < entries; ++entry) {
    Pool& pool = model->pool(static_cast<int>(entry));
    const Pool& from = then->pool(static_cast<int>(entry));
    const std::string prefix = "prompts." + std::to_string(entry) + ".";
    if (bits & 1) {
      for (int choice = 0; choice < from.choices(); ++choice) {
        pool.setKeys(choice, 0, from.keys(choice));
        if (from.gates(choice).defined()) pool.setGates(choice, 0, from.gates(choice));
      }
      for (const char* name : {"temperatures", "gains"})
        if (old.contains(prefix + name)) state.at(prefix + name).copy_(old.at(prefix + name));
      model->adjusted[entry].limit = from.available();
    }
    if (bits & 2) {
      const int places = static_cast<int>(state.contains(prefix + "prompts") ? state.at(prefix + "prompts").size(0) : 0);
      for (int place = 0; place < places; ++place) pool.setPrompts(place, 0, from.prompts(place));
      for (const char* name : {"down", "down_bias", "film", "film_bias", "norm_scale", "norm_shift"})
        if (old.contains(prefix + name)) state.at(prefix + name).copy_(old.at(prefix + name));
    }
  }
  const TaskScope scope = run.scopeOf(task);
  if (bits & 4)
    for (const char* name : {"head.weight", "head.bias"})
      if (old.contains(name)) state.at(name).slice(0, scope.first, scope.seen).copy_(old.at(name).slice(0, scope.first, scope.seen));
  return model;
}

Value attributionOf(Inspection& run, int task, int last) {
  const auto places = run.imagesOf(task, task);
  const auto then = run.model(task);
  const Seen learned = run.evaluate(*then, places);
  Swap swap;
  Tensor features;
  for (int bits = 0; bits < 8; ++bits) {
    const Seen seen = run.evaluate(*swapped(run, task, last, bits), places);
    swap.value[static_cast<std::size_t>(bits)] = seen.accuracy();
    if (bits == 0) features = seen.features;
  }
  const Attribution parts = attribution(swap);
  const Tensor cosine = torch::cosine_similarity(features, learned.features, 1);
  Value out{Value::Object{}};
  out["task"] = task;
  out["learned"] = number(learned.accuracy());
  out["now"] = number(swap.value[0]);
  out["matching"] = number(parts.matching);
  out["prompts"] = number(parts.prompts);
  out["head"] = number(parts.head);
  out["class_expansion"] = number(classExpansion(learned.accuracy(), swap));
  out["feature_drift"] = number((1 - cosine).mean().item<double>());
  return out;
}

// Accuracy with the choice as it is, with one fixed set, by lot, without prompts, and with the task told.
Value usefulness(Inspection& run, int last) {
  const auto places = run.imagesOf(0, last);
  auto model = run.model(last);
  const Seen selected = run.evaluate(*model, places);
  const auto selections = model->selections();
  const auto with = [&](const std::function<void(Adjustments&, const Model::Selection&, const Selections&)>& change) -> std::optional<double> {
    model->adjusted.assign(static_cast<std::size_t>(selections.back().entry) + 1, {});
    bool any = false;
    for (const Model::Selection& which : selections) {
      if (!model->selector(which.entry).queries() || which.choice > 0) continue;
      const Pool& pool = model->pool(which.entry);
      const Tensor tasks = run.inputs(places).tasks;
      change(model->adjusted[static_cast<std::size_t>(which.entry)], which, selectionsOf(selected.choices[static_cast<std::size_t>(which.entry)], which.choice, pool.available(), tasks));
      any = true;
    }
    const std::optional<double> accuracy = any ? std::optional(run.evaluate(*model, places).accuracy()) : std::nullopt;
    model->adjusted.clear();
    return accuracy;
  };
  const auto fixed = with([](Adjustments& adjust, const Model::Selection&, const Selections& s) {
    const std::vector<int> winners = winnersOf(s);
    for (int m = 0; m < s.prompts; ++m)
      if (std::find(winners.begin(), winners.end(), m) == winners.end()) adjust.mask.push_back(m);
  });
  bool hard = true, owned = true;
  for (const Model::Selection& which : selections) {
    if (!model->selector(which.entry).queries()) continue;
    hard = hard && model->pool(which.entry).choices() == 1;
    owned = owned && model->pool(which.entry).perTask() > 0;
  }
  const auto ruled = [&](const char* rule) { return with([rule](Adjustments& adjust, const Model::Selection&, const Selections&) { adjust.rule = rule; }); };
  const bool reads_cls = run.session().plan.recipe.at("feature.use")->asString() == "cls";
  std::optional<double> none;
  std::vector<int> labels = selected.labels;
  const auto share = [&](const Tensor& logits) {
    const Tensor hits = logits.argmax(1).eq(torch::tensor(std::vector<std::int64_t>(labels.begin(), labels.end()), torch::kLong));
    return 100.0 * hits.to(torch::kDouble).mean().item<double>();
  };
  const torch::NoGradGuard no_graph;
  if (reads_cls) none = share(model->head().logits(run.queries(places)).cpu());
  Tensor masked = torch::full_like(selected.logits, -INFINITY);
  const std::vector<int> tasks = run.tasksOf(places);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const TaskScope scope = run.scopeOf(tasks[i]);
    masked[static_cast<std::int64_t>(i)].slice(0, scope.first, scope.seen).copy_(selected.logits[static_cast<std::int64_t>(i)].slice(0, scope.first, scope.seen));
  }
  Value out{Value::Object{}};
  out["selected"] = number(selected.accuracy());
  out["fixed"] = number(fixed);
  out["random"] = hard ? number(ruled("random")) : Value();
  out["none"] = number(none);
  out["oracle_task"] = owned ? number(ruled("task")) : Value();
  out["task_masked_head"] = number(share(masked));
  return out;
}

// Mean attention probability on prompts, over heads, queries and images; beside it what even attention would give.
Value attentionReport(Inspection& run, int last) {
  const auto model = run.model(last);
  std::vector<Model::Attention> found(static_cast<std::size_t>(run.session().model.setting().shape.depth));
  model->attention = &found;
  run.evaluate(*model, run.imagesOf(0, last));
  Value::Array rows;
  for (std::size_t block = 0; block < found.size(); ++block) {
    const auto& [mass, even, images] = found[block];
    if (images == 0 || even == 0) continue;
    rows.push_back(Value::Object{{"block", static_cast<int>(block)}, {"mass", mass / static_cast<double>(images)}, {"even", even / static_cast<double>(images)}});
  }
  return Value(std::move(rows));
}

// Whether an image gets the same prompts when it is cut and turned another way, as in training.
Value consistencyOf(Inspection& run, Model& model, const Model::Selection& which, int last) {
  if (run.session().train_transform.deterministic()) return {};
  const auto places = run.imagesOf(0, last);
  const Inputs in = run.inputs(places);
  const auto chosen = [&](std::uint64_t draw) {
    const Choice choice = model.choose(in, run.augmentedQueries(places, draw), false)[static_cast<std::size_t>(which.entry)];
    return selectionsOf(choice, which.choice, model.pool(which.entry).available(), in.tasks, true);
  };
  const Selections a = chosen(1), b = chosen(2);
  return number(a.per_image > 0 ? jaccard(a, b) : softJaccard(a, b));
}

Value queryReport(Inspection& run, int last) {
  const auto places = run.imagesOf(0, last);
  const Tensor queries = run.queries(places).cpu();
  const auto values = floatsOf(queries);
  const int width = static_cast<int>(queries.size(1));
  const auto spread = queryAnisotropy(values, width, run.tasksOf(places));
  // Class means of the probe's queries themselves: what task inference could use at best.
  const auto labels = run.evaluate(*run.model(last), places).labels;
  const TaskScope scope = run.scopeOf(last);
  Tensor means = torch::zeros({scope.seen, width}, torch::kDouble);
  means.index_add_(0, torch::tensor(std::vector<std::int64_t>(labels.begin(), labels.end()), torch::kLong), torch::nn::functional::normalize(queries.to(torch::kDouble)));
  std::vector<int> task_of;
  for (int label = 0; label < scope.seen; ++label) task_of.push_back(run.session().scenario.taskOf(label));
  Value out{Value::Object{}};
  out["anisotropy"] = spread ? number(spread->resultant) : Value();
  out["mean_cosine"] = spread ? number(spread->mean_cosine) : Value();
  out["task_cosines"] = spread ? rowsOf(spread->centroids) : Value();
  out["nearest_mean_retrieval"] = number(nearestMeanRetrieval(floatsOf(means), task_of, values, run.tasksOf(places), width));
  out["chance"] = 1.0 / (last + 1);
  return out;
}

Value alarmsOf(const std::filesystem::path& folder) {
  Value::Array alarms;
  for (const Event& event : record::effectiveEvents(folder))
    if (const auto* alarm = std::get_if<PromptCollapse>(&event.what)) {
      Value one{valuesOf(*alarm)};
      alarms.push_back(std::move(one));
    }
  Value out{Value::Object{}};
  out["raised"] = !alarms.empty();
  out["alarms"] = Value(std::move(alarms));
  return out;
}

Value::Array driftsOf(const Inspection& run, const Model::Selection& which, bool keys) {
  Value::Array rows;
  for (int after = 1; after < run.boundaries(); ++after) {
    const auto before = run.model(after - 1), now = run.model(after);
    const Pool &a = before->pool(which.entry), &b = now->pool(which.entry);
    const auto of = [&](const Pool& pool) { return keys ? pool.keys(which.choice) : pool.prompts(which.places.front()).flatten(1); };
    const int width = static_cast<int>(of(a).size(1));
    const auto was = floatsOf(of(a)), is = floatsOf(of(b).slice(0, 0, a.size()));
    rows.push_back(listOf(keys ? rowDrift(was, is, width) : promptDrift(was, is, width)));
  }
  return rows;
}

Value layerReport(Inspection& run, const Model::Selection& which, int layer, int last) {
  Value out{Value::Object{}};
  const auto now = run.model(last);
  out["layer"] = layer;
  out["blocks"] = toValue(which.blocks);
  out["kind"] = now->pool(which.entry).choices() > 1 || now->pool(which.entry).gates(0).defined() ? "soft" : "hard";
  Value::Array boundaries, forgetting;
  const bool chosen = now->selector(which.entry).queries();
  for (int after = 0; after <= last && chosen; ++after) boundaries.push_back(boundary(run, *run.model(after), which, after));
  for (int task = 0; task < last; ++task) forgetting.push_back(forgettingOf(run, *run.model(task), *now, which, task, last));
  out["boundaries"] = Value(std::move(boundaries));
  out["forgetting"] = Value(std::move(forgetting));
  out["augmentation_consistency"] = chosen ? consistencyOf(run, *now, which, last) : Value();
  out["key_drift"] = Value(chosen ? driftsOf(run, which, true) : Value::Array{});
  out["prompt_drift"] = Value(driftsOf(run, which, false));
  return out;
}

}  // namespace

Value diagnose(const std::filesystem::path& run_folder, const InspectOptions& options) {
  Inspection run(run_folder, options, -1);
  const int last = run.now();
  run.expect(9 * last + 7);
  Value out{Value::Object{}};
  out["recipe"] = run.recipeName();
  out["tasks"] = last + 1;
  out["images"] = static_cast<std::int64_t>(run.imagesOf(0, last).size());
  out["images_per_class"] = options.images;
  out["collapse"] = alarmsOf(run_folder);
  out["queries"] = queryReport(run, last);
  Value::Array layers, attributions;
  const auto selections = run.model(last)->selections();
  for (std::size_t i = 0; i < selections.size(); ++i) layers.push_back(layerReport(run, selections[i], static_cast<int>(i), last));
  for (int task = 0; task < last; ++task) attributions.push_back(attributionOf(run, task, last));
  out["layers"] = Value(std::move(layers));
  out["attention"] = attentionReport(run, last);
  out["attribution"] = Value(std::move(attributions));
  out["usefulness"] = usefulness(run, last);
  return out;
}

}  // namespace palimpsest
