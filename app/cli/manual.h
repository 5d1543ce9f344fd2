// The manual, generated from declarations: Markdown for people, JSON for programs. Nothing in it is written twice.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace palimpsest::cli {

std::string optionsPage();  // options of a run
std::string partPage(const PartInfo& part);
std::string recipePage(const NamedRecipe& recipe);
std::string eventsPage();  // the event stream
std::string wholeManual();

// {"options": [...], "parts": [...], "recipes": [...]} with every parameter's type, range, unit, default and text.
Value manualAsValue();

}  // namespace palimpsest::cli
