// A regular file, mapped into memory for reading.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace palimpsest {

using Problems = std::vector<std::string>;  // what is wrong with a file, in whole sentences without the file's name

// Throws BadInput that lists them all; returns when there are none.
void refuse(const std::filesystem::path& file, const Problems& problems);

class MappedFile {
 public:
  // Throws BadInput when the file cannot be read, is no regular file, or is shorter than `least` bytes.
  explicit MappedFile(const std::filesystem::path& file, std::size_t least = 0);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace palimpsest
