// Curves over tasks learned, read off the accuracy matrix: exact, and there also when a method takes no steps.
#pragma once

#include <QString>
#include <vector>

#include "widgets/models/run_data.h"

namespace palimpsest {

// False for methods that learn without steps: then only "tasks learned" tells their measurements apart.
bool stepsTellTasksApart(const RunData& run);
Series accuracyByTask(const RunData& run);                 // percent; x = tasks learned
Series accuracyOfTask(const RunData& run, int task);       // percent
Series forgettingOfTask(const RunData& run, int task);     // percentage points; 0 when it was just learned
// Mean over the tasks before the last; x = tasks learned, or the step at which the last of them ended.
Series meanForgetting(const RunData& run, bool over_tasks);
// The run's title, with its id where another of `among` has the same one.
QString nameOf(const RunData& run, const std::vector<RunData*>& among);

}  // namespace palimpsest
