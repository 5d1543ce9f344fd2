// A parameter is declared once: a plain struct whose initialisers are the defaults, and a static fields()
// beside them. The JSON reader and writer, the command line, the form in the window, range checks, the manual
// and the diff of two recipes are all derived from it. Events use the same declaration for their JSON.
#pragma once

#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "engine/protocol/issue.h"
#include "engine/protocol/value.h"

namespace palimpsest {

enum class Scale { Linear, Log };
enum class Level { Learn, Work, Expert };  // from which depth of the window on a parameter is shown
enum class Kind { Bool, Int, Double, Text, IntList, DoubleList, TextList, Json };

struct Meta {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  Scale scale = Scale::Linear;
  std::string_view unit = {};
  std::string_view zero = {};     // numbers: what 0 stands for, shown in place of it ("one for each core")
  std::string_view choices = {};  // "constant|cosine|multi-step"; empty: free
  std::string_view doc = {};
  std::string_view source = {};   // paper, section, or what released code does
  Level level = Level::Work;
};

template <typename C, typename T>
struct Field {
  std::string_view name;
  T C::*member;
  Meta meta = {};
  constexpr Field(std::string_view n, T C::*m, Meta x = {}) : name(n), member(m), meta(x) {}
};

template <typename C>
concept Described = requires { C::fields(); };

struct ParamSpec {
  std::string name;
  Kind kind = Kind::Int;
  Value fallback;  // the default
  Meta meta;
  std::vector<std::string> choices() const;
};

template <typename T>
constexpr Kind kindOf() {
  if constexpr (std::is_same_v<T, bool>) return Kind::Bool;
  else if constexpr (std::integral<T>) return Kind::Int;
  else if constexpr (std::floating_point<T>) return Kind::Double;
  else if constexpr (std::is_same_v<T, std::string>) return Kind::Text;
  else if constexpr (std::is_same_v<T, Value>) return Kind::Json;
  else if constexpr (std::is_same_v<T, std::vector<std::string>>) return Kind::TextList;
  else if constexpr (std::floating_point<typename T::value_type>) return Kind::DoubleList;
  else return Kind::IntList;
}

template <typename T>
Value toValue(const T& v) {
  if constexpr (std::is_same_v<T, Value>) return v;
  else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string>) return Value(v);
  else if constexpr (std::integral<T>) return Value(static_cast<std::int64_t>(v));
  else if constexpr (std::floating_point<T>) return Value(static_cast<double>(v));
  else {
    Value::Array items;
    for (const auto& item : v) items.push_back(toValue(item));
    return Value(std::move(items));
  }
}

// Type was checked before; a null double is NaN (JSON has no other way to say it).
template <typename T>
void fromValue(const Value& v, T& out) {
  if constexpr (std::is_same_v<T, Value>) out = v;
  else if constexpr (std::is_same_v<T, bool>) out = v.asBool();
  else if constexpr (std::is_same_v<T, std::string>) out = v.asString();
  else if constexpr (std::integral<T>) out = static_cast<T>(v.asInt());
  else if constexpr (std::floating_point<T>) out = v.isNull() ? std::numeric_limits<T>::quiet_NaN() : static_cast<T>(v.asDouble());
  else {
    out.clear();
    for (const Value& item : v.asArray()) fromValue(item, out.emplace_back());
  }
}

// nullopt when `value` fits the declaration; otherwise what is wrong ("0 is below the minimum 1").
std::optional<std::string> misfit(const ParamSpec& spec, const Value& value);
// The nearest of `known` to `word` by edit distance, when it is near enough to be meant.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);
// Issue for a key that nobody declared, naming the nearest known one.
Issue unknownKey(std::string path, std::string_view key, const std::vector<std::string>& known);
// Reads "3", "0.5", "true", "[40,70]", "cosine" from a command line as the spec's kind wants it.
Value parsed(const ParamSpec& spec, std::string_view text);
// "integer", "number", "text", ...: for messages, help and the manual.
std::string_view kindName(Kind kind);
// "1 to 1000 prompts", "constant, cosine, multi-step"; empty when anything goes.
std::string rangeText(const ParamSpec& spec);

template <Described C>
std::vector<ParamSpec> specsOf() {
  std::vector<ParamSpec> specs;
  const C defaults{};
  std::apply([&](const auto&... field) {
    (specs.push_back({std::string(field.name), kindOf<std::remove_cvref_t<decltype(defaults.*(field.member))>>(),
                      toValue(defaults.*(field.member)), field.meta}), ...);
  }, C::fields());
  return specs;
}

template <Described C>
Value::Object valuesOf(const C& config) {
  Value::Object out;
  std::apply([&](const auto&... field) { (out.emplace_back(std::string(field.name), toValue(config.*(field.member))), ...); },
             C::fields());
  return out;
}

// Sets one parameter by name. Returns what is wrong, in which case nothing was changed.
template <Described C>
std::optional<std::string> assign(C& config, std::string_view name, const Value& value) {
  std::optional<std::string> problem = "is not a parameter";
  const C defaults{};
  std::apply([&](const auto&... field) {
    ([&] {
      if (field.name != name) return;
      using T = std::remove_cvref_t<decltype(config.*(field.member))>;
      problem = misfit({std::string(field.name), kindOf<T>(), toValue(defaults.*(field.member)), field.meta}, value);
      if (!problem) fromValue(value, config.*(field.member));
    }(), ...);
  }, C::fields());
  return problem;
}

template <typename C>
concept HasConflict = requires(const C& c) { { c.conflict() } -> std::convertible_to<std::optional<std::string>>; };

// Reads an object into C. Unknown keys, wrong types and values out of range are all reported, with `path` in front;
// what is wrong keeps its default. `ignored` names keys that belong to somebody else ("use", "when").
template <Described C>
C readParams(const Value& object, const std::string& path, Issues& issues, const std::vector<std::string>& ignored = {}) {
  C config{};
  std::vector<std::string> known = ignored;
  for (const ParamSpec& spec : specsOf<C>()) known.push_back(spec.name);
  const std::string dot = path.empty() ? "" : path + ".";
  for (const auto& [key, value] : object.asObject()) {
    bool skip = false;
    for (const std::string& name : ignored) skip = skip || name == key;
    if (skip) continue;
    bool declared = false;
    for (const std::string& name : known) declared = declared || name == key;
    if (!declared) issues.push_back(unknownKey(dot + key, key, known));
    else if (auto problem = assign(config, key, value)) issues.push_back(error(dot + key, *problem));
  }
  if constexpr (HasConflict<C>)
    if (auto problem = config.conflict()) issues.push_back(error(path, *problem));
  return config;
}

}  // namespace palimpsest
