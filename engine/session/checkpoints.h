// The checkpoint files of a run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/weights/tensors.h"

namespace palimpsest {

// The newest first, by the event that each was taken at. Files that cannot be read are left out.
std::vector<std::filesystem::path> checkpointsOf(const std::filesystem::path& run_folder);

// Of checkpoints inside tasks the newest two stay. Those of tasks' ends all stay, to look back at, unless they are larger
// than `large` bytes: then the newest two of them, too.
void thinCheckpoints(const std::filesystem::path& folder, std::uintmax_t large = 256u << 20);

class Model;
// The model's tensors from a checkpoint's "model.*"; throws BadInput that names what is lacking.
void restoreModel(Model& model, const TensorMap& tensors);

}  // namespace palimpsest
