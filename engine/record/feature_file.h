// Features of a frozen network on the disk: one file for each key, rows [size, width] float32.
//
// Layout, in the byte order of the machine; a file from another one has another name:
//   header   "PLMPFEAT", version, size, width, bytes of the key's text (64 bit each), the text; zeros up to a multiple of 4096
//   sums     size checksums of 64 bit, zeros up to a multiple of 4096; 0: no row
//   rows     size x width float32, each row at its place; what was never written is a hole and takes no space
//
// A row counts when its checksum, which also covers key and index, fits the bytes read. This alone makes the file right:
// killed writers, several writers at once, lost power, damage and cut ends leave rows that fit or rows that are absent.
// So there is no journal, no lock around writing and no fsync. Rows are read with pread and not through a mapping, because a
// failing disk, or a file that becomes shorter, is then a row that is missing and not a signal that ends the program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/record/descriptor.h"

namespace palimpsest::record {

// One key's file. Engine thread only; any number of processes may have it open. Nothing is thrown for what the system or the
// disk does: a row that cannot be read is absent, a row that cannot be written is an errno.
class FeatureFile {
 public:
  // `key` is stored and compared whole. The file need not exist; it is made by the first write(). size in 1..2^32, width in 1..2^20.
  FeatureFile(const std::filesystem::path& folder, const std::string& key, std::int64_t size, std::int64_t width);

  // The rows of `indices` (each in 0..size-1, any order) into out [n, width]; false when any is absent or damaged, and what
  // `out` then holds means nothing. A damaged row is taken out of the file.
  bool load(std::span<const std::int64_t> indices, float* out);
  // Which of `rows` [n, width] the file lacks, as positions in `indices`. Rows that are not finite are not among them: they are a
  // symptom, and kept they would outlive their cause.
  std::vector<std::size_t> lacking(std::span<const std::int64_t> indices, const float* rows);
  // Writes one row [width]; 0 or an errno.
  int write(std::int64_t index, const float* row);

  // Bytes on the disk that writing the rows of indices[positions] takes at most, in whole pages.
  std::uint64_t spaceFor(std::span<const std::int64_t> indices, const std::vector<std::size_t>& positions) const;

  std::int64_t width() const { return width_; }

 private:
  void open(int flags);
  bool isOpen() const { return file_ && *file_; }
  bool takeHeader();
  bool isForgotten() const;
  bool loadRow(std::int64_t index, float* out);
  std::uint64_t sumOf(std::int64_t index, const float* row) const;
  std::int64_t placeOfSum(std::int64_t index) const;
  std::int64_t placeOfRow(std::int64_t index) const;

  std::int64_t size_, width_;
  std::string header_;  // the bytes that this key's file begins with
  std::uint64_t seed_;  // of its checksums
  std::filesystem::path path_;
  std::optional<Descriptor> file_;
  int problem_ = 0;  // why it is not open for writing
};

// What a file says about itself.
struct FeatureFileInfo {
  std::string key;
  std::int64_t size = 0, width = 0;
  std::int64_t rows = 0;  // that have a checksum; whether it fits is found out when they are loaded
};

// nullopt when the file is none of ours or damaged.
std::optional<FeatureFileInfo> describeFeatureFile(const std::filesystem::path& file);
// True for names that FeatureFile gives: nothing else in a folder may be touched.
bool isFeatureFileName(const std::string& name);

}  // namespace palimpsest::record
