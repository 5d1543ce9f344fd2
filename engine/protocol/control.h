// The controls that every study of prompts needs, each a change of a recipe: without them nobody can tell what the
// prompts, the pool and the choice from it are worth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/protocol/issue.h"
#include "engine/protocol/value.h"

namespace palimpsest {

// "no-prompt", "shared-prompt", "oracle-task", "random", "whole-pool", "nearest-mean".
std::vector<std::string> controlNames();
// One paragraph: what it changes, and what the comparison with the recipe then tells. Empty when there is none.
std::string controlDoc(std::string_view name);

// The recipe, as written or resolved, with the control applied: "l2p" becomes "l2p+random". Null where it cannot be
// applied; why, and what to do instead, goes to `issues`.
Value controlled(const Value& recipe, const std::string& control, Issues& issues);

}  // namespace palimpsest
