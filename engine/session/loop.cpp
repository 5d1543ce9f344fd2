// The one loop: tasks, phases, epochs, steps, each spelled once. A method changes what happens in a step only through
// its parts.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/parts/trained.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/session/batches.h"
#include "engine/session/descent.h"
#include "engine/session/instruments.h"
#include "engine/session/session.h"
#include "engine/session/step.h"
#include "engine/session/watch.h"

namespace palimpsest {
namespace {

using SteadyClock = std::chrono::steady_clock;
double secondsSince(SteadyClock::time_point begin) { return std::chrono::duration<double>(SteadyClock::now() - begin).count(); }

// Exponential average of the trained tensors (Polyak & Juditsky, 1992), with the usual warm-up of its decay.
class Average {
 public:
  Average(double decay, const Optimizer::Parameters& parameters) : decay_(decay) {
    if (decay > 0)
      for (const auto& [name, tensor] : parameters) averages_.emplace_back(name, tensor.detach().clone());
  }
  void add(const Optimizer::Parameters& parameters) {
    if (averages_.empty()) return;
    const torch::NoGradGuard no_graph;
    const double decay = std::min(decay_, (1.0 + steps_) / (10.0 + steps_));
    for (std::size_t i = 0; i < averages_.size(); ++i) averages_[i].second.lerp_(parameters[i].second, 1 - decay);
    ++steps_;
  }
  void takePlace(const Optimizer::Parameters& parameters) const {
    const torch::NoGradGuard no_graph;
    for (std::size_t i = 0; i < averages_.size(); ++i) parameters[i].second.detach().copy_(averages_[i].second);
  }
  void visit(State& state) {
    if (averages_.empty()) return;
    Tensor steps = torch::tensor(steps_, torch::kDouble);
    state.tensor("average.steps", steps, false);
    steps_ = steps.item<double>();
    for (auto& [name, tensor] : averages_) state.tensor("average." + name, tensor, false);
  }

 private:
  const double decay_;
  double steps_ = 0;
  Optimizer::Parameters averages_;
};

struct Step {
  Tensor loss, cross_entropy, penalty;
  Forward pass;
};

// Cross-entropy over the labels [masked, seen): columns below are cut off, which gives old rows exactly zero gradient.
Step lossOf(Session& session, const Samples& samples, double cross_entropy, const Optimizer::Parameters& trained) {
  Step step;
  const Tensor teacher = session.model.wantsTeacher() ? session.model.teacherLogits(samples) : Tensor();
  step.pass = session.model.forward(samples, true);
  const TaskScope scope = session.scope();
  const int masked = session.model.learner().maskedBelow(scope);
  step.cross_entropy = torch::cross_entropy_loss(step.pass.logits.slice(1, masked), samples.labels - masked);
  const Tensor means = session.model.statistics() ? session.model.statistics()->means() : Tensor();
  step.penalty = step.pass.penalty;
  if (const Tensor more = session.model.penalty({samples, step.pass.feature, step.pass.logits, samples.labels, teacher, means, scope, trained}); more.defined())
    step.penalty = step.penalty.defined() ? step.penalty + more : more;
  if (cross_entropy == 0) step.loss = step.penalty;  // labels count for nothing, not even as a zero times infinity
  else step.loss = cross_entropy == 1 ? step.cross_entropy : cross_entropy * step.cross_entropy;
  if (cross_entropy != 0 && step.penalty.defined()) step.loss = step.loss + step.penalty;
  return step;
}

// What replay does to a batch: images of the memory behind it.
Samples withReplay(Session& session, const Samples& samples) {
  const Exemplars* memory = session.model.memory();
  if (!memory || memory->params().replay != "joined" || memory->held().entries().empty() || (session.model.gradient() && session.model.gradient()->replaces())) return samples;
  return joined(samples, drawnFromMemory(session, memory->params().batch, 0));
}

// Whether images of the memory join the task's: those of the task must then be images, too, and not features.
bool joinsImages(const Session& session) {
  const Exemplars* memory = session.model.memory();
  return memory && memory->params().replay == "joined";
}

// Every so often, and after each of the first steps of a task where that was asked for.
bool probesNow(const Session& session) {
  const RunOptions& options = session.plan.options;
  const bool dense = session.clock.phase == 0 && session.clock.epoch == 0 && session.clock.step <= options.probe_dense && session.clock.task > 0;
  return options.probe_images > 0 && (dense || session.clock.global_step % options.probe_every == 0);
}

// One step of the optimiser, or what the recipe's rule does instead. Returns the gradient's norm before clipping.
double stepped(Session& session, const Descent& descent, Optimizer& optimizer, const Samples& samples, double lr, Step& step) {
  GradientRule* rule = session.model.gradient();
  StepWork work{session, samples, optimizer, lr, descent.clip,
                [&](const Samples& some) { return lossOf(session, some, descent.cross_entropy, optimizer.parameters()).loss; }};
  optimizer.zeroGradients();
  {
    const torch::AutoGradMode graph(!(rule && rule->replaces()));  // such a rule makes its own; this loss is only told
    step = lossOf(session, samples, descent.cross_entropy, optimizer.parameters());
  }
  if (rule && rule->replaces()) {
    rule->step(work);
    session.model.stepped();
    return 0;
  }
  if (const Tensor more = replayCost(session, samples.epochs); more.defined()) {
    step.penalty = step.penalty.defined() ? step.penalty + more : more;
    step.loss = step.loss + more;
  }
  step.loss.backward();
  if (rule) rule->bend(work);
  const double norm = optimizer.clipped(descent.clip);
  optimizer.step();
  session.model.stepped();
  return norm;
}

// Tells of a step. One read of the device for all figures.
void tellStep(Session& session, const Descent& descent, const Step& step, const Samples& samples, double lr, double norm) {
  const int masked = session.model.learner().maskedBelow(session.scope());
  const Tensor hits = (step.pass.logits.detach().slice(1, masked).argmax(1) + masked).eq(samples.labels).sum();
  const Tensor figures = torch::stack({step.loss.detach().to(torch::kDouble), step.cross_entropy.detach().to(torch::kDouble), hits.to(torch::kDouble)}).cpu();
  StepMeasured told;
  told.task = session.clock.task;
  told.phase = session.clock.phase;
  told.epoch = session.clock.epoch;
  told.step = session.clock.step;
  told.global_step = session.clock.global_step;
  told.loss = figures[0].item<double>();
  told.cross_entropy = figures[1].item<double>();
  told.penalty = told.loss - descent.cross_entropy * told.cross_entropy;
  told.lr = lr;
  told.gradient_norm = norm;
  told.hits = static_cast<int>(figures[2].item<double>());
  told.count = samples.count;
  session.sums.loss += told.loss * samples.count;
  session.sums.hits += told.hits;
  session.sums.count += samples.count;
  session.bus.emit(told);
  if (!std::isfinite(told.loss))
    throw Error("loss-not-finite", "The loss is no finite number any more (task " + std::to_string(told.task + 1) + ", epoch " +
                std::to_string(told.epoch + 1) + ", step " + std::to_string(told.step + 1) + "). Everything up to here is kept.",
                "Lower the learning rate or set a gradient clip, and look at the loss of the last steps.");
}

void tellEpoch(Session& session) {
  EpochEnded told;
  told.task = session.clock.task;
  told.phase = session.clock.phase;
  told.epoch = session.clock.epoch;
  told.global_step = session.clock.global_step;
  told.hits = session.sums.hits;
  told.count = session.sums.count;
  told.loss = session.sums.count ? session.sums.loss / session.sums.count : 0;
  told.seconds = session.sums.seconds;
  session.bus.emit(told);
  session.sums = {};
  tellPromptUse(session, session.clock.task, "train");
}

BatchPlan epochPlan(Session& session, const Descent& descent, const std::vector<std::int64_t>& images, FrozenCache* cache) {
  const Clock& clock = session.clock;
  BatchPlan plan;
  plan.split = session.data.train.get();
  plan.order = images;
  rngOf(session.seed(), Purpose::DataOrder, clock.task, clock.phase, clock.epoch).shuffle(plan.order);
  plan.batch = descent.batch;
  plan.first_batch = clock.step;
  plan.transform = &session.train_transform;
  plan.cache = cache;
  plan.epoch_key = seedOf(session.seed(), Purpose::Augmentation, clock.task, clock.phase, clock.epoch);
  if (session.model.trainsOnMembers() && session.train_transform.deterministic()) {
    plan.members = &session.train_members;
    plan.known_members = session.model.members() - 1;
  }
  return plan;
}

void runEpoch(Session& session, const Descent& descent, Optimizer& optimizer, Average& average, BatchPlan plan) {
  const int steps = descent.steps;
  Batches batches(session, std::move(plan));
  Samples samples;
  while (session.clock.step < steps) {
    session.breathe("training");
    const Session::OneStep one(session);
    const auto begin = SteadyClock::now();
    if (!batches.next(samples)) break;
    samples.epochs = session.clock.epoch + static_cast<double>(session.clock.step) / steps;
    const double lr = descent.rate(session.clock.epoch, session.clock.step);
    optimizer.setRate(lr);
    const int fresh = samples.count;
    samples = withReplay(session, samples);
    Step step;
    const double norm = stepped(session, descent, optimizer, samples, lr, step);
    const Exemplars* memory = session.model.memory();
    if (memory && memory->params().fill == "stream" && session.clock.epoch == 0) remember(session, samples, step.pass.logits, fresh);
    average.add(optimizer.parameters());
    session.model.used(step.pass);
    countPrompts(session, step.pass);
    tellStep(session, descent, step, samples, lr, norm);
    ++session.clock.step;
    ++session.clock.global_step;
    const double spent = secondsSince(begin);
    session.sums.seconds += spent;
    session.seconds.train += spent;
    session.forecast.done(Work::Train, session.clock.task, samples.count, spent);
    if (session.plan.options.prompt_every > 0 && session.clock.global_step % session.plan.options.prompt_every == 0) {
      tellPromptUse(session, session.clock.task, "train");
      watchPrompts(session);
    }
    if (probesNow(session)) probe(session);
    session.tellProgress("training", session.clock.step, steps, descent.epochs);
  }
}

// What selectors want to know of a task's queries before its first step. The cache is full by now.
void showQueries(Session& session, const TaskScope& scope) {
  const std::vector<std::int64_t>& images = session.trainIndices(scope.task);
  std::vector<std::int64_t> labels;
  for (const auto image : images) labels.push_back(session.scenario.label_of[static_cast<std::size_t>(session.data.train->label(image))]);
  session.model.study(toDevice(session, session.observed_frozen.rows(images)), toDevice(session, torch::tensor(labels, torch::kLong)), scope);
}

void beginTask(Session& session) {
  const TaskScope scope = session.scope();
  // A run may be stopped in here, and then begins the task anew: nothing has grown yet.
  if (session.model.studies()) fillCache(session, session.observed_frozen, *session.data.train, session.trainIndices(scope.task), session.test_transform, scope.task);
  session.model.beginTask(scope);
  if (session.model.studies()) showQueries(session, scope);
  session.clock.begun = true;
  TaskStarted told;
  told.task = scope.task;
  told.classes = session.scenario.tasks[static_cast<std::size_t>(scope.task)].classes;
  told.train_images = static_cast<int>(session.trainIndices(scope.task).size());
  told.test_images = static_cast<int>(session.testIndices(scope.task).size());
  session.bus.emit(told);
}

void endTask(Session& session, double seconds) {
  rememberTask(session);
  session.model.endTask(session.scope());
  prepareWatch(session);  // a run may have been resumed behind its last step
  watchPrompts(session);
  tellSnapshots(session);
  tellFigures(session);
  session.bus.emit(TaskEnded{session.clock.task, session.clock.global_step, seconds});
  ++session.clock.task;
  session.clock.phase = session.clock.epoch = session.clock.step = 0;
  session.clock.begun = false;
  session.saveCheckpoint(true);
  if (session.record) session.record->writeResults(session.results(session.clock.task < session.tasks() ? "running" : "done"));
  session.taskDone();
}

// An optimiser's state as it is.
class Note final : public State {
 public:
  explicit Note(TensorMap& to) : to_(to) {}
  void tensor(const std::string& name, Tensor& tensor, bool) override { to_[name] = tensor.detach().clone(); }

 private:
  TensorMap& to_;
};

// What was noted, where it still fits; a tensor that has grown along its first dimension keeps the rows it had.
class Recall final : public State {
 public:
  explicit Recall(const TensorMap& from) : from_(from) {}
  void tensor(const std::string& name, Tensor& tensor, bool) override {
    const auto found = from_.find(name);
    if (found == from_.end() || found->second.dim() != tensor.dim()) return;
    const Tensor& old = found->second;
    if (old.sizes() == tensor.sizes()) tensor.copy_(old);
    else if (old.dim() > 0 && old.size(0) < tensor.size(0) && old.sizes().slice(1) == tensor.sizes().slice(1)) tensor.narrow(0, 0, old.size(0)).copy_(old);
  }

 private:
  const TensorMap& from_;
};

}  // namespace

void descend(Session& session, const Descent& descent) {
  const std::vector<std::int64_t> images = session.trainingOrder(descent.seen);
  session.bus.emit(PhaseStarted{session.clock.task, session.clock.phase, descent.epochs, descent.steps, "sgd"});
  FrozenCache* cache = nullptr;
  if (session.trainCacheable() && !joinsImages(session)) {
    cache = &session.train_frozen;
    for (int task = descent.seen ? 0 : session.clock.task; task <= session.clock.task; ++task)
      fillCache(session, *cache, *session.data.train, session.trainIndices(task), session.train_transform, session.clock.task);
  }
  prepareWatch(session);
  if (session.model.trainsOnMembers() && session.train_transform.deterministic())
    fillMembers(session, session.train_members, *session.data.train, session.trainIndices(session.clock.task), session.train_transform, session.clock.task, session.model.members() - 1);
  TrainedTensors trained;
  session.model.visit(trained);
  Optimizer optimizer(descent.optimizer, trained.parameters);
  Average average(descent.ema, optimizer.parameters());
  TensorMap& kept = session.kept_state["phases." + std::to_string(session.clock.phase)];
  if (descent.keep_state && !kept.empty()) {
    Recall recall(kept);
    optimizer.visit(recall);
  }
  session.enterPhase([&](State& state) {
    optimizer.visit(state);
    average.visit(state);
  });
  session.model.backbone()->train(session.model.trainsBackbone());
  // A run that was resumed inside the phase does not know where it began.
  const bool whole = session.record && session.clock.epoch == 0 && session.clock.step == 0;
  const std::optional<Movement> movement = whole ? std::optional<Movement>(trained.parameters) : std::nullopt;
  // The first point of the curves, before anything was learned: nobody should wait for it.
  if (session.clock.global_step == 0 && session.plan.options.probe_images > 0) probe(session);
  for (; session.clock.epoch < descent.epochs; ++session.clock.epoch, session.clock.step = 0) {
    runEpoch(session, descent, optimizer, average, epochPlan(session, descent, images, cache));
    tellEpoch(session);
    session.epochDone();
  }
  average.takePlace(optimizer.parameters());
  if (movement) movement->tell(session, optimizer.parameters());
  if (descent.keep_state) {
    Note note(kept);
    optimizer.visit(note);
  }
  session.model.backbone()->eval();
  session.leavePhase();
}

void runTasks(Session& session) {
  while (session.clock.task < session.tasks()) {
    const auto begin = SteadyClock::now();
    if (!session.clock.begun) beginTask(session);
    bool trains = false;
    for (int task = session.clock.task; task < session.tasks(); ++task) trains = trains || session.trains_in[static_cast<std::size_t>(task)];
    if (!trains) session.model.settle();
    for (; session.clock.phase < static_cast<int>(session.phases.size()); ++session.clock.phase, session.clock.epoch = session.clock.step = 0)
      session.phases[static_cast<std::size_t>(session.clock.phase)]->run(session);
    evaluate(session);
    endTask(session, secondsSince(begin));
    session.breathe("training", false);
  }
}

}  // namespace palimpsest
