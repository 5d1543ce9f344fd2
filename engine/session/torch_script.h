// A classifier written down as TorchScript: what a pass computes is recorded, for batches of any size.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/weights/tensors.h"

namespace palimpsest {

// images [B, 3, S, S] -> logits [B, K], without a gradient.
using Classify = std::function<at::Tensor(const at::Tensor& images)>;

struct ScriptFacts {
  std::vector<std::string> classes;  // by column of the logits; the module's attribute `classes`
  int image_size = 0;                // S; the module's attribute `image_size`
  std::string json;                  // the extra file "palimpsest.json"
};

// Records `classify` with two batches of different size: numbers that follow the batch become its size in the file,
// whatever else differs is refused. `state`: tensors that keep their names in the file where the pass uses them; the
// others it meets become constants. Throws Error{"export-batch"} where what is computed depends on the batch as a
// whole, Error{"write-failed"}.
void writeTorchScript(const std::filesystem::path& out, const Classify& classify, const NamedTensors& state, const ScriptFacts& facts);

// The file, read again.
Classify readTorchScript(const std::filesystem::path& file);

}  // namespace palimpsest
