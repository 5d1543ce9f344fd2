#include "engine/parts/phase/optimizer.h"

#include "engine/device/torch_compat.h"

namespace palimpsest {
namespace {

template <typename ParamState, typename Map>
ParamState& stateOf(Map& map, const Tensor& parameter) {
  auto& slot = map[compat::optimizerKey<Map>(parameter)];
  if (!slot) slot = std::make_unique<ParamState>();
  return static_cast<ParamState&>(*slot);
}

template <typename ParamState, typename Map>
void visitAdam(Map& map, const Optimizer::Parameters& parameters, bool amsgrad, State& state) {
  for (const auto& [name, parameter] : parameters) {
    auto& own = stateOf<ParamState>(map, parameter);
    Tensor steps = torch::tensor(own.step(), torch::kLong);
    state.tensor(name + ".step", steps, false);
    own.step(steps.template item<std::int64_t>());
    if (!own.exp_avg().defined()) own.exp_avg(torch::zeros_like(parameter));
    if (!own.exp_avg_sq().defined()) own.exp_avg_sq(torch::zeros_like(parameter));
    state.tensor(name + ".exp_avg", own.exp_avg(), false);
    state.tensor(name + ".exp_avg_sq", own.exp_avg_sq(), false);
    if (!amsgrad) continue;
    if (!own.max_exp_avg_sq().defined()) own.max_exp_avg_sq(torch::zeros_like(parameter));
    state.tensor(name + ".max_exp_avg_sq", own.max_exp_avg_sq(), false);
  }
}

}  // namespace

Optimizer::Optimizer(const Choice& choice, Parameters parameters) : kind_(choice.kind), amsgrad_(choice.amsgrad), parameters_(std::move(parameters)) {
  std::vector<Tensor> network, head;
  for (const auto& [name, tensor] : parameters_) (name.starts_with("head.") || name.starts_with("proxy.") ? head : network).push_back(tensor);
  std::vector<torch::optim::OptimizerParamGroup> groups;
  for (auto [tensors, rate] : {std::pair{&network, choice.network_rate}, std::pair{&head, choice.head_rate}}) {
    if (tensors->empty()) continue;
    groups.emplace_back(*tensors);
    rates_.push_back(rate);
  }
  if (kind_ == "sgd")
    impl_ = std::make_unique<torch::optim::SGD>(groups, torch::optim::SGDOptions(choice.lr).momentum(choice.momentum).weight_decay(choice.weight_decay));
  else if (kind_ == "adamw")
    impl_ = std::make_unique<torch::optim::AdamW>(groups, torch::optim::AdamWOptions(choice.lr).weight_decay(choice.weight_decay).betas({0.9, choice.beta2}).amsgrad(choice.amsgrad));
  else
    impl_ = std::make_unique<torch::optim::Adam>(groups, torch::optim::AdamOptions(choice.lr).weight_decay(choice.weight_decay).betas({0.9, choice.beta2}).amsgrad(choice.amsgrad));
  setRate(choice.lr);
}

void Optimizer::setRate(double lr) {
  for (std::size_t i = 0; i < rates_.size(); ++i) impl_->param_groups()[i].options().set_lr(lr * rates_[i]);
}

void Optimizer::zeroGradients() {
  for (auto& [name, tensor] : parameters_) tensor.mutable_grad() = Tensor();
}

double Optimizer::clipped(double clip) {
  std::vector<Tensor> norms;
  for (auto& [name, tensor] : parameters_)
    if (tensor.grad().defined()) norms.push_back(tensor.grad().detach().norm());
  if (norms.empty()) return 0;
  const double norm = torch::stack(norms).norm().item<double>();
  if (clip > 0 && norm > clip)
    for (auto& [name, tensor] : parameters_)
      if (tensor.grad().defined()) tensor.mutable_grad().mul_(clip / (norm + 1e-6));
  return norm;
}

void Optimizer::step() { impl_->step(); }

// A state that was never stepped reads as zeros and step 0: from there all three go on as from nothing.
void Optimizer::visit(State& state) {
  auto& map = impl_->state();
  if (kind_ == "adam") return visitAdam<torch::optim::AdamParamState>(map, parameters_, amsgrad_, state);
  if (kind_ == "adamw") return visitAdam<torch::optim::AdamWParamState>(map, parameters_, amsgrad_, state);
  for (const auto& [name, parameter] : parameters_) {
    auto& own = stateOf<torch::optim::SGDParamState>(map, parameter);
    if (!own.momentum_buffer().defined()) own.momentum_buffer(torch::zeros_like(parameter));
    state.tensor(name + ".momentum", own.momentum_buffer(), false);
  }
}

}  // namespace palimpsest
