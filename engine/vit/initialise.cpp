// Initialisation for training from scratch, from the counter-based streams of the project so that it does not depend
// on LibTorch's version or number of threads.
#include <cmath>

#include "engine/protocol/random.h"
#include "engine/vit/vit.h"

namespace palimpsest::vit {
namespace {

// Normal of deviation `sigma`, drawn again beyond two units as timm's trunc_normal_ bounds it (which never binds here).
void fillNormal(Tensor& parameter, double sigma, Rng& rng) {
  const Tensor values = torch::empty(parameter.sizes(), torch::kFloat32);
  float* out = values.data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    double draw = sigma * rng.normal();
    while (std::abs(draw) > 2.0) draw = sigma * rng.normal();
    out[i] = static_cast<float>(draw);
  }
  parameter.copy_(values);
}

}  // namespace

void initialise(Vit& vit, std::uint64_t seed) {
  const torch::NoGradGuard plain;
  std::uint64_t index = 0;  // one stream a parameter: a deeper network begins with the weights of a shallower one
  for (auto& item : vit->named_parameters()) {
    Tensor& parameter = item.value();
    const std::string& name = item.key();
    Rng rng = rngOf(seed, Purpose::Initialisation, index++);
    if (name == "cls_token" || name == "reg_token") fillNormal(parameter, 1e-6, rng);
    else if (parameter.dim() > 1) fillNormal(parameter, 0.02, rng);
    else parameter.fill_(name.find("norm") != std::string::npos && name.ends_with("weight") ? 1.0 : 0.0);
  }
}

}  // namespace palimpsest::vit
