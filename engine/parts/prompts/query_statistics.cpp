#include "engine/parts/prompts/query_statistics.h"

#include <algorithm>
#include <numeric>

#include "engine/parts/random_tensors.h"
#include "engine/parts/unit.h"
#include "engine/protocol/error.h"
#include "engine/protocol/random.h"

namespace palimpsest {
namespace {

void keep(State& state, const char* name, Tensor& tensor, const Tensor& empty) {
  if (!tensor.defined()) tensor = empty;
  state.tensor(name, tensor, false);
}

}  // namespace

void QueryMeans::add(const Tensor& queries, const Tensor& labels, const TaskScope& scope) {
  const Tensor rows = unit(queries.to(torch::kDouble));
  const std::int64_t fresh = scope.seen - scope.first;
  Tensor sums = torch::zeros({fresh, rows.size(1)}, rows.options());
  sums.index_add_(0, labels.to(rows.device()) - scope.first, rows);
  const Tensor tasks = torch::full({fresh}, scope.task, torch::kLong);
  sums_ = empty() ? sums : torch::cat({sums_, sums});
  tasks_ = tasks_.defined() && tasks_.size(0) > 0 ? torch::cat({tasks_, tasks}) : tasks;
  if (scope.task == 0) first_ = queries.to(torch::kDouble).mean(0).to(torch::kFloat);
}

Tensor QueryMeans::taskOf(const Tensor& queries) const {
  PALIMPSEST_EXPECT(!empty(), "[nearest-mean] no class has been seen yet");
  const Tensor nearest = unit(queries.to(torch::kDouble)).matmul(unit(sums_).t()).argmax(1).cpu();
  return tasks_.index_select(0, nearest);
}

Tensor QueryMeans::centre(const Tensor& like) const {
  return first_.defined() && first_.numel() > 0 ? first_.to(like.device()) : torch::zeros({like.size(1)}, like.options());
}

void QueryMeans::visit(State& state) {
  keep(state, "means.sums", sums_, torch::zeros({0, 0}, torch::kDouble));
  keep(state, "means.tasks", tasks_, torch::zeros({0}, torch::kLong));
  keep(state, "means.first", first_, torch::zeros({0}));
}

void QueryMoments::add(const Tensor& queries, const Tensor& labels, const TaskScope& scope) {
  const Tensor rows = queries.to(torch::kDouble).cpu(), classes = labels.cpu();
  std::vector<Tensor> means, deviations;
  for (int label = scope.first; label < scope.seen; ++label) {
    const Tensor own = rows.index_select(0, classes.eq(label).nonzero().flatten());
    PALIMPSEST_EXPECT(own.size(0) > 0, "A class of the task has no training images");
    means.push_back(own.mean(0));
    deviations.push_back(own.std(0, /*unbiased=*/false));
  }
  const auto grown = [](const Tensor& old, const std::vector<Tensor>& more) {
    const Tensor rows = torch::stack(more);
    return old.defined() && old.size(0) > 0 ? torch::cat({old, rows}) : rows;
  };
  means_ = grown(means_, means);
  deviations_ = grown(deviations_, deviations);
}

Tensor QueryMoments::draw(std::int64_t count, std::int64_t seen, std::uint64_t seed, const Tensor& like) const {
  at::Generator draws = generatorOf(seed);
  const Tensor classes = torch::randint(seen, {count}, draws, torch::kLong);
  const Tensor noise = torch::randn({count, means_.size(1)}, draws, torch::kDouble);
  return (means_.index_select(0, classes) + deviations_.index_select(0, classes) * noise).to(like.options());
}

void QueryMoments::visit(State& state) {
  keep(state, "moments.means", means_, torch::zeros({0, 0}, torch::kDouble));
  keep(state, "moments.deviations", deviations_, torch::zeros({0, 0}, torch::kDouble));
}

Tensor kMeansCentres(const Tensor& queries, int count, std::uint64_t seed) {
  const Tensor rows = unit(queries.to(torch::kDouble).cpu());
  Rng rng(seed);
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows.size(0)));
  std::iota(order.begin(), order.end(), 0);
  std::vector<Tensor> centres{rows[static_cast<std::int64_t>(rng.below(order.size()))]};
  while (static_cast<int>(centres.size()) < count) {
    const Tensor far = (1 - rows.matmul(torch::stack(centres).t()).amax(1)).clamp_min(0);
    const Tensor sums = far.cumsum(0);
    const double mark = rng.uniform() * sums[-1].item<double>();
    centres.push_back(rows[std::min<std::int64_t>((sums < mark).sum().item<std::int64_t>(), rows.size(0) - 1)]);
  }
  Tensor at = torch::stack(centres);
  for (int round = 0; round < 50; ++round) {
    const Tensor nearest = rows.matmul(at.t()).argmax(1);
    const Tensor sums = torch::zeros_like(at).index_add_(0, nearest, rows);
    const Tensor empty = torch::bincount(nearest, {}, count).eq(0).unsqueeze(1);
    at = torch::where(empty, at, unit(sums));
  }
  return at.to(queries.device(), torch::kFloat);
}

}  // namespace palimpsest
