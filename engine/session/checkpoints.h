// The checkpoint files of a run.
#pragma once

#include <filesystem>
#include <vector>

namespace palimpsest {

// The newest first, by the event that each was taken at. Files that cannot be read are left out.
std::vector<std::filesystem::path> checkpointsOf(const std::filesystem::path& run_folder);

}  // namespace palimpsest
