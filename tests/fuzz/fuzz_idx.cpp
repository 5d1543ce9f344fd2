// The first byte says how much of the rest is images; labels follow.
#include "engine/data/sources.h"
#include "engine/protocol/error.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace palimpsest;
  if (size < 1) return 0;
  const std::size_t images = (size - 1) * data[0] / 255;
  for (const char* split : {"train", "t10k"}) {
    fuzz::folder().write(std::string("idx/") + split + "-images-idx3-ubyte", data + 1, images);
    fuzz::folder().write(std::string("idx/") + split + "-labels-idx1-ubyte", data + 1 + images, size - 1 - images);
  }
  try {
    Issues issues;
    const Dataset read = openIdx((fuzz::folder().path() / "idx").string(), issues);
    if (!hasErrors(issues) && read.train && read.train->size() > 0) static_cast<void>(read.train->image(0));
  } catch (const BadInput&) {
  }
  return 0;
}
