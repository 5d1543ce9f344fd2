// What is read, and decided, where every task has an adaptation of its own: features of all members of the bank side by
// side, n members of width D, the present one last.
#pragma once

#include "engine/parts/head/heads.h"

namespace palimpsest {

// [B, n D] in evaluation; in training [B, D] of the present member alone.
class MembersFeature final : public Feature {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "members";
  static constexpr std::string_view kTitle = "[CLS] of every member";
  static constexpr std::string_view kDoc = "The class token as the adaptation of each task so far sees the image, side by side (EASE, MOS). In training there is only that of the present task.";
  MembersFeature(const Params&, const Setting&) {}
  int width(const Setting& setting) const override { return setting.tasks * setting.shape.width; }
  Tensor read(const vit::Features& features, const Tensor&) const override { return features.cls(); }
  bool readsMembers() const override { return true; }
  Tensor join(const std::vector<Tensor>& members, const Tensor&) const override { return torch::cat(members, 1); }
};

struct LateralFeatureParams {
  int width = 64;
  double weight = 0.1;
  static auto fields() {
    using P = LateralFeatureParams;
    return std::tuple{
        Field{"width", &P::width, {.min = 1, .max = 8192, .unit = "features", .doc = "Width of the lateral connections' bottleneck."}},
        Field{"weight", &P::weight, {.min = 0, .max = 100, .doc = "What earlier columns are multiplied by at the start; learned for each of them."}}};
  }
};

// g_k = f_k + U_k ReLU(V_k [a_1 f_1; ...; a_{k-1} f_{k-1}]) (Progressive Neural Networks, Rusu et al., 2016, equation 2,
// with columns that share the frozen network). [B, n D]: g of every column so far. U starts at zero.
class LateralFeature final : public Feature {
 public:
  using Params = LateralFeatureParams;
  static constexpr std::string_view kName = "lateral";
  static constexpr std::string_view kTitle = "Columns with lateral connections";
  static constexpr std::string_view kDoc = "Each task's column reads the features of all columns before it through a small bottleneck; only the present column is trained.";
  LateralFeature(const Params& params, const Setting& setting) : params_(params), setting_(setting) {}
  int width(const Setting& setting) const override { return setting.tasks * setting.shape.width; }
  Tensor read(const vit::Features& features, const Tensor&) const override { return features.cls(); }
  bool readsMembers() const override { return true; }
  bool trainsOnMembers() const override { return true; }
  Tensor join(const std::vector<Tensor>& members, const Tensor& frozen) const override;
  void beginTask(const TaskScope& scope) override;
  void visit(State& state) override;

 private:
  struct Column {
    Tensor v, v_bias, u, u_bias, weights;  // [r, k D], [r], [D, r], [D], [k]
  };
  void grow(std::size_t columns);
  const Params params_;
  const Setting setting_;
  std::vector<Column> columns_;  // of tasks 1, 2, ...
};

// A linear layer for each task on that task's column.
class ColumnHead final : public Head {
 public:
  using Params = NoParams;
  static constexpr std::string_view kName = "columns";
  static constexpr std::string_view kTitle = "Linear, on each column";
  static constexpr std::string_view kDoc = "The classes of a task are told apart by a linear layer on that task's column. Earlier layers stay as they are.";
  ColumnHead(const Params&, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  Tensor logits(const Tensor& feature) const override;           // [B, n D]
  Tensor trainingLogits(const Tensor& own) const override;       // reads the last column alone
  int maskedBelow(const TaskScope& scope) const override { return scope.first; }
  void stepped() override { layer_.stepped(); }
  void visit(State& state) override { layer_.visit(state); }

 private:
  const Setting setting_;
  LinearHead layer_;
};

struct SubspaceHeadParams {
  double alpha = 0.1;
  static auto fields() {
    return std::tuple{Field{"alpha", &SubspaceHeadParams::alpha, {.min = 0, .max = 100, .doc = "Weight of all subspaces but a class's own, shared among them.", .source = "EASE: 0.1 on CIFAR-100 and ImageNet-R, 0.05 or less on CUB.", .level = Level::Learn}}};
  }
};

// EASE (Zhou et al., CVPR 2024). In subspaces of later adaptations a class has no images: its prototype there is put
// together from those of newer classes, by how alike they are where both are known (section 4.2).
class SubspaceHead final : public Head {
 public:
  using Params = SubspaceHeadParams;
  static constexpr std::string_view kName = "subspace-prototypes";
  static constexpr std::string_view kTitle = "Class means in every subspace";
  static constexpr std::string_view kDoc =
      "Each class has a mean in the subspace of every task's adaptation. Where it has no images, because the adaptation came later, the mean is put together from those of newer classes that resemble it (EASE). "
      "An image goes to the class with the largest weighted sum of cosines.";
  SubspaceHead(const Params& params, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  Tensor logits(const Tensor& feature) const override;  // [B, n D]
  bool observes() const override { return true; }
  void observe(const Tensor& feature, const Tensor& labels) override;
  void solve() override;
  std::optional<Tensor> prototypes() const override { return weight_.flatten(1); }
  void visit(State& state) override;

 private:
  int taskOf(std::int64_t label) const;
  const Params params_;
  const Setting setting_;
  Tensor sums_, counts_;  // [K, T, D] float64, [K]: of images seen through each member there was then
  Tensor weight_;         // [K, n, D]
};

struct RetrievalHeadParams {
  int rounds = 4;
  bool ensemble = true;
  static auto fields() {
    using P = RetrievalHeadParams;
    return std::tuple{
        Field{"rounds", &P::rounds, {.min = 1, .max = 100, .doc = "How often the adaptation may be chosen anew by what the last one predicts."}},
        Field{"ensemble", &P::ensemble, {.doc = "Whether the first adaptation's class means have a say beside the layer."}}};
  }
};

// MOS (Sun et al., AAAI 2025): a linear layer over all classes reads the adaptation that an image has been found to
// belong to; found by class means in the first one, then by what the layer itself predicts.
class RetrievalHead final : public Head {
 public:
  using Params = RetrievalHeadParams;
  static constexpr std::string_view kName = "retrieval";
  static constexpr std::string_view kTitle = "Retrieved adaptation";
  static constexpr std::string_view kDoc =
      "An image first goes to the task of the nearest class mean under the first adaptation; the linear layer then reads that task's adaptation, and the task of what it predicts is tried next, until nothing changes (MOS). "
      "Logits are probabilities: those of the layer, and those of the class means.";
  RetrievalHead(const Params& params, const Setting& setting);
  void beginTask(const TaskScope& scope) override;
  Tensor logits(const Tensor& feature) const override;  // [B, n D] -> [B, K]
  Tensor trainingLogits(const Tensor& own) const override { return layer_.logits(own); }
  int maskedBelow(const TaskScope& scope) const override { return scope.first; }
  bool observes() const override { return true; }
  void observe(const Tensor& feature, const Tensor& labels) override;
  void solve() override { means_.solve(); }
  std::optional<Tensor> prototypes() const override { return means_.prototypes(); }
  void visit(State& state) override;

 private:
  Tensor tasksOf(const Tensor& logits) const;  // [B] int64: of the class that each row is for
  const Params params_;
  const Setting setting_;
  const Tensor task_of_;  // [classes] int64
  LinearHead layer_;
  PrototypeHead means_;
};

}  // namespace palimpsest
