// A block whose weights are frozen, whole or by halves, as one operation: an image at a time, so that all of it stays in
// a core's cache, with weights rearranged once. What prompts and adapters on a frozen network spend their time on.
#pragma once

#include <ATen/ATen.h>
#include <c10/util/intrusive_ptr.h>

#include <mutex>
#include <optional>

#include "engine/vit/hooks.h"

namespace palimpsest::vit {

class BlockImpl;
class PackedBlock;

// What of a block is asked for. Attention and Joined are its halves, each with the stream added to what it found;
// Branch is the second one without it, for whoever adds to the branch.
enum class Half { Whole, Attention, Joined, Branch };

// The rearranged weights of one block, made when they are first needed and again when the weights have changed.
// Any thread.
class FrozenBlock {
 public:
  FrozenBlock();
  ~FrozenBlock();
  // x [B, T, W] -> [B, front or T, W]: the block's output, as the plain operations compute it up to rounding, with
  // gradients for x and prefix. Each image's result is the same bit for bit whatever stands beside it in the batch.
  // Undefined where it does not apply: weights that train, devices and widths other than it is made for, more than a
  // thousand tokens. Of a second half x is what the first one hands on, and `prefix` and `front` are not asked.
  Tensor forward(BlockImpl& block, Half half, int heads, const Tensor& x, const std::optional<KeyValue>& prefix = {}, std::int64_t front = 0);

 private:
  c10::intrusive_ptr<PackedBlock> packed(BlockImpl& block, bool backward);
  std::mutex mutex_;
  c10::intrusive_ptr<PackedBlock> packed_;
};

}  // namespace palimpsest::vit
