#include "engine/data/sources.h"
#include "engine/protocol/error.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace palimpsest;
  for (const char* name : {"train.bin", "test.bin"}) fuzz::folder().write(std::string("cifar/") + name, data, size);
  try {
    Issues issues;
    const Dataset read = openCifar100((fuzz::folder().path() / "cifar").string(), issues);
    if (!hasErrors(issues) && read.train && read.train->size() > 0) static_cast<void>(read.train->image(0));
  } catch (const BadInput&) {
  }
  return 0;
}
