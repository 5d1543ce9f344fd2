#include "tests/fuzz/weights.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  palimpsest::fuzz::readAsBackbone(palimpsest::fuzz::folder().write("weights.npz", data, size));
  return 0;
}
