#include "engine/parts/prompts/pools.h"

#include <algorithm>
#include <cmath>

#include "engine/parts/random_tensors.h"
#include "engine/parts/unit.h"
#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

Tensor normalTensor(at::IntArrayRef shape, std::uint64_t seed) { return torch::empty(shape, torch::kFloat).normal_(0, 1, generatorOf(seed)); }

Tensor drawnAs(const std::string& kind, at::IntArrayRef shape, const vit::Shape& net, std::uint64_t seed) {
  if (kind == "zeros") return torch::zeros(shape);
  if (kind == "torch-embedding") return normalTensor(shape, seed);
  if (kind == "uniform-0.01") return uniformTensor(shape, 0.0, 0.01, seed);
  if (kind == "uniform-0.06") return uniformTensor(shape, -0.0625, 0.0625, seed);
  const double vpt = std::sqrt(6.0 / (net.channels * net.patch * net.patch + net.width));
  return kind == "vpt" ? uniformTensor(shape, -vpt, vpt, seed) : uniformTensor(shape, -1.0, 1.0, seed);
}

// Where this pool's draws come from: the first entry keeps the streams that it has always had.
std::uint64_t streamOf(const Setting& setting, int what) { return seedOf(setting.seed, Purpose::Initialisation, what + 1000 * setting.entry); }

int rowWidth(const Setting& setting) { return setting.row_width > 0 ? setting.row_width : setting.shape.width; }

// mean ((X X^T - 1)^2)
Tensor crowding(const Tensor& rows) { return (rows.matmul(rows.t()) - torch::eye(rows.size(0), rows.options())).square().mean(); }

}  // namespace

FlatPool::FlatPool(const Params& params, const Setting& setting) : params_(params), setting_(setting) {
  const int size = params.size > 0 ? params.size : std::max(1, params.per_task * setting.tasks);
  prompts_ = drawnAs(params.init, {setting.places, size, params.length, rowWidth(setting)}, setting.shape, streamOf(setting, 101)).to(setting.device);
  const std::string keys = params.key_init == "as-prompts" ? params.init : params.key_init;
  keys_ = drawnAs(keys, {size, setting.shape.width}, setting.shape, streamOf(setting, 102)).to(setting.device);
}

int FlatPool::available() const {
  return params_.per_task > 0 && params_.available == "begun" ? std::min(size(), (task_ + 1) * params_.per_task) : size();
}

void FlatPool::beginTask(const TaskScope& scope) {
  task_ = scope.task;
  if (scope.task > 0 && params_.transfer != "nothing") takeOver(scope.task);
}

// Only where both slices lie in the pool, as in released code.
void FlatPool::takeOver(int task) {
  const torch::NoGradGuard no_graph;
  const std::int64_t n = params_.per_task, from = (task - 1) * n, to = task * n;
  if (to + n > size()) return;
  if (params_.transfer != "keys") prompts_.narrow(1, to, n).copy_(prompts_.narrow(1, from, n).clone());
  if (params_.transfer != "prompts") keys_.narrow(0, to, n).copy_(keys_.narrow(0, from, n).clone());
}

void FlatPool::setKeys(int, int first, const Tensor& rows) {
  const torch::NoGradGuard no_graph;
  keys_.narrow(0, first, rows.size(0)).copy_(rows);
}

void FlatPool::setPrompts(int place, int first, const Tensor& rows) {
  const torch::NoGradGuard no_graph;
  prompts_[place].narrow(0, first, rows.size(0)).copy_(rows);
}

Tensor FlatPool::rows(const Choice& choice, int place) const {
  const Tensor prompts = prompts_[place];  // [M, length, W]
  if (choice.weights.defined()) return choice.weights[0].matmul(prompts.flatten(1)).view({choice.weights.size(1), 1, prompts.size(1), prompts.size(2)});
  const Tensor chosen = prompts.flatten(1).index_select(0, choice.indices.flatten());
  return chosen.view({choice.indices.size(0), choice.indices.size(1), prompts.size(1), prompts.size(2)});
}

Tensor FlatPool::penalty() const {
  if (params_.repulsion <= 0 || size() < 2) return {};
  const Tensor k = unit(keys_), close = (k.matmul(k.t()) - 0.2).clamp_min(0);
  return params_.repulsion * (close.sum() - close.diagonal().sum()) / (static_cast<double>(size()) * (size() - 1));
}

void FlatPool::check(Issues& issues) const {
  if (params_.size == 0 && params_.per_task == 0)
    issues.push_back(error("pool.size", "[flat] a pool of size 0 grows with the tasks, and per_task says that none owns a prompt", "give size or per_task"));
  if (params_.transfer != "nothing" && params_.per_task == 0)
    issues.push_back(error("pool.transfer", "[flat] no task owns a slice that could be taken over", "set per_task"));
}

void FlatPool::visit(State& state) {
  state.tensor("prompts", prompts_, true);
  state.tensor("keys", keys_, true);
  Tensor task = torch::tensor(task_, torch::kLong);
  state.tensor("task", task, false);
  task_ = static_cast<int>(task.item<std::int64_t>());
}

Tensor orthogonalRows(const Tensor& old, const Tensor& draws, bool official) {
  if (!official) {
    const Tensor basis = std::get<0>(torch::linalg_qr(torch::cat({old, draws}).t().to(torch::kDouble)));  // [n, s + m]
    return basis.t().slice(0, old.size(0)).to(torch::kFloat).contiguous();
  }
  std::vector<Tensor> rows;
  for (std::int64_t k = 0; k < draws.size(0); ++k) {
    const Tensor before = rows.empty() ? old : torch::cat({old, torch::stack(rows)});
    const Tensor share = before.mv(draws[k]) / before.square().sum(1);  // coefficients of the projections
    const Tensor left = before.size(0) > 0 ? draws[k] - before.t().mv(share) : draws[k];
    rows.push_back(left / left.norm());
  }
  return torch::stack(rows);
}

ComponentPool::ComponentPool(const Params& params, const Setting& setting)
    : params_(params), setting_(setting), per_task_(params.total > 0 ? std::max(1, params.total / setting.tasks) : params.per_task) {
  const auto none = torch::TensorOptions().device(setting.device);
  const std::int64_t width = setting.shape.width;
  old_ = {torch::zeros({setting.places, 0, params.length, rowWidth(setting)}, none), torch::zeros({setting.places, 0, width}, none), torch::zeros({setting.places, 0, width}, none)};
  now_ = old_;
  now_ = drawn(0);
}

// Draws depend on task, place and kind alone, so that nothing has to be kept to go on with a run.
ComponentPool::Block ComponentPool::drawn(int task) const {
  const torch::NoGradGuard no_graph;
  const std::int64_t m = per_task_, width = setting_.shape.width, wide = std::int64_t{params_.length} * rowWidth(setting_);
  const auto made = [&](Tensor Block::*member, std::int64_t n, int kind) {
    std::vector<Tensor> places;
    for (int place = 0; place < setting_.places; ++place) {
      const Tensor before = together(member, place).detach().flatten(1).cpu();
      const Tensor draws = normalTensor({m, n}, seedOf(setting_.seed, Purpose::Initialisation, 300 + kind, setting_.entry, task, place));
      places.push_back(orthogonalRows(before, draws, params_.init == "gram-schmidt"));
    }
    return torch::stack(places).to(setting_.device);
  };
  return {made(&Block::prompts, wide, 0).view({setting_.places, m, params_.length, rowWidth(setting_)}), made(&Block::keys, width, 1), made(&Block::gates, width, 2)};
}

void ComponentPool::beginTask(const TaskScope& scope) {
  if (scope.task == 0) return;
  const Block next = drawn(scope.task);
  const auto joined = [](const Tensor& a, const Tensor& b) { return torch::cat({a.detach(), b.detach()}, 1); };
  Block& kept = params_.freeze ? old_ : now_;
  const Block before = params_.freeze ? now_ : Block{};
  if (params_.freeze) kept = {joined(old_.prompts, before.prompts), joined(old_.keys, before.keys), joined(old_.gates, before.gates)};
  else now_ = {joined(now_.prompts, next.prompts), joined(now_.keys, next.keys), joined(now_.gates, next.gates)};
  if (params_.freeze) now_ = next;
  for (Tensor* trained : {&now_.prompts, &now_.keys, &now_.gates}) trained->set_requires_grad(true);
}

Tensor ComponentPool::together(Tensor Block::*member, int place) const { return torch::cat({(old_.*member)[place], (now_.*member)[place]}); }

Tensor ComponentPool::keys(int choice) const { return together(&Block::keys, choice); }
Tensor ComponentPool::gates(int choice) const { return together(&Block::gates, choice); }

Tensor ComponentPool::prompts(int place) const { return together(&Block::prompts, place); }

// Rows of earlier tasks and of this one lie in two tensors.
void ComponentPool::write(Tensor Block::*member, int place, int first, const Tensor& rows) {
  const torch::NoGradGuard no_graph;
  const std::int64_t old = (old_.*member).size(1), last = first + rows.size(0), cut = std::clamp<std::int64_t>(old - first, 0, rows.size(0));
  if (cut > 0) (old_.*member)[place].slice(0, first, first + cut).copy_(rows.slice(0, 0, cut));
  if (last > old) (now_.*member)[place].slice(0, first + cut - old, last - old).copy_(rows.slice(0, cut));
}

void ComponentPool::setKeys(int choice, int first, const Tensor& rows) { write(&Block::keys, choice, first, rows); }
void ComponentPool::setGates(int choice, int first, const Tensor& rows) { write(&Block::gates, choice, first, rows); }
void ComponentPool::setPrompts(int place, int first, const Tensor& rows) { write(&Block::prompts, place, first, rows); }

Tensor ComponentPool::rows(const Choice& choice, int place) const {
  const Tensor& weights = choice.weights[place];  // [B, M]
  return weights.matmul(together(&Block::prompts, place).flatten(1)).view({weights.size(0), 1, params_.length, rowWidth(setting_)});
}

Tensor ComponentPool::penalty() const {
  if (params_.orthogonality <= 0) return {};
  Tensor sum = torch::zeros({}, now_.keys.options());
  for (int place = 0; place < setting_.places; ++place)
    sum = sum + crowding(keys(place)) + crowding(gates(place)) + crowding(together(&Block::prompts, place).flatten(1));
  return params_.orthogonality * sum;
}

void ComponentPool::check(Issues& issues) const {
  const std::int64_t rows = std::int64_t{per_task_} * setting_.tasks, width = setting_.shape.width;
  if (params_.total > 0 && params_.total < setting_.tasks)
    issues.push_back(error("pool.total", "[components] " + std::to_string(params_.total) + " components do not give each of " + std::to_string(setting_.tasks) + " tasks one"));
  else if (rows > width)
    issues.push_back(error("pool.per_task", "[components] " + std::to_string(rows) + " components (" + std::to_string(per_task_) + " for each of " + std::to_string(setting_.tasks) + " tasks) cannot be orthogonal in " + std::to_string(width) + " dimensions",
                           "at most " + std::to_string(width / std::max(1, setting_.tasks)) + " for each task"));
}

void ComponentPool::visit(State& state) {
  state.tensor("old.prompts", old_.prompts, false);
  state.tensor("old.keys", old_.keys, false);
  state.tensor("old.gates", old_.gates, false);
  state.tensor("prompts", now_.prompts, true);
  state.tensor("keys", now_.keys, true);
  state.tensor("gates", now_.gates, true);
}

}  // namespace palimpsest
