// Named tensors as a file holds them, whatever its format. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace palimpsest {

enum class Dtype { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool };
std::string_view dtypeName(Dtype dtype);  // "F32", as in a safetensors header
std::size_t dtypeBytes(Dtype dtype);

using Metadata = std::map<std::string, std::string>;
using Sizes = std::vector<std::int64_t>;

std::string textOf(const Sizes& sizes);  // "[2, 3]"

struct TensorView {
  std::string name;
  Dtype dtype = Dtype::F32;
  Sizes shape;                      // empty: a scalar
  std::span<const std::byte> data;  // little-endian, row-major; may be unaligned
  std::string shapeText() const { return textOf(shape); }
};

// What a weights file holds. Views live as long as the table, whose `owner` they look into.
struct TensorTable {
  std::string format;  // "safetensors", "PyTorch archive", ...: for people
  std::vector<TensorView> tensors;
  Metadata metadata;
  std::vector<std::string> ignored;  // entries that are no tensors
  std::shared_ptr<const void> owner;

  const TensorView* find(std::string_view name) const;
};

// Elements of a shape; false when they are more than `most` or a size is negative.
bool countOf(const Sizes& shape, std::uint64_t most, std::uint64_t& count);

// A tensor as a storage, an offset and strides describe it, copied row by row. Strides are in elements, not negative,
// and every element must lie inside `storage`.
std::vector<std::byte> contiguousCopy(std::span<const std::byte> storage, std::size_t item_bytes, std::uint64_t offset,
                                      const Sizes& shape, const Sizes& strides);
bool isContiguous(const Sizes& shape, const Sizes& strides);

}  // namespace palimpsest
