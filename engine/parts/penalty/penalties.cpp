#include "engine/parts/penalty/penalties.h"

#include "engine/parts/layers.h"

namespace palimpsest {

Tensor Distillation::cost(const StepView& step) const {
  if (!step.teacher.defined() || step.teacher.size(1) == 0) return {};
  const Tensor soft = torch::softmax(step.teacher / params_.temperature, 1);
  const Tensor said = torch::log_softmax(step.logits.slice(1, 0, step.teacher.size(1)) / params_.temperature, 1);
  return -params_.weight * (soft * said).sum(1).mean();
}

namespace {

// What of a tensor there was when its importance was measured.
Tensor known(const Tensor& now, const Tensor& then) { return now.sizes() == then.sizes() ? now : now.narrow(0, 0, then.size(0)); }

// Zeros behind what there is, up to `rows`.
Tensor grown(const Tensor& x, const Tensor& like) {
  if (x.sizes() == like.sizes()) return x;
  Tensor out = torch::zeros_like(like);
  out.narrow(0, 0, x.size(0)).copy_(x);
  return out;
}

}  // namespace

void QuadraticPenalty::weigh(const NamedParameters& trained, const std::vector<Tensor>& found) {
  const torch::NoGradGuard no_graph;
  double sum = 0, count = 0;
  for (const Tensor& f : found) {
    sum += f.sum(torch::kDouble).item<double>();
    count += static_cast<double>(f.numel());
  }
  fisher_ = Figure{"fisher", "", {}, {}};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string layer = layerOf(trained[i].first);
    if (fisher_.labels.empty() || fisher_.labels.back() != layer) {
      fisher_.labels.push_back(layer);
      fisher_.values.push_back(0);
    }
    fisher_.values.back() += found[i].sum(torch::kDouble).item<double>();
  }
  const double scale = params_.scale == "mean-one" && sum > 0 ? count / sum : 1;
  importance_.resize(found.size());
  anchor_.resize(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Tensor scaled = found[i] * scale, now = trained[i].second.detach();
    const Tensor fresh = params_.cap > 0 && count > 0 ? scaled.clamp_max(params_.cap * scale * sum / count) : scaled;
    if (!importance_[i].defined()) {
      importance_[i] = fresh.clone();
      anchor_[i] = now.clone();
      continue;
    }
    const Tensor before = params_.decay * grown(importance_[i], now), there = grown(anchor_[i], now), all = before + fresh;
    if (params_.form == "online") anchor_[i] = now.clone();
    else anchor_[i] = torch::where(all > 0, (before * there + fresh * now) / all.clamp_min(1e-30), now);
    importance_[i] = all;
  }
}

Tensor QuadraticPenalty::cost(const StepView& step) const {
  Tensor sum;
  for (std::size_t i = 0; i < importance_.size() && i < step.trained.size(); ++i) {
    const Tensor one = (importance_[i] * (known(step.trained[i].second, anchor_[i]) - anchor_[i]).square()).sum();
    sum = sum.defined() ? sum + one : one;
  }
  return sum.defined() ? 0.5 * params_.weight * sum : sum;
}

void QuadraticPenalty::visit(State& state) {
  if (state.trainedOnly()) return;
  Tensor count = torch::tensor(static_cast<std::int64_t>(importance_.size()), torch::kLong);
  state.tensor("tensors", count, false);
  importance_.resize(static_cast<std::size_t>(count.item<std::int64_t>()), torch::empty({0}, device_));
  anchor_.resize(importance_.size(), torch::empty({0}, device_));
  for (std::size_t i = 0; i < importance_.size(); ++i) {
    state.tensor("importance." + std::to_string(i), importance_[i], false);
    state.tensor("anchor." + std::to_string(i), anchor_[i], false);
  }
}

Tensor FeatureOrthogonality::cost(const StepView& step) const {
  if (!step.means.defined() || step.scope.first == 0) return {};
  const Tensor all = torch::cat({step.means.slice(0, 0, step.scope.first), step.feature});
  return params_.weight * torch::cross_entropy_loss(all.matmul(all.t()) / params_.temperature, torch::arange(all.size(0), torch::TensorOptions().dtype(torch::kLong).device(all.device())));
}

}  // namespace palimpsest
