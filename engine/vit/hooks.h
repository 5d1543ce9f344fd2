// The seams of the one ViT. A method never edits the network; it hands one forward pass a Hooks object, and the pass
// asks it at named places. Sequence: the prefix ([CLS]; [DIST] or registers in networks that have them), then what
// hooks injected, then the patches, then what only passes through a block.
#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <vector>

namespace palimpsest::vit {

using Tensor = at::Tensor;

// Where tokens() is asked. Patches: before the positional table (tokens added here are injected slots and get a copy
// of the [CLS] position each); Embedded: after it, before CLIP's norm; BlockIn and BlockOut: around each block.
enum class Stage { Patches, Embedded, BlockIn, BlockOut };

// Where output() is asked, in the order of a pass; in -> out.
//   Patch     pixels of a patch [B, N, C*P*P] -> patch embedding [B, N, W]
//   Norm1     residual stream -> its normalisation          Norm2  the same before the MLP
//   Qkv       norm1's output -> [B, T, 3*W]                 Proj   joined heads -> [B, T, W]
//   Attention norm1's output -> output of the whole branch, before it joins the stream
//   Fc1       norm2's output -> [B, T, mlp], before GELU    Fc2    GELU's output -> [B, T, W]
//   Mlp       norm2's output -> fc2's output
//   MlpBranch residual stream before norm2 -> output of the MLP, before it joins the stream
//   Norm      residual stream after the last block -> the final normalisation (block is -1)
// Where a network normalises queries and keys, that comes behind Qkv. LayerScale is folded into Proj and Fc2.
enum class Site { Patch, Norm1, Qkv, Proj, Attention, Norm2, Fc1, Fc2, Mlp, MlpBranch, Norm };

struct KeyValue {
  Tensor key, value;  // [batch or 1, heads, length, head_width]
};

// Five verbs, each a no-op by default. Engine thread, block order; `block` is -1 outside the blocks.
// touches...() let a pass take its fast path: overriding them is never needed for a right result, but a pass that may
// be touched everywhere is slower. They must not change while a pass runs.
struct Hooks {
  virtual ~Hooks() = default;

  // Edits the token sequence: L2P and VPT add tokens behind the prefix.
  virtual Tensor tokens(Stage, int /*block*/, Tensor x) { return x; }
  // How many tokens at the sequence's end the block's others attend to, and no more: it computes nothing for them and
  // hands none on. Asked behind tokens(BlockIn), which put them there: VPT-deep, DAP.
  virtual std::int64_t passing(int /*block*/) const { return 0; }
  // Edits what a layer returned, given what it was fed: LoRA, SSF, adapters. May edit in place only what it returns.
  virtual Tensor output(Site, int /*block*/, const Tensor& /*in*/, Tensor out) { return out; }
  // Keys and values put before the block's own: DualPrompt, CODA-Prompt, LAE. Taken as they are, never normalised.
  virtual std::optional<KeyValue> prefix(int /*block*/) { return std::nullopt; }
  // Edits or records the attention map after softmax [B, heads, T - passing, prefix + T]: LAE's compensation, the
  // attention view.
  virtual Tensor attention(int /*block*/, Tensor map) { return map; }

  virtual bool touches(Stage, int /*block*/) const { return true; }
  virtual bool touches(Site, int /*block*/) const { return true; }
  virtual bool touchesMap(int /*block*/) const { return true; }
};

// Touches nothing: the plain network.
Hooks& noHooks();

// Several hooks as one, asked in order; prefixes of the same block are joined, the first one's in front. Borrows.
class HookChain final : public Hooks {
 public:
  explicit HookChain(std::vector<Hooks*> links) : links_(std::move(links)) {}
  Tensor tokens(Stage stage, int block, Tensor x) override;
  std::int64_t passing(int block) const override;
  Tensor output(Site site, int block, const Tensor& in, Tensor out) override;
  std::optional<KeyValue> prefix(int block) override;
  Tensor attention(int block, Tensor map) override;
  bool touches(Stage stage, int block) const override;
  bool touches(Site site, int block) const override;
  bool touchesMap(int block) const override;

 private:
  const std::vector<Hooks*> links_;
};

}  // namespace palimpsest::vit
