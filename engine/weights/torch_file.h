// Files of PyTorch: the ZIP archives that torch.save writes since 1.6, its older streams, and TorchScript archives,
// whose parameters are read and whose code is not looked at.
#pragma once

#include <filesystem>

#include "engine/weights/tensor_table.h"

namespace palimpsest {

// The tensors of a state dict, or of the modules of a pickled or scripted model, with dotted names. Keys "state_dict",
// "model" around them and the prefix "module." are taken off; entries that are no tensors are listed as ignored. Several
// tensors may share a storage; strided ones are made contiguous. Throws BadInput that lists what is wrong.
TensorTable readTorchArchive(const std::filesystem::path& file);  // ZIP
TensorTable readTorchStream(const std::filesystem::path& file);   // before PyTorch 1.6

}  // namespace palimpsest
