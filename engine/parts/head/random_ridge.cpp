#include "engine/parts/head/random_ridge.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "engine/device/memory.h"
#include "engine/parts/head/heads.h"
#include "engine/parts/random_tensors.h"
#include "engine/parts/unit.h"
#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

constexpr std::int64_t kBlockRows = 2048;  // of projected features that exist at once

// Calls body(first, last) for blocks of rows.
template <typename Body>
void forBlocks(std::int64_t rows, const Body& body) {
  for (std::int64_t first = 0; first < rows; first += kBlockRows) body(first, std::min(first + kBlockRows, rows));
}

Tensor oneHot(const Tensor& labels, std::int64_t classes) {
  return torch::zeros({labels.size(0), classes}, labels.options().dtype(torch::kDouble)).scatter_(1, labels.unsqueeze(1), 1.0);
}

// (sums + ridge I)^-1 right, with a ridge that lets it be done. Overwrites the sums.
Tensor solved(Tensor sums, const Tensor& right, double& ridge) {
  PALIMPSEST_EXPECT(ridge > 0, "[random-ridge] a ridge is positive");
  const Tensor plain = sums.diagonal().clone();
  for (;; ridge *= 10) {
    sums.diagonal().copy_(plain + ridge);
    const auto [factor, info] = at::linalg_cholesky_ex(sums);
    if (info.item<int>() == 0) return at::cholesky_solve(right.to(torch::kDouble), factor);
  }
}

std::string gigabytes(double bytes) { return std::to_string(static_cast<int>(std::ceil(bytes / 1e9))) + " GB"; }

}  // namespace

std::vector<double> ridgeLadder() {
  std::vector<double> all;
  for (int power = -8; power <= 8; ++power) all.push_back(std::pow(10.0, power));
  return all;
}

std::vector<double> ridgeErrors(const Tensor& rows, const Tensor& targets, const Tensor& held_rows, const Tensor& held_targets, const std::vector<double>& ridges,
                                std::vector<double>* spectrum) {
  const bool dual = rows.size(0) <= rows.size(1);
  const auto [values, vectors] = at::linalg_eigh(dual ? rows.matmul(rows.t()) : rows.t().matmul(rows));
  const Tensor left = (dual ? held_rows.matmul(rows.t()) : held_rows).matmul(vectors);
  const Tensor right = vectors.t().matmul(dual ? targets : rows.t().matmul(targets));
  if (spectrum) {
    const Tensor largest_first = values.flip(0).cpu().contiguous();
    spectrum->assign(largest_first.data_ptr<double>(), largest_first.data_ptr<double>() + largest_first.numel());
  }
  std::vector<double> errors;
  for (const double ridge : ridges) {
    const Tensor told = (left / (values.clamp_min(0) + ridge)).matmul(right);
    errors.push_back((told - held_targets).square().mean().item<double>());
  }
  return errors;
}

Tensor ridgeSolution(const Tensor& gram, const Tensor& moments, double& ridge) {
  return solved(gram.to(torch::kDouble, /*non_blocking=*/false, /*copy=*/true), moments, ridge);
}

Tensor ridgeSolutionOfRows(const Tensor& rows, const Tensor& targets, double& ridge) {
  const Tensor wide = rows.to(torch::kDouble);
  return wide.t().matmul(solved(wide.matmul(wide.t()), targets, ridge));
}

RandomRidgeHead::RandomRidgeHead(const Params& params, const Setting& setting)
    : params_(params), setting_(setting), input_(widthOf(setting)) {
  const auto options = torch::TensorOptions().device(setting.device);
  if (params.projection > 0)
    projection_ = torch::randn({input_, params.projection}, generatorOf(seedOf(setting.seed, Purpose::Initialisation, 204))).to(setting.device);
  gram_ = torch::zeros({0, 0}, options);
  moments_ = torch::zeros({width(), 0}, options);
  weight_ = torch::zeros({width(), 0}, options);
  images_ = torch::zeros({1}, torch::kDouble);
  used_ = torch::full({1}, std::numeric_limits<double>::quiet_NaN(), torch::kDouble);
  waiting_ = torch::zeros({0, input_}, options);
  labels_ = torch::zeros({0}, options.dtype(torch::kLong));
}

// While it is solved there are the sums, the same in float64, and their factor.
void RandomRidgeHead::check(Issues& issues) const {
  const double wide = static_cast<double>(width()), needed = wide * wide * (4 + 8 + 8) + (params_.projection > 0 ? wide * static_cast<double>(input_) * 4 : 0);
  const double there = static_cast<double>(availableBytes());
  if (there > 0 && needed > there)
    issues.push_back(error("head.projection", "[random-ridge] a projection to " + std::to_string(width()) + " features needs " + gigabytes(needed) + " of memory, " + gigabytes(there) + " are free",
                           "take a smaller projection: memory grows with its square"));
}

void RandomRidgeHead::beginTask(const TaskScope& scope) {
  const std::int64_t fresh = scope.seen - moments_.size(1);
  if (fresh <= 0) return;
  moments_ = torch::cat({moments_, torch::zeros({width(), fresh}, moments_.options())}, 1);
  weight_ = torch::cat({weight_, torch::zeros({width(), fresh}, weight_.options())}, 1);
}

Tensor RandomRidgeHead::projected(const Tensor& feature) const { return projection_.defined() ? feature.matmul(projection_).relu() : feature; }

void RandomRidgeHead::observe(const Tensor& feature, const Tensor& labels) {
  waiting_ = torch::cat({waiting_, feature});
  labels_ = torch::cat({labels_, labels});
}

// On classes of the task alone: other columns are zero for all ridges.
double RandomRidgeHead::chosenRidge(const Tensor& rows, const Tensor& labels) {
  errors_.clear();
  spectrum_.clear();
  if (params_.rule == "fixed") return params_.ridge;
  const std::int64_t count = rows.size(0), fitted = static_cast<std::int64_t>(static_cast<double>(count) * (1 - params_.held_out));
  if (fitted < 1 || fitted == count) return params_.ridge;  // a single image: there is nothing to choose on
  const auto [classes, place] = at::_unique(labels, true, true);
  const Tensor targets = oneHot(place, classes.size(0));
  const Tensor wide = projected(rows).to(torch::kDouble);
  const std::vector<double> ridges = ridgeLadder();
  const std::vector<double> errors = ridgeErrors(wide.slice(0, 0, fitted), targets.slice(0, 0, fitted), wide.slice(0, fitted), targets.slice(0, fitted), ridges, &spectrum_);
  errors_ = errors;
  return ridges[static_cast<std::size_t>(std::min_element(errors.begin(), errors.end()) - errors.begin())];
}

void RandomRidgeHead::sumUp() {
  if (!summed()) gram_ = torch::zeros({width(), width()}, moments_.options());
  forBlocks(waiting_.size(0), [&](std::int64_t first, std::int64_t last) {
    const Tensor wide = projected(waiting_.slice(0, first, last));
    gram_.addmm_(wide.t(), wide);
  });
  waiting_ = waiting_.slice(0, 0, 0).clone();
  labels_ = labels_.slice(0, 0, 0).clone();
}

void RandomRidgeHead::solve() {
  const std::int64_t earlier = summed() ? 0 : static_cast<std::int64_t>(images_.item<double>()), count = waiting_.size(0) - earlier;
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) order[static_cast<std::size_t>(i)] = i;
  // The tail is held out, and images come class by class.
  rngOf(setting_.seed, Purpose::Selection, 600, static_cast<std::int64_t>(images_.item<double>())).shuffle(order);
  const Tensor shuffled = torch::tensor(order, torch::kLong).to(waiting_.device()) + earlier;
  const Tensor rows = waiting_.index_select(0, shuffled), labels = labels_.index_select(0, shuffled);
  double ridge = count > 0 ? chosenRidge(rows, labels) : params_.ridge;
  forBlocks(count, [&](std::int64_t first, std::int64_t last) {
    moments_.index_add_(1, labels.slice(0, first, last), projected(rows.slice(0, first, last)).t().contiguous());
  });
  images_ += static_cast<double>(count);
  if (params_.rule == "scaled" && count > 0) ridge *= images_.item<double>() / static_cast<double>(count);
  if (summed() || waiting_.size(0) > width() / 2) sumUp();
  const Tensor solution = summed() ? ridgeSolution(gram_, moments_, ridge) : ridgeSolutionOfRows(projected(waiting_), oneHot(labels_, moments_.size(1)), ridge);
  weight_ = solution.to(torch::kFloat);
  used_.fill_(ridge);
}

Tensor RandomRidgeHead::logits(const Tensor& feature) const {
  const Tensor wide = projected(feature);
  if (params_.logits == "linear") return wide.matmul(weight_);
  return unit(wide, 1).matmul(unit(weight_, 0));
}

namespace {

// Mean cosine of two different columns.
double likeness(const Tensor& columns) {
  const Tensor rows = unit(columns.t().to(torch::kDouble)), all = rows.matmul(rows.t());
  const double n = static_cast<double>(all.size(0));
  return n < 2 ? 0 : (all.sum().item<double>() - all.diagonal().sum().item<double>()) / (n * (n - 1));
}

}  // namespace

// Class sums are nearly parallel before the ridge regression, and far apart after it: what decorrelation does.
std::vector<Figure> RandomRidgeHead::figures() const {
  Figure errors{"ridge-errors", "", {}, errors_}, similarity{"prototype-similarity", "cosine", {"class means", "solution"}, {likeness(moments_), likeness(weight_)}};
  for (const double ridge : ridgeLadder()) {
    char text[32];
    std::snprintf(text, sizeof text, "%.0e", ridge);
    errors.labels.emplace_back(text);
  }
  std::vector<Figure> all{similarity};
  if (!errors_.empty()) all.push_back(errors);
  // Every power of two is enough to see how fast it falls.
  Figure spectrum{"spectrum", "", {}, {}};
  for (std::size_t rank = 1; rank <= spectrum_.size(); rank *= 2) {
    spectrum.labels.push_back(std::to_string(rank));
    spectrum.values.push_back(spectrum_[rank - 1]);
  }
  if (!spectrum.values.empty()) all.push_back(spectrum);
  return all;
}

double RandomRidgeHead::ridge() const { return used_.item<double>(); }

void RandomRidgeHead::visit(State& state) {
  state.tensor("gram", gram_, false);
  state.tensor("moments", moments_, false);
  state.tensor("weight", weight_, false);
  state.tensor("images", images_, false);
  state.tensor("ridge", used_, false);
  state.tensor("waiting", waiting_, false);
  state.tensor("waiting_labels", labels_, false);
}

}  // namespace palimpsest
