#include "engine/parts/head/subspaces.h"

#include <algorithm>
#include <cmath>

#include "engine/parts/random_tensors.h"
#include "engine/parts/unit.h"

namespace palimpsest {
namespace {

// The setting of a layer that reads one member alone.
Setting oneMember(Setting setting) {
  setting.feature_width = setting.shape.width;
  return setting;
}

LinearHeadParams frozenRows() {
  LinearHeadParams params;
  params.old_rows = "frozen";
  return params;
}

// [B, n D] -> [B, n, D]
Tensor apart(const Tensor& feature, int width) { return feature.view({feature.size(0), -1, width}); }

int taskOfLabel(const Setting& setting, std::int64_t label) {
  int task = 0;
  while (task + 1 < setting.tasks && setting.first_labels[static_cast<std::size_t>(task) + 1] <= label) ++task;
  return task;
}

Tensor tasksOfLabels(const Setting& setting) {
  std::vector<std::int64_t> tasks;
  for (int label = 0; label < setting.classes; ++label) tasks.push_back(taskOfLabel(setting, label));
  return torch::tensor(tasks, torch::kLong).to(setting.device);
}

// Labels [first, last) of tasks from..to, as far as there are any yet.
std::pair<std::int64_t, std::int64_t> labelsOf(const Setting& setting, int from, int to, std::int64_t seen) {
  const auto first = static_cast<std::int64_t>(setting.first_labels[static_cast<std::size_t>(from)]);
  const auto last = to + 1 < setting.tasks ? static_cast<std::int64_t>(setting.first_labels[static_cast<std::size_t>(to) + 1]) : seen;
  return {first, std::min(last, seen)};
}

}  // namespace

void LateralFeature::grow(std::size_t columns) {
  const std::int64_t width = setting_.shape.width, inner = params_.width;
  while (columns_.size() < columns) {
    const auto k = static_cast<std::int64_t>(columns_.size()) + 1;  // columns in front of it
    const double edge = 1 / std::sqrt(static_cast<double>(k * width));
    Column column{uniformTensor({inner, k * width}, -edge, edge, seedOf(setting_.seed, Purpose::Initialisation, 350, k)).to(setting_.device),
                  torch::zeros({inner}, setting_.device), torch::zeros({width, inner}, setting_.device), torch::zeros({width}, setting_.device),
                  torch::full({k}, params_.weight, torch::TensorOptions().device(setting_.device))};
    const auto train = [](Column& c, bool trained) {
      for (Tensor* tensor : {&c.v, &c.v_bias, &c.u, &c.u_bias, &c.weights}) tensor->set_requires_grad(trained);
    };
    if (!columns_.empty()) train(columns_.back(), false);
    train(column, true);
    columns_.push_back(std::move(column));
  }
}

void LateralFeature::beginTask(const TaskScope& scope) { grow(static_cast<std::size_t>(scope.task)); }

Tensor LateralFeature::join(const std::vector<Tensor>& members, const Tensor&) const {
  std::vector<Tensor> all{members.front()};
  for (std::size_t k = 1; k < members.size(); ++k) {
    const Column& column = columns_[k - 1];
    std::vector<Tensor> before;
    for (std::size_t j = 0; j < k; ++j) before.push_back(column.weights[static_cast<std::int64_t>(j)] * members[j]);
    const Tensor hidden = torch::relu(torch::linear(torch::cat(before, 1), column.v, column.v_bias));
    all.push_back(members[k] + torch::linear(hidden, column.u, column.u_bias));
  }
  return torch::cat(all, 1);
}

void LateralFeature::visit(State& state) {
  Tensor size = torch::tensor(static_cast<std::int64_t>(columns_.size()), torch::kLong);
  state.tensor("columns", size, false);
  grow(static_cast<std::size_t>(size.item<std::int64_t>()));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string name = "columns." + std::to_string(i + 1) + ".";
    const bool trained = i + 1 == columns_.size();
    state.tensor(name + "v.weight", columns_[i].v, trained);
    state.tensor(name + "v.bias", columns_[i].v_bias, trained);
    state.tensor(name + "u.weight", columns_[i].u, trained);
    state.tensor(name + "u.bias", columns_[i].u_bias, trained);
    state.tensor(name + "weights", columns_[i].weights, trained);
  }
}

ColumnHead::ColumnHead(const Params&, const Setting& setting) : setting_(setting), layer_(frozenRows(), oneMember(setting)) {}

void ColumnHead::beginTask(const TaskScope& scope) { layer_.beginTask(scope); }

Tensor ColumnHead::trainingLogits(const Tensor& own) const {
  const std::int64_t width = setting_.shape.width;
  return layer_.logits(own.narrow(1, own.size(1) - width, width));
}

Tensor ColumnHead::logits(const Tensor& feature) const {
  const Tensor columns = apart(feature, setting_.shape.width);
  std::vector<Tensor> parts;
  for (int task = 0; task < columns.size(1); ++task) {
    const Tensor all = layer_.logits(columns.select(1, task));
    const auto [first, last] = labelsOf(setting_, task, task, all.size(1));
    parts.push_back(all.slice(1, first, last));
  }
  return torch::cat(parts, 1);
}

SubspaceHead::SubspaceHead(const Params& params, const Setting& setting) : params_(params), setting_(setting) {
  const auto wide = torch::TensorOptions().dtype(torch::kDouble).device(setting.device);
  sums_ = torch::zeros({0, setting.tasks, setting.shape.width}, wide);
  counts_ = torch::zeros({0}, wide);
  weight_ = torch::zeros({0, 0, setting.shape.width}, torch::TensorOptions().device(setting.device));
}

int SubspaceHead::taskOf(std::int64_t label) const { return taskOfLabel(setting_, label); }

void SubspaceHead::beginTask(const TaskScope& scope) {
  const std::int64_t fresh = scope.seen - sums_.size(0);
  if (fresh <= 0) return;
  sums_ = torch::cat({sums_, torch::zeros({fresh, sums_.size(1), sums_.size(2)}, sums_.options())});
  counts_ = torch::cat({counts_, torch::zeros({fresh}, counts_.options())});
}

void SubspaceHead::observe(const Tensor& feature, const Tensor& labels) {
  const Tensor rows = apart(feature, setting_.shape.width).to(torch::kDouble);
  Tensor through = sums_.narrow(1, 0, rows.size(1));
  through.index_add_(0, labels, rows);
  counts_.index_add_(0, labels, torch::ones({labels.size(0)}, counts_.options()));
}

// True prototypes of new classes stand in their own and in all earlier subspaces, so the order of the loops is free.
void SubspaceHead::solve() {
  const std::int64_t seen = sums_.size(0);
  const int now = taskOf(seen - 1);
  const Tensor means = sums_ / counts_.clamp_min(1).view({-1, 1, 1});
  Tensor all = means.narrow(1, 0, now + 1).clone();
  for (int i = 0; i < now; ++i)
    for (int j = i + 1; j <= now; ++j) {
      const auto [old_first, old_last] = labelsOf(setting_, i, i, seen);
      const auto [new_first, new_last] = labelsOf(setting_, j, now, seen);
      const Tensor there = means.slice(0, new_first, new_last);
      const Tensor alike = torch::softmax(unit(means.slice(0, old_first, old_last).select(1, i)).matmul(unit(there.select(1, i)).t()), 1);
      all.slice(0, old_first, old_last).select(1, j).copy_(alike.matmul(there.select(1, j)));
    }
  weight_ = all.to(torch::kFloat);
}

Tensor SubspaceHead::logits(const Tensor& feature) const {
  const Tensor rows = apart(feature, setting_.shape.width);
  const int spaces = static_cast<int>(std::min(rows.size(1), weight_.size(1))), now = spaces - 1;
  if (spaces == 0) return torch::zeros({rows.size(0), sums_.size(0)}, feature.options());
  Tensor out = torch::zeros({rows.size(0), weight_.size(0)}, feature.options());
  for (int j = 0; j < spaces; ++j) {
    std::vector<float> weights;
    for (std::int64_t label = 0; label < weight_.size(0); ++label) weights.push_back(taskOf(label) == j ? 1.0F : static_cast<float>(now > 0 ? params_.alpha / now : 0));
    out = out + cosines(rows.select(1, j), weight_.select(1, j)) * torch::tensor(weights).to(feature.device());
  }
  const std::int64_t missing = sums_.size(0) - out.size(1);  // classes of a task that has not been looked at yet
  return missing > 0 ? torch::cat({out, torch::full({out.size(0), missing}, -1e9, out.options())}, 1) : out;
}

void SubspaceHead::visit(State& state) {
  state.tensor("sums", sums_, false);
  state.tensor("counts", counts_, false);
  state.tensor("weight", weight_, false);
}

RetrievalHead::RetrievalHead(const Params& params, const Setting& setting)
    : params_(params), setting_(setting), task_of_(tasksOfLabels(setting)), layer_(LinearHeadParams{}, oneMember(setting)), means_({}, oneMember(setting)) {}

void RetrievalHead::beginTask(const TaskScope& scope) {
  layer_.beginTask(scope);
  means_.beginTask(scope);
}

void RetrievalHead::observe(const Tensor& feature, const Tensor& labels) { means_.observe(apart(feature, setting_.shape.width).select(1, 0), labels); }

Tensor RetrievalHead::tasksOf(const Tensor& logits) const { return task_of_.index_select(0, logits.argmax(1)); }

// Every round evaluates the layer once more, as in the released code; where an image's task stays it has found its
// fixed point, and further rounds change nothing for it.
Tensor RetrievalHead::logits(const Tensor& feature) const {
  const Tensor members = apart(feature, setting_.shape.width);
  const Tensor near = means_.logits(members.select(1, 0));
  Tensor task = tasksOf(near), answer;
  for (int round = 0; round < params_.rounds; ++round) {
    const Tensor member = task.clamp_max(members.size(1) - 1).view({-1, 1, 1});
    answer = layer_.logits(members.gather(1, member.expand({-1, 1, members.size(2)})).squeeze(1));
    task = tasksOf(answer);
  }
  const Tensor says = torch::softmax(answer, 1);
  return params_.ensemble ? (says + torch::softmax(static_cast<double>(members.size(1)) * near, 1)) / 2 : says;
}

void RetrievalHead::visit(State& state) {
  Named layer(state, "layer."), means(state, "means.");
  layer_.visit(layer);
  means_.visit(means);
}

}  // namespace palimpsest
