// Features of frozen networks, kept across runs and processes: what only needs them (SimpleCIL, RanPAC's second phase, FeCAM)
// runs the network once for each image, ever. A folder with one file for each key (feature_file.h has the layout), a limit, and the
// least recently used keys making room. A cache: everything here can be deleted at any time, and nothing that goes wrong here is
// an error of a run.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/protocol/issue.h"
#include "engine/record/feature_file.h"

namespace palimpsest::record {

// Everything that features are a function of, besides the image's index. Free text; two keys are one when all fields are equal.
struct FeatureKey {
  std::string weights;    // a hash of the weights, not their file's name
  std::string transform;  // of the test, its input range and image size
  std::string data;       // the data set's fingerprint
  std::string split;      // train or test
  std::string network;    // architecture, how position embeddings were resized, dtype, kind of device
  std::string text() const;  // "weights: ...", a line for each field
};

class StoredFeatures;

// Engine thread only; any number of processes may share a folder.
class FeatureStore {
 public:
  static constexpr std::uint64_t kDefaultLimit = std::uint64_t{4} << 30;
  static constexpr std::uint64_t kLeaveFree = std::uint64_t{256} << 20;

  struct Place {
    std::filesystem::path folder;  // empty: off
    std::uint64_t limit_bytes = kDefaultLimit;
    Issues issues;  // warnings about the environment
  };
  // PALIMPSEST_FEATURE_CACHE (a folder, or "off"), else $XDG_CACHE_HOME/palimpsest/features, else
  // ~/.cache/palimpsest/features; PALIMPSEST_FEATURE_CACHE_LIMIT in bytes.
  static Place placeFromEnvironment();

  // The folder need not exist; it is made when something is stored. An empty path is a store that is off: it has nothing and
  // keeps nothing. `leave_free` bytes of the disk are left to the run itself.
  explicit FeatureStore(std::filesystem::path folder, std::uint64_t limit_bytes = kDefaultLimit, std::uint64_t leave_free = kLeaveFree);
  FeatureStore(const FeatureStore&) = delete;
  FeatureStore& operator=(const FeatureStore&) = delete;

  // Features of a split with `size` images and a network of `width`; never null. While it lives, no process takes its file away to
  // make room. It must not outlive the store.
  std::unique_ptr<StoredFeatures> open(const FeatureKey& key, std::int64_t size, std::int64_t width);
  // Why features are no longer kept (full disk, folder that cannot be written to, limit): given out once, for the run's log.
  std::optional<Issue> takeWarning();

  struct Entry {
    std::string key;  // FeatureKey::text(); empty for a file that is damaged
    std::int64_t size = 0, width = 0, rows = 0;
    std::uint64_t bytes = 0;  // on the disk
    std::chrono::system_clock::time_point last_use;
    std::filesystem::path file;
  };
  std::vector<Entry> entries() const;  // most recently used first
  std::uint64_t bytes() const;         // on the disk, all keys, now
  // Removes all keys, and nothing else that lies in the folder. What other processes have open they go on using.
  void clear();

 private:
  friend class StoredFeatures;
  bool on() const { return !folder_.empty() && !stopped_; }
  bool hasRoomFor(std::uint64_t incoming);
  std::uint64_t makeRoom(std::uint64_t wanted);
  void stop(int system_error);
  void warn(std::string message, std::string hint);

  std::filesystem::path folder_;
  std::uint64_t limit_, leave_free_;
  std::uint64_t allowance_ = 0;  // bytes that may be written before the folder is looked at again
  bool stopped_ = false, warned_ = false;
  std::optional<Issue> warning_;
};

// One key's rows.
class StoredFeatures {
 public:
  // The rows of `indices` into out [n, width]; false when any is missing, and then `out` means nothing.
  bool load(std::span<const std::int64_t> indices, float* out);
  // Keeps rows [n, width]; rows that are there already stay as they are, rows that are not finite are not kept.
  void store(std::span<const std::int64_t> indices, const float* rows);

 private:
  friend class FeatureStore;
  explicit StoredFeatures(FeatureStore& store) : store_(store) {}
  FeatureStore& store_;
  std::optional<FeatureFile> file_;  // none: the store is off
};

}  // namespace palimpsest::record
