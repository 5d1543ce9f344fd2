// What earlier runs took, off the disk: the ground of predictions.
#pragma once

#include <filesystem>
#include <vector>

#include "engine/protocol/recipe.h"
#include "widgets/models/queue_forecast.h"

namespace palimpsest {

// Of every run under `runs` that came to its end. Two small files a run; blocking, for a thread of its own. What cannot
// be read is left out. `catalogue` is the program's, which lives as long as it does.
std::vector<QueueForecast::Finished> finishedRuns(const std::filesystem::path& runs, const std::vector<PartInfo>& catalogue);

// A recipe and options as they are compared: every default written out.
QueueForecast::Wanted wantedRun(const Value& recipe, const Value& options, const std::vector<PartInfo>& catalogue);

}  // namespace palimpsest
