// Readings of memory and disk, in bytes; 0 where the system does not tell.
#pragma once

#include <cstdint>
#include <filesystem>

namespace palimpsest {

std::int64_t rssBytes();      // resident now
std::int64_t peakRssBytes();  // highest so far
std::int64_t availableBytes();  // memory that could still be taken without swapping
// In use on the current CUDA device, by everybody; 0 on CPU.
std::int64_t deviceBytes();
// Free for this user on the file system of `path` or of its nearest existing parent.
std::int64_t freeDiskBytes(const std::filesystem::path& path);

}  // namespace palimpsest
