// What a run's folder holds, read without showing it: for the offer to go on with runs that were cut short.
#pragma once

#include <QString>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace palimpsest {

struct FoundRun {
  enum class State { Done, Stopped, Failed, Interrupted, BeingWritten };
  std::filesystem::path folder;
  QString id, title;  // folder's name; the recipe's title
  State state = State::Interrupted;
  int task = 0;             // where it stood, from 0
  std::int64_t step = 0;    // of the run
  std::int64_t last_us = 0; // time of its last event
  bool hasCheckpoint = false;
  bool resumable() const { return state != State::Done && state != State::BeingWritten; }
};

// Reads run.json and the end of the events. Blocking, for a thread of its own; nullopt when this is no readable run.
std::optional<FoundRun> scanRun(const std::filesystem::path& folder);
// Every run under `runs`, newest first.
std::vector<FoundRun> scanRuns(const std::filesystem::path& runs);

}  // namespace palimpsest
