#include "app/cli/manual.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "app/cli/run_arguments.h"
#include "engine/record/json.h"
#include "engine/record/manual.h"

namespace palimpsest::cli {
namespace {

// A bar would end the table's cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string fallbackText(const ParamSpec& spec) {
  const std::string text = spec.fallback.text();
  return text.empty() ? "" : "`" + text + "`";
}

std::string paramTable(const std::vector<ParamSpec>& specs, bool flags) {
  if (specs.empty()) return "It has no parameters.\n";
  std::string out =
      fmt::format("| {} | type | range | default | meaning |\n|---|---|---|---|---|\n", flags ? "option" : "parameter");
  for (const ParamSpec& spec : specs) {
    std::string meaning(spec.meta.doc);
    if (!spec.meta.source.empty()) meaning += fmt::format(" Source: {}.", spec.meta.source);
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", flags ? flagOf(spec.name) : spec.name, kindName(spec.kind),
                       cell(rangeText(spec)), cell(fallbackText(spec)), cell(meaning));
  }
  return out;
}

Value finiteOrNull(double v) { return std::isfinite(v) ? Value(v) : Value{}; }

Value asValue(const ParamSpec& spec) {
  Value::Array choices;
  for (const std::string& choice : spec.choices()) choices.emplace_back(choice);
  return Value::Object{{"name", spec.name},
                       {"type", kindName(spec.kind)},
                       {"default", spec.fallback},
                       {"min", finiteOrNull(spec.meta.min)},
                       {"max", finiteOrNull(spec.meta.max)},
                       {"unit", spec.meta.unit},
                       {"choices", std::move(choices)},
                       {"doc", spec.meta.doc},
                       {"source", spec.meta.source}};
}

Value asValue(const std::vector<ParamSpec>& specs) {
  Value::Array rows;
  for (const ParamSpec& spec : specs) rows.push_back(asValue(spec));
  return rows;
}

}  // namespace

std::string optionsPage() {
  return "## Options of a run\n\nFor `palimpsest-cli run` and `compare`, and for the window's form.\n\n" +
         paramTable(specsOf<RunOptions>(), true) + "\n";
}

std::string partPage(const PartInfo& part) {
  return fmt::format("### {} (`{}`, slot {})\n\n{}\n\n{}\n", part.title, part.name, part.slot, part.doc,
                     paramTable(part.params, false));
}

std::string recipePage(const NamedRecipe& recipe) {
  std::string out = fmt::format("### {} (`{}`)\n\n", recipe.title, recipe.name);
  if (!recipe.paper.empty()) out += recipe.paper + "\n\n";
  if (const Value* doc = recipe.recipe.find("doc"); doc && !doc->asString().empty()) out += doc->asString() + "\n\n";
  const Resolved resolved = resolve(recipe.recipe, catalogue());
  out += "Parts:\n\n";
  for (const RecipePart& part : partsOf(resolved.recipe, catalogue())) {
    out += fmt::format("- `{}`: {} (`{}`)", part.path, part.info->title, part.info->name);
    std::string changed;  // what this recipe sets differently from the part's own default
    for (const ParamSpec& spec : part.info->params) {
      const Value* value = resolved.recipe.at(part.path + "." + spec.name);
      if (value && !(*value == spec.fallback))
        changed += fmt::format("{}{} = {}", changed.empty() ? "" : ", ", spec.name, value->text());
    }
    out += (changed.empty() ? "" : ": " + changed) + "\n";
  }
  return out + "\nThe recipe, as it ships:\n\n```json\n" + record::toJson(recipe.recipe, 2) + "\n```\n\n";
}

std::string eventsPage() {
  return "## The header of a run: run.json\n\n" + record::headerManual() + "\n## Events: events.jsonl\n\n" +
         record::eventManual() + "\n";
}

std::string wholeManual() {
  std::string out = "# Palimpsest: the manual\n\n" + optionsPage() + "## Recipes\n\n";
  for (const NamedRecipe& recipe : bundledRecipes()) out += recipePage(recipe);
  out +=
      "## Parts\n\nA recipe names parts after `use`; every parameter that it leaves out takes the default below.\n\n";
  for (const PartInfo& part : catalogue()) out += partPage(part);
  return out + eventsPage();
}

Value manualAsValue() {
  Value::Array parts, recipes;
  for (const PartInfo& part : catalogue())
    parts.push_back(Value::Object{{"slot", part.slot},
                                  {"name", part.name},
                                  {"title", part.title},
                                  {"doc", part.doc},
                                  {"parameters", asValue(part.params)}});
  for (const NamedRecipe& recipe : bundledRecipes())
    recipes.push_back(Value::Object{
        {"name", recipe.name}, {"title", recipe.title}, {"paper", recipe.paper}, {"recipe", recipe.recipe}});
  return Value::Object{
      {"options", asValue(specsOf<RunOptions>())}, {"parts", std::move(parts)}, {"recipes", std::move(recipes)}};
}

}  // namespace palimpsest::cli
