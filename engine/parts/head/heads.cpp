#include "engine/parts/head/heads.h"

#include <cmath>
#include <numbers>

#include "engine/parts/random_tensors.h"
#include "engine/parts/unit.h"
#include "engine/protocol/error.h"

namespace palimpsest {

// By the inverse of the normal's distribution function: one draw a value, so the count of draws is fixed.
torch::Tensor truncatedNormalTensor(at::IntArrayRef shape, double deviation, std::uint64_t seed) {
  const double edge = std::erf(2.0 / std::numbers::sqrt2);
  return torch::erfinv(uniformTensor(shape, -edge, edge, seed)) * (deviation * std::numbers::sqrt2);
}

std::int64_t widthOf(const Setting& setting) { return setting.feature_width > 0 ? setting.feature_width : setting.shape.width; }

void Head::observe(const Tensor&, const Tensor&) { throw Error("internal", "this head has nothing to observe"); }

void Penalty::study(const Tensor&, const Tensor&) { throw Error("internal", "this penalty has nothing to study"); }
void Penalty::weigh(const NamedParameters&, const std::vector<Tensor>&) { throw Error("internal", "this penalty weighs nothing"); }

LinearHead::LinearHead(const Params& params, const Setting& setting) : params_(params), setting_(setting) {
  const auto options = torch::TensorOptions().device(setting.device);
  weight_ = torch::empty({0, widthOf(setting)}, options);
  bias_ = torch::empty({0}, options);
}

namespace {

// Into the tensor that the optimiser knows.
void take(Tensor& to, Tensor& from) {
  if (!from.defined()) return;
  const torch::NoGradGuard no_graph;
  to.copy_(from);
  from = Tensor();
}

}  // namespace

// Growing keeps the old rows' values. The rows of a class depend on its label alone, not on the task that brings it.
void LinearHead::beginTask(const TaskScope& scope) {
  take(weight_, aside_weight_);
  take(bias_, aside_bias_);
  if (params_.old_rows == "frozen") {
    old_weight_ = weight_.detach().slice(0, 0, scope.first).clone();
    old_bias_ = bias_.detach().slice(0, 0, scope.first).clone();
  }
  const auto old = weight_.size(0), width = weight_.size(1);
  if (scope.seen <= old) return;
  std::vector<Tensor> rows{weight_.detach()};
  for (auto label = old; label < scope.seen; ++label) {
    const auto seed = seedOf(setting_.seed, Purpose::Initialisation, 201, label);
    if (params_.init == "zeros") rows.push_back(torch::zeros({1, width}));
    else if (params_.init == "kaiming") rows.push_back(uniformTensor({1, width}, -1, 1, seed) * std::sqrt(3.0 / static_cast<double>(width)));
    else if (params_.init == "torch") rows.push_back(uniformTensor({1, width}, -1, 1, seed) / std::sqrt(static_cast<double>(width)));
    else if (params_.init == "normal") rows.push_back(torch::empty({1, width}).normal_(0, 0.02, generatorOf(seed)));
    else if (params_.init == "prior") rows.push_back(torch::empty({1, width}).normal_(0, std::sqrt(2.0 / setting_.classes), generatorOf(seed)));
    else rows.push_back(truncatedNormalTensor({1, width}, 0.02, seed));
    rows.back() = rows.back().to(setting_.device);
  }
  weight_ = torch::cat(rows).requires_grad_(weight_.requires_grad());
  bias_ = torch::cat({bias_.detach(), biases(static_cast<int>(old), scope.seen).to(setting_.device)}).requires_grad_(bias_.requires_grad());
}

Tensor LinearHead::biases(int first, int last) const {
  if (params_.init == "prior") return torch::full({last - first}, -std::log(99.0), torch::kFloat);
  if (params_.init != "torch") return torch::zeros({last - first});
  std::vector<Tensor> drawn;
  for (int label = first; label < last; ++label) drawn.push_back(uniformTensor({1}, -1, 1, seedOf(setting_.seed, Purpose::Initialisation, 202, label)));
  return torch::cat(drawn) / std::sqrt(static_cast<double>(weight_.size(1)));
}

Tensor LinearHead::logits(const Tensor& feature) const { return torch::linear(feature, weight_, bias_); }

int LinearHead::maskedBelow(const TaskScope& scope) const { return params_.train_on == "classes-of-task" ? scope.first : 0; }

void LinearHead::stepped() {
  if (!old_weight_.defined()) return;
  const torch::NoGradGuard no_graph;
  weight_.slice(0, 0, old_weight_.size(0)).copy_(old_weight_);
  bias_.slice(0, 0, old_bias_.size(0)).copy_(old_bias_);
}

void LinearHead::setAside() {
  aside_weight_ = weight_.detach().clone();
  aside_bias_ = bias_.detach().clone();
}

void LinearHead::visit(State& state) {
  state.tensor("weight", weight_, true);
  state.tensor("bias", bias_, true);
  Tensor there = torch::tensor({std::int64_t{old_weight_.defined()}, std::int64_t{aside_weight_.defined()}}, torch::kLong);
  state.tensor("kept", there, false);
  const auto kept = [&](int which, const char* name, Tensor& tensor) {
    if (there[which].item<std::int64_t>() == 0) return;
    if (!tensor.defined()) tensor = torch::empty({0}, weight_.options().requires_grad(false));
    state.tensor(name, tensor, false);
  };
  kept(0, "old.weight", old_weight_);
  kept(0, "old.bias", old_bias_);
  kept(1, "aside.weight", aside_weight_);
  kept(1, "aside.bias", aside_bias_);
}

// [B, K]
Tensor cosines(const Tensor& rows, const Tensor& others) {
  namespace F = torch::nn::functional;
  const auto each = F::NormalizeFuncOptions().dim(-1);
  return F::normalize(rows, each).matmul(F::normalize(others, each).t());
}

PrototypeHead::PrototypeHead(const Params& params, const Setting& setting) : params_(params), setting_(setting) {
  const auto wide = torch::TensorOptions().dtype(torch::kDouble).device(setting.device);
  sums_ = torch::zeros({0, widthOf(setting)}, wide);
  counts_ = torch::zeros({0}, wide);
  weight_ = torch::zeros({0, widthOf(setting)}, torch::TensorOptions().device(setting.device));
}

void PrototypeHead::beginTask(const TaskScope& scope) {
  const auto fresh = scope.seen - sums_.size(0);
  if (fresh <= 0) return;
  sums_ = torch::cat({sums_, torch::zeros({fresh, sums_.size(1)}, sums_.options())});
  counts_ = torch::cat({counts_, torch::zeros({fresh}, counts_.options())});
  weight_ = torch::cat({weight_, torch::zeros({fresh, weight_.size(1)}, weight_.options())});
}

void PrototypeHead::observe(const Tensor& feature, const Tensor& labels) {
  sums_.index_add_(0, labels, params_.unit ? unit(feature.to(torch::kDouble)) : feature.to(torch::kDouble));
  counts_.index_add_(0, labels, torch::ones({labels.size(0)}, counts_.options()));
}

void PrototypeHead::forget() {
  sums_.zero_();
  counts_.zero_();
}

void PrototypeHead::solve() { weight_ = (sums_ / counts_.clamp_min(1).unsqueeze(1)).to(torch::kFloat); }

Tensor PrototypeHead::logits(const Tensor& feature) const { return cosines(feature, weight_); }

void PrototypeHead::visit(State& state) {
  state.tensor("sums", sums_, false);
  state.tensor("counts", counts_, false);
  state.tensor("weight", weight_, false);
}

CosineHead::CosineHead(const Params& params, const Setting& setting) : params_(params), setting_(setting) {
  const auto options = torch::TensorOptions().device(setting.device);
  weight_ = torch::empty({0, widthOf(setting)}, options);
  scale_ = torch::ones({1}, options);
}

void CosineHead::beginTask(const TaskScope& scope) {
  if (params_.restart_scale) {
    const torch::NoGradGuard no_graph;
    scale_.fill_(1);
  }
  const std::int64_t old = weight_.size(0);
  if (scope.seen <= old) return;
  const double edge = 1 / std::sqrt(static_cast<double>(weight_.size(1)));
  const auto seed = old == 0 ? seedOf(setting_.seed, Purpose::Initialisation, 203) : seedOf(setting_.seed, Purpose::Initialisation, 203, old);
  const Tensor rows = uniformTensor({scope.seen - old, weight_.size(1)}, -edge, edge, seed).to(setting_.device);
  weight_ = torch::cat({weight_.detach(), rows}).requires_grad_(weight_.requires_grad());
}

Tensor CosineHead::logits(const Tensor& feature) const { return scale_ * cosines(feature, weight_); }

void CosineHead::visit(State& state) {
  state.tensor("weight", weight_, true);
  state.tensor("scale", scale_, true);
}

}  // namespace palimpsest
