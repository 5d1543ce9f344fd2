// Text form of Value and Event. Torch-free and Qt-free.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/protocol/event.h"
#include "engine/protocol/value.h"

namespace palimpsest::record {

// `indent` < 0: one line; else spread out, with short objects and lists of numbers on one line. NaN and infinities are
// written as null. Doubles round-trip exactly.
std::string toJson(const Value& value, int indent = -1);
// Throws BadInput with line and column; comments and trailing garbage are refused.
Value parseJson(std::string_view text, const std::string& where);
// Reads a whole file; throws BadInput when it cannot be read.
Value readJsonFile(const std::filesystem::path& file);
// Writes to a temporary name in the same folder, flushes it to the disk and renames. Throws Error{"disk-full"} or
// Error{"write-failed"}.
void writeFileAtomically(const std::filesystem::path& file, std::string_view content);

// {"seq":0,"at_us":...,"type":"evaluated",...}: one line without the newline.
std::string eventLine(const Event& event);
// nullopt when the line is no event of this version (torn, unknown type): the reader decides what that means.
std::optional<Event> parseEvent(std::string_view line);

}  // namespace palimpsest::record
