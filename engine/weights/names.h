// Weights of the Vision Transformers that people have, under timm's names: timm and what is laid out like it (DeiT,
// DINO, DINOv2, MAE, MoCo v3), Hugging Face's ViTModel, Dinov2Model and CLIPModel, OpenAI's CLIP and open_clip, JAX.
#pragma once

#include <filesystem>

#include "engine/protocol/issue.h"
#include "engine/weights/name_mapper.h"
#include "engine/weights/tensor_table.h"

namespace palimpsest {

// Any weights file, by its first bytes: safetensors, PyTorch's archives and streams, TorchScript, npz. Names as in the
// file; nothing in the file is run. Throws BadInput.
TensorTable readWeights(const std::filesystem::path& file);

// The table under timm's names. A network that is no pre-norm Vision Transformer is refused, with what it is instead:
// `issues` under `path`, and the table as it came.
TensorTable timmNames(const TensorTable& table, const std::string& path, NameReport& report, Issues& issues);

}  // namespace palimpsest
