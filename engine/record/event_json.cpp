// Event <-> JSON, derived from the fields() of every alternative of Payload: a new event needs nothing here.
#include <utility>

#include "engine/protocol/error.h"
#include "engine/record/json.h"

namespace palimpsest::record {
namespace {

// Missing fields keep their defaults: an older program wrote the line.
template <typename E>
bool readAs(std::string_view type, const Value& object, Payload& out) {
  if (type != E::kType) return false;
  E event;
  std::apply(
      [&]([[maybe_unused]] const auto&... field) {
        (
            [&] {
              if (const Value* value = object.find(field.name)) fromValue(*value, event.*(field.member));
            }(),
            ...);
      },
      E::fields());
  out = std::move(event);
  return true;
}

template <std::size_t... I>
bool readAny(std::string_view type, const Value& object, Payload& out, std::index_sequence<I...>) {
  return (readAs<std::variant_alternative_t<I, Payload>>(type, object, out) || ...);
}

}  // namespace

std::string eventLine(const Event& event) {
  Value::Object line{{"seq", event.seq}, {"at_us", event.at_us}};
  std::visit(
      [&](const auto& what) {
        line.emplace_back("type", std::remove_cvref_t<decltype(what)>::kType);
        for (auto& member : valuesOf(what)) line.push_back(std::move(member));
      },
      event.what);
  return toJson(Value(std::move(line)));
}

std::optional<Event> parseEvent(std::string_view line) {
  Value object;
  try {
    object = parseJson(line, "event");
  } catch (const BadInput&) {
    return std::nullopt;
  }
  const Value* seq = object.find("seq");
  const Value* type = object.find("type");
  if (!seq || !seq->isInt() || seq->asInt() < 0 || !type) return std::nullopt;
  Event event{static_cast<std::uint64_t>(seq->asInt()), 0, {}};
  if (const Value* at = object.find("at_us")) event.at_us = at->asInt();
  if (!readAny(type->asString(), object, event.what, std::make_index_sequence<std::variant_size_v<Payload>>{}))
    return std::nullopt;
  return event;
}

}  // namespace palimpsest::record
