// What the head reads, and the heads: linear (trained) and class prototypes (closed form).
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

std::int64_t widthOf(const Setting& setting);  // of the feature that a head reads
Tensor cosines(const Tensor& rows, const Tensor& others);  // [B, F], [K, F] -> [B, K]; rows of zeros give 0

class ClsFeature final : public Feature {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "cls";
  static constexpr std::string_view kTitle = "[CLS]";
  static constexpr std::string_view kDoc = "The class token after the final norm.";
  ClsFeature(const Params&, const Setting&) {}
  Tensor read(const vit::Features& features, const Tensor&) const override { return features.cls(); }
};

// [B, 2D]: what the plain network says of an image, then what the prompted, adapted or trained one says; each as it is.
class BothClsFeature final : public Feature {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "cls-both";
  static constexpr std::string_view kTitle = "[CLS] without and with";
  static constexpr std::string_view kDoc =
      "The class token of the plain frozen network beside that of the prompted, adapted or trained one (APER). Neither is normalised by itself. In training there is only the second.";
  BothClsFeature(const Params&, const Setting&) {}
  int width(const Setting& setting) const override { return 2 * setting.shape.width; }
  bool wantsFrozen() const override { return true; }
  Tensor read(const vit::Features& features, const Tensor& frozen) const override {
    const Tensor own = features.cls();
    return frozen.defined() ? torch::cat({frozen.to(own.dtype()), own}, 1) : own;
  }
};

class InjectedMeanFeature final : public Feature {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "injected-mean";
  static constexpr std::string_view kTitle = "Mean of the prompts";
  static constexpr std::string_view kDoc = "The mean of the injected tokens after the final norm (L2P reads its prompts, not [CLS]).";
  InjectedMeanFeature(const Params&, const Setting&) {}
  Tensor read(const vit::Features& features, const Tensor&) const override { return features.injectedMean(); }
};

struct LinearHeadParams {
  std::string train_on = "classes-of-task";
  std::string init = "trunc-normal", old_rows = "trained";
  static auto fields() {
    using P = LinearHeadParams;
    return std::tuple{
        Field{"train_on", &P::train_on,
              {.choices = "classes-of-task|all-seen",
               .doc = "Classes that the cross-entropy looks at: those of the present task (old rows get exactly zero gradient), or all classes seen so far.",
               .source = "This choice separates published figures of sequential fine-tuning by tens of points.", .level = Level::Learn}},
        Field{"init", &P::init,
              {.choices = "trunc-normal|normal|zeros|kaiming|torch|prior",
               .doc = "Rows of new classes at the start: normal with deviation 0.02, cut at two deviations or not, zeros, or Kaiming-uniform for a linear output (PILOT's growing head), with zero biases; torch's default for linear layers; "
                      "prior is Kaiming-normal over the classes with biases of -ln 99.",
               .source = "normal: L2P, DualPrompt and SLCA in PILOT (timm's trunc_normal_ cuts at an absolute 2, a hundred deviations away). torch: CODA-Prompt. prior: VPT and DAP."}},
        Field{"old_rows", &P::old_rows,
              {.choices = "trained|frozen",
               .doc = "What becomes of rows of earlier tasks: trained with the others (weight decay shrinks them even where their gradient is zero), or frozen, as if each task had a head of its own.", .source = "frozen in SLCA."}}};
  }
};

// W f + b over all classes seen; grows at each task, old rows keep their values.
class LinearHead final : public Head {
 public:
  using Params = LinearHeadParams;
  static constexpr std::string_view kName = "linear";
  static constexpr std::string_view kTitle = "Linear";
  static constexpr std::string_view kDoc = "A linear layer over all classes seen. It grows with each task; old rows keep their values.";
  LinearHead(const Params& params, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  Tensor logits(const Tensor& feature) const override;
  int maskedBelow(const TaskScope& scope) const override;
  void stepped() override;
  void setAside() override;
  void visit(State& state) override;

 private:
  Tensor biases(int first, int last) const;  // of new labels first..last-1
  const Params params_;
  const Setting setting_;
  Tensor weight_, bias_;              // [K, F], [K]
  Tensor old_weight_, old_bias_;      // rows of earlier tasks as the task found them, where those are frozen
  Tensor aside_weight_, aside_bias_;  // what the next task starts from, where it was set aside
};

struct PrototypeHeadParams {
  bool unit = false;
  static auto fields() {
    return std::tuple{Field{"unit", &PrototypeHeadParams::unit, {.doc = "Whether features get unit length before they are averaged.", .source = "iCaRL's nearest mean of exemplars; SimpleCIL averages raw features, which is another classifier."}}};
  }
};

// SimpleCIL (Zhou et al., IJCV 2024): the weight of a class is the mean of its raw features; logits are cosines.
// Sums are kept in float64, so that the means do not depend on the split into batches beyond rounding.
class PrototypeHead final : public Head {
 public:
  using Params = PrototypeHeadParams;
  static constexpr std::string_view kName = "prototypes";
  static constexpr std::string_view kTitle = "Class means";
  static constexpr std::string_view kDoc =
      "Each class is the mean of its training images' features; an image goes to the class with the largest cosine. "
      "Nothing is trained.";
  PrototypeHead(const Params& params, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  Tensor logits(const Tensor& feature) const override;
  bool observes() const override { return true; }
  void observe(const Tensor& feature, const Tensor& labels) override;
  void forget() override;
  void solve() override;
  std::optional<Tensor> prototypes() const override { return weight_; }
  void visit(State& state) override;

 private:
  const Params params_;
  const Setting setting_;
  Tensor sums_, counts_, weight_;  // [K, F] float64, [K] float64, [K, F]
};

struct CosineHeadParams {
  std::string train_on = "all-seen";
  bool restart_scale = false;
  static auto fields() {
    using P = CosineHeadParams;
    return std::tuple{
        Field{"train_on", &P::train_on, {.choices = "classes-of-task|all-seen", .doc = "Classes that the cross-entropy looks at.", .level = Level::Learn}},
        Field{"restart_scale", &P::restart_scale, {.doc = "Whether each task starts with a scale of 1 again.", .source = "EASE makes a new layer for each task."}}};
  }
};

// s cos(f, w_k) with one learned scale s, 1 at the start (representation-and-classics, section 0.4).
class CosineHead final : public Head {
 public:
  using Params = CosineHeadParams;
  static constexpr std::string_view kName = "cosine";
  static constexpr std::string_view kTitle = "Cosine layer";
  static constexpr std::string_view kDoc = "Cosines of the feature with one row for each class, times a learned scale. In APER, RanPAC and EASE it is what adaptations are trained with, and is then put away.";
  CosineHead(const Params& params, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  Tensor logits(const Tensor& feature) const override;
  int maskedBelow(const TaskScope& scope) const override { return params_.train_on == "classes-of-task" ? scope.first : 0; }
  void visit(State& state) override;

 private:
  const Params params_;
  const Setting setting_;
  Tensor weight_, scale_;  // [K, F], [1]
};

}  // namespace palimpsest
