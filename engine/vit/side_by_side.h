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

// What goes into a pass besides images.
struct Given {
  std::vector<Tensor> rows;    // [B, ...] each: a part of the batch gets the rows of its images
  std::vector<Tensor> shared;  // trained tensors that hooks, or the network itself, use as they are
  Tensor keys;                 // [B] int64, what random draws of an image are keyed by; undefined: nothing is drawn
};

// Hooks for one part, from its images' rows and keys. Called on the thread of the part; what it uses besides must not
// need a gradient, unless it is among the shared tensors.
using Bind = std::function<std::unique_ptr<Hooks>(const std::vector<Tensor>& rows, const Tensor& keys)>;

// Where a pass begins: at images, or at states [B, T, W] in front of block `block`.
struct Start {
  Tensor x;
  int block = -1;  // -1: x are images
};

// Differentiable in given.rows and given.shared; whatever else the network is made of must be frozen. Gradients of the
// shared tensors are summed over the parts in their order. A shared tensor that nothing used gets a gradient of zeros.
Features passInParts(Vit& vit, const Start& start, const Given& given, const Bind& bind, Read read);
// States in front of block `block`; carries no graph.
Start lowerBlocks(Vit& vit, const Tensor& images, int block);

}  // namespace palimpsest::vit
