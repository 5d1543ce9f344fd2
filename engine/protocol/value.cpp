#include "engine/protocol/value.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace palimpsest {
namespace {

const std::string kNoText;
const Value::Array kNoArray;
const Value::Object kNoObject;

std::string numberText(double v) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
  return {buffer, end};
}

template <typename V>
V* follow(V* here, std::string_view path) {
  while (here && !path.empty()) {
    const auto dot = path.find('.');
    const std::string_view key = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    if (here->isArray()) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      const auto& items = here->asArray();
      if (error != std::errc{} || end != key.data() + key.size() || index >= items.size()) return nullptr;
      here = const_cast<V*>(&items[index]);
    } else {
      here = here->find(key);
    }
  }
  return here;
}

}  // namespace

bool Value::asBool(bool fallback) const {
  const auto* v = std::get_if<bool>(&data_);
  return v ? *v : fallback;
}

std::int64_t Value::asInt(std::int64_t fallback) const {
  if (const auto* v = std::get_if<std::int64_t>(&data_)) return *v;
  if (const auto* v = std::get_if<double>(&data_); v && std::abs(*v) < 9e18) return static_cast<std::int64_t>(*v);
  return fallback;
}

double Value::asDouble(double fallback) const {
  if (const auto* v = std::get_if<double>(&data_)) return *v;
  if (const auto* v = std::get_if<std::int64_t>(&data_)) return static_cast<double>(*v);
  return fallback;
}

const std::string& Value::asString() const {
  const auto* v = std::get_if<std::string>(&data_);
  return v ? *v : kNoText;
}

const Value::Array& Value::asArray() const {
  const auto* v = std::get_if<Array>(&data_);
  return v ? *v : kNoArray;
}

const Value::Object& Value::asObject() const {
  const auto* v = std::get_if<Object>(&data_);
  return v ? *v : kNoObject;
}

const Value* Value::find(std::string_view key) const {
  for (const Member& member : asObject())
    if (member.first == key) return &member.second;
  return nullptr;
}

Value* Value::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

Value& Value::operator[](std::string_view key) {
  if (Value* found = find(key)) return *found;
  if (!isObject()) data_ = Object{};
  auto& members = std::get<Object>(data_);
  members.emplace_back(std::string(key), Value{});
  return members.back().second;
}

bool Value::erase(std::string_view key) {
  auto* members = std::get_if<Object>(&data_);
  return members && std::erase_if(*members, [&](const Member& m) { return m.first == key; }) > 0;
}

const Value* Value::at(std::string_view path) const { return follow<const Value>(this, path); }
Value* Value::at(std::string_view path) { return follow<Value>(this, path); }

std::string_view Value::typeName() const {
  static constexpr std::string_view kNames[] = {"null", "true/false", "integer", "number", "text", "list", "object"};
  return kNames[data_.index()];
}

std::string Value::text() const {
  if (isNull()) return "null";
  if (isBool()) return asBool() ? "true" : "false";
  if (isInt()) return std::to_string(asInt());
  if (isNumber()) return numberText(asDouble());
  if (isString()) return asString();
  std::string out;
  if (isArray()) {
    for (const Value& item : asArray()) out += (out.empty() ? "" : ", ") + item.text();
    return "[" + out + "]";
  }
  for (const Member& m : asObject()) out += (out.empty() ? "" : ", ") + m.first + ": " + m.second.text();
  return "{" + out + "}";
}

}  // namespace palimpsest
