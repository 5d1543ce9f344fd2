#include "engine/record/manual.h"

#include <utility>

#include "engine/protocol/event.h"
#include "engine/record/run_header.h"

namespace palimpsest::record {
namespace {

// A "|" would end the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

// Bounds and unit come from the declaration; what a choice may be is said by the doc or here.
std::string typeText(const ParamSpec& spec) {
  std::string text(kindName(spec.kind));
  if (spec.kind != Kind::Json && !rangeText(spec).empty()) text += ", " + rangeText(spec);
  return text;
}

template <typename C>
std::string tableOf() {
  std::string out = "| field | type, unit | meaning |\n|---|---|---|\n";
  for (const ParamSpec& spec : specsOf<C>())
    out += "| `" + spec.name + "` | " + cell(typeText(spec)) + " | " + cell(spec.meta.doc) + " |\n";
  return out;
}

template <typename E>
std::string sectionOf() {
  std::string out = "### `" + std::string(E::kType) + "`\n\n";
  out += E::kSample ? "Sample: views may thin it.\n" : "Landmark: never dropped.\n";
  const bool bare = std::tuple_size_v<decltype(E::fields())> == 0;
  return out + (bare ? "It has no fields of its own.\n" : "\n" + tableOf<E>()) + "\n";
}

template <std::size_t... I>
std::string sections(std::index_sequence<I...>) {
  return (sectionOf<std::variant_alternative_t<I, Payload>>() + ...);
}

}  // namespace

std::string eventManual() { return sections(std::make_index_sequence<std::variant_size_v<Payload>>{}); }

std::string headerManual() { return tableOf<RunHeader>(); }

}  // namespace palimpsest::record
