// One table says which keys a recipe has and which slot each is; resolving, listing and setting all walk it.
#include "engine/protocol/recipe.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace palimpsest {
namespace {

enum class Form { Text, One, List, Prompts };
struct Key {
  std::string_view name;
  Form form;
  std::string_view slot = {};
  bool required = false;
};
constexpr std::array kKeys{Key{"name", Form::Text, "", true},
                           Key{"title", Form::Text},
                           Key{"paper", Form::Text},
                           Key{"doc", Form::Text},
                           Key{"backbone", Form::One, "backbone"},
                           Key{"query", Form::One, "query"},
                           Key{"prompts", Form::Prompts},
                           Key{"adapt", Form::List, "adapt"},
                           Key{"bank", Form::One, "bank"},
                           Key{"feature", Form::One, "feature"},
                           Key{"proxy", Form::One, "head"},
                           Key{"head", Form::One, "head"},
                           Key{"statistics", Form::One, "statistics"},
                           Key{"memory", Form::One, "memory"},
                           Key{"penalties", Form::List, "penalty"},
                           Key{"gradient", Form::List, "gradient"},
                           Key{"phases", Form::List, "phase", true},
                           Key{"merge", Form::One, "merge"},
                           Key{"ensemble", Form::One, "ensemble"}};
// The members of an entry of "prompts"; each is named after its slot.
constexpr std::array<std::string_view, 3> kPromptSlots{"pool", "select", "inject"};
// There is always one backbone, and one kind of it: its "use" may be left out.
constexpr std::string_view kBackbone = "backbone";

using Catalogue = std::vector<PartInfo>;

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}
std::string join(const std::string& path, std::size_t index) { return join(path, std::to_string(index)); }

std::vector<std::string> namesIn(const Catalogue& catalogue, std::string_view slot) {
  std::vector<std::string> names;
  for (const PartInfo& part : catalogue)
    if (part.slot == slot) names.push_back(part.name);
  return names;
}

const PartInfo* partNamed(const Catalogue& catalogue, std::string_view slot, std::string_view name) {
  for (const PartInfo& part : catalogue)
    if (part.slot == slot && part.name == name) return &part;
  return nullptr;
}

const ParamSpec* specNamed(const PartInfo& part, std::string_view name) {
  for (const ParamSpec& spec : part.params)
    if (spec.name == name) return &spec;
  return nullptr;
}

// The part that `value` names, or the backbone's only one when it names none; nullptr when there is no such part.
const PartInfo* partOf(const Value* value, std::string_view slot, const Catalogue& catalogue) {
  const Value* use = value ? value->find("use") : nullptr;
  if (use) return partNamed(catalogue, slot, use->asString());
  if (slot != kBackbone) return nullptr;
  const auto names = namesIn(catalogue, slot);
  return names.size() == 1 ? partNamed(catalogue, slot, names.front()) : nullptr;
}

std::string knownHint(const std::vector<std::string>& known, std::string_view word) {
  if (const auto near = nearest(word, known)) return "did you mean \"" + *near + "\"?";
  std::string hint;
  for (const std::string& name : known) hint += (hint.empty() ? "known: " : ", ") + name;
  return hint.empty() ? "there is no part for this slot" : hint;
}

// 5.0 for an integer becomes 5, 1 for a number becomes 1.0: equal recipes are equal values.
Value canonical(const ParamSpec& spec, const Value& value) {
  if (spec.kind == Kind::Int) return Value(value.asInt());
  if (spec.kind == Kind::Double) return Value(value.asDouble());
  if (spec.kind != Kind::DoubleList) return value;
  Value::Array items;
  for (const Value& item : value.asArray()) items.emplace_back(item.asDouble());
  return Value(std::move(items));
}

Issue wrongType(std::string path, std::string_view wanted, const Value& value) {
  return error(std::move(path),
               "must be " + std::string(wanted) + ", not " + std::string(value.typeName()) + " (" + value.text() + ")");
}

class Resolver {
 public:
  explicit Resolver(const Catalogue& catalogue) : catalogue_(catalogue) {}

  Value recipe(const Value& written) {
    if (!written.isObject()) {
      issues.push_back(wrongType("", "an object", written));
      return written;
    }
    std::vector<std::string> known;
    for (const Key& key : kKeys) known.emplace_back(key.name);
    refuseUnknown(written, "", known);
    Value out{Value::Object{}};
    for (const Key& key : kKeys) place(key, written.find(key.name), out);
    return out;
  }

  Issues issues;

 private:
  void refuseUnknown(const Value& object, const std::string& path, const std::vector<std::string>& known) {
    std::vector<std::string_view> seen;
    for (const auto& [key, value] : object.asObject()) {
      if (std::find(known.begin(), known.end(), key) == known.end())
        issues.push_back(unknownKey(join(path, key), key, known));
      else if (std::find(seen.begin(), seen.end(), key) != seen.end())
        issues.push_back(error(join(path, key), "is written twice", "keep one of them"));
      seen.push_back(key);
    }
  }

  void place(const Key& key, const Value* value, Value& out) {
    const std::string path(key.name);
    if (!value && key.required) issues.push_back(error(path, "is missing", "every recipe needs \"" + path + "\""));
    if (key.form == Form::Text) {
      out[path] = text(path, value, out);
    } else if (key.form == Form::One) {
      static const Value kNothing{Value::Object{}};
      const bool implied = key.slot == kBackbone && !namesIn(catalogue_, kBackbone).empty();
      if (value || implied) out[path] = part(path, key.slot, value ? *value : kNothing);
    } else if (value) {
      out[path] = list(key, *value);
    }
  }

  Value text(const std::string& path, const Value* value, const Value& so_far) {
    const Value* name = path == "title" ? so_far.find("name") : nullptr;
    if (!value) return name ? *name : Value("");
    if (!value->isString()) issues.push_back(wrongType(path, "text", *value));
    else if (path == "name" && value->asString().empty())
      issues.push_back(error(path, "is empty", "give the recipe a name"));
    return *value;
  }

  Value list(const Key& key, const Value& value) {
    const std::string path(key.name);
    if (!value.isArray()) {
      issues.push_back(wrongType(path, "a list", value));
      return value;
    }
    if (key.required && value.asArray().empty())
      issues.push_back(error(path, "is empty", "a recipe needs at least one phase"));
    Value::Array items;
    for (const Value& item : value.asArray()) {
      const std::string here = join(path, items.size());
      items.push_back(key.form == Form::Prompts ? prompt(here, item) : part(here, key.slot, item));
    }
    return Value(std::move(items));
  }

  Value prompt(const std::string& path, const Value& value) {
    if (!value.isObject()) {
      issues.push_back(wrongType(path, "an object with pool, select and inject", value));
      return value;
    }
    refuseUnknown(value, path, {kPromptSlots.begin(), kPromptSlots.end()});
    Value out{Value::Object{}};
    for (const std::string_view slot : kPromptSlots) {
      if (const Value* member = value.find(slot)) out[slot] = part(join(path, slot), slot, *member);
      else issues.push_back(error(join(path, slot), "is missing", "prompts need pool, select and inject"));
    }
    return out;
  }

  Value part(const std::string& path, std::string_view slot, const Value& value) {
    if (!value.isObject()) {
      issues.push_back(wrongType(path, "an object such as {\"use\": ...}", value));
      return value;
    }
    const PartInfo* info = partOf(&value, slot, catalogue_);
    if (!info) {
      refusePart(path, slot, value);
      return value;
    }
    std::vector<std::string> known{"use"};
    for (const ParamSpec& spec : info->params) known.push_back(spec.name);
    const std::size_t before = issues.size();
    refuseUnknown(value, path, known);
    for (std::size_t i = before; i < issues.size(); ++i)
      issues[i].message = "[" + info->name + "] " + issues[i].message;
    Value out{Value::Object{}};
    out["use"] = info->name;
    for (const ParamSpec& spec : info->params) out[spec.name] = parameter(path, *info, spec, value.find(spec.name));
    return out;
  }

  void refusePart(const std::string& path, std::string_view slot, const Value& value) {
    const auto names = namesIn(catalogue_, slot);
    const Value* use = value.find("use");
    if (!use) issues.push_back(error(join(path, "use"), "is missing", knownHint(names, "")));
    else if (!use->isString()) issues.push_back(wrongType(join(path, "use"), "text", *use));
    else
      issues.push_back(error(join(path, "use"),
                             "there is no " + std::string(slot) + " named \"" + use->asString() + "\"",
                             knownHint(names, use->asString())));
  }

  Value parameter(const std::string& path, const PartInfo& info, const ParamSpec& spec, const Value* value) {
    if (!value) return spec.fallback;
    if (const auto problem = misfit(spec, *value)) {
      issues.push_back(
          error(join(path, spec.name), "[" + info.name + "] " + spec.name + ": " + *problem, rangeHint(spec)));
      return *value;
    }
    return canonical(spec, *value);
  }

  static std::string rangeHint(const ParamSpec& spec) {
    const std::string range = rangeText(spec);
    return range.empty() ? "" : "allowed: " + range;
  }

  const Catalogue& catalogue_;
};

struct Place {
  std::string path;
  std::string_view slot;
};

// Every place of the recipe that holds a part or, with `vacant`, could be given one: absent slots and the end of lists.
std::vector<Place> placesOf(const Value& recipe, bool vacant) {
  std::vector<Place> places;
  for (const Key& key : kKeys) {
    const std::string path(key.name);
    const Value* value = recipe.find(path);
    const std::size_t length = value ? value->asArray().size() : 0;
    if (key.form == Form::One && (value || vacant || key.slot == kBackbone)) places.push_back({path, key.slot});
    if (key.form == Form::Prompts)
      for (std::size_t i = 0; i < length; ++i)
        for (const std::string_view slot : kPromptSlots) places.push_back({join(join(path, i), slot), slot});
    if (key.form == Form::List)
      for (std::size_t i = 0; i < length + (vacant ? 1 : 0); ++i) places.push_back({join(path, i), key.slot});
  }
  return places;
}

// The value at a place, made where it is missing; nullptr when something else is in the way.
Value* madeAt(Value& recipe, const std::string& path) {
  Value* here = &recipe;
  for (std::string_view rest = path; !rest.empty();) {
    const auto dot = rest.find('.');
    const std::string_view key = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
    std::size_t index = 0;
    if (std::from_chars(key.data(), key.data() + key.size(), index).ec != std::errc{}) {
      if (!here->isObject() && !here->isNull()) return nullptr;
      here = &(*here)[key];
      continue;
    }
    if (here->isNull()) *here = Value::Array{};
    if (!here->isArray() || index > here->asArray().size()) return nullptr;
    auto& items = const_cast<Value::Array&>(here->asArray());
    if (index == items.size()) items.emplace_back(Value::Object{});
    here = &items[index];
  }
  return here;
}

// What the old part had and the new one has not would only be an unknown key: it goes.
void changePart(Value& recipe, const Place& place, const PartInfo& part) {
  Value* here = madeAt(recipe, place.path);
  if (!here) return;
  Value changed{Value::Object{}};
  changed["use"] = part.name;
  for (const auto& [key, value] : here->asObject())
    if (specNamed(part, key)) changed[key] = value;
  *here = std::move(changed);
}

std::vector<std::string> settablePaths(const Value& recipe, const Catalogue& catalogue) {
  std::vector<std::string> paths;
  for (const Key& key : kKeys)
    if (key.form == Form::Text) paths.emplace_back(key.name);
  for (const Place& place : placesOf(recipe, true)) {
    paths.push_back(join(place.path, "use"));
    if (const PartInfo* part = partOf(recipe.at(place.path), place.slot, catalogue))
      for (const ParamSpec& spec : part->params) paths.push_back(join(place.path, spec.name));
  }
  return paths;
}

std::string_view lastOf(std::string_view path) { return path.substr(path.rfind('.') + 1); }

// A path that ends in the same word comes first: "epochs" means "phases.0.epochs", however far that is in letters.
Issue unknownSetting(std::string_view path, const std::vector<std::string>& known) {
  std::vector<std::string> same;
  std::copy_if(known.begin(), known.end(), std::back_inserter(same),
               [&](const std::string& k) { return lastOf(k) == lastOf(path); });
  std::string hint = "see the recipe's settings with: palimpsest-cli docs";
  if (!same.empty()) hint = "did you mean \"" + nearest(path, same).value_or(same.front()) + "\"?";
  else if (const auto near = nearest(path, known)) hint = "did you mean \"" + *near + "\"?";
  return error(std::string(path), "is no setting of this recipe", hint);
}

void setParameter(Value& recipe, const Place& place, const PartInfo& part, const ParamSpec& spec, std::string_view text,
                  Issues& issues) {
  const Value value = parsed(spec, text);
  const std::string path = join(place.path, spec.name);
  if (const auto problem = misfit(spec, value)) {
    const std::string range = rangeText(spec);
    issues.push_back(
        error(path, "[" + part.name + "] " + spec.name + ": " + *problem, range.empty() ? "" : "allowed: " + range));
  } else if (Value* here = madeAt(recipe, place.path)) {
    (*here)[spec.name] = canonical(spec, value);
  }
}

// True when `path` lies in this place and has been dealt with.
bool setAtPlace(Value& recipe, const Place& place, std::string_view path, std::string_view text,
                const Catalogue& catalogue, Issues& issues) {
  if (!path.starts_with(place.path + ".")) return false;
  const std::string_view key = path.substr(place.path.size() + 1);
  if (key == "use") {
    if (const PartInfo* part = partNamed(catalogue, place.slot, text)) changePart(recipe, place, *part);
    else
      issues.push_back(error(std::string(path),
                             "there is no " + std::string(place.slot) + " named \"" + std::string(text) + "\"",
                             knownHint(namesIn(catalogue, place.slot), text)));
    return true;
  }
  const PartInfo* part = partOf(recipe.at(place.path), place.slot, catalogue);
  const ParamSpec* spec = part ? specNamed(*part, key.substr(0, key.find('.'))) : nullptr;
  if (!spec) return false;
  if (spec->name == key) {
    setParameter(recipe, place, *part, *spec, text, issues);
    return true;
  }
  Value* inside = spec->kind == Kind::Json ? recipe.at(path) : nullptr;  // a member of a free-form parameter
  if (inside) *inside = parsed(*spec, text);
  return inside != nullptr;
}

}  // namespace

std::vector<Value> recipesIn(const Value& file) {
  Value base = file;
  const Value* variants = file.find("variants");
  if (variants) base.erase("variants");
  std::vector<Value> all{base};
  for (const auto& [name, differences] : variants ? variants->asObject() : Value::Object{}) {
    Value recipe = base;
    const auto text = [&](const char* key) { return base.find(key) ? base.find(key)->asString() : std::string(); };
    recipe["name"] = text("name") + "." + name;
    recipe["title"] = text("title") + ", " + name;
    for (const auto& [key, value] : differences.asObject()) {
      if (key == "set") continue;
      if (value.isNull()) recipe.erase(key);
      else recipe[key] = value;
    }
    const Value* set = differences.find("set");
    for (const auto& [path, value] : set ? set->asObject() : Value::Object{}) {
      const auto dot = path.rfind('.');
      Value* parent = dot == std::string::npos ? &recipe : recipe.at(path.substr(0, dot));
      if (parent && parent->isObject()) (*parent)[path.substr(dot + 1)] = value;
      else recipe["set"][path] = value;
    }
    all.push_back(std::move(recipe));
  }
  return all;
}

Resolved resolve(const Value& recipe, const Catalogue& catalogue) {
  Resolver resolver(catalogue);
  Value out = resolver.recipe(recipe);
  return {std::move(out), std::move(resolver.issues)};
}

std::vector<RecipePart> partsOf(const Value& recipe, const Catalogue& catalogue) {
  std::vector<RecipePart> parts;
  for (const Place& place : placesOf(recipe, false))
    if (const PartInfo* part = partOf(recipe.at(place.path), place.slot, catalogue))
      parts.push_back({place.path, part});
  return parts;
}

std::vector<RecipePlace> placesIn(Value recipe) {
  Value::Array prompts = recipe.find("prompts") ? recipe.find("prompts")->asArray() : Value::Array{};
  prompts.emplace_back(Value::Object{});  // the one that could come next
  recipe["prompts"] = std::move(prompts);
  std::vector<RecipePlace> places;
  for (const Place& place : placesOf(recipe, true)) places.push_back({place.path, std::string(place.slot)});
  return places;
}

void applySetting(Value& recipe, std::string_view path, std::string_view text, const Catalogue& catalogue,
                  Issues& issues) {
  for (const Key& key : kKeys)
    if (key.form == Form::Text && key.name == path) {
      recipe[path] = text;
      return;
    }
  for (const Place& place : placesOf(recipe, true))
    if (setAtPlace(recipe, place, path, text, catalogue, issues)) return;
  issues.push_back(unknownSetting(path, settablePaths(recipe, catalogue)));
}

}  // namespace palimpsest
