#include "engine/session/inspection.h"

#include <algorithm>

#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/run_header.h"
#include "engine/session/batches.h"
#include "engine/session/checkpoints.h"
#include "engine/session/prepare.h"

namespace palimpsest {

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

namespace {

Choice joined(const Choice& a, const Choice& b) {
  const auto cat = [](const Tensor& x, const Tensor& y, int dim) { return x.defined() ? torch::cat({x, y}, dim) : y; };
  Choice out;
  out.indices = cat(a.indices, b.indices, 0);
  out.asked = cat(a.asked, b.asked, 0);
  out.weights = cat(a.weights, b.weights, 1);
  out.scores = cat(a.scores, b.scores, 1);
  return out;
}

}  // namespace

Inspection::Inspection(const std::filesystem::path& folder, const InspectOptions& options, int after_task, Of of) : options_(options) {
  open(folder, options, of);
  recipe_ = session_->plan.recipe;
  if (after_task >= static_cast<int>(states_.size()) || after_task < -1)
    throw BadInput({error("--after-task", "the run has a model after " + std::to_string(states_.size()) + " task" + (states_.size() == 1 ? "" : "s"), "counted from 1")});
  readProbe(options.images);
}

void Inspection::open(const std::filesystem::path& folder, const InspectOptions& options, Of of) {
  Issues issues;
  if (!record::isRun(folder)) throw BadInput({error(folder.string(), "holds no run (there is no run.json)", "name the folder of a run")});
  const record::RunHeader header = record::runHeader(record::readJsonFile(record::Paths(folder).run()));
  if (of == Of::Prompts && (!header.recipe.find("prompts") || header.recipe.find("prompts")->asArray().empty()))
    issues.push_back(error(folder.string(), "the recipe \"" + (header.recipe.find("name") ? header.recipe.find("name")->asString() : "") + "\" has no prompts", "these instruments look at how prompts are chosen"));
  const auto newest = checkpointsOf(folder);
  std::vector<std::filesystem::path> files;
  for (const auto& file : newest)
    if (file.filename().string().starts_with("task-")) files.push_back(file);
  std::sort(files.begin(), files.end());
  TensorFile inside;  // where the run waits inside a task: it is asked as it is now, even in its first one
  if (!newest.empty() && (files.empty() || newest.front() != files.back())) {
    TensorFile last = readTensorFile(newest.front());
    const Value state = record::parseJson(last.metadata["palimpsest"], newest.front().string());
    if (state.at("clock.begun") && state.at("clock.begun")->asBool()) inside = std::move(last);
  }
  if (files.empty() && inside.tensors.empty())
    issues.push_back(error(folder.string(), "the run has not finished a task yet, and does not wait inside its first", "pause it, or wait for the end of a task, then look again"));
  // Models are counted by task: none may be missing in front (large checkpoints make room for newer ones).
  if (!files.empty() && files.front().stem() != "task-0001")
    issues.push_back(error(folder.string(), "the checkpoints of its first tasks are gone: ones as large as these make room for newer ones", "these instruments look back at every task"));
  if (!hasErrors(issues)) session_ = reopened(folder, header, options.device, options.threads, issues);
  if (hasErrors(issues) || !session_) throw BadInput(std::move(issues));
  for (const auto& file : files) states_.push_back(readTensors(file));
  ended_ = static_cast<int>(states_.size());
  if (!inside.tensors.empty()) states_.push_back(std::move(inside.tensors));
  now_ = static_cast<int>(states_.size()) - 1;
}

TaskScope Inspection::scopeOf(int task) const {
  const Task& own = session_->scenario.tasks[static_cast<std::size_t>(task)];
  return {task, own.first_label, own.seen};
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
  for (int task = 0; task <= now_; ++task)
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

Tensor Inspection::augmentedQueries(const std::vector<std::int64_t>& places, std::uint64_t draw) {
  Tensor& all = augmented_[draw];
  if (!all.defined()) {
    BatchPlan plan;
    plan.split = session_->data.test.get();
    plan.order = indices_;
    plan.batch = 64;
    plan.transform = &session_->train_transform;
    plan.epoch_key = seedOf(session_->seed(), Purpose::Augmentation, static_cast<std::int64_t>(draw));
    Batches stream(*session_, plan);
    std::vector<Tensor> queries;
    Samples samples;
    while (stream.next(samples)) queries.push_back(session_->model.frozenFeatures(samples.images));
    all = torch::cat(queries);
  }
  return all.index_select(0, torch::tensor(places, torch::kLong).to(all.device()));
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
  ++done_;
  if (options_.progress) options_.progress(done_, std::max(expected_, done_));
  return seen;
}

}  // namespace palimpsest
