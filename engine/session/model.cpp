#include "engine/session/model.h"

#include "engine/device/torch_compat.h"
#include "engine/parts/catalogue.h"

namespace palimpsest {
namespace {

// Puts a part's name in front of its tensors' names.
class Prefixed final : public State {
 public:
  Prefixed(State& inner, std::string prefix) : inner_(inner), prefix_(std::move(prefix)) {}
  void tensor(const std::string& name, Tensor& tensor, bool trained) override { inner_.tensor(prefix_ + name, tensor, trained); }

 private:
  State& inner_;
  const std::string prefix_;
};

class MarkTrained final : public State {
 public:
  void tensor(const std::string&, Tensor& tensor, bool trained) override {
    if (trained) tensor.set_requires_grad(true);
  }
};

}  // namespace

Model::Model(const Value& recipe, LoadedBackbone backbone, const Setting& setting)
    : recipe_(recipe), setting_(setting), backbone_(std::move(backbone)) {
  const Value* train = recipe.at("backbone.train");
  trains_backbone_ = train && train->asString() == "all";
  reads_cls_ = recipe.at("feature.use") && recipe.at("feature.use")->asString() == "cls";
  if (trains_backbone_) original_ = vit::copyOf(backbone_.vit);
  backbone_.vit->to(setting.device);
  build();
}

void Model::build() {
  prompts_.clear();
  if (const Value* entries = recipe_.find("prompts"))
    for (const Value& entry : entries->asArray())
      prompts_.push_back({parts().pools.make(*entry.find("pool"), setting_), parts().selectors.make(*entry.find("select"), setting_),
                          parts().injectors.make(*entry.find("inject"), setting_)});
  feature_ = parts().features.make(*recipe_.find("feature"), setting_);
  head_ = parts().heads.make(*recipe_.find("head"), setting_);
  penalties_.clear();
  if (const Value* entries = recipe_.find("penalties"))
    for (const Value& entry : entries->asArray()) penalties_.push_back(parts().penalties.make(entry, setting_));
  vit::setTrainable(backbone_.vit, trains_backbone_);
  MarkTrained mark;
  visit(mark);
}

void Model::restart() {
  if (trains_backbone_) {
    backbone_.vit = vit::copyOf(original_);
    backbone_.vit->to(setting_.device);
  }
  build();
}

void Model::visit(State& state) {
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    Prefixed entry(state, "prompts." + std::to_string(i) + ".");
    prompts_[i].pool->visit(entry);
    prompts_[i].select->visit(entry);
    prompts_[i].inject->visit(entry);
  }
  Prefixed head(state, "head.");
  head_->visit(head);
  for (std::size_t i = 0; i < penalties_.size(); ++i) {
    Prefixed penalty(state, "penalties." + std::to_string(i) + ".");
    penalties_[i]->visit(penalty);
  }
  if (trains_backbone_)
    for (auto& item : backbone_.vit->named_parameters()) state.tensor("backbone." + item.key(), item.value(), true);
}

void Model::beginTask(const TaskScope& scope) {
  for (Prompt& prompt : prompts_) {
    prompt.pool->beginTask(scope);
    prompt.select->beginTask(scope);
  }
  head_->beginTask(scope);
  for (const auto& penalty : penalties_) penalty->beginTask(scope);
}

void Model::endTask(const TaskScope& scope) {
  for (Prompt& prompt : prompts_) prompt.pool->endTask(scope);
  head_->endTask(scope);
  for (const auto& penalty : penalties_) penalty->endTask(scope);
}

Tensor Model::frozenFeatures(const Tensor& images) {
  const torch::NoGradGuard no_graph;
  const compat::Autocast cast(setting_.device, half);
  return backbone_.vit->forward(images, vit::noHooks(), vit::Read::Front).cls().to(torch::kFloat);
}

Tensor Model::featureOf(const Tensor& images, Forward& pass, bool train) {
  std::vector<std::unique_ptr<vit::Hooks>> bound;
  for (Prompt& prompt : prompts_) {
    pass.choices.push_back(prompt.select->choose(pass.query, *prompt.pool, train));
    const Choice& choice = pass.choices.back();
    if (choice.penalty.defined()) pass.addPenalty(choice.penalty);
    bound.push_back(prompt.inject->bind(prompt.pool->rows(choice)));
  }
  std::vector<vit::Hooks*> links;
  for (const auto& hooks : bound) links.push_back(hooks.get());
  vit::HookChain chain(links);
  vit::Hooks& hooks = links.empty() ? vit::noHooks() : links.size() == 1 ? *links.front() : chain;
  const compat::Autocast cast(setting_.device, half);
  return feature_->read(backbone_.vit->forward(images, hooks, vit::Read::Front)).to(torch::kFloat);
}

Forward Model::forward(const Tensor& images, const Tensor& known, bool train) {
  Forward pass;
  if (prompted()) pass.query = known.defined() ? known : frozenFeatures(images);
  if (featuresAreFrozen()) pass.feature = known.defined() ? known : frozenFeatures(images);
  else pass.feature = featureOf(images, pass, train);
  pass.logits = head_->logits(pass.feature);
  if (train)
    for (const auto& penalty : penalties_) pass.addPenalty(penalty->cost(images, pass.feature));
  return pass;
}

}  // namespace palimpsest
