#include "engine/vit/warm_start.h"

#include <cmath>

#include "engine/protocol/error.h"
#include "engine/protocol/random.h"

namespace palimpsest::vit {
namespace {

constexpr double kTokenScale = 0.5, kPositionScale = 0.3;  // deviations of a whitened component and of a position
constexpr double kShrinkage = 0.01;                        // of the mean variance, so that noise is not blown up

Tensor& parameterOf(Vit& vit, const std::string& name) {
  Tensor* found = vit->named_parameters().find(name);
  PALIMPSEST_EXPECT(found != nullptr, "the network lacks a parameter that is to be set");
  return *found;
}

void fillNormal(Tensor parameter, double sigma, Rng rng) {
  const Tensor values = torch::empty(parameter.sizes(), torch::kFloat);
  float* out = values.data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i) out[i] = static_cast<float>(sigma * rng.normal());
  parameter.copy_(values);
}

}  // namespace

void rescaleToFanIn(Vit& vit) {
  const torch::NoGradGuard plain;
  const int depth = vit->shape().depth;
  for (int block = 0; block < depth; ++block)
    for (const Site site : {Site::Qkv, Site::Proj, Site::Fc1, Site::Fc2}) {
      Tensor weight = vit->linear(site, block)->weight;
      const bool writes = site == Site::Proj || site == Site::Fc2;
      const double wanted = 1 / std::sqrt(static_cast<double>(weight.size(1)) * (writes ? 2 * depth : 1));
      weight.mul_(wanted / weight.std().item<double>());
    }
}

PatchWhitening::PatchWhitening(const Shape& shape) : shape_(shape) {
  const std::int64_t values = std::int64_t{shape.channels} * shape.patch * shape.patch;
  sum_ = torch::zeros({values}, torch::kDouble);
  scatter_ = torch::zeros({values, values}, torch::kDouble);
}

void PatchWhitening::add(const Tensor& images) {
  const std::int64_t grid = shape_.grid(), patch = shape_.patch;
  const Tensor patches = images.detach().to(torch::kCPU, torch::kDouble)
                             .view({images.size(0), shape_.channels, grid, patch, grid, patch})
                             .permute({0, 2, 4, 1, 3, 5}).reshape({-1, sum_.size(0)});
  sum_.add_(patches.sum(0));
  scatter_.addmm_(patches.t(), patches);
  count_ += patches.size(0);
}

void PatchWhitening::apply(Vit& vit, std::uint64_t seed) const {
  PALIMPSEST_EXPECT(count_ > 0, "no images were looked at");
  const torch::NoGradGuard plain;
  const Tensor mean = sum_ / static_cast<double>(count_);
  const auto [ascending, axes] = torch::linalg_eigh(scatter_ / static_cast<double>(count_) - torch::outer(mean, mean), "L");
  const std::int64_t rows = std::min<std::int64_t>(shape_.width, mean.size(0));
  const Tensor variance = ascending.clamp_min(0).flip(0).slice(0, 0, rows) + kShrinkage * ascending.clamp_min(0).mean();
  const Tensor components = axes.flip(1).slice(1, 0, rows).t() / variance.sqrt().unsqueeze(1) * kTokenScale;
  Tensor weight = parameterOf(vit, "patch_embed.proj.weight");
  weight.zero_();
  weight.slice(0, 0, rows).copy_(components.view({rows, shape_.channels, shape_.patch, shape_.patch}));
  if (shape_.patch_bias) {
    Tensor bias = parameterOf(vit, "patch_embed.proj.bias");
    bias.zero_();
    bias.slice(0, 0, rows).copy_(-components.mv(mean));
  }
  fillNormal(parameterOf(vit, "pos_embed"), kPositionScale, rngOf(seed, Purpose::Initialisation, 1));
  if (shape_.class_token) fillNormal(parameterOf(vit, "cls_token"), kPositionScale, rngOf(seed, Purpose::Initialisation, 2));
}

}  // namespace palimpsest::vit
