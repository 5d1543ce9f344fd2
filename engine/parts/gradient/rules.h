// What is done with gradients, or with whole steps, so that earlier tasks are not undone. All work on whatever the
// recipe trains: the network, or an adaptation of it.
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

struct ProjectionParams {
  double margin = 0.5, epsilon = 0.001;
  bool relative_epsilon = false;
  int images = 0;
  static auto fields() {
    using P = ProjectionParams;
    return std::tuple{
        Field{"margin", &P::margin, {.min = 0, .max = 100, .doc = "How much of each earlier gradient is added at least once one of them is opposed (memory strength).", .source = "0.5 in GEM."}},
        Field{"epsilon", &P::epsilon, {.min = 0, .max = 1, .doc = "Added to the diagonal of the programme.", .source = "0.001 in GEM's code.", .level = Level::Expert}},
        Field{"relative_epsilon", &P::relative_epsilon, {.doc = "Whether epsilon is relative to the mean squared length of the gradients; those of adapters are small.", .level = Level::Expert}},
        Field{"images", &P::images, {.min = 0, .max = 1e6, .unit = "images", .doc = "Images that each earlier task's gradient is taken on, drawn anew in each step; 0: its whole memory, as in the paper."}}};
  }
};

// GEM (Lopez-Paz & Ranzato, NeurIPS 2017, equation 8): the nearest gradient that increases the loss on no earlier task's
// memory. Applied before momentum, which may break what it grants.
class GradientProjection final : public GradientRule {
 public:
  using Params = ProjectionParams;
  static constexpr std::string_view kName = "gem";
  static constexpr std::string_view kTitle = "Gradient episodic memory";
  static constexpr std::string_view kDoc = "The gradient is turned as little as possible, so that it opposes the gradient of no earlier task's memory.";
  GradientProjection(const Params& params, const Setting&) : params_(params) {}
  void bend(StepWork& work) override;

 private:
  const Params params_;
};

// A-GEM (Chaudhry et al., ICLR 2019, equation 11): the same for one gradient on a draw from the whole memory.
class AverageProjection final : public GradientRule {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "a-gem";
  static constexpr std::string_view kTitle = "Averaged GEM";
  static constexpr std::string_view kDoc = "Where the gradient opposes that of a batch from the memory, what opposes it is taken away.";
  AverageProjection(const Params&, const Setting&) {}
  void bend(StepWork& work) override;
};

struct ReptileParams {
  int rounds = 1, micro_batch = 8;
  double within = 0.3, across = 1;
  static auto fields() {
    using P = ReptileParams;
    return std::tuple{
        Field{"rounds", &P::rounds, {.min = 1, .max = 100, .doc = "How often a batch is gone through, with other images of the memory each time (s)."}},
        Field{"micro_batch", &P::micro_batch, {.min = 1, .max = 65536, .unit = "images", .doc = "Images of an inner step.", .source = "1 in MER; larger ones cost less."}},
        Field{"within", &P::within, {.min = 0, .max = 1, .doc = "How far each round's inner steps are followed (beta).", .level = Level::Learn}},
        Field{"across", &P::across, {.min = 0, .max = 1, .doc = "How far all rounds together are followed (gamma)."}}};
  }
};

// MER (Riemer et al., ICLR 2019, algorithm 1 with small batches): inner steps of plain gradient descent on the batch and on
// images of the memory, which are then followed part of the way (Reptile). Rewards gradients that agree.
class Reptile final : public GradientRule {
 public:
  using Params = ReptileParams;
  static constexpr std::string_view kName = "reptile";
  static constexpr std::string_view kTitle = "Reptile";
  static constexpr std::string_view kDoc = "Each batch, mixed with images of the memory, is gone through in small steps of plain gradient descent; the weights then go part of the way there (MER).";
  Reptile(const Params& params, const Setting&) : params_(params) {}
  bool replaces() const override { return true; }
  void step(StepWork& work) override;

 private:
  const Params params_;
};

}  // namespace palimpsest
