// A teacher that needs no weights: what Descriptor says of an image, in the coordinates that tell classes apart.
#pragma once

#include "engine/data/descriptor.h"
#include "engine/parts/part.h"

namespace palimpsest {

struct DescriptorDistillationParams {
  double weight = 1, shrinkage = 0.1;
  static auto fields() {
    using P = DescriptorDistillationParams;
    return std::tuple{
        Field{"weight", &P::weight, {.min = 0, .max = 1e6, .scale = Scale::Log, .doc = "Weight beside the cross-entropy.", .level = Level::Learn}},
        Field{"shrinkage", &P::shrinkage,
              {.min = 1e-6, .max = 100, .scale = Scale::Log,
               .doc = "Added to the variances inside the classes before they are divided by, in units of their mean.", .level = Level::Expert}}};
  }
};

// The teacher of an image x is z = T' (d(x) - m): the descriptor d in the first D directions of Fisher's linear discriminants
// of the classes of the training images, each with unit variance inside the classes. The cost is weight * (1 - cos(feature, z)), so a
// network that has learned it has class means that compare as whitened descriptors do.
class DescriptorDistillation final : public Penalty {
 public:
  using Params = DescriptorDistillationParams;
  static constexpr std::string_view kName = "descriptor-distillation";
  static constexpr std::string_view kTitle = "Descriptor distillation";
  static constexpr std::string_view kDoc =
      "Pulls the feature towards a hand-made description of the image: histograms of oriented gradients and coarse colours (as MaskFeat does, Wei et al., CVPR 2022), "
      "whitened inside the classes and projected on the directions that tell the classes of the training images apart. Needs a \"warm-start\" phase, and more classes than the network is wide.";
  DescriptorDistillation(const Params& params, const Setting& setting);

  bool studies() const override { return true; }
  void study(const Tensor& images, const Tensor& labels) override;
  void studied() override;
  Tensor cost(const StepView& step) const override;
  void visit(State& state) override;

  // [B, D] without a graph.
  Tensor teacher(const Tensor& images) const;

 private:
  Tensor described(const Tensor& images) const;  // [B, F] on the CPU
  const Params params_;
  const Setting setting_;
  const Descriptor descriptor_;
  Tensor mean_, directions_;                  // [F], [F, D]; zeros until studied
  Tensor scatter_, class_sums_, class_counts_;  // float64, while it studies
};

}  // namespace palimpsest
