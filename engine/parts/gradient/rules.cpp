#include "engine/parts/gradient/rules.h"

#include <algorithm>
#include <set>

#include "engine/memory/gradient_projection.h"
#include "engine/session/step.h"

namespace palimpsest {
namespace {

// The gradient of a loss with respect to all that is trained, flat: zeros where it does not reach.
Tensor flatGradient(const Tensor& loss, const NamedParameters& trained) {
  std::vector<Tensor> leaves;
  for (const auto& [name, tensor] : trained) leaves.push_back(tensor);
  const auto found = torch::autograd::grad({loss}, leaves, {}, false, false, true);
  std::vector<Tensor> flat;
  for (std::size_t i = 0; i < found.size(); ++i) flat.push_back(found[i].defined() ? found[i].flatten() : torch::zeros({leaves[i].numel()}, leaves[i].options()));
  return torch::cat(flat).to(torch::kDouble);
}

Tensor flatGradient(const NamedParameters& trained) {
  std::vector<Tensor> flat;
  for (const auto& [name, tensor] : trained) flat.push_back(tensor.grad().defined() ? tensor.grad().flatten() : torch::zeros({tensor.numel()}, tensor.options()));
  return torch::cat(flat).to(torch::kDouble);
}

// Adds a flat change to the gradients. What had none gets one where the change reaches it.
void addToGradients(const NamedParameters& trained, const Tensor& change) {
  std::int64_t first = 0;
  for (const auto& [name, tensor] : trained) {
    const Tensor own = change.narrow(0, first, tensor.numel()).view(tensor.sizes()).to(tensor.scalar_type());
    first += tensor.numel();
    if (tensor.grad().defined()) tensor.mutable_grad().add_(own);
    else if (own.any().item<bool>()) tensor.mutable_grad() = own.clone();
  }
}

// Entries of an earlier task: all of them, or a draw.
std::vector<std::size_t> entriesOf(const Session& session, const ExemplarMemory& held, int task, int images) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < held.entries().size(); ++i)
    if (held.entries()[i].task == task) all.push_back(i);
  if (images == 0 || static_cast<int>(all.size()) <= images) return all;
  rngOf(session.seed(), Purpose::Memory, 900 + task, session.clock.global_step).shuffle(all);
  all.resize(static_cast<std::size_t>(images));
  return all;
}

// The gradient on a task's memory, a batch at a time: the mean over all its images.
Tensor memoryGradient(StepWork& work, const std::vector<std::size_t>& entries, std::uint64_t key) {
  const auto batch = static_cast<std::size_t>(std::max(1, work.batch.count));
  Tensor sum;
  for (std::size_t first = 0; first < entries.size(); first += batch) {
    const std::vector<std::size_t> some(entries.begin() + static_cast<std::ptrdiff_t>(first), entries.begin() + static_cast<std::ptrdiff_t>(std::min(entries.size(), first + batch)));
    Samples samples = replayed(work.session, some, mixed(key, first));
    samples.epochs = work.batch.epochs;
    const Tensor slope = flatGradient(work.loss(samples), work.optimizer.parameters()) * (static_cast<double>(some.size()) / static_cast<double>(entries.size()));
    sum = sum.defined() ? sum + slope : slope;
  }
  return sum;
}

}  // namespace

void GradientProjection::bend(StepWork& work) {
  const ExemplarMemory& held = work.session.model.memory()->held();
  std::vector<Tensor> rows;
  for (int task = 0; task < work.session.clock.task; ++task)
    if (const auto entries = entriesOf(work.session, held, task, params_.images); !entries.empty())
      rows.push_back(memoryGradient(work, entries, seedOf(work.session.seed(), Purpose::Memory, 950 + task, work.session.clock.global_step)));
  if (rows.empty()) return;
  const Tensor earlier = torch::stack(rows), own = flatGradient(work.optimizer.parameters());
  const Tensor gram = earlier.matmul(earlier.t()).cpu().contiguous(), against = earlier.mv(own).cpu().contiguous();
  const auto span = [](const Tensor& x) { return std::span<const double>(x.data_ptr<double>(), static_cast<std::size_t>(x.numel())); };
  const std::vector<double> v = gemDual(span(gram), span(against), params_.margin, params_.epsilon, params_.relative_epsilon);
  if (std::ranges::all_of(v, [](double x) { return x == 0; })) return;
  addToGradients(work.optimizer.parameters(), earlier.t().mv(torch::tensor(v, torch::kDouble).to(earlier.device())));
}

void AverageProjection::bend(StepWork& work) {
  Exemplars& memory = *work.session.model.memory();
  std::vector<std::size_t> earlier;
  for (std::size_t i = 0; i < memory.held().entries().size(); ++i)
    if (memory.held().entries()[i].task < work.session.clock.task) earlier.push_back(i);
  if (earlier.empty()) return;
  const std::uint64_t key = seedOf(work.session.seed(), Purpose::Memory, 990, work.session.clock.global_step);
  Rng(key).shuffle(earlier);
  earlier.resize(std::min(earlier.size(), static_cast<std::size_t>(memory.params().batch)));
  const Tensor reference = memoryGradient(work, earlier, key), own = flatGradient(work.optimizer.parameters());
  const double against = own.dot(reference).item<double>(), length = reference.dot(reference).item<double>();
  if (against < 0 && length > 0) addToGradients(work.optimizer.parameters(), reference * (-against / length));
}

void Reptile::step(StepWork& work) {
  const NamedParameters& trained = work.optimizer.parameters();
  const auto copies = [&] {
    std::vector<Tensor> all;
    for (const auto& [name, tensor] : trained) all.push_back(tensor.detach().clone());
    return all;
  };
  const auto follow = [&](const std::vector<Tensor>& from, double share) {
    const torch::NoGradGuard no_graph;
    for (std::size_t i = 0; i < trained.size(); ++i) trained[i].second.detach().copy_(torch::lerp(from[i], trained[i].second.detach(), share));
  };
  const Exemplars* memory = work.session.model.memory();
  const std::vector<Tensor> start = copies();
  for (int round = 0; round < params_.rounds; ++round) {
    const std::vector<Tensor> before = copies();
    Samples all = work.batch;
    if (memory && !memory->held().entries().empty()) {
      Samples more = drawnFromMemory(work.session, memory->params().batch, round == 0 ? 0 : 20 + round);
      all = joined(work.batch, more);
    }
    for (std::int64_t first = 0; first < all.count; first += params_.micro_batch) {
      work.optimizer.zeroGradients();
      work.loss(sliceOf(all, first, std::min<std::int64_t>(all.count, first + params_.micro_batch))).backward();
      work.optimizer.clipped(work.clip);
      const torch::NoGradGuard no_graph;
      for (const auto& [name, tensor] : trained)
        if (tensor.grad().defined()) tensor.detach().sub_(tensor.grad(), work.lr);
    }
    follow(before, params_.within);
  }
  follow(start, params_.across);
}

}  // namespace palimpsest
