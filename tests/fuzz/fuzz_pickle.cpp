#include "engine/protocol/error.h"
#include "engine/weights/pickle.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace palimpsest;
  try {
    const Pickle pickle(std::as_bytes(std::span(data, size)));
    for (const Pickle::Node& node : pickle.nodes())
      for (const Pickle::Id id : node.items) PALIMPSEST_EXPECT(id < pickle.nodes().size(), "an item that is not there");
    static_cast<void>(pickle.member(pickle[pickle.root()], "state_dict"));
  } catch (const Error& refused) {
    if (refused.code != "bad-pickle") throw;
  }
  return 0;
}
