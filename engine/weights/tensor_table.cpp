#include "engine/weights/tensor_table.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace palimpsest {
namespace {

struct DtypeRow {
  Dtype dtype;
  std::string_view name;
  std::size_t bytes;
};
constexpr std::array kDtypes{DtypeRow{Dtype::F64, "F64", 8}, DtypeRow{Dtype::F32, "F32", 4},
                             DtypeRow{Dtype::F16, "F16", 2}, DtypeRow{Dtype::BF16, "BF16", 2},
                             DtypeRow{Dtype::I64, "I64", 8}, DtypeRow{Dtype::I32, "I32", 4},
                             DtypeRow{Dtype::I16, "I16", 2}, DtypeRow{Dtype::I8, "I8", 1},
                             DtypeRow{Dtype::U8, "U8", 1},   DtypeRow{Dtype::Bool, "BOOL", 1}};

const DtypeRow& rowOf(Dtype dtype) {
  return *std::ranges::find_if(kDtypes, [=](const DtypeRow& row) { return row.dtype == dtype; });
}

}  // namespace

std::string_view dtypeName(Dtype dtype) { return rowOf(dtype).name; }
std::size_t dtypeBytes(Dtype dtype) { return rowOf(dtype).bytes; }

std::string textOf(const Sizes& sizes) {
  std::string text = "[";
  for (const std::int64_t size : sizes) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(size);
  }
  text += ']';
  return text;
}

const TensorView* TensorTable::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &TensorView::name);
  return found == tensors.end() ? nullptr : &*found;
}

bool countOf(const Sizes& shape, std::uint64_t most, std::uint64_t& count) {
  count = 1;
  bool empty = false, large = false;
  for (const std::int64_t size : shape) {
    if (size < 0) return false;
    if (size == 0) empty = true;
    else large = large || __builtin_mul_overflow(count, static_cast<std::uint64_t>(size), &count) || count > most;
  }
  if (empty) count = 0;
  return empty || !large;
}

bool isContiguous(const Sizes& shape, const Sizes& strides) {
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

std::vector<std::byte> contiguousCopy(std::span<const std::byte> storage, std::size_t item, std::uint64_t offset,
                                      const Sizes& shape, const Sizes& strides) {
  std::uint64_t count = 0;
  if (!countOf(shape, storage.size(), count) || count == 0) return {};
  std::vector<std::byte> out(static_cast<std::size_t>(count) * item);
  Sizes at(shape.size(), 0);
  std::uint64_t source = offset;
  for (std::size_t to = 0; to < out.size(); to += item) {
    std::memcpy(&out[to], storage.data() + static_cast<std::size_t>(source) * item, item);
    for (std::size_t axis = shape.size(); axis-- > 0;) {  // the next position, last axis fastest
      source += static_cast<std::uint64_t>(strides[axis]);
      if (++at[axis] < shape[axis]) break;
      source -= static_cast<std::uint64_t>(strides[axis]) * static_cast<std::uint64_t>(shape[axis]);
      at[axis] = 0;
    }
  }
  return out;
}

}  // namespace palimpsest
