// Reads a weights file as a backbone is read, and touches every byte that is handed out.
#pragma once

#include "engine/protocol/error.h"
#include "engine/weights/names.h"
#include "tests/fuzz/input.h"

namespace palimpsest::fuzz {

inline void readAsBackbone(const std::filesystem::path& file) {
  try {
    const TensorTable table = readWeights(file);
    NameReport report;
    Issues issues;
    const TensorTable mapped = timmNames(table, file.string(), report, issues);
    for (const TensorView& tensor : mapped.tensors) {
      std::uint64_t count = 0;
      PALIMPSEST_EXPECT(countOf(tensor.shape, UINT64_MAX, count) && count * dtypeBytes(tensor.dtype) == tensor.data.size(), "a shape does not fit its bytes");
      for (const std::byte b : tensor.data) static_cast<void>(static_cast<volatile const std::byte&>(b));
    }
  } catch (const BadInput&) {
  }
}

}  // namespace palimpsest::fuzz
