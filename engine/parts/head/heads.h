// What the head reads, and the heads: linear (trained) and class prototypes (closed form).
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

class ClsFeature final : public Feature {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "cls";
  static constexpr std::string_view kTitle = "[CLS]";
  static constexpr std::string_view kDoc = "The class token after the final norm.";
  ClsFeature(const Params&, const Setting&) {}
  Tensor read(const vit::Features& features) const override { return features.cls(); }
};

class InjectedMeanFeature final : public Feature {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "injected-mean";
  static constexpr std::string_view kTitle = "Mean of the prompts";
  static constexpr std::string_view kDoc = "The mean of the injected tokens after the final norm (L2P reads its prompts, not [CLS]).";
  InjectedMeanFeature(const Params&, const Setting&) {}
  Tensor read(const vit::Features& features) const override { return features.injectedMean(); }
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
              {.choices = "trunc-normal|zeros|kaiming",
               .doc = "Rows of new classes at the start: truncated normal with 0.02, zeros, or Kaiming-uniform for a linear output (PILOT's growing head); biases are zero."}}};
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

}  // namespace palimpsest
