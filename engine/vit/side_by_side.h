// Passes through a frozen network in parts of the batch, several for each thread: a part stays on its core from the
// first block to the last, and back, and a core that is held up holds up nobody. Faster than sharing out every product,
// and as reproducible: how a batch is cut depends on its size and on the number of threads alone. On other devices there
// is one part.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/vit/vit.h"

namespace palimpsest::vit {

// Hooks for one part, from that part of every tensor of `rows`. Called on the thread of the part; what it uses besides
// must not need a gradient.
using Bind = std::function<std::unique_ptr<Hooks>(const std::vector<Tensor>& rows)>;

// Where a pass begins: at images, or at states [B, T, W] in front of block `block`.
struct Start {
  Tensor x;
  int block = -1;  // -1: x are images
};

// Differentiable in `rows`, each [B, ...]. The network must be frozen.
Features passInParts(Vit& vit, const Start& start, const std::vector<Tensor>& rows, const Bind& bind, Read read);
// States in front of block `block`; carries no graph.
Start lowerBlocks(Vit& vit, const Tensor& images, int block);

}  // namespace palimpsest::vit
