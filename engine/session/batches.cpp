#include "engine/session/batches.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "engine/device/device.h"
#include "engine/device/process.h"
#include "engine/engine.h"

namespace palimpsest {
namespace {

std::shared_ptr<const Split> sharedOf(const Session& session, const Split* split) {
  return split == session.data.train.get() ? session.data.train : session.data.test;
}

Loader::Plan loaderPlan(const Session& session, const BatchPlan& plan) {
  Loader::Plan out;
  out.split = sharedOf(session, plan.split);
  out.order = plan.order;
  out.batch = plan.batch;
  out.first_batch = plan.first_batch;
  out.seed = session.seed();
  out.epoch_key = plan.epoch_key;
  out.threads = 1;
  return out;
}

// Everything that a row is a function of besides its image. Products of other thread counts may differ in the last digits.
record::FeatureKey keyOf(const Session& session, const Split& split, const Transform& transform) {
  const RunOptions& options = session.plan.options;
  record::FeatureKey key;
  key.weights = session.model.loaded().sha256.empty() ? options.backbone : session.model.loaded().sha256;  // a new network is a function of its text
  key.transform = transform.spec().id();
  key.data = session.data.fingerprint;
  key.split = &split == session.data.train.get() ? "train" : "test";
  key.network = session.model.setting().shape.text() + ", positions " + options.position_resize + ", " + options.precision + ", " + (session.device.is_cpu() ? "cpu" : "cuda") + ", torch " + torchVersion() +
                ", threads " + std::to_string(threads());
  return key;
}

// A list whole, or none of it.
bool takeStored(FrozenCache& cache, const std::vector<std::int64_t>& indices) {
  Tensor rows = torch::empty({static_cast<std::int64_t>(indices.size()), cache.width()});
  if (!cache.behind->load(indices, rows.data_ptr<float>())) return false;
  cache.put(indices, rows);
  return true;
}

}  // namespace

void FrozenCache::open(std::int64_t size, std::int64_t width) {
  rows_ = torch::empty({size, width});
  filled_.assign(static_cast<std::size_t>(size), false);
  filled_count_ = 0;
}

void FrozenCache::put(const std::vector<std::int64_t>& indices, const torch::Tensor& rows) {
  rows_.index_copy_(0, torch::tensor(indices, torch::kLong), rows.to(torch::kCPU));
  for (const auto index : indices) {
    filled_count_ += !filled_[static_cast<std::size_t>(index)];
    filled_[static_cast<std::size_t>(index)] = true;
  }
}

torch::Tensor FrozenCache::rows(const std::vector<std::int64_t>& indices) const {
  return rows_.index_select(0, torch::tensor(indices, torch::kLong));
}

Tensor toDevice(const Session& session, const Tensor& tensor) {
  return session.device.is_cpu() ? tensor : tensor.to(session.device, /*non_blocking=*/true);
}

Batches::Batches(Session& session, BatchPlan plan) : session_(session), plan_(std::move(plan)), next_(plan_.first_batch) {
  const bool by_members = plan_.known_members > 0 && plan_.known_members == session.model.members();
  if (!plan_.settled && !by_members && !(plan_.cache && session.model.featuresAreFrozen())) loader_ = std::make_unique<Loader>(loaderPlan(session, plan_), *plan_.transform);
}

Batches::~Batches() {
  if (loader_) session_.seconds.data += loader_->secondsWaited();
}

bool Batches::next(Samples& samples) {
  const auto total = static_cast<std::int64_t>(plan_.order.size());
  const std::int64_t first = next_ * plan_.batch;
  if (first >= total) return false;
  const std::int64_t count = std::min<std::int64_t>(plan_.batch, total - first);
  samples.count = static_cast<int>(count);
  samples.indices.assign(plan_.order.begin() + first, plan_.order.begin() + first + count);
  std::vector<std::int64_t> labels;
  for (const auto index : samples.indices) labels.push_back(session_.scenario.label_of[static_cast<std::size_t>(plan_.split->label(index))]);
  std::vector<std::int64_t> tasks;
  for (const auto index : samples.indices) tasks.push_back(session_.scenario.taskOf(*plan_.split, index));
  samples.labels = toDevice(session_, torch::tensor(labels, torch::kLong));
  samples.tasks = torch::tensor(tasks, torch::kLong);
  samples.known = plan_.cache ? toDevice(session_, plan_.cache->rows(samples.indices)) : Tensor();
  std::vector<Tensor> members;
  for (int member = 0; member < plan_.known_members; ++member) members.push_back((*plan_.members)[static_cast<std::size_t>(member)].rows(samples.indices));
  samples.members = members.empty() ? Tensor() : toDevice(session_, torch::stack(members, 1));
  samples.feature = plan_.settled ? toDevice(session_, plan_.settled->rows(samples.indices)) : Tensor();
  if (loader_) {
    Batch batch;
    if (!loader_->next(batch)) return false;
    const int side = plan_.transform->spec().side;
    // The tensor owns the pixels, so that a copy to the device may go on while the next batch is decoded.
    auto* pixels = new std::vector<float>(std::move(batch.pixels));
    samples.images = toDevice(session_, torch::from_blob(pixels->data(), {count, 3, side, side}, [pixels](void*) { delete pixels; }));
  }
  ++next_;
  return true;
}

void fillCache(Session& session, FrozenCache& cache, const Split& split, const std::vector<std::int64_t>& indices,
               const Transform& transform, int task, int member) {
  if (!cache.isOpen()) {
    cache.open(split.size(), session.model.setting().shape.width);
    if (member < 0 && transform.deterministic() && session.store)
      cache.behind = session.store->open(keyOf(session, split, transform), split.size(), session.model.setting().shape.width);
  }
  if (indices.empty() || cache.has(indices.back())) return;  // lists are filled whole, front to back
  if (cache.behind && takeStored(cache, indices)) return;
  BatchPlan plan;
  plan.split = &split;
  plan.order = indices;
  plan.batch = FrozenCache::kChunk;
  plan.transform = &transform;
  Loader loader(loaderPlan(session, plan), transform);
  Batch batch;
  int done = 0;
  while (done < static_cast<int>(indices.size())) {
    session.breathe("statistics");
    const auto begin = std::chrono::steady_clock::now();
    if (!loader.next(batch)) break;
    const int side = transform.spec().side;
    const Tensor images = torch::from_blob(batch.pixels.data(), {batch.count, 3, side, side});
    const Tensor rows = (member < 0 ? session.model.frozenFeatures(images.to(session.device)) : session.model.memberFeatures(images.to(session.device), member)).cpu().contiguous();
    cache.put(batch.indices, rows);
    if (cache.behind) cache.behind->store(batch.indices, rows.data_ptr<float>());
    done += batch.count;
    session.forecast.done(Work::Look, task, batch.count, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    session.tellProgress("statistics", done, static_cast<int>(indices.size()));
  }
  session.seconds.data += loader.secondsWaited();
  if (session.store)
    if (const auto warning = session.store->takeWarning()) session.log->warn("{}: {}", warning->path, warning->message);
}

void fillMembers(Session& session, std::vector<FrozenCache>& caches, const Split& split, const std::vector<std::int64_t>& indices,
                 const Transform& transform, int task, int count) {
  if (static_cast<int>(caches.size()) < count) caches.resize(static_cast<std::size_t>(count));
  for (int member = 0; member < count; ++member) fillCache(session, caches[static_cast<std::size_t>(member)], split, indices, transform, task, member);
}

}  // namespace palimpsest
