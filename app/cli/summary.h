// What a finished run came to, on standard output.
#pragma once

#include <filesystem>

namespace palimpsest::cli {

// The accuracies after each task and the figures of the last; as JSON: results.json as it is.
void printSummary(const std::filesystem::path& folder, bool json);

}  // namespace palimpsest::cli
