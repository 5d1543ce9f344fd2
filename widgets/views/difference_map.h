// The accuracy matrices of two runs, A minus B, as coloured cells.
#pragma once

#include "widgets/models/run_data.h"
#include "widgets/views/heat_map.h"

namespace palimpsest {

// Percentage points; a cell that one of them has not measured is empty. Either may be nullptr: then it says what to do.
HeatMapData differenceOf(const RunData* a, const RunData* b);

}  // namespace palimpsest
