#include "engine/parts/head/mahalanobis.h"

#include <limits>

#include "engine/parts/head/heads.h"
#include "engine/parts/random_tensors.h"
#include "engine/parts/unit.h"
#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

constexpr double kPortRidge = 100;  // what PILOT adds to every variance

// Correlations between the rows of a matrix, as if they were variables.
Tensor rowCorrelations(const Tensor& matrix) {
  const Tensor off = matrix - matrix.mean(1, true);
  return correlations(off.matmul(off.t()));
}

}  // namespace

ClassGaussians::ClassGaussians(std::int64_t width, const torch::Device& device) {
  const auto wide = torch::TensorOptions().dtype(torch::kDouble).device(device);
  counts_ = torch::zeros({0}, wide);
  means_ = torch::zeros({0, width}, wide);
  scatter_ = torch::zeros({0, width, width}, wide);
}

void ClassGaussians::grow(std::int64_t classes) {
  const std::int64_t fresh = classes - counts_.size(0), width = means_.size(1);
  if (fresh <= 0) return;
  counts_ = torch::cat({counts_, torch::zeros({fresh}, counts_.options())});
  means_ = torch::cat({means_, torch::zeros({fresh, width}, means_.options())});
  scatter_ = torch::cat({scatter_, torch::zeros({fresh, width, width}, scatter_.options())});
}

void ClassGaussians::add(const Tensor& rows, const Tensor& labels) {
  const Tensor present = std::get<0>(at::_unique2(labels.cpu())).contiguous(), wide = rows.to(torch::kDouble);
  for (std::int64_t i = 0; i < present.size(0); ++i) {
    const std::int64_t label = present.data_ptr<std::int64_t>()[i];
    const Tensor own = wide.index_select(0, labels.eq(label).nonzero().flatten());
    const double fresh = static_cast<double>(own.size(0)), old = counts_[label].item<double>(), all = old + fresh;
    const Tensor mean = own.mean(0), off = own - mean, step = mean - means_[label];
    scatter_[label] += off.t().matmul(off) + torch::outer(step, step) * (old * fresh / all);
    means_[label] += step * (fresh / all);
    counts_[label] = all;
  }
}

Tensor ClassGaussians::covariance(std::int64_t label) const {
  const double count = counts_[label].item<double>();
  return count < 2 ? torch::zeros_like(scatter_[label]) : scatter_[label] / (count - 1);
}

Tensor ClassGaussians::axes(std::int64_t count) const {
  constexpr int kRounds = 20;
  const std::int64_t width = means_.size(1), kept = std::min(count, width), searched = std::min(2 * count, width);
  std::vector<Tensor> all;
  for (std::int64_t label = 0; label < classes(); ++label) {
    const Tensor spread = covariance(label);
    Tensor basis = torch::randn({width, searched}, generatorOf(seedOf(0, Purpose::Probe, 700)), torch::kDouble).to(spread.device());
    for (int round = 0; round < kRounds; ++round) basis = std::get<0>(at::linalg_qr(spread.matmul(basis)));
    const auto [values, turned] = at::linalg_eigh(basis.t().matmul(spread).matmul(basis));  // ascending
    const Tensor found = basis.matmul(turned).t() * values.clamp_min(0).sqrt().unsqueeze(1);
    all.push_back(found.flip(0).slice(0, 0, kept));
  }
  return all.empty() ? torch::zeros({0, kept, width}, means_.options().dtype(torch::kFloat)) : torch::stack(all).to(torch::kFloat);
}

void ClassGaussians::visit(State& state) {
  state.tensor("counts", counts_, false);
  state.tensor("means", means_, false);
  state.tensor("scatter", scatter_, false);
}

void GaussianStatistics::observe(const Tensor& own, const Tensor& labels) {
  classes_.add(own, labels);
  factors_.clear();
}

// Drawn on the CPU, so that every device sees the same features.
Tensor GaussianStatistics::drawn(std::int64_t label, std::int64_t n, double scale, std::uint64_t seed) const {
  Tensor& factor = factors_[label];
  if (!factor.defined()) {
    const Tensor covariance = classes_.covariance(label), ridge = params_.ridge * torch::eye(covariance.size(0), covariance.options());
    if (params_.diagonal) factor = torch::diag((covariance.diagonal() + params_.ridge).sqrt()).to(torch::kFloat);
    else factor = std::get<0>(at::linalg_cholesky_ex(covariance + ridge)).to(torch::kFloat);
    if (!torch::isfinite(factor).all().item<bool>()) throw Error("singular-covariance", "The covariance of a class cannot be factored, so no features can be drawn for it.", "Raise the ridge of the statistics.");
  }
  const Tensor noise = torch::empty({n, factor.size(0)}, torch::kFloat).normal_(0, 1, generatorOf(seed)).to(setting_.device);
  return (scale * classes_.means()[label]).to(torch::kFloat) + noise.matmul(factor.t());
}

Tensor shrunk(const Tensor& covariance, double diagonal, double rest) {
  const std::int64_t width = covariance.size(0);
  const Tensor one = torch::eye(width, covariance.options()), own = covariance.diagonal().mean();
  const Tensor others = width > 1 ? (covariance.sum() - covariance.diagonal().sum()) / static_cast<double>(width * (width - 1)) : torch::zeros_like(own);
  return covariance + diagonal * own * one + rest * others * (1 - one);
}

Tensor correlations(const Tensor& covariance) {
  const Tensor deviations = covariance.diagonal().clamp_min(0).sqrt(), varies = deviations > 0;
  const Tensor scale = torch::where(varies, 1 / deviations, torch::zeros_like(deviations));
  const Tensor found = covariance * scale.unsqueeze(0) * scale.unsqueeze(1);
  return found - torch::diag(found.diagonal()) + torch::eye(found.size(0), found.options());
}

Tensor whitening(const Tensor& covariance, double cutoff) {
  const auto [factor, info] = at::linalg_cholesky_ex(covariance);
  if (cutoff == 0 && info.item<int>() == 0)
    return at::linalg_solve_triangular(factor, torch::eye(covariance.size(0), covariance.options()), /*upper=*/false);
  const auto [values, vectors] = at::linalg_eigh(covariance);
  const double least = std::max(cutoff, 1e-12) * values.abs().max().item<double>();
  const Tensor scale = torch::where(values > least, values.clamp_min(least).rsqrt(), torch::zeros_like(values));
  return scale.unsqueeze(1) * vectors.t();
}

MahalanobisHead::MahalanobisHead(const Params& params, const Setting& setting) : params_(params), classes_(widthOf(setting), setting.device) {
  const auto options = torch::TensorOptions().device(setting.device);
  centres_ = torch::zeros({0, widthOf(setting)}, options);
  whitening_ = torch::zeros({0, widthOf(setting), widthOf(setting)}, options);
}

void MahalanobisHead::beginTask(const TaskScope& scope) { classes_.grow(scope.seen); }

void MahalanobisHead::observe(const Tensor& feature, const Tensor& labels) { classes_.add(params_.form == "paper" ? unit(feature.to(torch::kDouble)) : feature, labels); }

Tensor MahalanobisHead::whiteningOf(std::int64_t label) const {
  const Tensor covariance = classes_.covariance(label);
  if (params_.form == "released-port") {
    const Tensor ridged = covariance + kPortRidge * torch::eye(covariance.size(0), covariance.options());
    // The pseudo-inverse of torch in float32 leaves out what is below its resolution.
    return whitening(rowCorrelations(ridged), static_cast<double>(covariance.size(0)) * std::numeric_limits<float>::epsilon());
  }
  Tensor matrix = shrunk(covariance, params_.shrink_diagonal, params_.shrink_rest);
  if (params_.correlate || !(matrix.diagonal().min().item<double>() > 0)) matrix = correlations(matrix);
  return whitening(matrix, 0);
}

Tensor MahalanobisHead::compared(const Tensor& feature) const { return unit(feature); }

// The port's centres have unit length, and its covariances are those of raw features.
std::optional<Tensor> MahalanobisHead::axes(int count) const {
  return params_.form == "paper" ? std::optional(classes_.axes(count)) : std::nullopt;
}

void MahalanobisHead::solve() {
  std::vector<Tensor> all;
  for (std::int64_t label = 0; label < classes_.classes(); ++label) all.push_back(whiteningOf(label).to(torch::kFloat));
  whitening_ = torch::stack(all);
  centres_ = (params_.form == "paper" ? classes_.means() : unit(classes_.means())).to(torch::kFloat);
}

// Differences first: what is small then stays exact.
Tensor MahalanobisHead::logits(const Tensor& feature) const {
  const Tensor off = compared(feature).unsqueeze(0) - centres_.unsqueeze(1);  // [K, B, F]
  return -torch::bmm(off, whitening_.transpose(1, 2)).square().sum(2).t();
}

void MahalanobisHead::visit(State& state) {
  classes_.visit(state);
  state.tensor("centres", centres_, false);
  state.tensor("whitening", whitening_, false);
}

}  // namespace palimpsest
