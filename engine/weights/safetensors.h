// safetensors files (huggingface.co/docs/safetensors): u64 header length, JSON header, data. Torch-free. Stricter than
// the reference reader: every fault is reported, duplicate names are refused, and data must cover the file exactly.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/weights/tensor_table.h"

namespace palimpsest {

// Throws BadInput that lists everything wrong with the file.
TensorTable readSafetensors(const std::filesystem::path& file);

// Writes to a temporary name in the same folder, flushes to the disk and renames: a reader sees all or nothing.
// Throws Error{"disk-full"} or Error{"write-failed"}.
void writeSafetensors(const std::filesystem::path& file, std::vector<TensorView> tensors, const Metadata& metadata = {});

// Lower-case hexadecimal SHA-256. Throws BadInput when the file cannot be read.
std::string sha256OfFile(const std::filesystem::path& file);

}  // namespace palimpsest
