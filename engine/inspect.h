// Looking into a run that has ended or waits: how its prompts were chosen, what would change if they were chosen
// otherwise, whether an image's prediction depends on its batch, and what its features were worth. Free of torch headers; nothing of the run is
// changed. Results are objects as described in ARCHITECTURE.md ("Instruments"); percentages are 0 to 100, what is not
// defined is null.
#pragma once

#include <filesystem>

#include "engine/protocol/inspect.h"
#include "engine/protocol/value.h"

namespace palimpsest {

// All of these block, read the run's data and weights, and throw BadInput with every problem: no run, no prompts, no
// checkpoint yet (a run that waits inside a task has one: it is asked as it is now), data or weights that are not those of the run, a prompt that does not exist.
Value diagnose(const std::filesystem::path& run_folder, const InspectOptions& options);
Value whatIf(const std::filesystem::path& run_folder, const WhatIf& change, const InspectOptions& options);
Value invariance(const std::filesystem::path& run_folder, const InspectOptions& options);
// For any recipe, prompts or none.
Value transfer(const std::filesystem::path& run_folder, const InspectOptions& options);

}  // namespace palimpsest
