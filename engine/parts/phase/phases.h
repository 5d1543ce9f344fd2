// Phases: gradient descent, and one pass that only looks (closed-form heads).
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

struct SgdParams {
  std::string when = "every-task";
  std::string data = "task";
  bool restart = false;
  int epochs = 5, batch = 48;
  std::string optimizer = "adam";
  double lr = 0.001, momentum = 0.9, weight_decay = 0;
  std::string schedule = "constant";
  std::vector<int> milestones = {};
  double gamma = 0.1, clip = 0, ema = 0, cross_entropy = 1;
  double beta2 = 0.999;
  double network_rate = 1, head_rate = 1;
  int warmup_steps = 0;
  bool drop_last = false, amsgrad = false, keep_state = false;
  static auto fields() {
    using P = SgdParams;
    return std::tuple{
        Field{"when", &P::when, {.choices = "every-task|first-task|later-tasks", .doc = "In which tasks the phase runs."}},
        Field{"data", &P::data, {.choices = "task|seen", .doc = "Images it trains on: those of the task, or all images of the tasks seen so far (joint training: the upper bound)."}},
        Field{"restart", &P::restart, {.doc = "Whether network, prompts and head start anew in each task (cumulative joint training)."}},
        Field{"epochs", &P::epochs, {.min = 1, .max = 10000, .unit = "epochs", .doc = "Passes over the images.", .level = Level::Learn}},
        Field{"batch", &P::batch, {.min = 1, .max = 65536, .unit = "images", .doc = "Images per step."}},
        Field{"optimizer", &P::optimizer, {.choices = "sgd|adam|adamw", .doc = "SGD with momentum, Adam or AdamW; made anew in each task, as PILOT does, unless keep_state says otherwise."}},
        Field{"lr", &P::lr, {.min = 1e-8, .max = 10, .scale = Scale::Log, .doc = "Learning rate at the start.", .level = Level::Learn}},
        Field{"network_rate", &P::network_rate, {.min = 0, .max = 10, .doc = "What the learning rate is multiplied by for all that is not the head.", .source = "SLCA: 0.01, the slow learner.", .level = Level::Learn}},
        Field{"head_rate", &P::head_rate, {.min = 0, .max = 10, .doc = "What the learning rate is multiplied by for the head.", .source = "MOS: 0.1."}},
        Field{"momentum", &P::momentum, {.min = 0, .max = 0.9999, .doc = "Momentum of SGD."}},
        Field{"weight_decay", &P::weight_decay, {.min = 0, .max = 1, .scale = Scale::Log, .doc = "Weight decay: added to the gradient (sgd, adam), decoupled (adamw)."}},
        Field{"schedule", &P::schedule, {.choices = "constant|cosine|multi-step|cosine-steps|cosine-quarter|cosine-quarter-late", .doc = "Learning rate over epochs: constant, cosine to zero, or times gamma at each milestone; cosine-steps follows the cosine in every step; cosine-quarter is CODA-Prompt's cos(99 pi e / (200 (E - 1))); cosine-quarter-late has it one epoch later.", .source = "In CODA-Prompt's released scheduler, and in PILOT, the first rate holds for two epochs and the last is never reached."}},
        Field{"milestones", &P::milestones, {.min = 1, .max = 10000, .unit = "epochs", .doc = "Finished epochs after which multi-step multiplies by gamma."}},
        Field{"gamma", &P::gamma, {.min = 0, .max = 1, .doc = "Factor of multi-step."}},
        Field{"cross_entropy", &P::cross_entropy, {.min = 0, .max = 1000, .doc = "Weight of the cross-entropy beside the penalties; 0 trains without labels.", .level = Level::Expert}},
        Field{"beta2", &P::beta2, {.min = 0, .max = 0.999999, .doc = "Decay of Adam's mean of squared gradients.", .level = Level::Expert}},
        Field{"amsgrad", &P::amsgrad, {.doc = "Whether Adam divides by the largest mean of squared gradients so far.", .level = Level::Expert}},
        Field{"keep_state", &P::keep_state, {.doc = "Whether momenta and step counts go on from task to task; what has grown since starts with none.", .source = "DAP's code makes its optimiser once, for all tasks.", .level = Level::Expert}},
        Field{"drop_last", &P::drop_last, {.doc = "Whether a last batch that is not full is left out of an epoch (CODA-Prompt).", .level = Level::Expert}},
        Field{"warmup_steps", &P::warmup_steps, {.min = 0, .max = 1e6, .unit = "steps", .doc = "Steps over which the learning rate rises linearly from zero.", .level = Level::Expert}},
        Field{"clip", &P::clip, {.min = 0, .max = 1e6, .doc = "Largest global L2 norm of the gradient; 0 does not clip."}},
        Field{"ema", &P::ema, {.min = 0, .max = 0.99999, .doc = "Decay of an exponential average of the trained weights that takes their place at the phase's end; 0 is off.", .level = Level::Expert}}};
  }
  std::optional<std::string> conflict() const;
};

class SgdPhase final : public Phase {
 public:
  using Params = SgdParams;
  static constexpr std::string_view kName = "sgd";
  static constexpr std::string_view kTitle = "Gradient descent";
  static constexpr std::string_view kDoc = "Trains everything that the recipe leaves trainable by mini-batch gradient descent on the masked cross-entropy and the parts' penalties.";
  SgdPhase(const Params& params, const Setting&) : params_(params) {}
  std::string_view name() const override { return kName; }
  Outline outline(const Session& session) const override;
  void run(Session& session) override;

 private:
  bool runsIn(int task) const { return params_.when == "every-task" || (params_.when == "first-task") == (task == 0); }
  double rate(int epoch, int step, int steps) const;  // learning rate of one step
  int stepsFor(std::int64_t images) const;
  const Params params_;
};

struct ObserveParams {
  int batch = 64, per_class = 0;
  std::string data = "task";
  static auto fields() {
    using P = ObserveParams;
    return std::tuple{
        Field{"data", &P::data, {.choices = "task|memory", .doc = "Whether it looks at the task's training images, or, anew in each task, at all exemplars of the memory (iCaRL)."}},
        Field{"batch", &P::batch, {.min = 1, .max = 65536, .unit = "images", .doc = "Images per forward pass.", .level = Level::Expert}},
        Field{"per_class", &P::per_class, {.min = 0, .max = 1e7, .unit = "images", .doc = "Images of each class looked at, the first ones of the data set; 0: all of them.", .level = Level::Expert}}};
  }
};

class ObservePhase final : public Phase {
 public:
  using Params = ObserveParams;
  static constexpr std::string_view kName = "observe";
  static constexpr std::string_view kTitle = "Observe and solve";
  static constexpr std::string_view kDoc = "One pass over training images with the test transform; the head gathers its statistics and solves for its weights, and so do the recipe's statistics.";
  ObservePhase(const Params& params, const Setting&) : params_(params) {}
  std::string_view name() const override { return kName; }
  Outline outline(const Session& session) const override;
  void run(Session& session) override;

 private:
  std::vector<std::int64_t> imagesOf(const Session& session) const;
  const Params params_;
};

struct WarmStartParams {
  int images = 50000, batch = 500;
  bool whiten_patches = true, fan_in = true;
  static auto fields() {
    using P = WarmStartParams;
    return std::tuple{
        Field{"images", &P::images, {.min = 1, .max = 1e7, .unit = "images", .doc = "Training images looked at, drawn at random; all of them where there are fewer."}},
        Field{"batch", &P::batch, {.min = 1, .max = 65536, .unit = "images", .doc = "Images looked at together.", .level = Level::Expert}},
        Field{"whiten_patches", &P::whiten_patches, {.doc = "Whether the patch layer becomes the whitened principal components of the patches (Coates & Ng, 2012)."}},
        Field{"fan_in", &P::fan_in, {.doc = "Whether the blocks' linear layers are scaled to rows of deviation 1 / sqrt(inputs)."}}};
  }
};

class WarmStartPhase final : public Phase {
 public:
  using Params = WarmStartParams;
  static constexpr std::string_view kName = "warm-start";
  static constexpr std::string_view kTitle = "Warm start";
  static constexpr std::string_view kDoc = "Before the first step of the first task: looks at some training images, starts a new network from what varies in them, and fits the teachers of penalties that have one. "
                                           "For networks that are trained from scratch.";
  WarmStartPhase(const Params& params, const Setting&) : params_(params) {}
  std::string_view name() const override { return kName; }
  Outline outline(const Session& session) const override;
  void run(Session& session) override;

 private:
  const Params params_;
};

}  // namespace palimpsest
