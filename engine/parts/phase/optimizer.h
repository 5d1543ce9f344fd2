// torch's optimisers behind one face: made by name, steered by a learning rate, and saved by parameter name.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/parts/part.h"

namespace palimpsest {

class Optimizer {
 public:
  using Parameters = NamedParameters;
  struct Choice {
    std::string kind;  // sgd | adam | adamw
    double lr = 0, momentum = 0, weight_decay = 0, beta2 = 0.999;
    bool amsgrad = false;
    double network_rate = 1, head_rate = 1;  // what lr is multiplied by: tensors named "head." or "proxy.", and the others
  };
  Optimizer(const Choice& choice, Parameters parameters);

  void setRate(double lr);
  void zeroGradients();  // to undefined: a parameter that got no gradient is skipped, as in PyTorch
  // Global L2 norm over all gradients, before clipping to `clip` (0: no clipping).
  double clipped(double clip);
  void step();
  // Momenta and step counts, by parameter name; values are made when loading.
  void visit(State& state);
  const Parameters& parameters() const { return parameters_; }

 private:
  const std::string kind_;
  const bool amsgrad_;
  Parameters parameters_;
  std::vector<double> rates_;  // of the groups
  std::unique_ptr<torch::optim::Optimizer> impl_;
};

}  // namespace palimpsest
