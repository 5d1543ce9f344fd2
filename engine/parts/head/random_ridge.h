// RanPAC's head: features through a fixed random projection and ReLU, then ridge regression onto one-hot labels from sums
// that every task adds to, so that nothing is forgotten.
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

// Mean squared errors on held-out rows of ridge regressions fitted to the others, one for each ridge. Rows [n, M] and
// targets [n, C] float64. One eigendecomposition, of the smaller side: n x n where rows are fewer than columns.
// `spectrum`, where given, receives the eigenvalues, largest first.
std::vector<double> ridgeErrors(const Tensor& rows, const Tensor& targets, const Tensor& held_rows, const Tensor& held_targets, const std::vector<double>& ridges,
                                std::vector<double>* spectrum = nullptr);
// 10^-8 .. 10^8, as in RanPAC.
std::vector<double> ridgeLadder();
// (G + ridge I)^-1 Q by Cholesky in float64; G [M, M], Q [M, C]. Where G is too close to singular for it, the ridge grows
// tenfold until it is not; `ridge` tells what it became.
Tensor ridgeSolution(const Tensor& gram, const Tensor& moments, double& ridge);
// The same from the images themselves, G = H^T H and Q = H^T Y: H^T (H H^T + ridge I)^-1 Y, for fewer images than
// features. Rows [n, M], targets [n, C].
Tensor ridgeSolutionOfRows(const Tensor& rows, const Tensor& targets, double& ridge);

struct RandomRidgeHeadParams {
  int projection = 10000;
  std::string logits = "linear", rule = "task";
  double ridge = 1e4, held_out = 0.2;
  static auto fields() {
    using P = RandomRidgeHeadParams;
    return std::tuple{
        Field{"projection", &P::projection, {.min = 0, .max = 20000, .unit = "features", .doc = "Width of the random projection (M); 0: the features themselves, without it.", .source = "RanPAC: 10,000; accuracy grows with the logarithm of it.", .level = Level::Learn}},
        Field{"logits", &P::logits, {.choices = "linear|cosine", .doc = "linear: the regression's own answer. cosine: of unit length on both sides.", .source = "PILOT keeps its cosine head, which changes the answer where columns differ in length."}},
        Field{"rule", &P::rule,
              {.choices = "task|scaled|fixed",
               .doc = "Where the ridge comes from: task, the best of 10^-8 to 10^8 on held-out images of the task alone; scaled, that one times how many times more images there are by now; fixed, as given.",
               .source = "RanPAC chooses on one task and applies it to the sums of all."}},
        Field{"ridge", &P::ridge, {.min = 1e-8, .max = 1e12, .scale = Scale::Log, .doc = "The ridge of the rule \"fixed\"."}},
        Field{"held_out", &P::held_out, {.min = 0.05, .max = 0.9, .doc = "Share of a task's images, drawn at random, that the ridge is chosen on.", .level = Level::Expert}}};
  }
};

// RanPAC (McDonnell et al., NeurIPS 2023). The projection is a pure function of the seed; the sums are kept in float32.
// While there are fewer than half as many images as projected features their own features are what is kept: the same
// solution from a hundredth of the memory and of the time. Beyond, they are summed and forgotten.
class RandomRidgeHead final : public Head {
 public:
  using Params = RandomRidgeHeadParams;
  static constexpr std::string_view kName = "random-ridge";
  static constexpr std::string_view kTitle = "Random projection and ridge";
  static constexpr std::string_view kDoc =
      "Features go through a random projection that is never trained, and a ReLU; a ridge regression onto the classes is solved from sums over all images seen. "
      "Those sums do not depend on the order of tasks, so that nothing is forgotten.";
  RandomRidgeHead(const Params& params, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  Tensor logits(const Tensor& feature) const override;
  bool observes() const override { return true; }
  void observe(const Tensor& feature, const Tensor& labels) override;
  void solve() override;
  void check(Issues& issues) const override;
  void visit(State& state) override;
  Tensor projected(const Tensor& feature) const;  // [n, D] -> [n, M]
  double ridge() const;                           // that was applied last; NaN before
  std::vector<Figure> figures() const override;

 private:
  double chosenRidge(const Tensor& rows, const Tensor& labels);
  bool summed() const { return gram_.numel() > 0; }
  void sumUp();
  std::int64_t width() const { return params_.projection > 0 ? params_.projection : input_; }
  const Params params_;
  const Setting setting_;
  const std::int64_t input_;
  Tensor projection_;             // [D, M]
  Tensor gram_, moments_;         // [M, M], empty while images are few; [M, K]
  Tensor weight_, images_, used_; // [M, K]; images solved for so far and the ridge, [1] float64
  std::vector<double> errors_, spectrum_;  // of the last choice: by ridge, and of the task's Gram matrix
  Tensor waiting_, labels_;       // [n, D], [n]: not summed yet, those of the task under way behind
};

}  // namespace palimpsest
