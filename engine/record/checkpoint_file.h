// A checkpoint as far as the record is concerned: a safetensors file that says at which event it was taken. What the
// tensors in it mean is the engine's business; this header is free of torch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace palimpsest::record {

struct CheckpointMark {
  std::int64_t seq = 0;  // of the event that tells of it: everything before has happened
  int next_task = 0;     // in which the run goes on, from 0
  bool at_task_end = false;
};

// nullopt when the file is no readable checkpoint. Reads the header only.
std::optional<CheckpointMark> checkpointMark(const std::filesystem::path& file);

// Puts a checkpoint at `to`, which must not exist, as one taken at event `seq`. Where it says so already the two share
// their bytes (a hard link), if the file system allows it; else it is copied and flushed. Throws BadInput when `from` is
// no checkpoint, Error{"disk-full"} or Error{"write-failed"}.
void placeCheckpoint(const std::filesystem::path& from, const std::filesystem::path& to, std::int64_t seq);

// A second name for a file that nobody will change, or a flushed copy where links are not to be had. `to` must not exist.
void linkOrCopy(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace palimpsest::record
