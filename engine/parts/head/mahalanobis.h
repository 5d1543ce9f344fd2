// Classes as Gaussians of features: means and covariances, kept class by class, and the head that goes by them.
#pragma once

#include <map>

#include "engine/parts/part.h"

namespace palimpsest {

// Count, mean and covariance of every class, from batches in any order and of any size: the update of Chan, Golub and
// LeVeque (1983) in float64, so that neither tells. Classes may come again.
class ClassGaussians {
 public:
  ClassGaussians(std::int64_t width, const torch::Device& device);
  void grow(std::int64_t classes);                       // classes [0, classes) there are
  void add(const Tensor& rows, const Tensor& labels);    // [n, F], [n] int64
  std::int64_t classes() const { return counts_.size(0); }
  Tensor means() const { return means_; }                // [K, F] float64; zeros before there is an image
  Tensor counts() const { return counts_; }              // [K] float64
  Tensor covariance(std::int64_t label) const;           // [F, F] float64, 1 / (n - 1); zeros for fewer than two images
  // Leading principal axes of each class's covariance, largest first, as long as the standard deviation along them:
  // [K, count, F] float32, fewer axes where there are fewer dimensions. By subspace iteration, so that wide features cost
  // milliseconds; axes of nearly the same length may stand for each other.
  Tensor axes(std::int64_t count) const;
  void visit(State& state);

 private:
  Tensor counts_, means_, scatter_;  // [K], [K, F], [K, F, F] sums of products of deviations
};

struct GaussianStatisticsParams {
  double ridge = 1e-4;
  bool diagonal = false;
  static auto fields() {
    using P = GaussianStatisticsParams;
    return std::tuple{
        Field{"ridge", &P::ridge, {.min = 0, .max = 1e6, .scale = Scale::Log, .doc = "Added to every variance before features are drawn.", .source = "10^-4 in SLCA and MOS."}},
        Field{"diagonal", &P::diagonal, {.doc = "Whether features vary independently of each other.", .source = "MOS on ImageNet-A."}}};
  }
};

// Each class as a Gaussian of what the network said of it when its task was learned (SLCA, MOS). A class with a single
// image varies by the ridge alone.
class GaussianStatistics final : public Statistics {
 public:
  using Params = GaussianStatisticsParams;
  static constexpr std::string_view kName = "gaussians";
  static constexpr std::string_view kTitle = "Class Gaussians";
  static constexpr std::string_view kDoc = "Mean and covariance of every class, from its training images under the test transform. Old classes keep theirs, even where the network goes on learning.";
  GaussianStatistics(const Params& params, const Setting& setting) : params_(params), setting_(setting), classes_(setting.shape.width, setting.device) {}
  void beginTask(const TaskScope& scope) override { classes_.grow(scope.seen); }
  void observe(const Tensor& own, const Tensor& labels) override;
  Tensor means() const override { return classes_.means().to(torch::kFloat); }
  Tensor axes(int count) const override { return classes_.axes(count); }
  Tensor drawn(std::int64_t label, std::int64_t n, double scale, std::uint64_t seed) const override;
  void visit(State& state) override { classes_.visit(state); }

 private:
  const Params params_;
  const Setting setting_;
  ClassGaussians classes_;
  mutable std::map<std::int64_t, Tensor> factors_;  // by label: L of the covariance, made when it is first needed
};

// What is put in place of a covariance before it is inverted; all in float64.
// S + a d I + b o (11' - I), d and o the means of its diagonal and of the rest (FeCAM, section 3.2).
Tensor shrunk(const Tensor& covariance, double diagonal, double rest);
// The correlations of a covariance. Dimensions that never vary correlate with nothing.
Tensor correlations(const Tensor& covariance);
// F with F' F = S^-1 (Cholesky), or its pseudo-inverse where S is singular: eigenvalues below `cutoff` of the largest
// are left out.
Tensor whitening(const Tensor& covariance, double cutoff);

struct MahalanobisHeadParams {
  double shrink_diagonal = 1, shrink_rest = 0;
  bool correlate = true;
  std::string form = "paper";
  static auto fields() {
    using P = MahalanobisHeadParams;
    return std::tuple{
        Field{"shrink_diagonal", &P::shrink_diagonal, {.min = 0, .max = 1e6, .doc = "How many times the mean variance is added to every variance.", .source = "FeCAM: 1 for CIFAR-100, 10 for ImageNet-R.", .level = Level::Learn}},
        Field{"shrink_rest", &P::shrink_rest, {.min = 0, .max = 1e6, .doc = "How many times the mean covariance is added to every covariance of two dimensions.", .source = "FeCAM: 0 for CIFAR-100, 10 for ImageNet-R."}},
        Field{"correlate", &P::correlate, {.doc = "Whether distances go by correlations, so that classes of different spread can be compared."}},
        Field{"form", &P::form,
              {.choices = "paper|released-port",
               .doc = "paper: mean and covariance of unit features, shrunk, as correlations. released-port reproduces PILOT: of raw features, plus 100 on the diagonal, then the correlations of that matrix's rows; only what is compared has unit length.",
               .source = "With variances far below 100 the port's matrix is close to a centred identity, and the distance close to Euclid's.", .level = Level::Expert}}};
  }
};

// FeCAM (Goswami et al., NeurIPS 2023): an image goes to the class with the smallest Mahalanobis distance. Logits are
// the negative squared distances.
class MahalanobisHead final : public Head {
 public:
  using Params = MahalanobisHeadParams;
  static constexpr std::string_view kName = "mahalanobis";
  static constexpr std::string_view kTitle = "Class Gaussians";
  static constexpr std::string_view kDoc =
      "Each class is the mean and covariance of its training images' features; an image goes to the class with the smallest Mahalanobis distance. Nothing is trained. "
      "A class with a single image is compared as if its features did not correlate.";
  MahalanobisHead(const Params& params, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  Tensor logits(const Tensor& feature) const override;
  bool observes() const override { return true; }
  void observe(const Tensor& feature, const Tensor& labels) override;
  void solve() override;
  Tensor compared(const Tensor& feature) const override;
  std::optional<Tensor> prototypes() const override { return centres_; }
  std::optional<Tensor> axes(int count) const override;
  void visit(State& state) override;

 private:
  Tensor whiteningOf(std::int64_t label) const;  // [F, F] float32
  const Params params_;
  ClassGaussians classes_;
  Tensor centres_, whitening_;  // [K, F] and [K, F, F]: what logits() goes by, from classes_
};

}  // namespace palimpsest
