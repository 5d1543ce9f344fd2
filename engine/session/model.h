// The network of one run, put together from a recipe's parts: backbone, query, prompts, feature, head.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/parts/part.h"
#include "engine/weights/backbone.h"

namespace palimpsest {

// What one pass leaves behind: the loss, the diagnostics and the evaluation all read it.
struct Forward {
  Tensor query;                 // [B, D]; undefined without prompts
  std::vector<Choice> choices;  // one per entry of the recipe's prompts
  Tensor feature;               // [B, F]
  Tensor logits;                // [B, K]
  Tensor penalty;               // scalar; undefined when there is none

  void addPenalty(const Tensor& more) { penalty = penalty.defined() ? penalty + more : more; }
};

class Model {
 public:
  // `recipe` is resolved. The backbone's tensors are moved to the device.
  Model(const Value& recipe, LoadedBackbone backbone, const Setting& setting);

  // `known`: frozen features of these images where they are cached; else computed when needed.
  Forward forward(const Tensor& images, const Tensor& known, bool train);
  // [CLS] of the frozen, unprompted network; carries no graph. Not for networks that are trained.
  Tensor frozenFeatures(const Tensor& images);

  bool trainsBackbone() const { return trains_backbone_; }
  bool prompted() const { return !prompts_.empty(); }
  // A frozen network without prompts: its features are all that training and evaluation need of an image.
  bool featuresAreFrozen() const { return !trains_backbone_ && prompts_.empty() && reads_cls_; }
  // Whether cached frozen features help: they are the features, or the query.
  bool wantsFrozen() const { return featuresAreFrozen() || prompted(); }

  void beginTask(const TaskScope& scope);
  void endTask(const TaskScope& scope);
  void restart();  // everything as it was before the first task
  void visit(State& state);

  const std::vector<std::unique_ptr<Penalty>>& penalties() const { return penalties_; }
  Head& head() { return *head_; }
  const Head& head() const { return *head_; }
  int promptEntries() const { return static_cast<int>(prompts_.size()); }
  const Pool& pool(int entry) const { return *prompts_[static_cast<std::size_t>(entry)].pool; }
  vit::Vit& backbone() { return backbone_.vit; }
  const LoadedBackbone& loaded() const { return backbone_; }
  const Setting& setting() const { return setting_; }
  bool half = false;  // matrix products in bf16 under autocast, on CUDA

 private:
  struct Prompt {
    std::unique_ptr<Pool> pool;
    std::unique_ptr<Selector> select;
    std::unique_ptr<Injector> inject;
  };
  void build();
  Tensor featureOf(const Tensor& images, Forward& pass, bool train);
  const Value recipe_;
  const Setting setting_;
  LoadedBackbone backbone_;
  vit::Vit original_{nullptr};  // weights at the start, where the network is trained
  bool trains_backbone_ = false, reads_cls_ = false;
  std::vector<Prompt> prompts_;
  std::unique_ptr<Feature> feature_;
  std::unique_ptr<Head> head_;
  std::vector<std::unique_ptr<Penalty>> penalties_;
};

}  // namespace palimpsest
