#include "engine/parts/phase/phases.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/session/batches.h"
#include "engine/session/descent.h"
#include "engine/session/session.h"
#include "engine/session/step.h"
#include "engine/vit/warm_start.h"

namespace palimpsest {

std::optional<std::string> SgdParams::conflict() const {
  if (schedule == "multi-step" && milestones.empty()) return "[sgd] schedule \"multi-step\" needs milestones";
  if (!std::is_sorted(milestones.begin(), milestones.end())) return "[sgd] milestones must ascend";
  return std::nullopt;
}

Phase::Outline SgdPhase::outline(const Session& session) const {
  if (!runsIn(session.clock.task)) return {};
  const auto images = static_cast<std::int64_t>(session.trainingOrder(params_.data == "seen").size());
  const int steps = stepsFor(images);
  return {params_.epochs, steps, std::min<std::int64_t>(images, std::int64_t{steps} * params_.batch) * params_.epochs, true};
}

int SgdPhase::stepsFor(std::int64_t images) const {
  return static_cast<int>(params_.drop_last ? images / params_.batch : (images + params_.batch - 1) / params_.batch);
}

// Steps are counted from 0; an epoch's rate is that of PyTorch's schedulers stepped once an epoch.
double SgdPhase::rate(int epoch, int step, int steps) const {
  const auto cosine = [](double done) { return 0.5 * (1 + std::cos(std::numbers::pi * done)); };
  const double position = static_cast<double>(epoch) * steps + step, total = static_cast<double>(params_.epochs) * steps;
  double factor = 1;
  if (params_.schedule == "cosine") factor = cosine(static_cast<double>(epoch) / params_.epochs);
  else if (params_.schedule == "cosine-steps") factor = cosine(position / total);
  else if (params_.schedule.starts_with("cosine-quarter")) {
    const int at = params_.schedule == "cosine-quarter" ? epoch : std::max(0, epoch - 1);
    factor = params_.epochs > 1 ? std::cos(99 * std::numbers::pi * at / (200.0 * (params_.epochs - 1))) : 1;
  }
  else if (params_.schedule == "multi-step")
    factor = std::pow(params_.gamma, std::count_if(params_.milestones.begin(), params_.milestones.end(), [&](int m) { return epoch >= m; }));
  if (position < params_.warmup_steps) factor *= (position + 1) / params_.warmup_steps;
  return params_.lr * factor;
}

void SgdPhase::run(Session& session) {
  const Outline plan = outline(session);
  if (plan.epochs == 0) return;
  const bool fresh = session.clock.epoch == 0 && session.clock.step == 0;
  if (params_.restart && fresh) {
    session.model.restart();
    session.model.beginTask(session.scope());
  }
  Descent descent;
  descent.seen = params_.data == "seen";
  descent.epochs = params_.epochs;
  descent.batch = params_.batch;
  descent.optimizer = {params_.optimizer, params_.lr, params_.momentum, params_.weight_decay, params_.beta2, params_.amsgrad, params_.network_rate, params_.head_rate};
  descent.steps = plan.steps;
  descent.clip = params_.clip;
  descent.keep_state = params_.keep_state;
  descent.ema = params_.ema;
  descent.cross_entropy = params_.cross_entropy;
  descent.rate = [&](int epoch, int step) { return rate(epoch, step, plan.steps); };
  descend(session, descent);
}

std::vector<std::int64_t> ObservePhase::imagesOf(const Session& session) const {
  if (params_.data == "memory") return session.memoryIndices();
  std::vector<std::int64_t> images = session.trainIndices(session.clock.task);  // class by class
  if (params_.per_class == 0) return images;
  std::vector<int> taken(session.scenario.label_of.size());
  std::erase_if(images, [&](std::int64_t i) { return ++taken[static_cast<std::size_t>(session.data.train->label(i))] > params_.per_class; });
  return images;
}

Phase::Outline ObservePhase::outline(const Session& session) const {
  const auto images = static_cast<std::int64_t>(imagesOf(session).size());
  return {1, static_cast<int>((images + params_.batch - 1) / params_.batch), images, false};
}

// Statistics always use the test transform on training images.
void ObservePhase::run(Session& session) {
  Head& head = session.model.head();
  if (params_.data == "memory") {
    if (session.clock.step == 0) {
      rememberTask(session);
      head.forget();
    }
  }
  const Outline plan = outline(session);
  session.bus.emit(PhaseStarted{session.clock.task, session.clock.phase, plan.epochs, plan.steps, std::string(kName)});
  BatchPlan batches;
  batches.split = session.data.train.get();
  batches.order = imagesOf(session);
  batches.batch = params_.batch;
  batches.first_batch = session.clock.step;
  batches.transform = &session.test_transform;
  if (session.model.wantsFrozen()) {
    fillCache(session, session.observed_frozen, *session.data.train, batches.order, session.test_transform, session.clock.task);
    batches.cache = &session.observed_frozen;
  }
  session.enterPhase([](State&) {});
  Batches stream(session, batches);
  Samples samples;
  const torch::NoGradGuard no_graph;
  while (session.clock.step < plan.steps) {
    session.breathe("statistics");
    const Session::OneStep one(session);
    if (!stream.next(samples)) break;
    const Forward pass = session.model.forward(samples, false);
    if (head.observes()) head.observe(pass.feature, samples.labels);
    if (Statistics* statistics = session.model.statistics()) statistics->observe(pass.own, samples.labels);
    ++session.clock.step;
    session.tellProgress("statistics", session.clock.step, plan.steps, 1);
  }
  session.model.solve();
  session.leavePhase();
}

Phase::Outline WarmStartPhase::outline(const Session& session) const {
  if (session.clock.task > 0) return {};
  const auto images = std::min<std::int64_t>(params_.images, static_cast<std::int64_t>(session.trainIndices(0).size()));
  return {1, static_cast<int>((images + params_.batch - 1) / params_.batch), images, false};
}

// Short: a run that was stopped here does it again.
void WarmStartPhase::run(Session& session) {
  const Outline plan = outline(session);
  if (plan.epochs == 0) return;
  session.bus.emit(PhaseStarted{session.clock.task, session.clock.phase, plan.epochs, plan.steps, std::string(kName)});
  BatchPlan batches;
  batches.split = session.data.train.get();
  batches.order = session.trainIndices(0);
  rngOf(session.seed(), Purpose::DataOrder, session.clock.task, session.clock.phase).shuffle(batches.order);
  batches.order.resize(static_cast<std::size_t>(plan.images));
  batches.batch = params_.batch;
  batches.transform = &session.test_transform;
  Batches stream(session, batches);
  Samples samples;
  const torch::NoGradGuard no_graph;
  vit::Vit& network = session.model.backbone();
  vit::PatchWhitening whitening(network->shape());
  for (int done = 1; stream.next(samples); ++done) {
    session.breathe("statistics", false);
    if (params_.whiten_patches) whitening.add(samples.images);
    for (const auto& penalty : session.model.penalties())
      if (penalty->studies()) penalty->study(samples.images, samples.labels);
    session.tellProgress("statistics", done, plan.steps, 1);
  }
  for (const auto& penalty : session.model.penalties())
    if (penalty->studies()) penalty->studied();
  if (params_.fan_in) vit::rescaleToFanIn(network);
  if (params_.whiten_patches) whitening.apply(network, session.seed());
}

}  // namespace palimpsest
