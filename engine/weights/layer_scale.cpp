#include "engine/weights/layer_scale.h"

namespace palimpsest {

std::string layerScaleBehind(std::string_view parameter) {
  if (!parameter.starts_with("blocks.")) return {};
  const std::string_view layer = parameter.substr(0, parameter.rfind('.'));
  for (const auto& [end, gamma] : {std::pair{"attn.proj", "ls1.gamma"}, std::pair{"mlp.fc2", "ls2.gamma"}})
    if (layer.ends_with(end)) return std::string(layer.substr(0, layer.size() - std::string_view(end).size())) + gamma;
  return {};
}

at::Tensor foldedLayerScale(const at::Tensor& parameter, const at::Tensor& gamma) {
  return parameter.dim() == 2 ? parameter * gamma.unsqueeze(1) : parameter * gamma;
}

}  // namespace palimpsest
