// From a command line to a plan that the engine can check and run.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/run_arguments.h"
#include "engine/engine.h"

namespace palimpsest::cli {

// The recipe with `settings` applied. A setting "l2p:head.bias" concerns the recipe l2p alone. Problems go to `issues`.
Value readRecipe(const std::string& name_or_file, const std::vector<Setting>& settings, Issues& issues);

// What --control says of itself, with all their names; run takes one, compare several.
std::string controlHelp(std::string_view intro);
// The control of a recipe (engine/protocol/control.h), which has been read with the settings that concern it. A setting
// "l2p+random:head.bias" concerns the control alone.
Value readControl(const Value& recipe, const std::string& control, const std::vector<Setting>& settings,
                  Issues& issues);

// A setting "l2q:..." for a recipe that is not among `names` would be lost in silence: it becomes an issue.
void refuseUnknownTargets(const std::vector<Setting>& settings, const std::vector<std::string>& names, Issues& issues);

// The objectives that the program knows by name are recipes of its own.
inline constexpr std::array kObjectives{"distilled", "supervised"};
std::filesystem::path pretrainingRecipe(const std::string& objective);
// What pre-training takes unless told otherwise: its own data, network and scenario in place of a run's defaults.
void usePretrainingDefaults(RunOptions& options);

// The name that a recipe gives itself; "recipe" when it has none.
std::string nameOf(const Value& recipe);

// ./runs/<stem>-<n> with the first free n.
std::filesystem::path freeFolder(const std::string& stem);

// Somebody's file in the way, or no right to write there.
void refuseUnusable(const std::filesystem::path& folder, Issues& issues);

// Adds what is not there yet: the same mistake found twice is one mistake.
void append(Issues& issues, const Issues& more);
// Throws BadInput when there is an error among them.
void refuse(const Issues& issues);

}  // namespace palimpsest::cli
