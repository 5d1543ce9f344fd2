// Phases at the end of a task: what has mattered is weighed, heads are aligned, exemplars come in.
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

struct AlignParams {
  std::string when = "later-tasks";
  int epochs = 5, per_class = 256, batch = 256;
  double lr = 0.01, momentum = 0.9, weight_decay = 0.0005, logit_norm = 0.1, shrink = 0.1;
  bool restore = true;
  static auto fields() {
    using P = AlignParams;
    return std::tuple{
        Field{"when", &P::when, {.choices = "every-task|later-tasks", .doc = "In which tasks the phase runs; later-tasks leaves out the first."}},
        Field{"epochs", &P::epochs, {.min = 1, .max = 10000, .unit = "epochs", .doc = "Draws of features of all classes; each is gone through once.", .source = "SLCA 5, 3 in PILOT; MOS 30.", .level = Level::Learn}},
        Field{"per_class", &P::per_class, {.min = 1, .max = 1e6, .unit = "features", .doc = "Features drawn for each class in an epoch."}},
        Field{"batch", &P::batch, {.min = 1, .max = 65536, .unit = "features", .doc = "Features of a step.", .source = "per_class, in SLCA and MOS: as many steps as classes."}},
        Field{"lr", &P::lr, {.min = 1e-8, .max = 10, .scale = Scale::Log, .doc = "Learning rate at the start; a cosine to zero over the epochs."}},
        Field{"momentum", &P::momentum, {.min = 0, .max = 0.9999, .doc = "Momentum of SGD."}},
        Field{"weight_decay", &P::weight_decay, {.min = 0, .max = 1, .scale = Scale::Log, .doc = "Weight decay, added to the gradient."}},
        Field{"logit_norm", &P::logit_norm, {.min = 0, .max = 100, .doc = "Temperature of logits that are divided by the mean length of a task's logits; 0: logits as they are.", .source = "SLCA: 0.1; 0.05 on Cars.", .level = Level::Learn}},
        Field{"shrink", &P::shrink, {.min = 0, .max = 1, .doc = "By how much the mean of the oldest classes is shortened before features are drawn around it; the newest keep theirs.", .source = "SLCA: 0.1; MOS: none."}},
        Field{"restore", &P::restore, {.doc = "Whether the next task starts from the head as it was before.", .source = "SLCA restores it, MOS keeps it."}}};
  }
};

// Cross-entropy of logits divided by the mean over tasks of the length of a task's logits, and by `temperature` (SLCA:
// Zhang et al., ICCV 2023, equation 6). logits [n, K]; first_labels of the tasks in [0, K). temperature 0: plain.
Tensor alignmentLoss(const Tensor& logits, const Tensor& labels, const std::vector<int>& first_labels, double temperature);

class AlignPhase final : public Phase {
 public:
  using Params = AlignParams;
  static constexpr std::string_view kName = "align";
  static constexpr std::string_view kTitle = "Align the head";
  static constexpr std::string_view kDoc = "Trains the head alone on features drawn from the Gaussians of all classes seen, so that classes of different tasks can be compared (SLCA, MOS). Needs statistics.";
  AlignPhase(const Params& params, const Setting&) : params_(params) {}
  std::string_view name() const override { return kName; }
  Outline outline(const Session& session) const override;
  void run(Session& session) override;

 private:
  const Params params_;
};

struct FisherParams {
  int images = 500;
  std::string labels = "sampled";
  static auto fields() {
    using P = FisherParams;
    return std::tuple{
        Field{"images", &P::images, {.min = 1, .max = 1e7, .unit = "images", .doc = "Training images looked at, drawn at random; all of them where there are fewer.", .level = Level::Learn}},
        Field{"labels", &P::labels,
              {.choices = "sampled|exact|empirical",
               .doc = "sampled: each image gets a label drawn from what the model says. exact: all labels, weighted by it; a backward pass for each. empirical: the true label, which goes to zero as the model fits."}}};
  }
};

// F_i = 1/N sum_n E_{y ~ p(x_n)} (d log p(y | x_n) / d theta_i)^2 at the weights the task has ended with, one image at a
// time, under the test transform, over the classes that the task was trained on. Squares of mean gradients, which some
// toolboxes take, are another quantity.
class FisherPhase final : public Phase {
 public:
  using Params = FisherParams;
  static constexpr std::string_view kName = "fisher";
  static constexpr std::string_view kTitle = "Fisher information";
  static constexpr std::string_view kDoc = "Measures how much each trained number matters for the task, as the diagonal of the Fisher information, and tells the penalties that go by it (EWC).";
  FisherPhase(const Params& params, const Setting&) : params_(params) {}
  std::string_view name() const override { return kName; }
  Outline outline(const Session& session) const override;
  void run(Session& session) override;

 private:
  const Params params_;
};

}  // namespace palimpsest
