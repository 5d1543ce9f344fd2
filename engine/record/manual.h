// The tables of FORMAT.md, generated from the declarations so that they cannot drift.
#pragma once

#include <string>

namespace palimpsest::record {

std::string eventManual();   // every event with every field, type and unit, in Markdown
std::string headerManual();  // the keys of run.json

}  // namespace palimpsest::record
