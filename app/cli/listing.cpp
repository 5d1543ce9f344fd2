#include "app/cli/listing.h"

#include <fmt/format.h>

#include <algorithm>

namespace palimpsest::cli {
namespace {

// Columns on the screen, near enough: characters, not bytes.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cellText(const Value& value) {
  if (value.isNull()) return "-";
  if (value.isBool()) return value.asBool() ? "yes" : "no";
  if (value.isNumber() && !value.isInt()) return fmt::format("{:.2f}", value.asDouble());
  return value.text();
}

}  // namespace

std::string textOf(const Listing& listing) {
  std::vector<std::vector<std::string>> lines{listing.columns};
  for (const Value::Array& row : listing.rows) {
    auto& line = lines.emplace_back();
    for (const Value& value : row) line.push_back(cellText(value));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t c = 0; c < line.size(); ++c) {
      std::size_t widest = 0;
      for (const auto& other : lines) widest = std::max(widest, width(other[c]));
      text += line[c];
      if (c + 1 < line.size()) text.append(widest - width(line[c]) + 2, ' ');
    }
    out += text + "\n";
  }
  return out;
}

Value jsonOf(const Listing& listing) {
  Value::Array rows;
  for (const Value::Array& row : listing.rows) {
    Value::Object object;
    for (std::size_t c = 0; c < row.size(); ++c) object.emplace_back(listing.columns[c], row[c]);
    rows.emplace_back(std::move(object));
  }
  return rows;
}

}  // namespace palimpsest::cli
