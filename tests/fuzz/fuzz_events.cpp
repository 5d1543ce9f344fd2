#include "engine/protocol/error.h"
#include "engine/record/run_folder.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace palimpsest;
  static constexpr char kRun[] = "{\"format\": 1}";
  fuzz::folder().write("run/run.json", reinterpret_cast<const std::uint8_t*>(kRun), sizeof kRun - 1);
  fuzz::folder().write("run/events.jsonl", data, size);
  try {
    record::Reader reader(fuzz::folder().path() / "run");
    while (!reader.poll(7).empty()) continue;
    static_cast<void>(reader.issues().size());
  } catch (const BadInput&) {
  }
  return 0;
}
