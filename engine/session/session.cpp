#include "engine/session/session.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "engine/device/memory.h"
#include "engine/device/process.h"
#include "engine/parts/catalogue.h"
#include "engine/scenario/stream.h"
#include "engine/session/input.h"

namespace palimpsest {
namespace {

using SteadyClock = std::chrono::steady_clock;

double secondsSince(SteadyClock::time_point begin) { return std::chrono::duration<double>(SteadyClock::now() - begin).count(); }

Setting settingOf(const RunOptions& options, const Dataset& data, const Scenario& scenario, const vit::Shape& shape, torch::Device device) {
  Setting setting;
  setting.shape = shape;
  setting.classes = static_cast<int>(data.class_names.size());
  setting.seed = static_cast<std::uint64_t>(options.seed);
  setting.device = device;
  setting.tasks = static_cast<int>(scenario.tasks.size());
  setting.first_labels.clear();
  for (const Task& task : scenario.tasks) setting.first_labels.push_back(task.first_label);
  return setting;
}

class Count final : public State {
 public:
  void tensor(const std::string&, Tensor& tensor, bool is_trained) override {
    bytes += tensor.numel() * tensor.element_size();
    if (is_trained) trained += tensor.numel();
  }
  std::int64_t trained = 0, bytes = 0;
};

// Takes the last `count` images of each class, in data set order, out of `images`; those of a class follow each other.
std::vector<std::int64_t> heldBack(std::vector<std::int64_t>& images, const Split& split, int count) {
  if (count <= 0) return {};
  std::map<int, std::vector<std::int64_t>> by_class;
  for (const auto image : images) by_class[split.label(image)].push_back(image);
  std::vector<std::int64_t> held;
  for (auto& [cls, own] : by_class) {
    std::ranges::sort(own);
    held.insert(held.end(), own.end() - std::min<std::ptrdiff_t>(count, std::ssize(own)), own.end());
  }
  const std::set<std::int64_t> out(held.begin(), held.end());
  std::erase_if(images, [&](std::int64_t image) { return out.contains(image); });
  return held;
}

}  // namespace

Session::Session(RunPlan resolved, Dataset dataset, Scenario stream, LoadedBackbone backbone, torch::Device on)
    : plan(std::move(resolved)), data(std::move(dataset)), scenario(std::move(stream)), device(on),
      input_range(rangeOf(plan.options, backbone)),
      train_transform(transformOf(plan.options, backbone, true)), test_transform(transformOf(plan.options, backbone, false)),
      model(plan.recipe, backbone, settingOf(plan.options, data, scenario, backbone.shape, on)),
      matrix(static_cast<int>(scenario.tasks.size())), log(spdlog::default_logger()) {
  model.half = plan.options.precision == "bf16";
  const Setting& setting = model.setting();
  for (const Value& phase : plan.recipe.find("phases")->asArray()) phases.push_back(parts().phases.make(phase, setting));
  Stream stream_of_tasks = streamOf(scenario, data);
  train_indices_ = std::move(stream_of_tasks.train);
  test_indices_ = std::move(stream_of_tasks.test);
  for (auto& images : train_indices_) held_out_.push_back(heldBack(images, *data.train, plan.options.held_out));
  class_hits.assign(data.class_names.size(), 0);
  class_counts.assign(data.class_names.size(), 0);
  prompt_use.resize(model.selections().size());
  watch.resize(prompt_use.size());
}

bool Session::settled() const {
  if (!model.givesEachImageTheSame()) return false;
  for (int task = clock.task + 1; task < tasks(); ++task)
    if (trains_in[static_cast<std::size_t>(task)]) return false;
  return true;
}

TaskScope Session::scope() const {
  const Task& task = scenario.tasks[static_cast<std::size_t>(clock.task)];
  return {clock.task, task.first_label, task.seen};
}

std::vector<std::int64_t> Session::trainingOrder(bool seen) const {
  std::vector<std::int64_t> order;
  for (int task = seen ? 0 : clock.task; task <= clock.task; ++task)
    order.insert(order.end(), trainIndices(task).begin(), trainIndices(task).end());
  const Exemplars* memory = model.memory();
  if (seen || !memory || memory->params().replay != "epoch") return order;
  const std::vector<std::int64_t> kept = memoryIndices();
  order.insert(order.end(), kept.begin(), kept.end());
  return order;
}

std::vector<std::int64_t> Session::memoryIndices() const {
  std::vector<std::int64_t> indices;
  if (const Exemplars* memory = model.memory())
    for (const Exemplar& one : memory->held().entries()) indices.push_back(one.index);
  return indices;
}

void Session::obey(const Command& command) {
  switch (command.what) {
    case Command::What::Pause:
      step_allowed_ = false;
      if (command.when == Pause::AfterStep) paused_ = true;
      else pause_at_ = command.when;
      break;
    case Command::What::Resume:
      paused_ = false;
      pause_at_.reset();
      break;
    case Command::What::Step:
      step_allowed_ = true;
      break;
    case Command::What::Stop:
      saveCheckpoint(false);  // now: the phase's optimiser does not outlive the throw
      throw StopRequested{};
  }
}

// A checkpoint comes first: a pause may last until the machine is switched off.
void Session::wait(std::string_view stage) {
  bus.emit(RunPaused{std::string(stage)});
  while (paused_ && !step_allowed_) obey(mailbox->wait());
  if (!paused_) bus.emit(RunContinued{});
}

void Session::breathe(std::string_view stage, bool checkpointable) {
  while (auto command = mailbox ? mailbox->poll() : std::nullopt) obey(*command);
  if (checkpointable && (secondsSince(last_checkpoint_) > plan.options.checkpoint_seconds)) saveCheckpoint(false);
  if (paused_ && !step_allowed_) {
    if (checkpointable) saveCheckpoint(false);
    wait(stage);
  }
}

void Session::epochDone() {
  if (pause_at_ == Pause::AfterEpoch) {
    pause_at_.reset();
    paused_ = true;
  }
}

void Session::taskDone() {
  if (pause_at_) {  // the end of a task is the end of an epoch, too
    pause_at_.reset();
    paused_ = true;
  }
}

void Session::tellProgress(std::string_view stage, int done, int of, int epochs) {
  if (secondsSince(last_progress_) < 0.2) return;
  last_progress_ = SteadyClock::now();
  Progress now;
  now.stage = stage;
  now.task = clock.task;
  now.epoch = clock.epoch;
  now.epochs = epochs;
  now.step = done;
  now.steps = of;
  now.images_per_second = forecast.rate();
  now.task_seconds_left = forecast.secondsLeft(clock.task, clock.task);
  now.run_seconds_left = forecast.secondsLeft(clock.task, tasks());
  now.fraction = forecast.fraction(total_before_ + secondsSince(stretch_));
  now.rss_bytes = rssBytes();
  now.device_bytes = deviceBytes();
  bus.emit(now);
}

std::int64_t Session::trainableParameters() {
  Count count;
  model.visit(count);
  return count.trained;
}

// What must be kept to predict: trained weights, prompts, head, statistics. The frozen network is not ours to count.
std::int64_t Session::storedBytes() {
  Count count;
  model.visit(count);
  return count.bytes;
}

}  // namespace palimpsest
