// Checkpoints: one safetensors file holds everything that a run needs to go on bit for bit. Randomness is counter-based,
// so there is no generator to save; the frozen network is known by its hash.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/session/checkpoints.h"
#include "engine/session/session.h"

namespace palimpsest {
namespace {

class Save final : public State {
 public:
  explicit Save(std::string prefix, NamedTensors& out) : prefix_(std::move(prefix)), out_(out) {}
  void tensor(const std::string& name, Tensor& tensor, bool) override { out_.emplace_back(prefix_ + name, tensor.detach()); }

 private:
  const std::string prefix_;
  NamedTensors& out_;
};

// Values go into the tensor that is there (the network's, an optimiser's); a head that has grown is replaced.
class Load final : public State {
 public:
  Load(std::string prefix, const TensorMap& from, Issues& issues) : prefix_(std::move(prefix)), from_(from), issues_(issues) {}
  void tensor(const std::string& name, Tensor& tensor, bool trained) override {
    const auto found = from_.find(prefix_ + name);
    if (found == from_.end()) {
      issues_.push_back(error(prefix_ + name, "the checkpoint lacks this tensor"));
      return;
    }
    const torch::NoGradGuard no_graph;
    if (tensor.sizes() == found->second.sizes()) {
      tensor.copy_(found->second);
    } else {
      tensor = found->second.to(tensor.device()).clone();
      if (trained) tensor.set_requires_grad(true);
    }
  }

 private:
  const std::string prefix_;
  const TensorMap& from_;
  Issues& issues_;
};

Value matrixValue(const AccuracyMatrix& matrix) {
  Value::Array cells;
  for (int i = 0; i < matrix.tasks(); ++i)
    for (int j = 0; j < matrix.tasks(); ++j)
      if (auto hits = matrix.hits(i, j)) cells.push_back(Value::Array{i, j, *hits, matrix.count(j).value_or(0)});
  return Value(std::move(cells));
}

void readCounts(const Value& from, PromptCounts& counts) {
  if (const Value* images = from.find("images")) counts.images = images->asInt();
  if (const Value* asked = from.find("asked")) fromValue(*asked, counts.asked);
  if (const Value* applied = from.find("applied")) fromValue(*applied, counts.applied);
  if (const Value* mass = from.find("mass")) fromValue(*mass, counts.mass);
}

void readWatch(const Value& from, PromptWatch& watch) {
  if (const Value* held = from.find("held")) watch.held = static_cast<int>(held->asInt());
  if (const Value* raised = from.find("raised")) watch.raised = raised->asBool();
  if (const Value* first = from.find("first_step")) watch.first_step = first->asInt();
  if (const Value* winners = from.find("winners")) fromValue(*winners, watch.winners);
}

std::string padded(std::int64_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(width > digits.size() ? width - digits.size() : 0, '0') + digits;
}

// The event that a checkpoint was taken at; negative when the file is damaged.
std::int64_t seqOf(const std::filesystem::path& file) {
  try {
    const TensorTable header = readSafetensors(file);
    const auto found = header.metadata.find("palimpsest");
    if (found == header.metadata.end()) return -1;
    const Value state = record::parseJson(found->second, file.string());
    return state.find("seq") ? state.find("seq")->asInt() : -1;
  } catch (const BadInput&) {
    return -1;
  }
}

}  // namespace

std::vector<std::filesystem::path> checkpointsOf(const std::filesystem::path& run_folder) {
  std::vector<std::pair<std::int64_t, std::filesystem::path>> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(record::Paths(run_folder).checkpoints(), ignored))
    if (entry.path().extension() == ".safetensors")
      if (const auto seq = seqOf(entry.path()); seq >= 0) found.emplace_back(-seq, entry.path());
  std::sort(found.begin(), found.end());
  std::vector<std::filesystem::path> files;
  for (auto& [seq, file] : found) files.push_back(std::move(file));
  return files;
}

void thinCheckpoints(const std::filesystem::path& folder, std::uintmax_t large) {
  constexpr std::size_t kStay = 2;
  std::vector<std::filesystem::path> rolling, ends;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-")) rolling.push_back(entry.path());
    else if (name.starts_with("task-") && entry.file_size() > large) ends.push_back(entry.path());
  }
  for (auto* files : {&rolling, &ends}) {
    std::sort(files->begin(), files->end());
    for (std::size_t i = 0; i + kStay < files->size(); ++i) std::filesystem::remove((*files)[i]);
  }
}

void restoreModel(Model& model, const TensorMap& tensors) {
  Issues issues;
  Load load("model.", tensors, issues);
  model.visit(load);
  if (hasErrors(issues)) throw BadInput(std::move(issues));
}

void Session::enterPhase(std::function<void(State&)> visit) {
  phase_state_ = std::move(visit);
  if (pending_.empty()) return;
  Issues issues;
  Load load("phase.", pending_, issues);
  phase_state_(load);
  pending_.clear();
  if (hasErrors(issues)) throw BadInput(std::move(issues));
}

void Session::saveCheckpoint(bool at_task_end) {
  if (!record) return;
  const auto begin = std::chrono::steady_clock::now();
  NamedTensors tensors;
  Save model_state("model.", tensors), phase_state("phase.", tensors);
  model.visit(model_state);
  if (phase_state_) phase_state_(phase_state);
  for (const auto& [phase, kept] : kept_state)
    for (const auto& [name, tensor] : kept) tensors.emplace_back("kept." + phase + "/" + name, tensor);
  for (const auto& [name, tensor] : pending_) tensors.emplace_back(name, tensor);  // stopped before its phase took it up
  Value state{Value::Object{}};
  state["format"] = record::kFormat;
  state["seq"] = bus.next();
  state["clock"] = Value::Object{{"task", clock.task}, {"phase", clock.phase}, {"epoch", clock.epoch}, {"step", clock.step},
                                 {"global_step", clock.global_step}, {"begun", clock.begun}};
  state["sums"] = Value::Object{{"loss", sums.loss}, {"seconds", sums.seconds}, {"hits", sums.hits}, {"count", sums.count}};
  state["seconds"] = Value::Object{{"total", total_before_ + std::chrono::duration<double>(begin - stretch_).count()},
                                   {"train", seconds.train}, {"evaluate", seconds.evaluate}, {"data", seconds.data}};
  state["matrix"] = matrixValue(matrix);
  state["class_hits"] = toValue(class_hits);
  state["class_counts"] = toValue(class_counts);
  Value::Array use;
  for (const PromptCounts& counts : prompt_use)
    use.push_back(Value::Object{{"images", counts.images}, {"asked", toValue(counts.asked)}, {"applied", toValue(counts.applied)}, {"mass", toValue(counts.mass)}});
  state["prompt_use"] = Value(std::move(use));
  Value::Array watched;
  for (const PromptWatch& one : watch)
    watched.push_back(Value::Object{{"held", one.held}, {"raised", one.raised}, {"first_step", one.first_step}, {"winners", toValue(one.winners)}});
  state["watch"] = Value(std::move(watched));

  record->sync();  // what the checkpoint says has happened must be in the stream before it
  const std::string name = at_task_end ? "task-" + padded(clock.task, 4) : "step-" + padded(clock.global_step, 9);
  const auto file = record::Paths(folder).checkpoints() / (name + ".safetensors");
  writeTensors(file, tensors, {{"palimpsest", record::toJson(state)}});
  thinCheckpoints(file.parent_path());
  last_checkpoint_ = std::chrono::steady_clock::now();
  CheckpointSaved saved;
  saved.task = std::min(clock.task, tasks() - 1);
  saved.global_step = clock.global_step;
  saved.file = file.filename().string();
  saved.bytes = static_cast<std::int64_t>(std::filesystem::file_size(file));
  saved.seconds = std::chrono::duration<double>(last_checkpoint_ - begin).count();
  bus.emit(saved);
}

void Session::restore(const std::filesystem::path& checkpoint) {
  TensorFile file = readTensorFile(checkpoint);
  const auto found = file.metadata.find("palimpsest");
  if (found == file.metadata.end()) throw BadInput({error(checkpoint.string(), "this is no checkpoint of a run")});
  const Value state = record::parseJson(found->second, checkpoint.string());
  if (state.at("format") && state.at("format")->asInt() != record::kFormat)
    throw BadInput({error(checkpoint.string(), "written in format " + state.at("format")->text() + ", this program reads " + std::to_string(record::kFormat))});
  const auto number = [&](const char* path) { const Value* v = state.at(path); return v ? v->asInt() : 0; };
  const auto real = [&](const char* path) { const Value* v = state.at(path); return v ? v->asDouble() : 0.0; };
  restoreModel(model, file.tensors);
  for (auto& [name, tensor] : file.tensors)
    if (name.starts_with("phase.")) pending_.emplace(name, tensor);
    else if (const auto end = name.find('/'); name.starts_with("kept.") && end != std::string::npos) kept_state[name.substr(5, end - 5)][name.substr(end + 1)] = tensor;
  clock = {static_cast<int>(number("clock.task")), static_cast<int>(number("clock.phase")), static_cast<int>(number("clock.epoch")),
           static_cast<int>(number("clock.step")), number("clock.global_step"), state.at("clock.begun") && state.at("clock.begun")->asBool()};
  sums = {real("sums.loss"), real("sums.seconds"), static_cast<int>(number("sums.hits")), static_cast<int>(number("sums.count"))};
  seconds = {0, real("seconds.train"), real("seconds.evaluate"), real("seconds.data")};
  total_before_ = real("seconds.total");
  for (const Value& cell : state.find("matrix")->asArray()) {
    const auto& v = cell.asArray();
    if (v.size() == 4) matrix.set(static_cast<int>(v[0].asInt()), static_cast<int>(v[1].asInt()), v[2].asInt(), v[3].asInt());
  }
  fromValue(*state.find("class_hits"), class_hits);
  fromValue(*state.find("class_counts"), class_counts);
  for (std::size_t i = 0; i < prompt_use.size() && i < state.find("prompt_use")->asArray().size(); ++i)
    readCounts(state.find("prompt_use")->asArray()[i], prompt_use[i]);
  for (std::size_t i = 0; i < watch.size() && state.find("watch") && i < state.find("watch")->asArray().size(); ++i)
    readWatch(state.find("watch")->asArray()[i], watch[i]);
  if (clock.task < tasks()) model.at(scope());
  RunResumed resumed{static_cast<std::int64_t>(number("seq")), clock.global_step, clock.task, clock.phase, clock.epoch, clock.step};
  bus.emit(resumed);
}

}  // namespace palimpsest
