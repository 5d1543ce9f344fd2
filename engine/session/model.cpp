// Passes through the network of a run: what it chooses, what hooks it is given, what is read.
#include "engine/session/model.h"

#include <algorithm>
#include <mutex>

#include "engine/device/torch_compat.h"
#include "engine/parts/trained.h"

namespace palimpsest {

Tensor Model::frozenFeatures(const Tensor& images) {
  const torch::NoGradGuard no_graph;
  const compat::Autocast cast(setting_.device, half);
  return vit::passInParts(plain(), {images, -1}, {}, nullptr, vit::Read::Front).cls().to(torch::kFloat);
}

Tensor Model::memberFeatures(const Tensor& images, int member) {
  const torch::NoGradGuard no_graph;
  return passed({images, -1}, {}, member, {}).cls().to(torch::kFloat);
}

namespace {

// What the recipe changes about every choice, and what an inspection changes besides.
std::optional<Adjustments> together(const Adjustments* standing, const Adjustments* asked) {
  if (!standing && !asked) return std::nullopt;
  Adjustments all = asked ? *asked : Adjustments{};
  const auto join = [](std::vector<int>& to, const std::vector<int>& from) {
    to.insert(to.end(), from.begin(), from.end());
    std::ranges::sort(to);
    to.erase(std::unique(to.begin(), to.end()), to.end());
  };
  join(all.mask, standing ? standing->mask : std::vector<int>{});
  join(all.force, standing ? standing->force : std::vector<int>{});
  return all;
}

}  // namespace

std::vector<Choice> Model::choose(const Inputs& inputs, const Tensor& query, bool train) const {
  std::vector<Choice> choices;
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    const auto changed = together(prompts_[i].select->standing(), i < adjusted.size() ? &adjusted[i] : nullptr);
    choices.push_back(prompts_[i].select->choose({query, inputs, train, scope_.task, changed ? &*changed : nullptr}, *prompts_[i].pool));
  }
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
  std::int64_t passing(int block) const override { return chain_.passing(block); }
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
  std::int64_t passing(int block) const override { return inner_->passing(block); }
  std::optional<vit::KeyValue> prefix(int block) override { return inner_->prefix(block); }
  bool touches(vit::Stage stage, int block) const override { return inner_->touches(stage, block); }
  bool touches(vit::Site site, int block) const override { return inner_->touches(site, block); }
  bool touchesMap(int) const override { return true; }
  // Columns: the prefix, the network's own tokens in front, prompts among the tokens, patches, prompts that pass.
  Tensor attention(int block, Tensor map) override {
    const auto given = inner_->prefix(block);
    const std::int64_t before = given ? given->key.size(2) : 0, columns = map.size(3), behind = inner_->passing(block);
    const std::int64_t among = columns - before - shape_.tokens() - behind;
    const auto share = [&](std::int64_t from, std::int64_t count) { return map.detach().narrow(3, from, count).sum(-1); };
    const Tensor own = share(0, before) + share(before + shape_.prefix(), among) + share(columns - behind, behind);
    const double mass = own.to(torch::kDouble).mean().item<double>() * static_cast<double>(map.size(0));
    {
      const std::lock_guard lock(mutex());
      Model::Attention& at = found_[static_cast<std::size_t>(block)];
      at.mass += mass;
      at.even += static_cast<double>(map.size(0) * (before + among + behind)) / static_cast<double>(columns);
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
