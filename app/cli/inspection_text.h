// What the instruments found (engine/inspect.h), for people: tables with a line each that says how to read them. What
// is null or missing is a dash. Tasks count from 1; prompts, blocks and layers from 0, as in recipes and options.
#pragma once

#include <string>

#include "engine/protocol/value.h"

namespace palimpsest::cli {

std::string diagnosisText(const Value& diagnosis);
std::string whatIfText(const Value& answer);
std::string invarianceText(const Value& answer);
std::string transferText(const Value& answer);

}  // namespace palimpsest::cli
