// A JSON-like value, the common currency of recipes, options, events and forms. std only: both halves
// of the program speak it, and only engine/record knows its text form.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace palimpsest {

class Value {
 public:
  using Array = std::vector<Value>;
  using Member = std::pair<std::string, Value>;
  using Object = std::vector<Member>;  // keeps the order in which a person wrote it

  Value() = default;
  Value(bool v) : data_(v) {}
  Value(int v) : data_(std::int64_t{v}) {}
  Value(std::int64_t v) : data_(v) {}
  Value(std::uint64_t v) : data_(static_cast<std::int64_t>(v)) {}
  Value(double v) : data_(v) {}
  Value(const char* v) : data_(std::string(v)) {}
  Value(std::string v) : data_(std::move(v)) {}
  Value(std::string_view v) : data_(std::string(v)) {}
  Value(Array v) : data_(std::move(v)) {}
  Value(Object v) : data_(std::move(v)) {}

  bool isNull() const { return std::holds_alternative<std::monostate>(data_); }
  bool isBool() const { return std::holds_alternative<bool>(data_); }
  bool isInt() const { return std::holds_alternative<std::int64_t>(data_); }
  bool isNumber() const { return isInt() || std::holds_alternative<double>(data_); }
  bool isString() const { return std::holds_alternative<std::string>(data_); }
  bool isArray() const { return std::holds_alternative<Array>(data_); }
  bool isObject() const { return std::holds_alternative<Object>(data_); }

  // Each returns the fallback when the value is of another type; numbers convert between each other.
  bool asBool(bool fallback = false) const;
  std::int64_t asInt(std::int64_t fallback = 0) const;
  double asDouble(double fallback = 0) const;
  const std::string& asString() const;  // empty when it is no string
  const Array& asArray() const;         // empty when it is no array
  const Object& asObject() const;       // empty when it is no object

  // Member of an object; nullptr when there is none or this is no object.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  // Member of an object, made where it is missing. A value that is no object becomes one.
  Value& operator[](std::string_view key);
  bool erase(std::string_view key);

  // Follows a dotted path such as "phases.0.epochs"; numbers index arrays. nullptr when it leads nowhere.
  const Value* at(std::string_view path) const;
  Value* at(std::string_view path);

  // "null", "true", "integer", "number", "text", "list", "object": for messages.
  std::string_view typeName() const;
  // Compact one-line form, for messages and logs; engine/record/json.h has real JSON.
  std::string text() const;

  friend bool operator==(const Value& a, const Value& b) { return a.data_ == b.data_; }

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

}  // namespace palimpsest
