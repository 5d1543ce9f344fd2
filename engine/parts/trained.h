// Walks over the tensors that are trained.
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

// Everything that a model or a part trains, by name.
class TrainedTensors final : public State {
 public:
  void tensor(const std::string& name, Tensor& tensor, bool trained) override {
    if (trained) parameters.emplace_back(name, tensor);
  }
  bool trainedOnly() const override { return true; }
  NamedParameters parameters;
};

// Of these, what gradients flow to now: nothing of a network that has settled, nothing of a bank's earlier members.
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

}  // namespace palimpsest
