// A comparison's numbers as text and its curves as charts: what tables, pages and files share.
#pragma once

#include <string>
#include <vector>

#include "engine/export/charts.h"
#include "engine/export/compare.h"

namespace palimpsest::report {

std::string fixed(double value, int decimals);               // "85.30", whatever the locale
std::string meanText(const Spread& spread, int decimals);    // "85.30", or "-"
std::string spreadText(const Spread& spread, int decimals);  // "85.30 ± 0.41"

LineChart accuracyChart(const Comparison& comparison);  // all classes seen, after each task
LineChart forgettingChart(const Comparison& comparison);
// Thinned to what a screen shows: means over short stretches of the stream.
LineChart lossChart(const Comparison& comparison);
LineChart probeChart(const RunSummary& run);  // each task's probe images inside the tasks
HeatMap matrixMap(const RunSummary& run);

}  // namespace palimpsest::report
