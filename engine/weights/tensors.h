// Tensors in safetensors files: checkpoints, blobs, feature files, weights.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/weights/safetensors.h"

namespace palimpsest {

using TensorMap = std::map<std::string, at::Tensor>;
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

struct TensorFile {
  TensorMap tensors;  // on the CPU, contiguous, each with storage of its own
  Metadata metadata;
};

// Both throw BadInput that lists everything wrong with the file.
TensorFile readTensorFile(const std::filesystem::path& file);
TensorMap readTensors(const std::filesystem::path& file);

// Any device and layout; names must differ. Atomic. Throws Error{"disk-full"} or Error{"write-failed"}.
void writeTensors(const std::filesystem::path& file, const NamedTensors& tensors, const Metadata& metadata = {});

at::Tensor tensorOf(const TensorView& view);  // a copy

}  // namespace palimpsest
