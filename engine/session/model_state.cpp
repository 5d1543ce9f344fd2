// The network of a run as a whole of parts: how it is put together, grows, is saved, and remembers what it was.
#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/metrics/resources.h"
#include "engine/parts/catalogue.h"
#include "engine/parts/trained.h"
#include "engine/session/model.h"

namespace palimpsest {
namespace {

class All final : public State {
 public:
  void tensor(const std::string&, Tensor& tensor, bool) override { all.push_back(tensor); }
  std::vector<Tensor> all;
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

}  // namespace palimpsest
