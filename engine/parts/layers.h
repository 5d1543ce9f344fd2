// Which layer of the network a trained tensor belongs to, by its name.
#pragma once

#include <string>

namespace palimpsest {

// "backbone.blocks.3.mlp.fc1.weight" and "adapt.0.blocks.3.up.bias" belong to "block 3", "head.weight" to "head".
inline std::string layerOf(const std::string& name) {
  const auto at = name.find("blocks.");
  if (at == std::string::npos) return name.substr(0, name.rfind('.'));
  return "block " + name.substr(at + 7, name.find('.', at + 7) - at - 7);
}

}  // namespace palimpsest
