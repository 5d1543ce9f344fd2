// Inspections of a finished or waiting run: models as they were after each task, put together anew from its checkpoints,
// and looked at with a few test images of each class.
#include "engine/inspect.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/metrics/prompt_metrics.h"
#include "engine/protocol/error.h"
#include "engine/protocol/random.h"
#include "engine/record/json.h"
#include "engine/record/run_header.h"
#include "engine/session/batches.h"
#include "engine/session/checkpoints.h"
#include "engine/session/prepare.h"
#include "engine/session/watch.h"

namespace palimpsest {
namespace {

Value number(const std::optional<double>& x) { return x && std::isfinite(*x) ? Value(*x) : Value(); }
Value number(double x) { return number(std::optional(x)); }

Value listOf(const std::vector<double>& values) {
  Value::Array all;
  for (const double x : values) all.push_back(number(x));
  return Value(std::move(all));
}

Value rowsOf(const SquareMatrix& matrix) {
  Value::Array rows;
  for (int i = 0; i < matrix.size; ++i) rows.push_back(listOf({matrix.values.begin() + i * matrix.size, matrix.values.begin() + (i + 1) * matrix.size}));
  return Value(std::move(rows));
}

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

// What an evaluation of some images gave.
struct Seen {
  std::vector<int> predictions;  // new labels
  std::vector<int> labels;
  Tensor features, logits;       // [n, F], [n, K]
  std::vector<Choice> choices;   // per entry, of all images

  double accuracy() const {
    std::int64_t hits = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) hits += labels[i] == predictions[i];
    return labels.empty() ? std::numeric_limits<double>::quiet_NaN() : 100.0 * static_cast<double>(hits) / static_cast<double>(labels.size());
  }
};

Choice joined(const Choice& a, const Choice& b) {
  const auto cat = [](const Tensor& x, const Tensor& y, int dim) { return x.defined() ? torch::cat({x, y}, dim) : y; };
  Choice out;
  out.indices = cat(a.indices, b.indices, 0);
  out.asked = cat(a.asked, b.asked, 0);
  out.weights = cat(a.weights, b.weights, 1);
  out.scores = cat(a.scores, b.scores, 1);
  return out;
}

class Inspection {
 public:
  Inspection(const std::filesystem::path& folder, const InspectOptions& options, int after_task);

  int boundaries() const { return static_cast<int>(states_.size()); }  // models there are, one for each finished task
  Session& session() { return *session_; }
  // A model as it was after a task, or as it is now (boundaries()), in storage of its own.
  std::unique_ptr<Model> model(int after) const;
  int now() const { return now_; }
  TaskScope scopeOf(int task) const;
  std::vector<std::int64_t> imagesOf(int first_task, int last_task) const;  // places in the probe set
  Inputs inputs(const std::vector<std::int64_t>& places) const;
  Tensor queries(const std::vector<std::int64_t>& places) const { return queries_.index_select(0, torch::tensor(places, torch::kLong)); }
  std::vector<int> tasksOf(const std::vector<std::int64_t>& places) const;
  Seen evaluate(Model& model, const std::vector<std::int64_t>& places, int batch = 0);
  void expect(int passes) { expected_ += passes; }
  // A vote is then one of the whole batch that is evaluated, whatever the recipe says.
  void voteByBatch();

 private:
  void open(const std::filesystem::path& folder, const InspectOptions& options);
  void readProbe(int images);
  const InspectOptions options_;
  Value recipe_;
  std::unique_ptr<Session> session_;
  std::vector<TensorMap> states_;  // after each task; then the newest, where the run waits inside one
  int now_ = 0, tasks_seen_ = 0;
  Tensor images_, queries_;
  std::vector<std::int64_t> indices_;
  std::vector<int> labels_, tasks_;
  int expected_ = 0, done_ = 0;
};

Inspection::Inspection(const std::filesystem::path& folder, const InspectOptions& options, int after_task) : options_(options) {
  open(folder, options);
  recipe_ = session_->plan.recipe;
  if (after_task >= static_cast<int>(states_.size()) || after_task < -1)
    throw BadInput({error("--after-task", "the run has a model after " + std::to_string(states_.size()) + " task" + (states_.size() == 1 ? "" : "s"), "counted from 1")});
  readProbe(options.images);
}

void Inspection::open(const std::filesystem::path& folder, const InspectOptions& options) {
  Issues issues;
  if (!record::isRun(folder)) throw BadInput({error(folder.string(), "holds no run (there is no run.json)", "name the folder of a run")});
  const record::RunHeader header = record::runHeader(record::readJsonFile(record::Paths(folder).run()));
  RunPlan plan{header.recipe, readParams<RunOptions>(header.options, "options", issues)};
  plan.options.device = options.device;
  if (options.threads > 0) plan.options.threads = options.threads;
  if (!header.recipe.find("prompts") || header.recipe.find("prompts")->asArray().empty())
    issues.push_back(error(folder.string(), "the recipe \"" + (header.recipe.find("name") ? header.recipe.find("name")->asString() : "") + "\" has no prompts", "these instruments look at how prompts are chosen"));
  std::vector<std::filesystem::path> files;
  for (const auto& file : checkpointsOf(folder))
    if (file.filename().string().starts_with("task-")) files.push_back(file);
  std::sort(files.begin(), files.end());
  const auto newest = checkpointsOf(folder);
  if (files.empty()) issues.push_back(error(folder.string(), "the run has not finished a task yet", "wait for its first one, then look again"));
  if (!hasErrors(issues)) session_ = prepare(plan, folder, true, issues);
  if (session_ && header.data_fingerprint != session_->data.fingerprint)
    issues.push_back(error("--data", "the images of \"" + header.data + "\" are not those that the run was made with", "bring the data back as they were"));
  if (session_ && header.backbone_sha256 != session_->model.loaded().sha256)
    issues.push_back(error("--backbone", "the weights of \"" + header.backbone + "\" are not those that the run was made with", "bring the file back as it was"));
  if (hasErrors(issues) || !session_) throw BadInput(std::move(issues));
  for (const auto& file : files) states_.push_back(readTensors(file));
  now_ = static_cast<int>(states_.size()) - 1;
  tasks_seen_ = static_cast<int>(states_.size());
  if (!newest.empty() && newest.front() != files.back()) {  // the run waits inside the next task
    TensorFile last = readTensorFile(newest.front());
    const Value state = record::parseJson(last.metadata["palimpsest"], newest.front().string());
    if (state.at("clock.begun") && state.at("clock.begun")->asBool()) {
      states_.push_back(std::move(last.tensors));
      now_ = tasks_seen_++;
    }
  }
}

TaskScope Inspection::scopeOf(int task) const {
  const Task& own = session_->scenario.tasks[static_cast<std::size_t>(task)];
  return {task, own.first_label, own.first_label + static_cast<int>(own.classes.size())};
}

std::unique_ptr<Model> Inspection::model(int after) const {
  auto made = std::make_unique<Model>(recipe_, session_->model.loaded(), session_->model.setting());
  restoreModel(*made, states_[static_cast<std::size_t>(after)]);
  made->at(scopeOf(after));
  return made;
}

void Inspection::voteByBatch() {
  for (int entry = 0; recipe_.at("prompts." + std::to_string(entry)); ++entry)
    if (Value* votes = recipe_.at("prompts." + std::to_string(entry) + ".select.vote_batch")) *votes = 0;
}

// Class by class, as an evaluation goes through them.
void Inspection::readProbe(int images) {
  const Session& session = *session_;
  for (int task = 0; task < tasks_seen_; ++task)
    for (const int cls : session.scenario.tasks[static_cast<std::size_t>(task)].classes) {
      int taken = 0;
      for (const auto index : session.testIndices(task))
        if (session.data.test->label(index) == cls && taken++ < images) {
          indices_.push_back(index);
          labels_.push_back(session.scenario.label_of[static_cast<std::size_t>(cls)]);
          tasks_.push_back(task);
        }
    }
  BatchPlan plan;
  plan.split = session.data.test.get();
  plan.order = indices_;
  plan.batch = 64;
  plan.transform = &session.test_transform;
  Batches stream(*session_, plan);
  std::vector<Tensor> pixels, queries;
  Samples samples;
  while (stream.next(samples)) {
    pixels.push_back(samples.images.clone());
    queries.push_back(session_->model.frozenFeatures(samples.images));
  }
  images_ = torch::cat(pixels);
  queries_ = torch::cat(queries);
}

std::vector<std::int64_t> Inspection::imagesOf(int first_task, int last_task) const {
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < tasks_.size(); ++i)
    if (tasks_[i] >= first_task && tasks_[i] <= last_task) places.push_back(static_cast<std::int64_t>(i));
  return places;
}

std::vector<int> Inspection::tasksOf(const std::vector<std::int64_t>& places) const {
  std::vector<int> out;
  for (const auto place : places) out.push_back(tasks_[static_cast<std::size_t>(place)]);
  return out;
}

Inputs Inspection::inputs(const std::vector<std::int64_t>& places) const {
  Inputs in;
  const Tensor at = torch::tensor(places, torch::kLong).to(images_.device());
  in.images = images_.index_select(0, at);
  in.known = queries_.index_select(0, at);
  std::vector<std::int64_t> tasks;
  for (const auto place : places) {
    tasks.push_back(tasks_[static_cast<std::size_t>(place)]);
    in.indices.push_back(indices_[static_cast<std::size_t>(place)]);
  }
  in.tasks = torch::tensor(tasks, torch::kLong);
  return in;
}

Seen Inspection::evaluate(Model& model, const std::vector<std::int64_t>& places, int batch) {
  const torch::NoGradGuard no_graph;
  Seen seen;
  if (places.empty()) return seen;
  const int votes = model.votes();
  const int size = batch > 0 ? batch : votes > 1 ? std::max(1, 64 / votes) * votes : 64;
  std::vector<Tensor> features, logits;
  for (std::size_t first = 0; first < places.size(); first += static_cast<std::size_t>(size)) {
    const std::vector<std::int64_t> some(places.begin() + static_cast<std::ptrdiff_t>(first),
                                         places.begin() + static_cast<std::ptrdiff_t>(std::min(places.size(), first + static_cast<std::size_t>(size))));
    const Forward pass = model.forward(inputs(some), false);
    features.push_back(pass.feature.cpu());
    logits.push_back(pass.logits.cpu());
    for (std::size_t entry = 0; entry < pass.choices.size(); ++entry) {
      if (seen.choices.size() <= entry) seen.choices.emplace_back();
      seen.choices[entry] = joined(seen.choices[entry], pass.choices[entry]);
    }
  }
  seen.features = torch::cat(features);
  seen.logits = torch::cat(logits);
  const Tensor best = seen.logits.argmax(1).contiguous();
  for (std::size_t i = 0; i < places.size(); ++i) {
    seen.predictions.push_back(static_cast<int>(best.data_ptr<std::int64_t>()[i]));
    seen.labels.push_back(labels_[static_cast<std::size_t>(places[i])]);
  }
  if (options_.progress) options_.progress(++done_, std::max(expected_, done_));
  return seen;
}

// ---- Diagnosis

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

// Part of one selection's places: all of its entry's, where they share the choice.
std::vector<int> placesOf(const Model::Selection& which) {
  if (which.blocks.size() == 1) return {which.choice};
  std::vector<int> places(which.blocks.size());
  std::iota(places.begin(), places.end(), 0);
  return places;
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
    for (const int place : placesOf(which)) rows.push_back(from.rows(choice, place));
    return rows;
  };
  const auto was = rowsBy(old, before), is = rowsBy(pool, after);
  const std::vector<int> at = placesOf(which);
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
    const auto of = [&](const Pool& pool) { return keys ? pool.keys(which.choice) : pool.prompts(placesOf(which).front()).flatten(1); };
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
  out["key_drift"] = Value(chosen ? driftsOf(run, which, true) : Value::Array{});
  out["prompt_drift"] = Value(driftsOf(run, which, false));
  return out;
}

std::string nameOf(Inspection& run) { return run.session().plan.recipe.find("name")->asString(); }

// ---- What if

void checkPrompts(const WhatIf& change, const Model& model, Issues& issues) {
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
  if (soft && !change.force.empty()) issues.push_back(error("--force", "components are weighed, not chosen", "use --mask, --top-k or --temperature"));
  if (!soft && change.temperature) issues.push_back(error("--temperature", "this choice has no temperature", "it belongs to weighted components (sapc)"));
  if (prompts > 0 && static_cast<int>(change.mask.size()) >= prompts) issues.push_back(error("--mask", "no prompt would be left to choose"));
}

void changePool(Pool& pool, const Pool& fresh, const WhatIf& change, int places) {
  for (int place = 0; place < places; ++place) {
    for (const auto& [a, b] : change.swap) {
      const Tensor one = pool.prompts(place)[a].clone(), other = pool.prompts(place)[b].clone();
      pool.setPrompts(place, a, other.unsqueeze(0));
      pool.setPrompts(place, b, one.unsqueeze(0));
    }
    for (const int prompt : change.reinitialise)
      if (prompt < fresh.size()) pool.setPrompts(place, prompt, fresh.prompts(place)[prompt].unsqueeze(0));
  }
  for (const int prompt : change.reinitialise)
    for (int choice = 0; choice < pool.choices(); ++choice)
      if (prompt < fresh.size()) pool.setKeys(choice, prompt, fresh.keys(choice)[prompt].unsqueeze(0));
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
      if (own.entry == which.entry) places += static_cast<int>(own.blocks.size());
    changePool(model.pool(which.entry), fresh.pool(which.entry), change, places);
  }
}

Value changeValue(const WhatIf& change) {
  Value out{Value::Object{}};
  if (!change.mask.empty()) out["mask"] = toValue(change.mask);
  if (!change.force.empty()) out["force"] = toValue(change.force);
  if (!change.reinitialise.empty()) out["reinitialise"] = toValue(change.reinitialise);
  Value::Array pairs;
  for (const auto& [a, b] : change.swap) pairs.push_back(Value::Array{a, b});
  if (!pairs.empty()) out["swap"] = Value(std::move(pairs));
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

Value diagnose(const std::filesystem::path& run_folder, const InspectOptions& options) {
  Inspection run(run_folder, options, -1);
  const int last = run.now();
  run.expect(9 * last + 6);
  Value out{Value::Object{}};
  out["recipe"] = nameOf(run);
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
  out["attribution"] = Value(std::move(attributions));
  out["usefulness"] = usefulness(run, last);
  return out;
}

Value whatIf(const std::filesystem::path& run_folder, const WhatIf& change, const InspectOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  Inspection run(run_folder, options, change.after_task);
  const int after = change.after_task >= 0 ? change.after_task : run.now();
  const auto plain = run.model(after), other = run.model(after);
  Issues issues;
  checkPrompts(change, *plain, issues);
  if (hasErrors(issues)) throw BadInput(std::move(issues));
  run.expect(2);
  const auto places = run.imagesOf(0, after);
  const Seen before = run.evaluate(*plain, places);
  apply(run, *other, change, after);
  const Seen seen = run.evaluate(*other, places);
  const auto changed = changedPredictions(before.predictions, seen.predictions);
  Value out{Value::Object{}};
  out["recipe"] = nameOf(run);
  out["after_task"] = after;
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
  out["recipe"] = nameOf(run);
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
