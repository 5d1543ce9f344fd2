#include "tests/support/fake_run.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "engine/protocol/error.h"

namespace palimpsest {

namespace {
struct Stopped {};
constexpr int kClasses = 2;       // of a task
constexpr int kTestImages = 400;  // of a task
constexpr int kProbeImages = 40;

std::string nameOf(const Value& recipe) {
  const Value* name = recipe.find("name");
  return name ? name->asString() : "fake";
}
std::string titleOf(const Value& recipe) {
  const Value* title = recipe.find("title");
  return title ? title->asString() : nameOf(recipe);
}
std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}
}  // namespace

FakeRun::FakeRun(FakeScript script, RunPlan plan, std::filesystem::path folder, std::vector<Sink*> sinks, bool resume)
    : script_(script), plan_(std::move(plan)), folder_(std::move(folder)), sinks_(std::move(sinks)), resume_(resume),
      thread_([this] { work(); }) {}

FakeRun::~FakeRun() {
  if (!thread_.joinable()) return;
  post({Command::What::Stop});
  thread_.join();
}

RunOutcome FakeRun::wait() {
  if (thread_.joinable()) thread_.join();
  return outcome_;
}

void FakeRun::say(Payload what) {
  const Event event{seq_++, now(), std::move(what)};
  if (writer_) writer_->on(event);
  for (Sink* sink : sinks_) sink->on(event);
}

void FakeRun::begin() {
  if (resume_) {
    std::uint64_t from = 0;
    for (const Event& event : record::effectiveEvents(folder_))
      if (const auto* saved = std::get_if<CheckpointSaved>(&event.what)) {
        step_ = static_cast<int>(saved->global_step);
        from = event.seq + 1;
      }
    writer_ = record::Writer::append(folder_);
    seq_ = writer_->nextSeq();
    say(RunResumed{static_cast<std::int64_t>(from), step_, step_ / script_.steps, 0, 0, step_ % script_.steps});
    return;
  }
  RunStarted started;
  started.recipe = nameOf(plan_.recipe);
  started.title = titleOf(plan_.recipe);
  started.data = plan_.options.data;
  started.scenario = plan_.options.scenario;
  started.backbone = "micro";
  started.device = "cpu";
  started.tasks = script_.tasks;
  started.threads = 1;
  started.seed = plan_.options.seed;
  for (int c = 0; c < script_.tasks * kClasses; ++c) {
    started.class_order.push_back(c);
    started.class_names.push_back("class " + std::to_string(c));
  }
  started.task_sizes.assign(std::size_t(script_.tasks), kClasses);
  started.train_images.assign(std::size_t(script_.tasks), 1000);
  started.test_images.assign(std::size_t(script_.tasks), kTestImages);
  if (script_.record) {
    Value run;
    run["format"] = record::kFormat;
    run["recipe"] = plan_.recipe;
    run["options"] = Value(valuesOf(plan_.options));
    writer_ = record::Writer::create(folder_, run);
    std::filesystem::create_directories(record::Paths(folder_).checkpoints());
  }
  say(started);
}

void FakeRun::work() {
  const auto begun = std::chrono::steady_clock::now();
  outcome_.state = "done";
  try {
    if (script_.refuse) {
      outcome_.state = "refused";
      outcome_.issues = {error("head.width", "0 is below the minimum 1", "Choose a width from 1 on.")};
      say(IssueRaised{"error", "head.width", "0 is below the minimum 1", "Choose a width from 1 on."});
    } else {
      begin();
      for (int t = step_ / script_.steps; t < script_.tasks; ++t) task(t);
    }
  } catch (const Stopped&) {
    checkpoint(step_ / script_.steps);
    outcome_.state = "stopped";
  } catch (const Error& failed) {
    outcome_ = {"failed", {}, failed.code, failed.what(), failed.hint};
    say(RunFailed{failed.code, failed.what(), failed.hint});
  }
  say(RunEnded{outcome_.state, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count()});
  writer_.reset();
  finished_ = true;
}

void FakeRun::task(int task) {
  TaskStarted started{task, 1000, kTestImages, {}};
  for (int c = 0; c < kClasses; ++c) started.classes.push_back(task * kClasses + c);
  say(started);
  say(PhaseStarted{task, 0, 1, script_.steps, "sgd"});
  train(task);
  say(EpochEnded{task, 0, 0, 900, 1000, step_, 0.5, 0.1});
  evaluate(task);
  say(TaskEnded{task, step_, 0.2});
  checkpoint(task);
}

void FakeRun::train(int task) {
  for (int s = step_ - task * script_.steps; s < script_.steps; ++s) {
    obey("training");
    if (step_ == script_.fail_at)
      throw Error("out-of-memory", "Out of memory at task " + std::to_string(task + 1) + ". What was learned is saved.", "Use a smaller batch.");
    sleep();
    const double loss = 0.1 + 2.0 * std::exp(-5.0 * s / script_.steps);
    say(StepMeasured{task, 0, 0, s, step_, loss, loss, 0, 0.01, 1, 12, 16});
    ++step_;
    const double done = double(step_) / (script_.tasks * script_.steps);
    say(Progress{"training", task, 0, 1, s + 1, script_.steps, 600, 1.0, 10.0 * (1 - done), done, 300'000'000, 0});
    if (s % 5 != 4) continue;
    for (int on = 0; on <= task; ++on) {
      const double kept = on == task ? double(s + 1) / script_.steps : std::pow(script_.keep, task - on);
      say(Probed{task, on, int(0.95 * kept * kProbeImages), kProbeImages, step_});
    }
  }
}

void FakeRun::evaluate(int task) {
  say(EvaluationStarted{task, kTestImages * (task + 1)});
  for (int b = 0; b < script_.batches; ++b) {
    obey("evaluation");
    sleep();
    say(Progress{"evaluation", task, 0, 1, b + 1, script_.batches, 900, 0.5, 5, 0.5, 300'000'000, 0});
  }
  for (int on = 0; on <= task; ++on)
    say(Evaluated{task, on, int(0.95 * std::pow(script_.keep, task - on) * kTestImages), kTestImages, step_});
}

void FakeRun::checkpoint(int task) {
  std::this_thread::sleep_for(script_.checkpoint);
  say(CheckpointSaved{task, step_, 1024, "task-" + std::to_string(task) + ".safetensors", 0.01});
}

void FakeRun::obey(const std::string& at) {
  bool paused = false;
  if (std::exchange(single_, false)) {
    paused = true;
    say(RunPaused{at});
  }
  for (;;) {
    std::optional<Command> command = paused ? mailbox_.wait() : mailbox_.poll();
    if (!command) return;
    switch (command->what) {
      case Command::What::Stop: throw Stopped{};
      case Command::What::Pause:
        if (!std::exchange(paused, true)) say(RunPaused{at});
        break;
      case Command::What::Resume:
        if (paused) say(RunContinued{});
        return;
      case Command::What::Step:
        if (paused) say(RunContinued{});
        single_ = true;
        return;
    }
  }
}

namespace {
// Counts the runs that are alive at once: a queue never has two.
class CountedRun final : public Run {
 public:
  CountedRun(FakeEngine& engine, std::unique_ptr<Run> run) : engine_(engine), run_(std::move(run)) {
    const int alive = ++engine_.alive;
    if (alive > engine_.most_alive) engine_.most_alive = alive;
  }
  ~CountedRun() override {
    run_.reset();
    --engine_.alive;
  }
  void post(Command command) override { run_->post(command); }
  bool finished() const override { return run_->finished(); }
  RunOutcome wait() override { return run_->wait(); }

 private:
  FakeEngine& engine_;
  std::unique_ptr<Run> run_;
};

struct FakeHead {
  int width = 64;
  double scale = 1;
  static auto fields() {
    return std::tuple{Field{"width", &FakeHead::width, {.min = 1, .max = 1000, .unit = "units", .doc = "Width of the head."}},
                      Field{"scale", &FakeHead::scale, {.min = 0.1, .max = 10, .doc = "Scale of the logits."}}};
  }
};
}  // namespace

const std::vector<PartInfo>& FakeEngine::parts() {
  static const std::vector<PartInfo> parts = {
      {"head", "linear", "Linear head", "A linear classifier.", specsOf<FakeHead>()}};
  return parts;
}

std::vector<std::string> FakeEngine::names() { return {"finetune", "joint", "no-prompt", "simplecil", "l2p"}; }

Value FakeEngine::recipe(const std::string& name) {
  const auto known = names();
  if (std::find(known.begin(), known.end(), name) == known.end())
    throw BadInput({error("--recipe", "there is no recipe " + name)});
  static const std::map<std::string, std::string> titles = {
      {"finetune", "Finetune"}, {"joint", "Joint"}, {"no-prompt", "No prompt"}, {"simplecil", "SimpleCIL"}, {"l2p", "L2P"}};
  Value head;
  head["use"] = "linear";
  Value recipe;
  recipe["name"] = name;
  recipe["title"] = titles.at(name);
  recipe["head"] = head;
  return recipe;
}

EngineApi FakeEngine::api() {
  EngineApi api;
  const auto scriptOf = [this](const std::string& name) {
    const auto found = scripts.find(name);
    return found == scripts.end() ? script : found->second;
  };
  api.start = [this, scriptOf](RunPlan plan, std::filesystem::path folder, EngineApi::Sinks sinks) -> std::unique_ptr<Run> {
    ++started;
    const FakeScript chosen = scriptOf(nameOf(plan.recipe));
    return std::make_unique<CountedRun>(*this, std::make_unique<FakeRun>(chosen, std::move(plan), std::move(folder), std::move(sinks), false));
  };
  api.resume = [this, scriptOf](std::filesystem::path folder, EngineApi::Sinks sinks) -> std::unique_ptr<Run> {
    ++resumed;
    const record::Reader reader(folder);
    RunPlan plan;
    if (const Value* written = reader.run().find("recipe")) plan.recipe = *written;
    const FakeScript chosen = scriptOf(nameOf(plan.recipe));
    return std::make_unique<CountedRun>(*this, std::make_unique<FakeRun>(chosen, std::move(plan), std::move(folder), std::move(sinks), true));
  };
  api.catalogue = &parts();
  api.recipes = [] {
    std::vector<NamedRecipe> all;
    for (const std::string& name : names()) {
      const Value value = recipe(name);
      all.push_back({name, value.find("title")->asString(), "", "", value});
    }
    return all;
  };
  api.recipe = &FakeEngine::recipe;
  api.exportModel = [](const ExportRequest& request) -> ExportedModel {
    if (request.out.filename() == "refused.pt") throw BadInput({error("--data", "the images are others by now", "bring them back")});
    std::ofstream(request.out) << "a model";
    return {.file = request.out, .bytes = 7, .classes = 4, .image_size = 28, .tasks = 2, .images = 40, .accuracy = 62.5};
  };
  api.inspectors = inspectors;
  api.resources = resources;
  api.version = "0.1.0";
  api.torch_version = "none";
  api.devices = [] { return std::vector<std::string>{"cpu"}; };
  return api;
}

}  // namespace palimpsest
