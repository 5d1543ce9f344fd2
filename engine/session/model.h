// The network of one run, put together from a recipe's parts: backbone, query, prompts, feature, head.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/parts/prompts/slots.h"
#include "engine/parts/adaptation/adaptations.h"
#include "engine/parts/memory/exemplars.h"
#include "engine/vit/side_by_side.h"
#include "engine/weights/backbone.h"

namespace palimpsest {

// What one pass leaves behind: the loss, the diagnostics and the evaluation all read it.
struct Forward {
  Tensor query;                 // [B, D]; undefined where nothing goes by it
  std::vector<Choice> choices;  // one per entry of the recipe's prompts
  Tensor own;                   // [B, D]: what the network says as it is trained now
  Tensor feature;               // [B, F]: what the head reads
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
  // In training, logits are the learner's.
  Forward forward(const Inputs& inputs, bool train, const Tensor& feature = {});
  // What forward() would choose, without a pass through the prompted network.
  std::vector<Choice> choose(const Inputs& inputs, const Tensor& query, bool train) const;
  // [CLS] of the network as it came, without prompts and adaptations; carries no graph.
  Tensor frozenFeatures(const Tensor& images);
  // The same through a member of the bank: [B, D], no graph.
  Tensor memberFeatures(const Tensor& images, int member);
  // The learner's logits with everything as it was at the end of the last task; undefined before there was one.
  Tensor teacherLogits(const Inputs& inputs);

  bool trainsBackbone() const { return trains_backbone_; }
  bool prompted() const { return !prompts_.empty(); }
  bool adapted() const { return !bank_.empty(); }
  // How many sets of adaptations an image is looked at through; 0 where the feature reads one at most.
  int members() const { return bank_spec_ && feature_->readsMembers() ? static_cast<int>(bank_.size()) : 0; }
  bool queried() const { return queried_; }  // whether prompts are chosen by a query
  bool trainsOnMembers() const { return bank_spec_ && feature_->trainsOnMembers(); }
  // A frozen network without prompts: its features are all that training and evaluation need of an image.
  bool featuresAreFrozen() const { return !trains_backbone_ && prompts_.empty() && bank_.empty() && recipe_.find("adapt") == nullptr && reads_cls_; }
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
  void stepped();                  // after a step of the optimiser
  Tensor penalty(const StepView& step) const;  // scalar; undefined when there is none
  void solve();                    // the head, from what it has observed
  void settle();                   // nothing will be trained any more
  void check(Issues& issues) const;  // what of the stream does not fit the recipe's parts
  void visit(State& state);
  std::vector<Figure> figures();  // of all parts, and the bytes that must be kept, by kind

  const std::vector<std::unique_ptr<Penalty>>& penalties() const { return penalties_; }
  bool wantsTeacher() const;
  Head& head() { return *head_; }
  const Head& head() const { return *head_; }
  // What is trained in place of the head where the recipe has a proxy; the head itself elsewhere.
  Head& learner() { return proxy_ ? *proxy_ : *head_; }
  Statistics* statistics() { return statistics_.get(); }  // null: the recipe keeps none
  Exemplars* memory() const { return memory_.get(); }     // null: the recipe keeps none
  GradientRule* gradient() { return gradient_.get(); }    // null: steps follow the gradient
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
  using Member = std::vector<std::unique_ptr<Adaptation>>;  // in the recipe's order
  void build();
  Member freshMember(int task) const;
  void growBank(std::size_t size);
  vit::Vit& plain() { return trains_backbone_ ? original_ : backbone_.vit; }
  // Features of one pass; `member` -1 for none.
  vit::Features passed(const vit::Start& start, const std::vector<Tensor>& rows, int member, const Tensor& keys);
  std::vector<Tensor> rowsOf(const Inputs& inputs, Forward& pass, bool train) const;  // of all entries' places, in order
  void readOwn(const vit::Start& start, const Tensor& frozen, const Inputs& inputs, Forward& pass, bool train);
  std::unique_ptr<vit::Hooks> bound(const std::vector<Tensor>& rows, int member, const Tensor& keys) const;
  std::vector<Tensor> shared(int member);  // trained tensors that hooks or the network use as they are
  Tensor keysOf(const Inputs& inputs) const;
  void visitBank(State& state);
  void visitTeacher(State& state);
  void rememberTeacher();
  int plainBelow() const;  // as of all injectors
  Tensor confined(const Tensor& logits, const Tensor& tasks) const;
  const Value recipe_;
  const Setting setting_;
  LoadedBackbone backbone_;
  vit::Vit original_{nullptr};  // weights at the start, where the network is trained
  bool trains_backbone_ = false, reads_cls_ = false, queried_ = false;
  TaskScope scope_;
  std::vector<Prompt> prompts_;
  std::vector<Member> bank_;  // one where adaptations are shared by all tasks
  std::optional<TaskBankParams> bank_spec_;
  std::unique_ptr<Feature> feature_;
  std::unique_ptr<Head> head_, proxy_;
  std::unique_ptr<Statistics> statistics_;
  std::unique_ptr<Exemplars> memory_;
  std::unique_ptr<GradientRule> gradient_;
  std::map<std::string, Tensor> teacher_;  // by name, what is trained, as it was at the end of the last task
  bool solved_ = false;  // the head has seen the classes that the proxy was trained on
  std::vector<std::unique_ptr<Penalty>> penalties_;
};

}  // namespace palimpsest
