// Settings of runs side by side: which runs repeat one another, what differs, and what to call those that differ. The
// command line's comparison and the window's ask here. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/record/run_header.h"

namespace palimpsest::record {

using Settings = std::vector<std::pair<std::string, std::string>>;  // path, value as text

// Options as "options.data", then the recipe as "phases.0.epochs" without what it says for people only (title, paper).
// Options that came later are left out at the value that says what runs before them did.
Settings settingsOf(const RunHeader& header);
// "options.seed" and others in which two runs of one method may differ: they do not touch what is measured.
bool isFree(std::string_view path);
// "cil:init=2,increment=2,order=1993" without the order: runs over several class orders are one method.
std::string withoutOrder(const std::string& scenario);
// Equal for runs that are repetitions of one another: they differ in nothing but seed, class order and machine.
std::string identityOf(const RunHeader& header);

struct AlignedSetting {
  std::string path;
  std::vector<std::string> values;  // one for each of those compared; empty where it has no such setting
  bool differs = false;
};
// In the order of the first one; what others have in addition comes behind it.
std::vector<AlignedSetting> alignSettings(const std::vector<Settings>& compared);
// `names` with a mark behind those that occur more than once: "l2p (phases.0.epochs 10)", or a number where the first
// two settings that differ do not tell them apart. `settings`: of the same methods, aligned.
std::vector<std::string> uniqueNames(std::vector<std::string> names, const std::vector<AlignedSetting>& settings);

}  // namespace palimpsest::record
