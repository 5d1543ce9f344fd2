// Accuracy on the tasks seen so far, instance by instance: what is predicted for an image does not depend on its batch.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "engine/metrics/calibration.h"
#include "engine/metrics/inference.h"
#include "engine/session/batches.h"
#include "engine/session/sample_map.h"
#include "engine/session/session.h"

namespace palimpsest {
namespace {

struct Outcome {
  std::int64_t hits = 0, count = 0;
  std::vector<std::int64_t> indices;
  std::vector<int> labels, predictions;  // classes of the data set
};

// Where the task is known, classes of other tasks are no candidates.
Tensor candidates(const Session& session, const Tensor& logits, int on_task) {
  if (!session.scenario.task_known) return logits;
  const Task& task = session.scenario.tasks[static_cast<std::size_t>(on_task)];
  Tensor out = torch::full_like(logits, -std::numeric_limits<float>::infinity());
  out.slice(1, task.first_label, task.seen).copy_(logits.slice(1, task.first_label, task.seen));
  return out;
}

void keep(Scores& scores, const Samples& samples, const Tensor& logits) {
  const Tensor rows = logits.cpu().to(torch::kFloat).contiguous(), labels = samples.labels.cpu();
  scores.classes = static_cast<int>(rows.size(1));
  scores.logits.insert(scores.logits.end(), rows.data_ptr<float>(), rows.data_ptr<float>() + rows.numel());
  scores.labels.insert(scores.labels.end(), labels.data_ptr<std::int64_t>(), labels.data_ptr<std::int64_t>() + labels.numel());
}

// One pass over these test images of one task; `scores` and `map`, where given, receive what was said. `checkpointable` is false: the model does not change, and a run that is
// stopped here evaluates anew when it goes on.
Outcome pass(Session& session, int on_task, const std::vector<std::int64_t>& images, std::string_view stage, bool probing, Scores* scores = nullptr,
             SampleMap* map = nullptr) {
  BatchPlan plan;
  plan.split = session.data.test.get();
  plan.order = images;
  plan.batch = evaluationBatch(session);
  plan.transform = &session.test_transform;
  // Inside a task the present member of the bank still changes.
  if (const int members = session.model.members() - (probing ? 1 : 0); members > 0) {
    fillMembers(session, session.test_members, *session.data.test, session.testIndices(on_task), session.test_transform, session.clock.task, members);
    plan.members = &session.test_members;
    plan.known_members = members;
  }
  const bool settled = !probing && !session.model.featuresAreFrozen() && session.settled();
  FrozenCache& kept = session.test_settled;
  if (settled && !images.empty() && kept.isOpen() && kept.has(images.back())) {  // lists are filled whole, front to back
    plan.settled = &kept;
  } else if (session.model.wantsFrozen()) {
    fillCache(session, session.test_frozen, *session.data.test, session.testIndices(on_task), session.test_transform, session.clock.task);
    plan.cache = &session.test_frozen;
  }
  const int batches = static_cast<int>((images.size() + static_cast<std::size_t>(plan.batch) - 1) / static_cast<std::size_t>(plan.batch));
  Batches stream(session, plan);
  Samples samples;
  Outcome out;
  int done = 0;
  const torch::NoGradGuard no_graph;
  while (done < batches) {
    session.breathe(stage, false);
    std::optional<Session::OneStep> one;
    if (!probing) one.emplace(session);
    const auto begin = std::chrono::steady_clock::now();
    if (!stream.next(samples)) break;
    const Forward forward = session.model.forward(samples, false, samples.feature);
    if (settled && !samples.feature.defined()) {
      if (!kept.isOpen()) kept.open(session.data.test->size(), forward.feature.size(1));
      kept.put(samples.indices, forward.feature);
    }
    countPrompts(session, forward);
    const Tensor predicted = candidates(session, forward.logits, on_task).argmax(1).cpu();
    if (scores) keep(*scores, samples, forward.logits);
    std::vector<int> predictions;
    for (int i = 0; i < samples.count; ++i) {
      const int label = session.data.test->label(samples.indices[static_cast<std::size_t>(i)]);
      const int prediction = session.scenario.class_order[static_cast<std::size_t>(predicted.data_ptr<std::int64_t>()[i])];
      out.indices.push_back(samples.indices[static_cast<std::size_t>(i)]);
      out.labels.push_back(label);
      predictions.push_back(prediction);
      out.hits += label == prediction;
    }
    out.predictions.insert(out.predictions.end(), predictions.begin(), predictions.end());
    if (map) map->add(samples, forward, predictions);
    out.count += samples.count;
    if (!session.model.featuresAreFrozen() && !samples.feature.defined())
      session.forecast.done(Work::Look, session.clock.task, samples.count, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    session.tellProgress(stage, ++done, batches);
  }
  return out;
}

void storePredictions(Session& session, const std::vector<Outcome>& outcomes) {
  if (!session.record) return;
  std::vector<std::int64_t> indices;
  std::vector<int> labels, predictions;
  for (const Outcome& outcome : outcomes) {
    indices.insert(indices.end(), outcome.indices.begin(), outcome.indices.end());
    labels.insert(labels.end(), outcome.labels.begin(), outcome.labels.end());
    predictions.insert(predictions.end(), outcome.predictions.begin(), outcome.predictions.end());
  }
  const std::string name = "predictions-task-" + std::to_string(session.clock.task) + ".safetensors";
  writeTensors(record::Paths(session.folder).blobs() / name,
               {{"sample", torch::tensor(indices, torch::kLong)}, {"label", torch::tensor(labels, torch::kInt)}, {"prediction", torch::tensor(predictions, torch::kInt)}});
  session.bus.emit(Predictions{session.clock.task, name});
}

// Columns of the accuracy matrix that a stage has something to say about.
std::vector<int> columnsAfter(const Session& session, int stage) {
  std::vector<int> columns;
  for (int task = 0; task < session.tasks(); ++task)
    if (stage >= session.scenario.evaluableFrom(task)) columns.push_back(task);
  return columns;
}

// One temperature for all logits, from training images of the task that nothing was learned from. nullopt without any.
std::optional<double> temperatureOf(Session& session) {
  BatchPlan plan;
  plan.split = session.data.train.get();
  plan.order = session.heldOut(session.clock.task);
  plan.batch = evaluationBatch(session);
  plan.transform = &session.test_transform;
  if (plan.order.empty()) return std::nullopt;
  Scores scores;
  Batches stream(session, plan);
  Samples samples;
  const torch::NoGradGuard no_graph;
  for (int done = 0; done < static_cast<int>(plan.order.size()); done += samples.count) {
    session.breathe("evaluation", false);
    const auto begin = std::chrono::steady_clock::now();
    if (!stream.next(samples)) break;
    keep(scores, samples, session.model.forward(samples, false).logits);
    session.forecast.done(Work::Look, session.clock.task, samples.count, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    session.tellProgress("evaluation", done + samples.count, static_cast<int>(plan.order.size()));
  }
  return fittedTemperature(scores);
}

// How far confidence is from being right: among classes of earlier tasks and new ones apart, because methods that forget
// are sure of the new ones, and along confidence, in bins of as many images each.
void tellCalibration(Session& session, const Scores& scores, const Calibration& figures) {
  const int stage = session.clock.task;
  Measured told{stage, "calibration", "", {"ece", "adaptive-ece", "mce", "classwise-ece", "confidence"}, {figures.ece, figures.adaptive_ece, figures.mce, figures.classwise_ece, figures.confidence}};
  const int fresh = session.scenario.tasks[static_cast<std::size_t>(stage)].first_label;
  const auto add = [&](const char* label, const std::optional<double>& error) {
    if (!error) return;
    told.labels.emplace_back(label);
    told.values.push_back(*error);
  };
  if (fresh > 0) {
    add("ece-old", ece(ofLabels(scores, 0, fresh)));
    add("ece-new", ece(ofLabels(scores, fresh, scores.classes)));
  }
  if (const auto temperature = temperatureOf(session)) {
    session.bus.emit(Measured{stage, "temperature", "", {"temperature"}, {*temperature}});
    add("ece-scaled", ece(scores, *temperature));
  }
  session.bus.emit(told);
  Measured curve{stage, "reliability", "", {}, {}};
  for (const ReliabilityBin& bin : reliabilityOfEqualMass(judged(scores))) {
    curve.labels.push_back(fmt::format("{:.4f}", bin.confidence));
    curve.values.push_back(bin.accuracy);
  }
  session.bus.emit(curve);
}

// Over the images of the tasks seen.
void tellInferences(Session& session, const Scores& scores, std::int64_t hits) {
  const int stage = session.clock.task;
  std::vector<int> task_of;
  for (int label = 0; label < scores.classes; ++label) task_of.push_back(std::min(stage, session.scenario.taskOf(label)));
  Inference found(task_of);
  found.add(scores.logits, scores.labels);
  Inferred told;
  told.after_task = stage;
  told.images = found.images;
  told.hits = hits;
  told.counts = found.task_images;
  told.til_hits = found.til_hits;
  const int tasks = found.tasks();
  told.predicted.assign(static_cast<std::size_t>(tasks), 0);
  for (int of = 0; of < tasks; ++of)
    for (int into = 0; into < tasks; ++into) {
      const std::int64_t images = found.task_confusion[static_cast<std::size_t>(of * tasks + into)];
      told.predicted[static_cast<std::size_t>(into)] += images;
      if (of == into) told.task_hits += images;
    }
  for (const std::int64_t first : found.task_top5) told.top5_hits += first;
  told.class_balanced = classBalanced(found).value_or(0);
  const auto figures = calibration(scores);
  if (figures) {
    told.ece = figures->ece;
    told.nll = figures->nll;
    told.brier = figures->brier;
  }
  session.bus.emit(told);
  if (figures) tellCalibration(session, scores, *figures);
}

}  // namespace

// As asked for; where images vote together, so that no vote is cut in two.
int evaluationBatch(const Session& session) {
  const int asked = session.plan.options.eval_batch, votes = session.model.votes();
  return votes > 1 && votes < asked ? asked / votes * votes : asked;
}

std::string evaluationProtocol(const Session& session) {
  const Value& recipe = session.plan.recipe;
  for (int entry = 0; recipe.at("prompts." + std::to_string(entry)); ++entry) {
    const Value* layout = recipe.at("prompts." + std::to_string(entry) + ".inject.layout");
    if (layout && layout->asString() == "port") return "batch-mixing(" + std::to_string(evaluationBatch(session)) + ", class-sorted)";
  }
  if (const int votes = session.model.votes(); votes > 0) return "batch-vote(" + std::to_string(votes > 1 ? votes : evaluationBatch(session)) + ", class-sorted)";
  return "instance";
}

void evaluate(Session& session) {
  const auto begin = std::chrono::steady_clock::now();
  const int stage = session.clock.task;
  EvaluationStarted started{stage, 0};
  for (const int task : columnsAfter(session, stage)) started.images += static_cast<int>(session.testIndices(task).size());
  session.bus.emit(started);
  std::fill(session.class_hits.begin(), session.class_hits.end(), 0);
  std::fill(session.class_counts.begin(), session.class_counts.end(), 0);
  for (PromptCounts& counts : session.prompt_use) counts = {};
  std::vector<Outcome> outcomes;
  Scores scores;
  SampleMap map(session);
  std::int64_t hits = 0;
  for (const int task : columnsAfter(session, stage)) {
    outcomes.push_back(pass(session, task, session.testIndices(task), "evaluation", false, task <= stage ? &scores : nullptr, &map));
    const Outcome& outcome = outcomes.back();
    if (task <= stage) hits += outcome.hits;
    for (std::size_t i = 0; i < outcome.labels.size(); ++i) {
      ++session.class_counts[static_cast<std::size_t>(outcome.labels[i])];
      session.class_hits[static_cast<std::size_t>(outcome.labels[i])] += outcome.labels[i] == outcome.predictions[i];
    }
    session.matrix.set(stage, task, outcome.hits, outcome.count);
    session.bus.emit(Evaluated{stage, task, static_cast<int>(outcome.hits), static_cast<int>(outcome.count), session.clock.global_step});
    tellPromptUse(session, task, "test");
  }
  storePredictions(session, outcomes);
  map.tell(session);
  tellInferences(session, scores, hits);
  session.seconds.evaluate += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

namespace {

// A probe leaves no trace in the run, also when it is interrupted.
class Traceless {
 public:
  explicit Traceless(Session& session) : session_(session), prompt_use_(session.prompt_use), forecast_(session.forecast) {
    session.model.backbone()->eval();
  }
  ~Traceless() {
    session_.prompt_use = std::move(prompt_use_);
    session_.forecast = forecast_;
    session_.model.backbone()->train(session_.model.trainsBackbone());
  }
  Traceless(const Traceless&) = delete;

 private:
  Session& session_;
  std::vector<PromptCounts> prompt_use_;
  const Forecast forecast_;
};

}  // namespace

void probe(Session& session) {
  const Traceless traceless(session);
  for (int task = 0; task <= session.clock.task; ++task) {
    std::vector<std::int64_t> images;
    for (const int cls : session.scenario.tasks[static_cast<std::size_t>(task)].classes) {
      int taken = 0;
      for (const auto index : session.testIndices(task))
        if (session.data.test->label(index) == cls && taken < session.plan.options.probe_images) {
          images.push_back(index);
          ++taken;
        }
    }
    const Outcome outcome = pass(session, task, images, "training", true);
    session.bus.emit(Probed{session.clock.task, task, static_cast<int>(outcome.hits), static_cast<int>(outcome.count), session.clock.global_step});
  }
}

namespace {

void addCounts(std::vector<std::int64_t>& counts, const Tensor& per_prompt) {
  const Tensor now = per_prompt.to(torch::kLong).cpu().contiguous();
  if (static_cast<std::int64_t>(counts.size()) < now.numel()) counts.resize(static_cast<std::size_t>(now.numel()), 0);
  for (std::int64_t m = 0; m < now.numel(); ++m) counts[static_cast<std::size_t>(m)] += now.data_ptr<std::int64_t>()[m];
}

void addMass(std::vector<double>& mass, const Tensor& per_prompt) {
  const Tensor now = per_prompt.to(torch::kDouble).cpu().contiguous();
  if (static_cast<std::int64_t>(mass.size()) < now.numel()) mass.resize(static_cast<std::size_t>(now.numel()), 0);
  for (std::int64_t m = 0; m < now.numel(); ++m) mass[static_cast<std::size_t>(m)] += now.data_ptr<double>()[m];
}

}  // namespace

void countPrompts(Session& session, const Forward& pass) {
  const auto selections = session.model.selections();
  for (std::size_t i = 0; i < selections.size(); ++i) {
    const Choice& choice = pass.choices[static_cast<std::size_t>(selections[i].entry)];
    const int prompts = session.model.pool(selections[i].entry).size();
    PromptCounts& counts = session.prompt_use[i];
    if (choice.weights.defined()) {
      const Tensor weights = choice.weights[selections[i].choice].detach().abs().to(torch::kDouble);  // [B, M]
      counts.images += weights.size(0);
      addCounts(counts.asked, weights.ne(0).sum(0));
      addCounts(counts.applied, weights.ne(0).sum(0));
      addMass(counts.mass, (weights / weights.sum(1, true).clamp_min(1e-12)).sum(0));
    } else {
      const Tensor applied = torch::bincount(choice.indices.flatten().cpu(), {}, prompts);
      counts.images += choice.indices.size(0);
      addCounts(counts.asked, choice.asked.defined() ? torch::bincount(choice.asked.flatten().cpu(), {}, prompts) : applied);
      addCounts(counts.applied, applied);
      addMass(counts.mass, applied.to(torch::kDouble) / static_cast<double>(choice.indices.size(1)));
    }
  }
}

void tellPromptUse(Session& session, int on_task, std::string_view split) {
  for (std::size_t i = 0; i < session.prompt_use.size(); ++i) {
    PromptCounts counts = std::exchange(session.prompt_use[i], {});
    if (counts.images == 0) continue;
    PromptUse told;
    told.task = session.clock.task;
    told.on_task = on_task;
    told.layer = static_cast<int>(i);
    told.global_step = session.clock.global_step;
    told.split = split;
    told.images = counts.images;
    told.asked = std::move(counts.asked);
    told.applied = std::move(counts.applied);
    told.mass = std::move(counts.mass);
    session.bus.emit(told);
  }
}

}  // namespace palimpsest
