#include "engine/record/json.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/protocol/error.h"

namespace palimpsest::record {
namespace {

using Json = nlohmann::ordered_json;

Json jsonOf(const Value& value) {
  if (value.isBool()) return value.asBool();
  if (value.isInt()) return value.asInt();
  if (value.isNumber()) return value.asDouble();  // the writer turns what is not finite into null
  if (value.isString()) return value.asString();
  if (value.isArray()) {
    Json out = Json::array();
    for (const Value& item : value.asArray()) out.push_back(jsonOf(item));
    return out;
  }
  if (!value.isObject()) return nullptr;
  Json out = Json::object();
  // Appended without a search: that would make a wide object quadratic.
  for (const auto& [key, member] : value.asObject()) out.get_ref<Json::object_t&>().emplace_back(key, jsonOf(member));
  return out;
}

constexpr std::size_t kLineWidth = 110;

bool isScalar(const Value& value) { return !value.isArray() && !value.isObject(); }
bool isPlain(const Value& value) {  // a list of scalars, however long, or a scalar
  return isScalar(value) || (value.isArray() && std::all_of(value.asArray().begin(), value.asArray().end(), isScalar));
}

std::string quoted(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

// "{ "a": 1, "b": [1, 2] }": as people write short things.
std::string inlined(const Value& value) {
  if (isScalar(value)) return toJson(value);
  std::string out;
  for (const Value& item : value.asArray()) out += (out.empty() ? "" : ", ") + inlined(item);
  for (const auto& [key, member] : value.asObject())
    out += (out.empty() ? "" : ", ") + quoted(key) + ": " + inlined(member);
  if (value.isArray()) return "[" + out + "]";
  return out.empty() ? "{}" : "{ " + out + " }";
}

// Short things and lists of numbers take one line, so that a class order or a row of a matrix can be read.
std::string spread(const Value& value, std::size_t indent, std::size_t depth) {
  std::string line = inlined(value);
  if (isPlain(value) || (depth > 0 && line.size() + depth <= kLineWidth)) return line;
  const std::string margin(depth + indent, ' ');
  std::string out;
  for (const Value& item : value.asArray())
    out += (out.empty() ? "" : ",\n") + margin + spread(item, indent, depth + indent);
  for (const auto& [key, member] : value.asObject())
    out += (out.empty() ? "" : ",\n") + margin + quoted(key) + ": " + spread(member, indent, depth + indent);
  const std::string close = "\n" + std::string(depth, ' ');
  return value.isArray() ? "[\n" + out + close + "]" : "{\n" + out + close + "}";
}

// Builds a Value while the text is read. Nesting is bounded because everything that walks a Value is recursive.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  static constexpr std::size_t kDeepest = 200;

  bool null() override { return put({}); }
  bool boolean(bool v) override { return put(v); }
  bool number_integer(std::int64_t v) override { return put(v); }
  bool number_unsigned(std::uint64_t v) override {
    if (v > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return put(static_cast<double>(v));
    return put(static_cast<std::int64_t>(v));
  }
  bool number_float(double v, const std::string&) override { return put(v); }
  bool string(std::string& v) override { return put(std::move(v)); }
  bool binary(Json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Value(Value::Object{})); }
  bool start_array(std::size_t) override { return open(Value(Value::Array{})); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    if (open_.back().find(name)) return refuse("the key \"" + name + "\" is written twice");
    keys_.back() = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& problem) override {
    const std::string text = problem.what();  // "[json...] parse error at line 1, column 2: what is wrong"
    const auto column = text.find("column ");
    const auto colon = text.find(": ", column == std::string::npos ? 0 : column);
    position_ = position;
    return refuse(colon == std::string::npos ? text : text.substr(colon + 2));
  }

  Value result;
  std::string problem;
  std::size_t position() const { return position_; }

 private:
  bool refuse(std::string what) {
    problem = std::move(what);
    return false;
  }
  bool open(Value container) {
    if (open_.size() >= kDeepest) return refuse("is nested more than " + std::to_string(kDeepest) + " levels deep");
    open_.push_back(std::move(container));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    Value done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return put(std::move(done));
  }
  bool put(Value value) {
    if (open_.empty()) {
      result = std::move(value);
    } else if (open_.back().isArray()) {
      const_cast<Value::Array&>(open_.back().asArray()).push_back(std::move(value));
    } else {
      const_cast<Value::Object&>(open_.back().asObject()).emplace_back(std::move(keys_.back()), std::move(value));
    }
    return true;
  }

  std::vector<Value> open_;
  std::vector<std::string> keys_;  // of the object at the same depth: the key that waits for its value
  std::size_t position_ = 0;
};

}  // namespace

std::string toJson(const Value& value, int indent) {
  if (indent >= 0) return spread(value, static_cast<std::size_t>(indent), 0);
  return jsonOf(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Value parseJson(std::string_view text, const std::string& where) {
  Builder builder;
  if (Json::sax_parse(text, &builder)) return std::move(builder.result);
  std::string message = builder.problem;
  if (builder.position() > 0) {
    const std::string_view before = text.substr(0, std::min(builder.position() - 1, text.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto column = before.size() - (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1) + 1;
    message = "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + message;
  }
  throw BadInput({error(where, "is not valid JSON: " + message, "correct the text at that place")});
}

Value readJsonFile(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text;
  if (in && !std::filesystem::is_directory(file)) text.assign(std::istreambuf_iterator<char>(in), {});
  else in.setstate(std::ios::failbit);
  if (in.fail())
    throw BadInput({error(file.string(), "cannot be read", "check that the file is there and may be read")});
  return parseJson(text, file.string());
}

}  // namespace palimpsest::record
