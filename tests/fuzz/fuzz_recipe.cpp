#include "engine/protocol/error.h"
#include "engine/protocol/recipe.h"
#include "engine/record/json.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace palimpsest;
  try {
    const Value recipe = record::parseJson({reinterpret_cast<const char*>(data), size}, "recipe.json");
    static_cast<void>(resolve(recipe, {}).issues.size());
    const std::string text = record::toJson(recipe, 2);
    PALIMPSEST_EXPECT(record::parseJson(text, "again") == recipe, "JSON does not come back");
  } catch (const BadInput&) {
  }
  return 0;
}
