#include "engine/session/model.h"

#include <algorithm>
#include <mutex>
#include <numeric>

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
  queried_ = false;
  if (const Value* entries = recipe_.find("prompts"))
    for (const Value& entry : entries->asArray()) {
      Setting setting = setting_;
      setting.entry = static_cast<int>(prompts_.size());
      auto inject = parts().injectors.make(*entry.find("inject"), setting);
      setting.places = inject->places();
      setting.row_width = inject->rowWidth();
      prompts_.push_back({parts().pools.make(*entry.find("pool"), setting), parts().selectors.make(*entry.find("select"), setting), std::move(inject)});
      queried_ = queried_ || prompts_.back().select->queries();
    }
  feature_ = parts().features.make(*recipe_.find("feature"), setting_);
  Setting behind = setting_;
  behind.feature_width = feature_->width(setting_.shape.width);
  head_ = parts().heads.make(*recipe_.find("head"), behind);
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
  scope_ = scope;
  for (Prompt& prompt : prompts_) {
    prompt.pool->beginTask(scope);
    prompt.select->beginTask(scope);
    prompt.inject->beginTask(scope);
  }
  head_->beginTask(scope);
  for (const auto& penalty : penalties_) penalty->beginTask(scope);
}

void Model::endTask(const TaskScope& scope) {
  for (Prompt& prompt : prompts_) prompt.pool->endTask(scope);
  head_->endTask(scope);
  for (const auto& penalty : penalties_) penalty->endTask(scope);
}

bool Model::studies() const {
  return std::ranges::any_of(prompts_, [](const Prompt& prompt) { return prompt.select->studies(); });
}

void Model::study(const Tensor& queries, const Tensor& labels, const TaskScope& scope) {
  const torch::NoGradGuard no_graph;
  for (Prompt& prompt : prompts_)
    if (prompt.select->studies()) prompt.select->study(queries, labels, scope, *prompt.pool);
}

void Model::used(const Forward& pass) {
  for (std::size_t i = 0; i < prompts_.size(); ++i) prompts_[i].select->used(pass.choices[i]);
}

void Model::check(Issues& issues) const {
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    const std::size_t before = issues.size();
    prompts_[i].pool->check(issues);
    prompts_[i].select->check(issues);
    prompts_[i].inject->check(issues);
    for (std::size_t k = before; k < issues.size(); ++k) issues[k].path = "prompts." + std::to_string(i) + "." + issues[k].path;
  }
  head_->check(issues);
}

bool Model::givesEachImageTheSame() const {
  return !queried_ && std::ranges::all_of(prompts_, [](const Prompt& prompt) { return prompt.pool->perTask() == 0; });
}

int Model::votes() const {
  int votes = 0;
  for (const Prompt& prompt : prompts_) votes = std::max(votes, prompt.select->votes());
  return votes;
}

std::vector<Model::Selection> Model::selections() const {
  std::vector<Selection> all;
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    const std::vector<int> blocks = prompts_[i].inject->blocks();
    const int choices = prompts_[i].pool->choices();
    std::vector<int> places(static_cast<std::size_t>(prompts_[i].inject->places()));
    std::iota(places.begin(), places.end(), 0);
    for (int choice = 0; choice < choices; ++choice) {
      if (choices > 1) all.push_back({static_cast<int>(i), choice, {choice}, {blocks[static_cast<std::size_t>(choice)]}});
      else all.push_back({static_cast<int>(i), choice, places, blocks});
    }
  }
  return all;
}

Tensor Model::frozenFeatures(const Tensor& images) {
  const torch::NoGradGuard no_graph;
  const compat::Autocast cast(setting_.device, half);
  return vit::passInParts(backbone_.vit, {images, -1}, {}, nullptr, vit::Read::Front).cls().to(torch::kFloat);
}

std::vector<Choice> Model::choose(const Inputs& inputs, const Tensor& query, bool train) const {
  std::vector<Choice> choices;
  for (std::size_t i = 0; i < prompts_.size(); ++i)
    choices.push_back(prompts_[i].select->choose({query, inputs, train, scope_.task, i < adjusted.size() ? &adjusted[i] : nullptr}, *prompts_[i].pool));
  return choices;
}

int Model::plainBelow() const {
  int below = setting_.shape.depth;
  for (const Prompt& prompt : prompts_) below = std::min(below, prompt.inject->plainBelow());
  return below;
}

namespace {

// Hooks of several entries as one, alive as long as the pass.
class Entries final : public vit::Hooks {
 public:
  explicit Entries(std::vector<std::unique_ptr<vit::Hooks>> owned) : owned_(std::move(owned)), chain_(links(owned_)) {}
  Tensor tokens(vit::Stage stage, int block, Tensor x) override { return chain_.tokens(stage, block, std::move(x)); }
  Tensor output(vit::Site site, int block, const Tensor& in, Tensor out) override { return chain_.output(site, block, in, std::move(out)); }
  std::optional<vit::KeyValue> prefix(int block) override { return chain_.prefix(block); }
  Tensor attention(int block, Tensor map) override { return chain_.attention(block, std::move(map)); }
  bool touches(vit::Stage stage, int block) const override { return chain_.touches(stage, block); }
  bool touches(vit::Site site, int block) const override { return chain_.touches(site, block); }
  bool touchesMap(int block) const override { return chain_.touchesMap(block); }

 private:
  static std::vector<vit::Hooks*> links(const std::vector<std::unique_ptr<vit::Hooks>>& owned) {
    std::vector<vit::Hooks*> all;
    for (const auto& hooks : owned) all.push_back(hooks.get());
    return all;
  }
  const std::vector<std::unique_ptr<vit::Hooks>> owned_;
  vit::HookChain chain_;
};

// Measures where attention goes; parts of a batch may do so at once.
class MassHooks final : public vit::Hooks {
 public:
  MassHooks(std::unique_ptr<vit::Hooks> inner, std::vector<Model::Attention>& found, const vit::Shape& shape)
      : inner_(std::move(inner)), found_(found), shape_(shape) {}
  Tensor tokens(vit::Stage stage, int block, Tensor x) override { return inner_->tokens(stage, block, std::move(x)); }
  Tensor output(vit::Site site, int block, const Tensor& in, Tensor out) override { return inner_->output(site, block, in, std::move(out)); }
  std::optional<vit::KeyValue> prefix(int block) override { return inner_->prefix(block); }
  bool touches(vit::Stage stage, int block) const override { return inner_->touches(stage, block); }
  bool touches(vit::Site site, int block) const override { return inner_->touches(site, block); }
  bool touchesMap(int) const override { return true; }
  // Columns: the prefix, the network's own tokens in front, prompts among the tokens, patches.
  Tensor attention(int block, Tensor map) override {
    const auto given = inner_->prefix(block);
    const std::int64_t before = given ? given->key.size(2) : 0, columns = map.size(3), among = columns - before - shape_.tokens();
    const Tensor own = map.detach().slice(3, 0, before).sum(-1) + map.detach().narrow(3, before + shape_.prefix(), among).sum(-1);
    const double mass = own.to(torch::kDouble).mean().item<double>() * static_cast<double>(map.size(0));
    {
      const std::lock_guard lock(mutex());
      Model::Attention& at = found_[static_cast<std::size_t>(block)];
      at.mass += mass;
      at.even += static_cast<double>(map.size(0) * (before + among)) / static_cast<double>(columns);
      at.images += map.size(0);
    }
    return inner_->touchesMap(block) ? inner_->attention(block, std::move(map)) : map;
  }

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  const std::unique_ptr<vit::Hooks> inner_;
  std::vector<Model::Attention>& found_;
  const vit::Shape shape_;
};

}  // namespace

std::unique_ptr<vit::Hooks> Model::bound(const std::vector<Tensor>& rows) const {
  std::vector<std::unique_ptr<vit::Hooks>> all;
  std::size_t first = 0;
  for (const Prompt& prompt : prompts_) {
    const auto places = static_cast<std::size_t>(prompt.inject->places());
    all.push_back(prompt.inject->bind({rows.begin() + static_cast<std::ptrdiff_t>(first), rows.begin() + static_cast<std::ptrdiff_t>(first + places)}));
    first += places;
  }
  std::unique_ptr<vit::Hooks> one = all.size() == 1 ? std::move(all.front()) : std::make_unique<Entries>(std::move(all));
  if (attention) return std::make_unique<MassHooks>(std::move(one), *attention, setting_.shape);
  return one;
}

Tensor Model::featureOf(const vit::Start& start, const Tensor& frozen, const Inputs& inputs, Forward& pass, bool train) {
  std::vector<Tensor> rows;
  bool own = false;  // tensors that a hook trains: the parts would have to share their gradient
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    const Choice& choice = pass.choices[i];
    if (choice.penalty.defined()) pass.addPenalty(choice.penalty);
    if (const Tensor more = train ? prompts_[i].pool->penalty() : Tensor(); more.defined()) pass.addPenalty(more);
    for (int place = 0; place < prompts_[i].inject->places(); ++place) {
      const Tensor own = prompts_[i].inject->arranged(prompts_[i].pool->rows(choice, place));
      rows.push_back(train ? prompts_[i].inject->thinned(own, inputs, place) : own);
    }
    own = own || prompts_[i].inject->trains();
  }
  const compat::Autocast cast(setting_.device, half);
  vit::Features out;
  if (trains_backbone_ || rows.empty() || (own && torch::GradMode::is_enabled())) {
    const auto hooks = rows.empty() ? nullptr : bound(rows);
    vit::Hooks& asked = hooks ? *hooks : vit::noHooks();
    out = start.block < 0 ? backbone_.vit->forward(start.x, asked, vit::Read::Front) : backbone_.vit->rest(start.x, start.block, asked, vit::Read::Front);
  } else {
    out = vit::passInParts(backbone_.vit, start, rows, [this](const std::vector<Tensor>& some) { return bound(some); }, vit::Read::Front);
  }
  return feature_->read(out, frozen).to(torch::kFloat);
}

// -1e11 on the classes of every task but the one that each image is confined to.
Tensor Model::confined(const Tensor& logits, const Tensor& tasks) const {
  Tensor out = logits.clone();
  for (int task = 0; task < setting_.tasks; ++task) {
    const std::int64_t first = setting_.first_labels[static_cast<std::size_t>(task)];
    const std::int64_t last = task + 1 < setting_.tasks ? setting_.first_labels[static_cast<std::size_t>(task) + 1] : setting_.classes;
    if (first >= out.size(1)) break;
    Tensor columns = out.slice(1, first, std::min(last, out.size(1)));
    columns.masked_fill_(tasks.ne(task).unsqueeze(1), -1e11);
  }
  return out;
}

Forward Model::forward(const Inputs& inputs, bool train, const Tensor& feature) {
  Forward pass;
  const bool wanted = queried_ || (!feature.defined() && (featuresAreFrozen() || (feature_->wantsFrozen() && !train)));
  vit::Start start{inputs.images, -1};
  Tensor frozen = wanted ? inputs.known : Tensor();
  if (wanted && !frozen.defined()) {
    // What the plain and the prompted pass have in common is computed once.
    const torch::NoGradGuard no_graph;
    const compat::Autocast cast(setting_.device, half);
    if (const int shared = prompted() ? plainBelow() : -1; shared >= 0) start = vit::lowerBlocks(backbone_.vit, inputs.images, shared);
    frozen = vit::passInParts(backbone_.vit, start, {}, nullptr, vit::Read::Front).cls().to(torch::kFloat);
  }
  if (queried_) pass.query = frozen;
  if (prompted()) pass.choices = choose(inputs, pass.query, train);
  if (feature.defined()) pass.feature = feature;
  else if (featuresAreFrozen()) pass.feature = frozen;
  else pass.feature = featureOf(start, frozen, inputs, pass, train);
  pass.logits = head_->logits(pass.feature);
  for (const Choice& choice : pass.choices)
    if (choice.confined.defined()) pass.logits = confined(pass.logits, choice.confined);
  if (train)
    for (const auto& penalty : penalties_) pass.addPenalty(penalty->cost(inputs.images, pass.feature));
  return pass;
}

}  // namespace palimpsest
