// Penalties that hold on to what earlier tasks have learned.
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

struct DistillationParams {
  double weight = 3, temperature = 2;
  static auto fields() {
    using P = DistillationParams;
    return std::tuple{
        Field{"weight", &P::weight, {.min = 0, .max = 1e4, .doc = "Weight beside the cross-entropy.", .source = "LwF 3, iCaRL 1, both in PyCIL and PILOT.", .level = Level::Learn}},
        Field{"temperature", &P::temperature, {.min = 0.01, .max = 100, .doc = "Both sides' logits are divided by it; the loss is not multiplied by its square.", .source = "2 in LwF."}}};
  }
};

// -mean sum_k softmax(teacher / T)_k log softmax(z[:, :K'] / T)_k: knowledge distillation from the model as it was after
// the last task, on its classes (LwF: Li & Hoiem, TPAMI 2018). The teacher drops nothing out.
class Distillation final : public Penalty {
 public:
  using Params = DistillationParams;
  static constexpr std::string_view kName = "distillation";
  static constexpr std::string_view kTitle = "Distillation";
  static constexpr std::string_view kDoc = "Pulls what the model says about old classes towards what it said after the last task, on the images of the present one.";
  Distillation(const Params& params, const Setting&) : params_(params) {}
  bool wantsTeacher() const override { return true; }
  Tensor cost(const StepView& step) const override;

 private:
  const Params params_;
};

struct QuadraticParams {
  double weight = 100, decay = 1, cap = 0;
  std::string form = "separate", scale = "mean-one";
  static auto fields() {
    using P = QuadraticParams;
    return std::tuple{
        Field{"weight", &P::weight, {.min = 0, .max = 1e12, .scale = Scale::Log, .doc = "Lambda of EWC; the penalty is half of it times the weighted squares. Means nothing across ways of scaling the importance.", .level = Level::Learn}},
        Field{"form", &P::form, {.choices = "separate|online", .doc = "separate: every task pulls towards its own weights, exactly, in the memory of one of them (their weighted mean). online: one pull towards the latest weights."}},
        Field{"decay", &P::decay, {.min = 0, .max = 1, .doc = "What earlier importance is multiplied by at each task (gamma of online EWC)."}},
        Field{"cap", &P::cap, {.min = 0, .max = 1e9, .doc = "Importance counts at most this many times the task's mean; 0: as it is. A few numbers matter thousands of times more than the mean, and steps across so steep a penalty diverge as soon as the rate times lambda times the importance exceeds 2."}},
        Field{"scale", &P::scale, {.choices = "none|mean-one", .doc = "mean-one divides each task's importance by its mean, so that lambda means the same for a network and for an adapter."}}};
  }
};

// EWC (Kirkpatrick et al., PNAS 2017, equation 3): weight / 2 * sum_i F_i (theta_i - m_i)^2. With F the sum of all tasks'
// Fisher diagonals and m their weighted mean of weights this is the sum of all tasks' penalties up to a constant;
// online: Schwarz et al., ICML 2018. Rows that a head has grown since are free.
class QuadraticPenalty final : public Penalty {
 public:
  using Params = QuadraticParams;
  static constexpr std::string_view kName = "quadratic";
  static constexpr std::string_view kTitle = "Elastic weight consolidation";
  static constexpr std::string_view kDoc = "Weights that mattered for earlier tasks are held where they were, by how much they mattered: the diagonal of the Fisher information, from a \"fisher\" phase.";
  QuadraticPenalty(const Params& params, const Setting& setting) : params_(params), device_(setting.device) {}
  bool weighs() const override { return true; }
  void weigh(const NamedParameters& trained, const std::vector<Tensor>& importance) override;
  Tensor cost(const StepView& step) const override;
  std::vector<Figure> figures() const override { return fisher_.values.empty() ? std::vector<Figure>{} : std::vector<Figure>{fisher_}; }
  void visit(State& state) override;

 private:
  const Params params_;
  const torch::Device device_;
  Figure fisher_{"fisher", "", {}, {}};  // of the last task: sums over the numbers of a layer, before scaling
  std::vector<Tensor> importance_, anchor_;  // in the order of what is trained
};

struct OrthogonalityParams {
  double weight = 0.1, temperature = 0.8;
  static auto fields() {
    using P = OrthogonalityParams;
    return std::tuple{
        Field{"weight", &P::weight, {.min = 0, .max = 1e4, .doc = "Weight beside the cross-entropy.", .source = "0.1 in MOS."}},
        Field{"temperature", &P::temperature, {.min = 0.001, .max = 100, .doc = "Products are divided by it.", .source = "0.8 in MOS."}}};
  }
};

// CE(Z Z' / t, 1..n) over Z = class means, then the batch's features, none of unit length (MOS, section 4.1). With features
// much longer than 1 it is close to zero.
class FeatureOrthogonality final : public Penalty {
 public:
  using Params = OrthogonalityParams;
  static constexpr std::string_view kName = "feature-orthogonality";
  static constexpr std::string_view kTitle = "Apart from class means";
  static constexpr std::string_view kDoc = "Features of a batch are kept apart from each other and from the means of known classes.";
  FeatureOrthogonality(const Params& params, const Setting&) : params_(params) {}
  Tensor cost(const StepView& step) const override;

 private:
  const Params params_;
};

}  // namespace palimpsest
