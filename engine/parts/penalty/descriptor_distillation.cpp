#include "engine/parts/penalty/descriptor_distillation.h"

#include "engine/protocol/error.h"

namespace palimpsest {

DescriptorDistillation::DescriptorDistillation(const Params& params, const Setting& setting)
    : params_(params),
      setting_(setting),
      descriptor_(setting.shape.image),
      mean_(torch::zeros({descriptor_.width()}, setting.device)),
      directions_(torch::zeros({descriptor_.width(), setting.shape.width}, setting.device)) {}

Tensor DescriptorDistillation::described(const Tensor& images) const {
  const Tensor read = images.detach().to(torch::kCPU, torch::kFloat).contiguous();
  const Tensor out = torch::empty({read.size(0), descriptor_.width()});
  const float* from = read.data_ptr<float>();
  float* to = out.data_ptr<float>();
  const std::int64_t image = read.numel() / std::max<std::int64_t>(1, read.size(0));
  at::parallel_for(0, read.size(0), 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) descriptor_.describe(from + i * image, to + i * descriptor_.width());
  });
  return out;
}

// Sums in float64: images are many, and what is wanted of them are small differences.
void DescriptorDistillation::study(const Tensor& images, const Tensor& labels) {
  if (images.min().item<float>() < 0 || images.max().item<float>() > 1)
    throw Error("input-range", "Descriptor distillation reads images in the range 0..1.", "Give --input-range 0..1.");
  const Tensor x = described(images).to(torch::kDouble);
  if (!scatter_.defined()) {
    const auto in_double = torch::TensorOptions().dtype(torch::kDouble);
    scatter_ = torch::zeros({descriptor_.width(), descriptor_.width()}, in_double);
    class_sums_ = torch::zeros({setting_.classes, descriptor_.width()}, in_double);
    class_counts_ = torch::zeros({setting_.classes}, in_double);
  }
  const Tensor classes = labels.to(torch::kCPU);
  scatter_.addmm_(x.t(), x);
  class_sums_.index_add_(0, classes, x);
  class_counts_.index_add_(0, classes, torch::ones({x.size(0)}, torch::kDouble));
}

// Fisher's discriminants: whiten what varies inside classes, then turn to the principal axes of the class means there.
void DescriptorDistillation::studied() {
  const int wanted = setting_.shape.width;
  if (!scatter_.defined() || class_counts_.gt(0).sum().item<std::int64_t>() <= wanted)
    throw Error("too-few-classes", "Descriptor distillation needs more classes than the network is wide (" + std::to_string(wanted) + ").",
                "Give more classes in --data, more images to the warm-start phase, or a narrower network.");
  const Tensor kept = class_counts_.gt(0).nonzero().flatten();
  const Tensor counts = class_counts_.index_select(0, kept).unsqueeze(1), sums = class_sums_.index_select(0, kept);
  const Tensor means = sums / counts, total = counts.sum();
  const Tensor within = (scatter_ - means.t().mm(sums)) / total;
  const auto [spread, axes] = torch::linalg_eigh(within, "L");
  const Tensor whiten = axes / (spread.clamp_min(0) + params_.shrinkage * spread.mean()).sqrt();
  const Tensor placed = means.mm(whiten), centred = placed - placed.mean(0, true);
  const Tensor turn = std::get<1>(torch::linalg_eigh(centred.t().mm(centred), "L"));  // ascending
  const torch::NoGradGuard no_graph;
  directions_.copy_(whiten.mm(turn.flip(1).slice(1, 0, wanted)));
  mean_.copy_(sums.sum(0) / total);
  scatter_ = class_sums_ = class_counts_ = Tensor();
}

Tensor DescriptorDistillation::teacher(const Tensor& images) const {
  const torch::NoGradGuard no_graph;
  return (described(images).to(mean_.device()) - mean_).mm(directions_);
}

Tensor DescriptorDistillation::cost(const StepView& step) const {
  return params_.weight * (1 - torch::cosine_similarity(step.feature, teacher(step.inputs.images), 1, 1e-8).mean());
}

void DescriptorDistillation::visit(State& state) {
  state.tensor("mean", mean_, false);
  state.tensor("directions", directions_, false);
}

}  // namespace palimpsest
