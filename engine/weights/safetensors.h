// safetensors files (huggingface.co/docs/safetensors): u64 header length, JSON header, data. Torch-free. Stricter than
// the reference reader: every fault is reported, duplicate names are refused, and data must cover the file exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/protocol/issue.h"

namespace palimpsest {

enum class Dtype { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool };
std::string_view dtypeName(Dtype dtype);  // "F32", as in a header
std::size_t dtypeBytes(Dtype dtype);

using Metadata = std::map<std::string, std::string>;

struct TensorView {
  std::string name;
  Dtype dtype = Dtype::F32;
  std::vector<std::int64_t> shape;      // empty: a scalar
  std::span<const std::byte> data;      // little-endian, row-major; may be unaligned
  std::string shapeText() const;        // "[2, 3]"
};

// An open file, mapped into memory; views live as long as it does.
class SafetensorsFile {
 public:
  // Throws BadInput that lists everything wrong with the file.
  explicit SafetensorsFile(const std::filesystem::path& file);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  const std::vector<TensorView>& tensors() const { return tensors_; }  // in order of their data
  const TensorView* find(std::string_view name) const;
  const Metadata& metadata() const { return metadata_; }

 private:
  struct Mapping;
  std::unique_ptr<Mapping> mapping_;
  std::vector<TensorView> tensors_;
  Metadata metadata_;
};

// Writes to a temporary name in the same folder, flushes to the disk and renames: a reader sees all or nothing.
// Throws Error{"disk-full"} or Error{"write-failed"}.
void writeSafetensors(const std::filesystem::path& file, std::vector<TensorView> tensors, const Metadata& metadata = {});

// Lower-case hexadecimal SHA-256. Throws BadInput when the file cannot be read.
std::string sha256OfFile(const std::filesystem::path& file);

}  // namespace palimpsest
