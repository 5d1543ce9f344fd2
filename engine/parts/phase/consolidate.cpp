#include "engine/parts/phase/consolidate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/parts/random_tensors.h"
#include "engine/parts/trained.h"
#include "engine/session/batches.h"
#include "engine/session/step.h"

namespace palimpsest {
namespace {

// All features of an epoch and their labels, shuffled: a pure function of the run's seed, the task and the epoch.
std::pair<Tensor, Tensor> drawnFeatures(Session& session, const AlignParams& params) {
  const TaskScope scope = session.scope();
  std::vector<Tensor> rows, labels;
  for (int label = 0; label < scope.seen; ++label) {
    const double age = static_cast<double>(session.scenario.taskOf(label) + 1) / (scope.task + 1);
    const double scale = 1 - params.shrink + params.shrink * age;
    rows.push_back(session.model.statistics()->drawn(label, params.per_class, scale, seedOf(session.seed(), Purpose::Alignment, scope.task, session.clock.epoch, label)));
    labels.push_back(torch::full({params.per_class}, label, torch::kLong));
  }
  const Tensor order = torch::randperm(std::int64_t{scope.seen} * params.per_class, generatorOf(seedOf(session.seed(), Purpose::Alignment, scope.task, session.clock.epoch, -1)), torch::kLong);
  return {torch::cat(rows).index_select(0, order.to(session.device)), torch::cat(labels).index_select(0, order).to(session.device)};
}

}  // namespace

Tensor alignmentLoss(const Tensor& logits, const Tensor& labels, const std::vector<int>& first_labels, double temperature) {
  if (temperature == 0) return torch::cross_entropy_loss(logits, labels);
  std::vector<Tensor> lengths;
  for (std::size_t task = 0; task < first_labels.size() && first_labels[task] < logits.size(1); ++task) {
    const std::int64_t last = task + 1 < first_labels.size() ? std::min<std::int64_t>(first_labels[task + 1], logits.size(1)) : logits.size(1);
    lengths.push_back(logits.slice(1, first_labels[task], last).norm(2, 1, true) + 1e-7);
  }
  return torch::cross_entropy_loss(logits / torch::cat(lengths, 1).mean(1, true) / temperature, labels);
}

Phase::Outline AlignPhase::outline(const Session& session) const {
  if (params_.when == "later-tasks" && session.clock.task == 0) return {};
  const std::int64_t features = std::int64_t{session.scope().seen} * params_.per_class;
  return {params_.epochs, static_cast<int>((features + params_.batch - 1) / params_.batch), 0, false};
}

void AlignPhase::run(Session& session) {
  const Outline plan = outline(session);
  if (plan.epochs == 0) return;
  session.bus.emit(PhaseStarted{session.clock.task, session.clock.phase, plan.epochs, plan.steps, std::string(kName)});
  Head& head = session.model.head();
  if (params_.restore && session.clock.epoch == 0 && session.clock.step == 0) head.setAside();
  TrainedTensors trained;
  head.visit(trained);
  Optimizer optimizer({"sgd", params_.lr, params_.momentum, params_.weight_decay}, trained.parameters);
  session.enterPhase([&](State& state) { optimizer.visit(state); });
  for (; session.clock.epoch < plan.epochs; ++session.clock.epoch, session.clock.step = 0) {
    const auto [rows, labels] = drawnFeatures(session, params_);
    optimizer.setRate(params_.lr * 0.5 * (1 + std::cos(std::numbers::pi * session.clock.epoch / plan.epochs)));
    for (; session.clock.step < plan.steps; ++session.clock.step) {
      session.breathe("training");
      const std::int64_t first = std::int64_t{session.clock.step} * params_.batch, last = std::min<std::int64_t>(first + params_.batch, rows.size(0));
      optimizer.zeroGradients();
      alignmentLoss(head.trainingLogits(rows.slice(0, first, last)), labels.slice(0, first, last), session.model.setting().first_labels, params_.logit_norm).backward();
      optimizer.step();
      session.tellProgress("training", session.clock.step, plan.steps, plan.epochs);
    }
  }
  session.leavePhase();
}

Phase::Outline FisherPhase::outline(const Session& session) const {
  const auto images = std::min<std::int64_t>(params_.images, static_cast<std::int64_t>(session.trainIndices(session.clock.task).size()));
  return {1, static_cast<int>(images), images, false};
}

// Short: a run that was stopped here does it again.
void FisherPhase::run(Session& session) {
  const Outline plan = outline(session);
  session.bus.emit(PhaseStarted{session.clock.task, session.clock.phase, plan.epochs, plan.steps, std::string(kName)});
  TrainedTensors trained;
  session.model.visit(trained);
  std::vector<Tensor> leaves, sums;
  for (const auto& [name, tensor] : trained.parameters) {
    leaves.push_back(tensor);
    sums.push_back(torch::zeros_like(tensor));
  }
  BatchPlan batches;
  batches.split = session.data.train.get();
  batches.order = session.trainIndices(session.clock.task);
  rngOf(session.seed(), Purpose::Fisher, session.clock.task).shuffle(batches.order);
  batches.order.resize(static_cast<std::size_t>(plan.images));
  batches.batch = 1;
  batches.transform = &session.test_transform;
  Batches stream(session, batches);
  Samples samples;
  const std::int64_t masked = session.model.learner().maskedBelow(session.scope());
  const auto add = [&](const Tensor& log_probability, double weight, bool again) {
    const auto slopes = torch::autograd::grad({log_probability}, leaves, {}, again, false, true);
    const torch::NoGradGuard no_graph;
    for (std::size_t i = 0; i < slopes.size(); ++i)
      if (slopes[i].defined()) sums[i].addcmul_(slopes[i], slopes[i], weight / plan.steps);
  };
  for (int done = 1; stream.next(samples); ++done) {
    session.breathe("statistics", false);
    samples.drops = false;
    const Tensor said = torch::log_softmax(session.model.forward(samples, true).logits.slice(1, masked), 1)[0];
    const Tensor chances = said.detach().exp().cpu().to(torch::kDouble).contiguous();
    const std::int64_t classes = chances.numel();
    if (params_.labels == "exact") {
      for (std::int64_t y = 0; y < classes; ++y) add(said[y], chances.data_ptr<double>()[y], y + 1 < classes);
    } else {
      std::int64_t label = samples.labels[0].item<std::int64_t>() - masked;
      if (params_.labels == "sampled") {
        double left = rngOf(session.seed(), Purpose::Fisher, session.clock.task, samples.indices.front()).uniform();
        for (label = 0; label + 1 < classes && left >= chances.data_ptr<double>()[label]; ++label) left -= chances.data_ptr<double>()[label];
      }
      add(said[label], 1, false);
    }
    session.tellProgress("statistics", done, plan.steps, 1);
  }
  for (const auto& penalty : session.model.penalties())
    if (penalty->weighs()) penalty->weigh(trained.parameters, sums);
}

}  // namespace palimpsest
