// What a run costs, beside what it reaches: for comparing methods. Read off its events; what only results.json knows comes
// in from outside. NaN where it was not measured.
#pragma once

#include <QString>
#include <cmath>
#include <cstdint>
#include <vector>

#include "widgets/models/run_data.h"

namespace palimpsest {

enum class Cost { StoredBytes, TrainableParameters, SecondsPerTask, ImagesKept, TestMacs };
constexpr Cost kCosts[] = {Cost::StoredBytes, Cost::TrainableParameters, Cost::SecondsPerTask, Cost::ImagesKept, Cost::TestMacs};

QString costName(Cost cost);        // "stored after the last task, bytes": with the unit
QString costDefinition(Cost cost);
QString costText(Cost cost, double value);  // with its unit, for people

struct RunResults {  // of results.json
  double trainable_parameters = std::nan(""), stored_bytes = std::nan("");
};

// After the last task that has ended. Images kept: exemplars held for replay; 0 where the run tells its stored bytes but
// of no memory.
double costOf(const RunData& run, Cost cost, const RunResults& results);

struct CostPoint {
  double cost = 0, accuracy = 0;
};
// Indices of the points that no other beats or equals in both (less cost, more accuracy), by ascending cost. Points that
// are not finite are left out.
std::vector<std::size_t> paretoFront(const std::vector<CostPoint>& points);

}  // namespace palimpsest
