// The network of one run, put together from a recipe's parts: backbone, query, prompts, feature, head.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/parts/part.h"
#include "engine/vit/side_by_side.h"
#include "engine/weights/backbone.h"

namespace palimpsest {

// What one pass leaves behind: the loss, the diagnostics and the evaluation all read it.
struct Forward {
  Tensor query;                 // [B, D]; undefined where nothing goes by it
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

  // Frozen features that are not known are computed when needed. Training may change past-use counts of selectors.
  // `feature` [B, F], where it is already known, is taken for what the network would say of these images.
  Forward forward(const Inputs& inputs, bool train, const Tensor& feature = {});
  // What forward() would choose, without a pass through the prompted network.
  std::vector<Choice> choose(const Inputs& inputs, const Tensor& query, bool train) const;
  // [CLS] of the frozen, unprompted network; carries no graph. Not for networks that are trained.
  Tensor frozenFeatures(const Tensor& images);

  bool trainsBackbone() const { return trains_backbone_; }
  bool prompted() const { return !prompts_.empty(); }
  bool queried() const { return queried_; }  // whether prompts are chosen by a query
  // A frozen network without prompts: its features are all that training and evaluation need of an image.
  bool featuresAreFrozen() const { return !trains_backbone_ && prompts_.empty() && reads_cls_; }
  // Whether cached frozen features help: they are the features, a part of them, or the query.
  bool wantsFrozen() const { return featuresAreFrozen() || queried_ || feature_->wantsFrozen(); }
  // Whether an image's feature depends on nothing but the image and what is trained.
  bool givesEachImageTheSame() const;
  // Images that vote together at test; 0: every image has its own say.
  int votes() const;

  void beginTask(const TaskScope& scope);
  void endTask(const TaskScope& scope);
  void restart();  // everything as it was before the first task
  void at(const TaskScope& scope) { scope_ = scope; }  // where a checkpoint has put it
  // Queries of all the task's training images, where a selector wants to see them.
  bool studies() const;
  void study(const Tensor& queries, const Tensor& labels, const TaskScope& scope);
  void used(const Forward& pass);  // after a training step
  void check(Issues& issues) const;  // what of the stream does not fit the recipe's parts
  void visit(State& state);

  const std::vector<std::unique_ptr<Penalty>>& penalties() const { return penalties_; }
  Head& head() { return *head_; }
  const Head& head() const { return *head_; }
  // Everything that chooses for itself: an entry of the prompts, or one of its places where those choose apart.
  struct Selection {
    int entry = 0, choice = 0;
    std::vector<int> places;  // of the pool that the choice is for
    std::vector<int> blocks;  // of the network that get what is chosen
  };
  std::vector<Selection> selections() const;
  const Pool& pool(int entry) const { return *prompts_[static_cast<std::size_t>(entry)].pool; }
  Pool& pool(int entry) { return *prompts_[static_cast<std::size_t>(entry)].pool; }
  const Selector& selector(int entry) const { return *prompts_[static_cast<std::size_t>(entry)].select; }
  vit::Vit& backbone() { return backbone_.vit; }
  const LoadedBackbone& loaded() const { return backbone_; }
  const Setting& setting() const { return setting_; }
  std::vector<Adjustments> adjusted;  // per entry of the prompts, for inspections; empty: none
  // Where attention goes, block by block: set by an inspection, filled by every prompted pass. Needs maps: slower.
  struct Attention {
    double mass = 0, even = 0;  // sums over images of the mean probability on prompts, and of prompts' share of columns
    std::int64_t images = 0;
  };
  std::vector<Attention>* attention = nullptr;
  bool half = false;  // matrix products in bf16 under autocast, on CUDA

 private:
  struct Prompt {
    std::unique_ptr<Pool> pool;
    std::unique_ptr<Selector> select;
    std::unique_ptr<Injector> inject;
  };
  void build();
  Tensor featureOf(const vit::Start& start, const Tensor& frozen, const Inputs& inputs, Forward& pass, bool train);
  std::unique_ptr<vit::Hooks> bound(const std::vector<Tensor>& rows) const;  // rows of all entries' places, in order
  int plainBelow() const;  // as of all injectors
  Tensor confined(const Tensor& logits, const Tensor& tasks) const;
  const Value recipe_;
  const Setting setting_;
  LoadedBackbone backbone_;
  vit::Vit original_{nullptr};  // weights at the start, where the network is trained
  bool trains_backbone_ = false, reads_cls_ = false, queried_ = false;
  TaskScope scope_;
  std::vector<Prompt> prompts_;
  std::unique_ptr<Feature> feature_;
  std::unique_ptr<Head> head_;
  std::vector<std::unique_ptr<Penalty>> penalties_;
};

}  // namespace palimpsest
