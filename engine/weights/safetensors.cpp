// Reading: the header is checked completely before any of the data is touched, so a file is either good or refused.
#include "engine/weights/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "engine/protocol/error.h"
#include "engine/weights/mapped_file.h"

namespace palimpsest {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLongestHeader = 100'000'000;
constexpr std::size_t kMostTensors = 100'000, kLongestName = 1024, kHighestRank = 8;
constexpr int kDeepest = 4;

constexpr std::array kDtypes{Dtype::F64, Dtype::F32, Dtype::F16, Dtype::BF16, Dtype::I64,
                             Dtype::I32, Dtype::I16, Dtype::I8,  Dtype::U8,   Dtype::Bool};

// Parses and refuses what nlohmann would let pass: names given twice, deep nesting. Problems go to `problems`.
Json parseHeader(std::string_view text, Problems& problems) {
  std::vector<std::set<std::string>> names;
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    deep = deep || depth >= kDeepest;
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second)
      problems.push_back("the name \"" + parsed.get<std::string>() + "\" is given twice");
    return !deep;
  };
  Json header;
  try {
    header = Json::parse(text.begin(), text.end(), watch);
  } catch (const Json::exception& e) {
    problems.push_back(std::string("the header is no valid JSON: ") + e.what());
    return Json::object();
  }
  if (deep) problems.push_back("the header is nested too deeply");
  else if (!header.is_object()) problems.push_back("the header is no JSON object");
  return header.is_object() ? header : Json::object();
}

std::optional<std::uint64_t> naturalOf(const Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  return value.get<std::int64_t>() < 0 ? std::nullopt : std::optional<std::uint64_t>(value.get<std::uint64_t>());
}

struct Entry {
  TensorView view;
  std::uint64_t begin = 0, end = 0;
};

// One tensor's entry of the header; nullopt and a problem when it says something impossible.
std::optional<Entry> readEntry(const std::string& name, const Json& json, Problems& problems) {
  const auto wrong = [&](const std::string& what) {
    problems.push_back("tensor \"" + name.substr(0, kLongestName) + "\" " + what);
    return std::nullopt;
  };
  if (name.size() > kLongestName) return wrong("has a name of more than " + std::to_string(kLongestName) + " bytes");
  if (!json.is_object() || !json.contains("dtype") || !json.contains("shape") || !json.contains("data_offsets"))
    return wrong("lacks dtype, shape or data_offsets");
  if (json.size() != 3) return wrong("has other keys than dtype, shape and data_offsets");
  const Json &dtype = json["dtype"], &shape = json["shape"], &offsets = json["data_offsets"];
  if (!dtype.is_string()) return wrong("has a dtype that is no text");
  const auto known = std::ranges::find(kDtypes, dtype.get<std::string>(), dtypeName);
  if (known == kDtypes.end()) return wrong("has the dtype " + dtype.get<std::string>() + ", which is not supported");
  if (!shape.is_array() || shape.size() > kHighestRank)
    return wrong("has a shape that is no list of at most " + std::to_string(kHighestRank) + " sizes");
  if (!offsets.is_array() || offsets.size() != 2 || !naturalOf(offsets[0]) || !naturalOf(offsets[1]))
    return wrong("has data_offsets that are not two whole numbers");

  Entry entry{{name, *known, {}, {}}, *naturalOf(offsets[0]), *naturalOf(offsets[1])};
  std::uint64_t bytes = dtypeBytes(*known);
  for (const Json& size : shape) {
    const auto count = naturalOf(size);
    if (!count) return wrong("has a size that is no whole number");
    if (*count > std::numeric_limits<std::int64_t>::max() || __builtin_mul_overflow(bytes, *count, &bytes))
      return wrong("is larger than any memory");
    entry.view.shape.push_back(static_cast<std::int64_t>(*count));
  }
  if (entry.end < entry.begin) return wrong("ends before it begins");
  if (entry.end - entry.begin != bytes)
    return wrong("is " + std::to_string(bytes) + " bytes by its shape " + entry.view.shapeText() + ", but " +
                 std::to_string(entry.end - entry.begin) + " by its offsets");
  return entry;
}

// Data must follow each other from 0 to the end of the file: no hole, no overlap, nothing behind.
void checkCoverage(const std::vector<Entry>& entries, std::uint64_t size, Problems& problems) {
  std::uint64_t at = 0;
  for (const Entry& entry : entries) {
    if (entry.begin > at)
      problems.push_back("there is a hole of " + std::to_string(entry.begin - at) + " bytes before tensor \"" +
                         entry.view.name + "\"");
    if (entry.begin < at) problems.push_back("tensor \"" + entry.view.name + "\" overlaps the one before it");
    at = std::max(at, entry.end);
  }
  if (at > size)
    problems.push_back("the data end " + std::to_string(at - size) + " bytes before they should: the file is cut off");
  if (at < size) problems.push_back(std::to_string(size - at) + " bytes follow the last tensor");
}

// The JSON text, bounds checked; empty and a problem when there is none.
std::string_view headerText(std::span<const std::byte> file, Problems& problems) {
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | static_cast<std::uint64_t>(file[i]);
  if (length > kLongestHeader)
    problems.push_back("its header is said to be " + std::to_string(length) +
                       " bytes long, which no safetensors file is");
  else if (length > file.size() - 8)
    problems.push_back("its header is said to be longer than the file: it is cut off or no safetensors file");
  if (!problems.empty()) return {};
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + 8, length);
  if (!text.starts_with('{')) problems.push_back("its header does not begin with {: this is no safetensors file");
  else if (text.find('\0') != std::string_view::npos)
    problems.push_back("its header holds zero bytes");  // ends the parser's input
  return text;
}

Metadata readMetadata(const Json& json, Problems& problems) {
  Metadata metadata;
  if (!json.is_object()) problems.push_back("its __metadata__ is no object");
  else
    for (const auto& [key, value] : json.items())
      if (value.is_string()) metadata[key] = value.get<std::string>();
      else problems.push_back("its __metadata__ \"" + key + "\" is no text");
  return metadata;
}

}  // namespace

TensorTable readSafetensors(const std::filesystem::path& file) {
  const auto mapped = std::make_shared<const MappedFile>(file, 8);
  Problems problems;
  const std::string_view text = headerText(mapped->bytes(), problems);
  refuse(file, problems);
  const Json header = parseHeader(text, problems);
  if (header.size() > kMostTensors) problems.push_back("it has more than " + std::to_string(kMostTensors) + " tensors");
  refuse(file, problems);

  TensorTable table{.format = "safetensors", .owner = mapped};
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name == "__metadata__") table.metadata = readMetadata(json, problems);
    else if (auto entry = readEntry(name, json, problems)) entries.push_back(std::move(*entry));
  }
  std::ranges::stable_sort(
      entries, [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  const std::span data = mapped->bytes().subspan(8 + text.size());
  if (problems.empty()) checkCoverage(entries, data.size(), problems);
  refuse(file, problems);
  for (Entry& entry : entries) {
    entry.view.data = data.subspan(entry.begin, entry.end - entry.begin);
    table.tensors.push_back(std::move(entry.view));
  }
  return table;
}

}  // namespace palimpsest
