// A network of width 32, depth 5 and 17 tokens, models of prompt recipes on it, and steps that train them.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>

#include <ATen/Parallel.h>

#include "engine/engine.h"
#include "engine/parts/catalogue.h"
#include "engine/parts/phase/optimizer.h"
#include "engine/parts/prompts/injectors.h"
#include "engine/parts/prompts/pools.h"
#include "engine/parts/prompts/selectors.h"
#include "engine/session/model.h"

namespace palimpsest {

inline constexpr const char* kTiny = "new:image=16,patch=4,width=32,depth=5,heads=4,seed=1";
inline const TaskScope kFirst{0, 0, 2}, kSecond{1, 2, 4};
inline const char* const kPrompted[] = {"l2p", "l2p.task-mask", "l2p.frequency-penalty", "dualprompt", "coda-prompt", "coda-prompt.orthogonal", "sapc", "sapc.sparsemax", "sapc.signed",
                                 "sapc.softmax", "sapc.top-k", "dap", "vpt-shallow", "vpt-shallow.sequential", "vpt-shallow.per-task", "vpt-deep", "vpt-deep.per-task"};

inline Tensor noise(at::IntArrayRef shape, std::uint64_t seed = 7) { return torch::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed)); }

inline Setting settingFor(const vit::Shape& shape) {
  Setting s;
  s.shape = shape;
  s.classes = 4;
  s.seed = 5;
  s.tasks = 2;
  s.first_labels = {0, 2};
  return s;
}

struct Made {
  std::unique_ptr<Model> model;
  Model* operator->() const { return model.get(); }
};

inline Made modelOf(const Value& recipe) {
  LoadedBackbone backbone = loadBackbone(kTiny, 0, "");
  {
    const torch::NoGradGuard plain;  // larger than at initialisation, so that queries differ
    for (auto& p : backbone.vit->parameters())
      if (p.dim() > 1) p.mul_(6);
  }
  const Setting s = settingFor(backbone.shape);
  return {std::make_unique<Model>(recipe, std::move(backbone), s)};
}

inline Value recipeOf(const std::string& name, const std::vector<std::pair<std::string, Value>>& changes = {}) {
  Value recipe = loadRecipe(name);
  for (const auto& [path, value] : changes) {
    const auto dot = path.rfind('.');
    (*recipe.at(path.substr(0, dot)))[path.substr(dot + 1)] = value;
  }
  const Resolved resolved = resolve(recipe, catalogue());
  for (const Issue& issue : resolved.issues) qWarning("%s: %s", issue.path.c_str(), issue.message.c_str());
  return resolved.recipe;
}

class Collect final : public State {
 public:
  explicit Collect(Model& model) { model.visit(*this); }
  void tensor(const std::string& name, Tensor& tensor, bool trained) override {
    all[name] = tensor;
    if (trained) this->trained[name] = tensor;
  }
  std::map<std::string, Tensor> all, trained;
};

// What a checkpoint does: values into tensors of the same size, new tensors elsewhere.
class Put final : public State {
 public:
  explicit Put(const std::map<std::string, Tensor>& from) : from_(from) {}
  void tensor(const std::string& name, Tensor& tensor, bool trained) override {
    const torch::NoGradGuard no_graph;
    const Tensor& source = from_.at(name);
    if (tensor.sizes() == source.sizes()) tensor.copy_(source);
    else tensor = source.clone().set_requires_grad(trained);
  }

 private:
  const std::map<std::string, Tensor>& from_;
};

inline Inputs inputsOf(const Tensor& images, int task, std::int64_t first = 0) {
  Inputs in;
  in.images = images;
  in.tasks = torch::full({images.size(0)}, task, torch::kLong);
  for (std::int64_t i = 0; i < images.size(0); ++i) in.indices.push_back(first + i);
  in.epochs = 0.5;
  return in;
}

inline Inputs slice(const Inputs& all, std::int64_t first, std::int64_t last) {
  Inputs in = inputsOf(all.images.slice(0, first, last), 0);
  in.tasks = all.tasks.slice(0, first, last);
  in.indices.assign(all.indices.begin() + first, all.indices.begin() + last);
  return in;
}

// Begins a task as the loop does: growth, then a look at its queries.
inline void begin(Model& model, const TaskScope& scope) {
  model.beginTask(scope);
  if (!model.studies()) return;
  const Tensor images = noise({20, 3, 16, 16}, 40 + static_cast<std::uint64_t>(scope.task));
  model.study(model.frozenFeatures(images), torch::arange(20, torch::kLong).remainder(2) + scope.first, scope);
}

// Heads that wait for class means get some.
inline void solveHead(Model& model, const TaskScope& scope) {
  if (!model.head().observes()) return;
  const torch::NoGradGuard no_graph;
  const Forward pass = model.forward(inputsOf(noise({8, 3, 16, 16}, 60), scope.task), false);
  model.head().observe(pass.feature, torch::arange(8, torch::kLong).remainder(2) + scope.first);
  model.solve();
}

inline Tensor lossOf(Model& model, const Inputs& in, const TaskScope& scope, Forward* out = nullptr) {
  const Forward pass = model.forward(in, true);
  const int masked = model.learner().maskedBelow(scope);
  const Tensor labels = torch::arange(in.images.size(0), torch::kLong).remainder(2) + scope.first;
  Tensor loss = torch::cross_entropy_loss(pass.logits.slice(1, masked), labels - masked);
  if (pass.penalty.defined()) loss = loss + pass.penalty;
  if (out) *out = pass;
  return loss;
}

inline void train(Model& model, const TaskScope& scope, int steps, double lr = 0.01) {
  Collect state(model);
  Optimizer::Parameters parameters(state.trained.begin(), state.trained.end());
  Optimizer optimizer({"adam", lr, 0, 0}, parameters);
  for (int i = 0; i < steps; ++i) {
    optimizer.zeroGradients();
    Forward pass;
    lossOf(model, inputsOf(noise({6, 3, 16, 16}, 200 + static_cast<std::uint64_t>(i)), scope.task, 6 * i), scope, &pass).backward();
    optimizer.step();
    model.used(pass);
  }
}

inline double apart(const Tensor& a, const Tensor& b) { return a.numel() == 0 ? 0 : (a - b).abs().max().item<double>(); }

inline std::map<std::string, Tensor> copyOf(const std::map<std::string, Tensor>& from) {
  std::map<std::string, Tensor> copy;
  for (const auto& [name, tensor] : from) copy[name] = tensor.detach().clone();
  return copy;
}

inline std::vector<int> chosenIn(const Tensor& indices, int prompts) {
  std::vector<int> count(static_cast<std::size_t>(prompts), 0);
  const Tensor flat = indices.flatten().contiguous();
  for (std::int64_t i = 0; i < flat.numel(); ++i) ++count[static_cast<std::size_t>(flat.data_ptr<std::int64_t>()[i])];
  return count;
}

}  // namespace palimpsest
