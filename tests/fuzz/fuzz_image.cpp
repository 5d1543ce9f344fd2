#include "engine/data/decode.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const palimpsest::Decoded decoded = palimpsest::decodeImage({data, data + size});
  static_cast<void>(decoded.problem.size() + decoded.image.pixels.size());
  return 0;
}
