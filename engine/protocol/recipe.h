// A method is a recipe, and a recipe is data: JSON over the parts of the catalogue. This header is torch-free, so
// the window's editor, `check`, `docs` and the engine read recipes by the same code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/protocol/param.h"

namespace palimpsest {

// One row of the catalogue: what a part is, without the part.
struct PartInfo {
  std::string slot;   // "select", "head", "phase", ...: see slots()
  std::string name;   // what a recipe writes after "use"
  std::string title;  // for people
  std::string doc;    // one paragraph: what it does, the paper, what differs from released code
  std::vector<ParamSpec> params;
};

// A recipe file holds one recipe and, under "variants", what differs in others of its family: top-level keys that take
// the place of its own (null takes one away) and, under "set", single values by path. The recipe itself comes first, its
// variants after it, named "recipe.variant" and whole. What leads nowhere stays in, so that resolve() refuses it.
std::vector<Value> recipesIn(const Value& file);

// Every problem of `recipe` against the catalogue, and the same recipe with every default written out.
struct Resolved {
  Value recipe;
  Issues issues;
};
Resolved resolve(const Value& recipe, const std::vector<PartInfo>& catalogue);

// The declared parameters behind each place of a resolved recipe, in reading order: what an inspector shows.
struct RecipePart {
  std::string path;         // "prompts.0.select", "phases.1"
  const PartInfo* info;     // borrowed from the catalogue
};
std::vector<RecipePart> partsOf(const Value& recipe, const std::vector<PartInfo>& catalogue);

// Every place of `recipe` that holds a part or could be given one, in reading order: slots that are empty and the end of
// each list ("phases.2", "prompts.0.pool") included. What an editor offers.
struct RecipePlace {
  std::string path;
  std::string slot;  // parts with this slot fit
};
std::vector<RecipePlace> placesIn(Value recipe);

// Applies "phases.0.epochs" = text, as --set does: the type comes from the declaration. Problems go to `issues`.
void applySetting(Value& recipe, std::string_view path, std::string_view text,
                  const std::vector<PartInfo>& catalogue, Issues& issues);

}  // namespace palimpsest
