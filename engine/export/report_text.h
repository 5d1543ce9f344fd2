// Numbers as a page shows them.
#pragma once

#include <cstdint>
#include <string>

#include "engine/export/compare.h"

namespace palimpsest::report {

std::string plural(std::size_t n, const std::string& word);  // "3 runs"
std::string dateText(std::int64_t us);                       // since 1970: "2025-11-21 23:30 UTC"
std::string groupedText(std::int64_t n);                     // 12 345
std::string bytesText(std::int64_t bytes);                   // "15.4 kB"
std::string swatch(std::size_t method);                      // a dash in the method's colour
// `wide`: other cells of the column have a deviation; an invisible one keeps the means below one another.
std::string spreadHtml(const Spread& spread, int decimals, bool wide);

}  // namespace palimpsest::report
