#include "engine/protocol/param.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace palimpsest {
namespace {

std::vector<std::string> split(std::string_view text, char mark) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto at = text.find(mark);
    parts.emplace_back(text.substr(0, at));
    text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  }
  return parts;
}

std::string number(double v) { return Value(v).text(); }

std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, changed});
    }
  }
  return row.back();
}

bool rightType(Kind kind, const Value& value) {
  const auto all = [&](auto test) {
    return value.isArray() && std::all_of(value.asArray().begin(), value.asArray().end(), test);
  };
  switch (kind) {
    case Kind::Bool: return value.isBool();
    case Kind::Int: return value.isInt() || (value.isNumber() && std::trunc(value.asDouble()) == value.asDouble());
    case Kind::Double: return value.isNumber();
    case Kind::Text: return value.isString();
    case Kind::IntList: return all([](const Value& v) { return v.isInt(); });
    case Kind::DoubleList: return all([](const Value& v) { return v.isNumber(); });
    case Kind::TextList: return all([](const Value& v) { return v.isString(); });
    case Kind::Json: return true;
  }
  return false;
}

std::optional<std::string> outOfRange(const Meta& meta, const Value& value) {
  if (value.isArray()) {
    for (const Value& item : value.asArray())
      if (auto problem = outOfRange(meta, item)) return problem;
    return std::nullopt;
  }
  if (!value.isNumber()) return std::nullopt;
  const double v = value.asDouble();
  const std::string unit = std::string(meta.unit.empty() ? "" : " ").append(meta.unit);
  if (std::isnan(v)) return "is not a number";
  if (v < meta.min) return number(v) + " is below the minimum " + number(meta.min) + unit;
  if (v > meta.max) return number(v) + " is above the maximum " + number(meta.max) + unit;
  return std::nullopt;
}

std::optional<Value> scalar(Kind kind, std::string_view text) {
  const char* end = text.data() + text.size();
  if (kind == Kind::Bool) {
    if (text == "true" || text == "1" || text == "on" || text == "yes") return Value(true);
    if (text == "false" || text == "0" || text == "off" || text == "no") return Value(false);
    return std::nullopt;
  }
  std::int64_t whole = 0;
  if (auto [p, e] = std::from_chars(text.data(), end, whole); e == std::errc{} && p == end) return Value(whole);
  double real = 0;
  if (auto [p, e] = std::from_chars(text.data(), end, real); e == std::errc{} && p == end) return Value(real);
  return std::nullopt;
}

}  // namespace

std::vector<std::string> ParamSpec::choices() const { return split(meta.choices, '|'); }

std::string_view kindName(Kind kind) {
  static constexpr std::string_view kNames[] = {"true/false", "integer", "number", "text",
                                                "list of integers", "list of numbers", "list of texts", "JSON"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<std::string> misfit(const ParamSpec& spec, const Value& value) {
  if (!rightType(spec.kind, value))
    return "must be of type " + std::string(kindName(spec.kind)) + ", not " + std::string(value.typeName()) + " (" + value.text() + ")";
  if (auto problem = outOfRange(spec.meta, value)) return problem;
  const auto allowed = spec.choices();
  if (spec.kind == Kind::Text && !allowed.empty() && std::find(allowed.begin(), allowed.end(), value.asString()) == allowed.end()) {
    std::string message = "\"" + value.asString() + "\" is not one of " + rangeText(spec);
    if (auto near = nearest(value.asString(), allowed)) message += "; did you mean \"" + *near + "\"?";
    return message;
  }
  return std::nullopt;
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  const auto best = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return editDistance(word, a) < editDistance(word, b);
  });
  if (best == known.end() || editDistance(word, *best) > std::max<std::size_t>(2, word.size() / 2)) return std::nullopt;
  return *best;
}

Issue unknownKey(std::string path, std::string_view key, const std::vector<std::string>& known) {
  std::string hint;
  if (auto near = nearest(key, known)) {
    hint = "did you mean \"" + *near + "\"?";
  } else {
    for (const std::string& name : known) hint += (hint.empty() ? "known: " : ", ") + name;
  }
  return error(std::move(path), "unknown key \"" + std::string(key) + "\"", hint);
}

Value parsed(const ParamSpec& spec, std::string_view text) {
  const bool list = spec.kind == Kind::IntList || spec.kind == Kind::DoubleList || spec.kind == Kind::TextList;
  if (list) {
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    Value::Array items;
    for (const std::string& part : split(text, ',')) {
      const auto first = part.find_first_not_of(' ');
      const auto last = part.find_last_not_of(' ');
      const std::string word = first == std::string::npos ? "" : part.substr(first, last - first + 1);
      items.push_back(spec.kind == Kind::TextList ? Value(word) : scalar(Kind::Double, word).value_or(Value(word)));
    }
    return Value(std::move(items));
  }
  if (spec.kind == Kind::Text) return Value(text);
  return scalar(spec.kind, text).value_or(Value(text));  // a wrong type is reported by misfit()
}

std::string rangeText(const ParamSpec& spec) {
  if (!spec.meta.choices.empty()) {
    std::string out;
    for (const std::string& choice : spec.choices()) out += (out.empty() ? "" : ", ") + choice;
    return out;
  }
  const bool low = std::isfinite(spec.meta.min), high = std::isfinite(spec.meta.max);
  std::string out;
  if (low && high) out = number(spec.meta.min) + " to " + number(spec.meta.max);
  else if (low) out = "at least " + number(spec.meta.min);
  else if (high) out = "at most " + number(spec.meta.max);
  if (!spec.meta.unit.empty()) out.append(out.empty() ? "" : " ").append(spec.meta.unit);
  return out;
}

}  // namespace palimpsest
