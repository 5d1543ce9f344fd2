// What the head reads, and the heads: linear (trained) and class prototypes (closed form).
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

std::int64_t widthOf(const Setting& setting);  // of the feature that a head reads

class ClsFeature final : public Feature {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "cls";
  static constexpr std::string_view kTitle = "[CLS]";
  static constexpr std::string_view kDoc = "The class token after the final norm.";
  ClsFeature(const Params&, const Setting&) {}
  Tensor read(const vit::Features& features, const Tensor&) const override { return features.cls(); }
};

// [B, 2D]: what the plain network says of an image, then what the prompted or adapted one says; each as it is.
class BothClsFeature final : public Feature {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "cls-both";
  static constexpr std::string_view kTitle = "[CLS] without and with";
  static constexpr std::string_view kDoc =
      "The class token of the plain frozen network beside that of the prompted one (APER). Neither is normalised by itself. In training only the second is computed; the first half is zero then.";
  BothClsFeature(const Params&, const Setting&) {}
  int width(int network_width) const override { return 2 * network_width; }
  bool wantsFrozen() const override { return true; }
  Tensor read(const vit::Features& features, const Tensor& frozen) const override {
    const Tensor own = features.cls();
    return torch::cat({frozen.defined() ? frozen.to(own.dtype()) : torch::zeros_like(own), own}, 1);
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
  std::string init = "trunc-normal";
  static auto fields() {
    using P = LinearHeadParams;
    return std::tuple{
        Field{"train_on", &P::train_on,
              {.choices = "classes-of-task|all-seen",
               .doc = "Classes that the cross-entropy looks at: those of the present task (old rows get exactly zero gradient), or all classes seen so far.",
               .source = "This choice separates published figures of sequential fine-tuning by tens of points.", .level = Level::Learn}},
        Field{"init", &P::init,
              {.choices = "trunc-normal|zeros|kaiming|torch|prior",
               .doc = "Rows of new classes at the start: truncated normal with 0.02, zeros, or Kaiming-uniform for a linear output (PILOT's growing head), with zero biases; torch's default for linear layers; "
                      "prior is Kaiming-normal over the classes with biases of -ln 99.",
               .source = "trunc-normal: L2P and DualPrompt in PILOT. torch: CODA-Prompt. prior: VPT and DAP."}}};
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
  void visit(State& state) override;

 private:
  Tensor biases(int first, int last) const;  // of new labels first..last-1
  const Params params_;
  const Setting setting_;
  Tensor weight_, bias_;  // [K, F], [K]
};

// SimpleCIL (Zhou et al., IJCV 2024): the weight of a class is the mean of its raw features; logits are cosines.
// Sums are kept in float64, so that the means do not depend on the split into batches beyond rounding.
class PrototypeHead final : public Head {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "prototypes";
  static constexpr std::string_view kTitle = "Class means";
  static constexpr std::string_view kDoc =
      "Each class is the mean of its training images' raw features; an image goes to the class with the largest cosine. "
      "Nothing is trained.";
  PrototypeHead(const Params&, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  Tensor logits(const Tensor& feature) const override;
  bool observes() const override { return true; }
  void observe(const Tensor& feature, const Tensor& labels) override;
  void solve() override;
  std::optional<Tensor> prototypes() const override { return weight_; }
  void visit(State& state) override;

 private:
  const Setting setting_;
  Tensor sums_, counts_, weight_;  // [K, F] float64, [K] float64, [K, F]
};

// APER (Zhou et al., IJCV 2024): a cosine layer is trained on the first session's feature; afterwards classes are means.
class FirstSessionHead final : public Head {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "cosine-then-means";
  static constexpr std::string_view kTitle = "Cosine layer, then class means";
  static constexpr std::string_view kDoc =
      "In the first task a cosine layer with a learned scale is trained on the last columns of the feature. From then on every class is the mean of its training images' features, "
      "an image goes to the class with the largest cosine, and nothing is trained any more.";
  FirstSessionHead(const Params&, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  Tensor logits(const Tensor& feature) const override;
  bool observes() const override { return true; }
  void observe(const Tensor& feature, const Tensor& labels) override;
  void solve() override;
  std::optional<Tensor> prototypes() const override { return means_.prototypes(); }
  void visit(State& state) override;

 private:
  const Setting setting_;
  PrototypeHead means_;
  Tensor weight_, scale_;  // [K of the first task, D], [1]
  bool solved_ = false;
};

}  // namespace palimpsest
