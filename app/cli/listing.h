// A table of named columns: aligned text for people, an array of objects for programs, from the same rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/protocol/value.h"

namespace palimpsest::cli {

struct Listing {
  std::vector<std::string> columns;
  std::vector<Value::Array> rows;  // each as long as columns
};

std::string textOf(const Listing& listing);
Value jsonOf(const Listing& listing);

}  // namespace palimpsest::cli
