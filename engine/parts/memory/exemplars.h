// Images of earlier tasks that a method keeps, as a part of a recipe.
#pragma once

#include "engine/memory/exemplar_memory.h"
#include "engine/parts/part.h"

namespace palimpsest {

struct ExemplarsParams {
  int capacity = 2000, per_class = 0, batch = 32;
  std::string policy = "reservoir", fill = "stream", replay = "joined";
  double logits_weight = 0, labels_weight = 0;
  static auto fields() {
    using P = ExemplarsParams;
    return std::tuple{
        Field{"capacity", &P::capacity, {.min = 1, .max = 1e7, .unit = "images", .doc = "Images kept at most, of all classes together.", .level = Level::Learn}},
        Field{"per_class", &P::per_class, {.min = 0, .max = 1e6, .unit = "images", .doc = "Images kept of each class, instead of sharing the capacity; 0: the capacity is shared."}},
        Field{"policy", &P::policy, {.choices = "reservoir|class-balanced|herding", .doc = "Which images stay: every image of the stream with the same probability (reservoir), as many of each class (class-balanced), or those whose mean is nearest to their class's (herding, iCaRL).", .level = Level::Learn}},
        Field{"fill", &P::fill, {.choices = "stream|task-end", .doc = "When images come in: as they are trained on for the first time, or at the end of their task. Herding needs whole classes: task-end."}},
        Field{"replay", &P::replay,
              {.choices = "joined|apart|epoch|none",
               .doc = "joined: each batch is trained on together with as many images of the memory as \"batch\" says (ER). apart: those have losses of their own (DER). epoch: the whole memory joins the task's images in every epoch (iCaRL). none: only gradients or means are taken from it (GEM)."}},
        Field{"batch", &P::batch, {.min = 1, .max = 65536, .unit = "images", .doc = "Images drawn from the memory at a time."}},
        Field{"logits_weight", &P::logits_weight, {.min = 0, .max = 1000, .doc = "apart: weight of the squared difference to the logits that an image had when it came in (alpha of DER)."}},
        Field{"labels_weight", &P::labels_weight, {.min = 0, .max = 1000, .doc = "apart: weight of the cross-entropy of another draw (beta of DER++)."}}};
  }
  std::optional<std::string> conflict() const;
};

class Exemplars final : public Part {
 public:
  using Params = ExemplarsParams;
  static constexpr std::string_view kName = "exemplars";
  static constexpr std::string_view kTitle = "Exemplars";
  static constexpr std::string_view kDoc = "8-bit training images of earlier tasks, kept without augmentation and augmented anew when they are looked at again. They are part of checkpoints, and their bytes are counted.";
  Exemplars(const Params& params, const Setting& setting);
  const Params& params() const { return params_; }
  bool keepsLogits() const { return params_.replay == "apart" && params_.logits_weight > 0; }
  ExemplarMemory& held() { return held_; }
  const ExemplarMemory& held() const { return held_; }
  int quota(int classes) const;  // images of each class, herding
  std::vector<Figure> figures() const override;
  void visit(State& state) override;

 private:
  const Params params_;
  ExemplarMemory held_;
};

}  // namespace palimpsest
