#include "engine/session/model.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <utility>

#include "engine/device/torch_compat.h"
#include "engine/metrics/resources.h"
#include "engine/parts/catalogue.h"

namespace palimpsest {
namespace {

class All final : public State {
 public:
  void tensor(const std::string&, Tensor& tensor, bool) override { all.push_back(tensor); }
  std::vector<Tensor> all;
};

// What gradients flow to, of all that is shown to it.
class Leaves final : public State {
 public:
  void tensor(const std::string& name, Tensor& tensor, bool trained) override {
    if (!trained || !tensor.requires_grad()) return;
    all.push_back(tensor);
    names.push_back(name);
  }
  bool trainedOnly() const override { return true; }
  std::vector<Tensor> all;
  std::vector<std::string> names;
};

class SetTrained final : public State {
 public:
  explicit SetTrained(bool trained) : trained_(trained) {}
  void tensor(const std::string&, Tensor& tensor, bool trained) override {
    if (trained) tensor.set_requires_grad(trained_);
  }
  bool trainedOnly() const override { return true; }

 private:
  const bool trained_;
};

}  // namespace

Model::Model(const Value& recipe, LoadedBackbone backbone, const Setting& setting)
    : recipe_(recipe), setting_(setting), backbone_(std::move(backbone)) {
  const Value* train = recipe.at("backbone.train");
  trains_backbone_ = train && train->asString() == "all";
  reads_cls_ = recipe.at("feature.use") && recipe.at("feature.use")->asString() == "cls";
  backbone_.vit->to(setting.device);
  if (trains_backbone_) {
    original_ = vit::copyOf(backbone_.vit);
    original_->to(setting.device);
    original_->eval();
    vit::setTrainable(original_, false);
  }
  build();
}

void Model::build() {
  prompts_.clear();
  bank_.clear();
  bank_spec_.reset();
  teacher_.clear();
  queried_ = solved_ = false;
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
  if (const Value* spec = recipe_.find("bank")) {
    Issues issues;
    bank_spec_ = readParams<TaskBankParams>(*spec, "bank", issues, {"use"});
  } else if (recipe_.find("adapt")) {
    bank_.push_back(freshMember(0));
  }
  feature_ = parts().features.make(*recipe_.find("feature"), setting_);
  Setting behind = setting_;
  if (const Value* spec = recipe_.find("proxy")) proxy_ = parts().heads.make(*spec, behind);
  if (const Value* spec = recipe_.find("statistics")) statistics_ = parts().statistics.make(*spec, behind);
  if (const Value* spec = recipe_.find("memory")) memory_ = parts().memories.make(*spec, behind);
  behind.feature_width = feature_->width(setting_);
  head_ = parts().heads.make(*recipe_.find("head"), behind);
  penalties_.clear();
  if (const Value* entries = recipe_.find("penalties"))
    for (const Value& entry : entries->asArray()) penalties_.push_back(parts().penalties.make(entry, setting_));
  gradient_.reset();
  if (const Value* entries = recipe_.find("gradient"))
    for (const Value& entry : entries->asArray()) gradient_ = parts().gradients.make(entry, setting_);
  vit::setTrainable(backbone_.vit, trains_backbone_);
  SetTrained mark(true);
  visit(mark);
}

// Those of one task start alike whatever came before it.
Model::Member Model::freshMember(int task) const {
  Member member;
  Setting setting = setting_;
  if (bank_spec_) setting.seed = seedOf(setting_.seed, Purpose::Initialisation, 300, task);
  if (const Value* entries = recipe_.find("adapt"))
    for (const Value& entry : entries->asArray()) member.push_back(parts().adaptations.make(entry, setting));
  return member;
}

void Model::growBank(std::size_t size) {
  while (bank_.size() < size) {
    Leaves last;
    if (!bank_.empty())
      for (const auto& adaptation : bank_.back()) adaptation->visit(last);
    bank_.push_back(freshMember(static_cast<int>(bank_.size())));
    SetTrained mark(true);
    for (const auto& adaptation : bank_.back()) adaptation->visit(mark);
    Leaves fresh;
    for (const auto& adaptation : bank_.back()) adaptation->visit(fresh);
    const torch::NoGradGuard no_graph;
    for (std::size_t i = 0; i < last.all.size(); ++i) {
      if (bank_spec_->start == "previous") fresh.all[i].copy_(last.all[i]);
      last.all[i].set_requires_grad(false);
    }
  }
}

void Model::restart() {
  if (trains_backbone_) {
    backbone_.vit = vit::copyOf(original_);
    backbone_.vit->to(setting_.device);
  }
  build();
}

void Model::visitBank(State& state) {
  if (bank_spec_) {
    Tensor size = torch::tensor(static_cast<std::int64_t>(bank_.size()), torch::kLong);
    state.tensor("bank.size", size, false);
    growBank(static_cast<std::size_t>(size.item<std::int64_t>()));
  }
  for (std::size_t member = 0; member < bank_.size(); ++member)
    for (std::size_t i = 0; i < bank_[member].size(); ++i) {
      const std::string name = (bank_spec_ ? "bank." + std::to_string(member) + "." : "adapt.") + std::to_string(i) + ".";
      Named entry(state, name, member + 1 == bank_.size());
      bank_[member][i]->visit(entry);
    }
}

// A teacher has the names of what is trained, and the sizes that it had then.
void Model::visitTeacher(State& state) {
  if (!wantsTeacher()) return;
  Tensor there = torch::tensor(static_cast<std::int64_t>(!teacher_.empty()), torch::kLong);
  state.tensor("teacher.there", there, false);
  if (there.item<std::int64_t>() == 0) return;
  if (teacher_.empty()) rememberTeacher();
  for (auto& [name, tensor] : teacher_) state.tensor("teacher." + name, tensor, false);
}

void Model::visit(State& state) {
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    Named entry(state, "prompts." + std::to_string(i) + ".");
    prompts_[i].pool->visit(entry);
    prompts_[i].select->visit(entry);
    prompts_[i].inject->visit(entry);
  }
  visitBank(state);
  const auto part = [&](Part* one, const std::string& name) {
    Named named(state, name + ".");
    if (one) one->visit(named);
  };
  part(feature_.get(), "feature");
  part(proxy_.get(), "proxy");
  part(head_.get(), "head");
  part(statistics_.get(), "statistics");
  part(memory_.get(), "memory");
  part(gradient_.get(), "gradient");
  for (std::size_t i = 0; i < penalties_.size(); ++i) part(penalties_[i].get(), "penalties." + std::to_string(i));
  if (proxy_) {
    Tensor solved = torch::tensor(static_cast<std::int64_t>(solved_), torch::kLong);
    state.tensor("solved", solved, false);
    solved_ = solved.item<std::int64_t>() != 0;
  }
  if (trains_backbone_)
    for (auto& item : backbone_.vit->named_parameters()) state.tensor("backbone." + item.key(), item.value(), true);
  visitTeacher(state);
}

void Model::beginTask(const TaskScope& scope) {
  scope_ = scope;
  for (Prompt& prompt : prompts_) {
    prompt.pool->beginTask(scope);
    prompt.select->beginTask(scope);
    prompt.inject->beginTask(scope);
  }
  if (bank_spec_) growBank(static_cast<std::size_t>(scope.task) + 1);
  feature_->beginTask(scope);
  if (proxy_) proxy_->beginTask(scope);
  head_->beginTask(scope);
  if (statistics_) statistics_->beginTask(scope);
  if (memory_) memory_->beginTask(scope);
  for (const auto& penalty : penalties_) penalty->beginTask(scope);
}

void Model::endTask(const TaskScope& scope) {
  for (Prompt& prompt : prompts_) prompt.pool->endTask(scope);
  feature_->endTask(scope);
  if (proxy_) proxy_->endTask(scope);
  head_->endTask(scope);
  for (const auto& penalty : penalties_) penalty->endTask(scope);
  if (wantsTeacher()) rememberTeacher();
}

bool Model::wantsTeacher() const {
  return std::ranges::any_of(penalties_, [](const auto& penalty) { return penalty->wantsTeacher(); });
}

// What is trained, by name; the teacher itself is not.
void Model::rememberTeacher() {
  std::map<std::string, Tensor> now;
  Leaves leaves;
  {
    const std::map<std::string, Tensor> kept = std::exchange(teacher_, {});
    visit(leaves);
  }
  for (std::size_t i = 0; i < leaves.all.size(); ++i) now[leaves.names[i]] = leaves.all[i].detach().clone();
  teacher_ = std::move(now);
}

Tensor Model::teacherLogits(const Inputs& inputs) {
  if (teacher_.empty()) return {};
  const torch::NoGradGuard no_graph;
  Leaves leaves;
  {
    std::map<std::string, Tensor> kept = std::exchange(teacher_, {});
    visit(leaves);
    teacher_ = std::move(kept);
  }
  std::vector<Tensor> own;
  for (std::size_t i = 0; i < leaves.all.size(); ++i) {
    own.push_back(leaves.all[i].detach());
    leaves.all[i].set_data(teacher_.at(leaves.names[i]));
  }
  const Forward pass = forward(inputs, false);
  const Tensor logits = learner().trainingLogits(pass.own);
  for (std::size_t i = 0; i < leaves.all.size(); ++i) leaves.all[i].set_data(own[i]);
  return logits;
}

void Model::solve() {
  head_->solve();
  solved_ = true;
}

void Model::settle() {
  SetTrained still(false);
  visit(still);
}

// MOS: towards the mean of what earlier tasks have learned.
void Model::stepped() {
  learner().stepped();
  if (!bank_spec_ || bank_spec_->merge == 0 || bank_.size() < 2) return;
  const torch::NoGradGuard no_graph;
  for (std::size_t i = 0; i < bank_.back().size(); ++i) {
    std::vector<Tensor> means;
    for (std::size_t member = 0; member + 1 < bank_.size(); ++member) {
      All earlier;
      bank_[member][i]->visit(earlier);
      for (std::size_t k = 0; k < earlier.all.size(); ++k) {
        if (member == 0) means.push_back(earlier.all[k].detach().clone());
        else means[k].add_(earlier.all[k].detach());
      }
    }
    All own;
    bank_.back()[i]->visit(own);
    for (std::size_t k = 0; k < own.all.size(); ++k) own.all[k].detach().lerp_(means[k] / static_cast<double>(bank_.size() - 1), bank_spec_->merge);
  }
}

namespace {

// Bytes of what is saved, by the part of the recipe that it belongs to.
class Bytes final : public State {
 public:
  void tensor(const std::string& name, Tensor& tensor, bool) override {
    const std::string kind = name.substr(0, name.find('.'));
    const auto at = std::ranges::find(figure.labels, kind);
    if (at == figure.labels.end()) figure.labels.push_back(kind);
    figure.values.resize(figure.labels.size());
    figure.values[static_cast<std::size_t>(std::ranges::find(figure.labels, kind) - figure.labels.begin())] += static_cast<double>(tensor.numel() * tensor.element_size());
  }
  Figure figure{"stored-bytes", "bytes", {}, {}};
};

}  // namespace

std::vector<Figure> Model::figures() {
  std::vector<Figure> all;
  const auto add = [&](const Part* part) {
    if (!part) return;
    for (Figure& figure : part->figures()) all.push_back(std::move(figure));
  };
  add(head_.get());
  add(memory_.get());
  for (const auto& penalty : penalties_) add(penalty.get());
  const vit::Shape& shape = setting_.shape;
  const double pass = forwardMacs(vitSize(shape.image, shape.patch, shape.width, shape.depth, shape.mlp, shape.prefix(), shape.channels));
  const int passes = std::max(1, members()) + (queried_ || (feature_->wantsFrozen() && !featuresAreFrozen()) ? 1 : 0);
  all.push_back({"compute", "GMAC", {"one pass", "a test image"}, {pass / 1e9, passes * pass / 1e9}});
  Bytes bytes;
  visit(bytes);
  all.push_back(std::move(bytes.figure));
  return all;
}

Tensor Model::penalty(const StepView& step) const {
  Tensor sum;
  for (const auto& penalty : penalties_)
    if (const Tensor cost = penalty->cost(step); cost.defined()) sum = sum.defined() ? sum + cost : cost;
  return sum;
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
  return !queried_ && members() == 0 && std::ranges::all_of(prompts_, [](const Prompt& prompt) { return prompt.pool->perTask() == 0; });
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
  return vit::passInParts(plain(), {images, -1}, {}, nullptr, vit::Read::Front).cls().to(torch::kFloat);
}

Tensor Model::memberFeatures(const Tensor& images, int member) {
  const torch::NoGradGuard no_graph;
  return passed({images, -1}, {}, member, {}).cls().to(torch::kFloat);
}

std::vector<Choice> Model::choose(const Inputs& inputs, const Tensor& query, bool train) const {
  std::vector<Choice> choices;
  for (std::size_t i = 0; i < prompts_.size(); ++i)
    choices.push_back(prompts_[i].select->choose({query, inputs, train, scope_.task, i < adjusted.size() ? &adjusted[i] : nullptr}, *prompts_[i].pool));
  return choices;
}

int Model::plainBelow() const {
  if (trains_backbone_) return -1;
  int below = setting_.shape.depth;
  for (const Prompt& prompt : prompts_) below = std::min(below, prompt.inject->plainBelow());
  for (const Member& member : bank_)
    for (const auto& adaptation : member) below = std::min(below, adaptation->plainBelow());
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

std::unique_ptr<vit::Hooks> Model::bound(const std::vector<Tensor>& rows, int member, const Tensor& keys) const {
  std::vector<std::unique_ptr<vit::Hooks>> all;
  std::size_t first = 0;
  for (const Prompt& prompt : prompts_) {
    const auto places = static_cast<std::size_t>(prompt.inject->places());
    all.push_back(prompt.inject->bind({rows.begin() + static_cast<std::ptrdiff_t>(first), rows.begin() + static_cast<std::ptrdiff_t>(first + places)}));
    first += places;
  }
  if (member >= 0)
    for (const auto& adaptation : bank_[static_cast<std::size_t>(member)]) all.push_back(adaptation->bind(keys));
  std::unique_ptr<vit::Hooks> one = all.size() == 1 ? std::move(all.front()) : std::make_unique<Entries>(std::move(all));
  if (attention) return std::make_unique<MassHooks>(std::move(one), *attention, setting_.shape);
  return one;
}

std::vector<Tensor> Model::shared(int member) {
  Leaves leaves;
  for (const Prompt& prompt : prompts_) prompt.inject->visit(leaves);
  if (member >= 0)
    for (const auto& adaptation : bank_[static_cast<std::size_t>(member)]) adaptation->visit(leaves);
  if (trains_backbone_)
    for (auto& item : backbone_.vit->named_parameters()) leaves.tensor(item.key(), item.value(), true);
  return leaves.all;
}

// A pure function of the seed, the moment and the image, so that a run that was stopped goes on as it would have.
Tensor Model::keysOf(const Inputs& inputs) const {
  if (!adapted() || !inputs.drops) return {};
  std::vector<std::int64_t> keys;
  for (const auto image : inputs.indices)
    keys.push_back(static_cast<std::int64_t>(seedOf(setting_.seed, Purpose::Dropout, scope_.task, image, static_cast<std::int64_t>(inputs.epochs * 1e6))));
  return torch::tensor(keys, torch::kLong);
}

vit::Features Model::passed(const vit::Start& start, const std::vector<Tensor>& rows, int member, const Tensor& keys) {
  const compat::Autocast cast(setting_.device, half);
  const vit::Given given{rows, torch::GradMode::is_enabled() ? shared(member) : std::vector<Tensor>{}, keys};
  const bool plain = rows.empty() && member < 0;
  const vit::Bind bind = [this, member](const std::vector<Tensor>& some, const Tensor& of_keys) { return bound(some, member, of_keys); };
  return vit::passInParts(backbone_.vit, start, given, plain ? vit::Bind() : bind, vit::Read::Front);
}

std::vector<Tensor> Model::rowsOf(const Inputs& inputs, Forward& pass, bool train) const {
  std::vector<Tensor> rows;
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    const Choice& choice = pass.choices[i];
    if (choice.penalty.defined()) pass.addPenalty(choice.penalty);
    if (const Tensor more = train ? prompts_[i].pool->penalty() : Tensor(); more.defined()) pass.addPenalty(more);
    for (int place = 0; place < prompts_[i].inject->places(); ++place) {
      const Tensor own = prompts_[i].inject->arranged(prompts_[i].pool->rows(choice, place));
      rows.push_back(train ? prompts_[i].inject->thinned(own, inputs, place) : own);
    }
  }
  return rows;
}

// Members of the bank but the present one say the same whenever they are asked: they carry no graph.
void Model::readOwn(const vit::Start& start, const Tensor& frozen, const Inputs& inputs, Forward& pass, bool train) {
  const int all = members(), last = static_cast<int>(bank_.size()) - 1;
  std::vector<Tensor> others;
  const bool every = all > 0 && (!train || feature_->trainsOnMembers());
  const std::int64_t known = inputs.members.defined() ? inputs.members.size(1) : 0;
  for (int member = 0; every && member < all - (train ? 1 : 0); ++member)
    others.push_back(member < known ? inputs.members.select(1, member) : memberFeatures(inputs.images, member));
  if (every && !train) {
    pass.own = others.back();
    pass.feature = feature_->join(others, frozen);
    return;
  }
  const vit::Features out = passed(start, rowsOf(inputs, pass, train), last, train ? keysOf(inputs) : Tensor());
  pass.own = feature_->read(out, {}).to(torch::kFloat);
  if (every) {
    others.push_back(pass.own);
    pass.own = feature_->join(others, frozen);
  }
  pass.feature = frozen.defined() && !train ? feature_->read(out, frozen).to(torch::kFloat) : pass.own;
}

// -1e11 on the classes of every task but the one that each image is confined to.
Tensor Model::confined(const Tensor& logits, const Tensor& tasks) const {
  Tensor out = logits.clone();
  for (int task = 0; task < setting_.tasks; ++task) {  // classes that come again confine nothing: there is no such rule then
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
    // What the plain and the other pass have in common is computed once.
    const torch::NoGradGuard no_graph;
    const compat::Autocast cast(setting_.device, half);
    if (const int below = prompted() || adapted() ? plainBelow() : -1; below >= 0) start = vit::lowerBlocks(plain(), inputs.images, below);
    frozen = vit::passInParts(plain(), start, {}, nullptr, vit::Read::Front).cls().to(torch::kFloat);
  }
  if (queried_) pass.query = frozen;
  if (prompted()) pass.choices = choose(inputs, pass.query, train);
  if (feature.defined()) pass.feature = pass.own = feature;
  else if (featuresAreFrozen()) pass.feature = pass.own = frozen;
  else readOwn(start, frozen, inputs, pass, train);
  // Before the head has seen any class, a look in the first task asks the proxy.
  if (train) pass.logits = learner().trainingLogits(pass.own);
  else if (proxy_ && !solved_ && scope_.task == 0) pass.logits = proxy_->trainingLogits(pass.own);
  else pass.logits = head_->logits(pass.feature);
  for (const Choice& choice : pass.choices)
    if (choice.confined.defined()) pass.logits = confined(pass.logits, choice.confined);
  return pass;
}

}  // namespace palimpsest
