// Exemplars: how they come in, and how they come back as batches.
#include "engine/memory/herding.h"
#include "engine/parts/unit.h"
#include "engine/session/batches.h"
#include "engine/session/step.h"

namespace palimpsest {
namespace {

std::uint64_t stepKey(const Session& session, int which) {
  return seedOf(session.seed(), Purpose::Memory, session.clock.task, session.clock.phase, session.clock.global_step, which);
}

Exemplar exemplarOf(const Session& session, std::int64_t index, int task) {
  Exemplar one;
  one.image = session.data.train->image(index);
  one.label = session.scenario.label_of[static_cast<std::size_t>(session.data.train->label(index))];
  one.task = task;
  one.index = index;
  return one;
}

// Features of these training images under the test transform, as the network is now: [n, F].
Tensor featuresNow(Session& session, const std::vector<std::int64_t>& images) {
  BatchPlan plan;
  plan.split = session.data.train.get();
  plan.order = images;
  plan.batch = session.plan.options.eval_batch;
  plan.transform = &session.test_transform;
  if (session.model.wantsFrozen()) {
    fillCache(session, session.observed_frozen, *session.data.train, images, session.test_transform, session.clock.task);
    plan.cache = &session.observed_frozen;
  }
  Batches stream(session, plan);
  Samples samples;
  std::vector<Tensor> rows;
  const torch::NoGradGuard no_graph;
  while (stream.next(samples)) rows.push_back(session.model.forward(samples, false).own.cpu());
  return torch::cat(rows);
}

void herdTask(Session& session, Exemplars& memory) {
  const TaskScope scope = session.scope();
  const int quota = memory.quota(scope.seen);
  memory.held().shrink(quota);
  for (int label = scope.first; label < scope.seen; ++label) {
    std::vector<std::int64_t> images;
    for (const auto index : session.trainIndices(scope.task))
      if (session.scenario.label_of[static_cast<std::size_t>(session.data.train->label(index))] == label) images.push_back(index);
    const Tensor rows = featuresNow(session, images).contiguous();
    std::vector<Exemplar> ordered;
    for (const int which : herd({rows.data_ptr<float>(), static_cast<std::size_t>(rows.numel())}, static_cast<int>(rows.size(1)), quota))
      ordered.push_back(exemplarOf(session, images[static_cast<std::size_t>(which)], scope.task));
    memory.held().setClass(label, std::move(ordered));
  }
}

}  // namespace

Samples replayed(Session& session, const std::vector<std::size_t>& entries, std::uint64_t key) {
  const auto& held = session.model.memory()->held().entries();
  const int side = session.train_transform.spec().side;
  const std::int64_t floats = std::int64_t{3} * side * side;
  Samples out;
  out.count = static_cast<int>(entries.size());
  Tensor images = torch::empty({out.count, 3, side, side});
  std::vector<std::int64_t> labels, tasks;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Exemplar& one = held[entries[i]];
    Rng rng(mixed(key, i));
    session.train_transform(one.image, rng, images.data_ptr<float>() + static_cast<std::int64_t>(i) * floats);
    labels.push_back(one.label);
    tasks.push_back(one.task);
    out.indices.push_back(one.index);
  }
  out.images = toDevice(session, images);
  out.labels = toDevice(session, torch::tensor(labels, torch::kLong));
  out.tasks = torch::tensor(tasks, torch::kLong);
  return out;
}

Samples drawnFromMemory(Session& session, int count, int which, std::vector<std::size_t>* entries) {
  const std::uint64_t key = stepKey(session, which);
  const ExemplarMemory& held = session.model.memory()->held();
  auto draw = held.draw(static_cast<int>(std::min<std::int64_t>(count, static_cast<std::int64_t>(held.entries().size()))), key);
  if (entries) *entries = draw.entries;
  return replayed(session, draw.entries, mixed(key, 1));
}

Samples joined(const Samples& a, const Samples& b) {
  Samples out = a;
  out.count = a.count + b.count;
  out.images = torch::cat({a.images, b.images});
  out.labels = torch::cat({a.labels, b.labels});
  out.tasks = torch::cat({a.tasks, b.tasks});
  out.indices.insert(out.indices.end(), b.indices.begin(), b.indices.end());
  out.known = out.members = Tensor();
  return out;
}

Samples sliceOf(const Samples& batch, std::int64_t first, std::int64_t last) {
  Samples out = batch;
  out.count = static_cast<int>(last - first);
  for (Tensor* rows : {&out.images, &out.labels, &out.tasks, &out.known, &out.members})
    if (rows->defined()) *rows = rows->slice(0, first, last);
  out.indices.assign(batch.indices.begin() + first, batch.indices.begin() + last);
  return out;
}

Tensor replayCost(Session& session, double epochs) {
  Exemplars* memory = session.model.memory();
  if (!memory || memory->params().replay != "apart" || memory->held().entries().empty()) return {};
  const ExemplarsParams& params = memory->params();
  Tensor cost;
  if (params.logits_weight > 0) {
    std::vector<std::size_t> entries;
    Samples some = drawnFromMemory(session, params.batch, 1, &entries);
    some.epochs = epochs;
    const Tensor now = session.model.forward(some, true).logits;
    Tensor then = now.detach().clone();  // columns of classes that were not known then count for nothing
    std::int64_t known = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& logits = memory->held().entries()[entries[i]].logits;
      const auto columns = static_cast<std::int64_t>(logits.size());
      then[static_cast<std::int64_t>(i)].narrow(0, 0, columns).copy_(torch::tensor(logits));
      known += columns;
    }
    cost = params.logits_weight * (now - then).square().sum() / static_cast<double>(std::max<std::int64_t>(1, known));
  }
  if (params.labels_weight > 0) {
    Samples some = drawnFromMemory(session, params.batch, 2);
    some.epochs = epochs;
    const Tensor more = params.labels_weight * torch::cross_entropy_loss(session.model.forward(some, true).logits, some.labels);
    cost = cost.defined() ? cost + more : more;
  }
  return cost;
}

void remember(Session& session, const Samples& batch, const Tensor& logits, int count) {
  Exemplars* memory = session.model.memory();
  const Tensor kept = memory->keepsLogits() ? logits.detach().cpu().to(torch::kFloat).contiguous() : Tensor();
  for (int i = 0; i < count; ++i) {
    Exemplar one = exemplarOf(session, batch.indices[static_cast<std::size_t>(i)], session.clock.task);
    if (kept.defined()) one.logits.assign(kept.data_ptr<float>() + i * kept.size(1), kept.data_ptr<float>() + (i + 1) * kept.size(1));
    memory->held().offer(std::move(one));
  }
}

void rememberTask(Session& session) {
  Exemplars* memory = session.model.memory();
  if (!memory || memory->params().fill != "task-end" || session.remembered_task == session.clock.task) return;
  session.remembered_task = session.clock.task;
  if (memory->params().policy == "herding") return herdTask(session, *memory);
  std::vector<std::int64_t> images = session.trainIndices(session.clock.task);
  rngOf(session.seed(), Purpose::Memory, session.clock.task).shuffle(images);
  for (const auto index : images) memory->held().offer(exemplarOf(session, index, session.clock.task));
}

}  // namespace palimpsest
