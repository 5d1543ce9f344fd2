#include "engine/record/feature_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "engine/record/descriptor.h"

namespace palimpsest::record {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::system_clock;

constexpr std::uint64_t kLooks = 16;  // the folder is looked at anew after a 16th of the limit was written: others write too

struct Found {
  fs::path file;
  std::uint64_t bytes = 0;
  Clock::time_point last_use;
};

// Our files in a folder, the least recently used first.
std::vector<Found> filesIn(const fs::path& folder) {
  std::vector<Found> found;
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
    struct stat status {};
    if (!isFeatureFileName(at->path().filename()) || ::lstat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    const auto since = std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    found.push_back({at->path(), static_cast<std::uint64_t>(status.st_blocks) * 512,
                     Clock::time_point(std::chrono::duration_cast<Clock::duration>(since))});
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.last_use < b.last_use; });
  return found;
}

std::uint64_t bytesOf(const std::vector<Found>& files) {
  std::uint64_t sum = 0;
  for (const Found& file : files) sum += file.bytes;
  return sum;
}

// Whoever has a file open holds a shared lock on it, so this fails while it is in use, in this process or in another. Should
// somebody open it between lock and unlink, they find their file without a name and begin a new one.
bool removeUnused(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 && ::unlink(path.c_str()) == 0;
}

// One line: what a field holds cannot look like another field.
std::string line(const char* name, const std::string& value) {
  std::string out = std::string(name) + ": ";
  for (const char c : value) {
    if (c == '\\') out += "\\\\";
    else if (c == '\n') out += "\\n";
    else out += c;
  }
  return out + '\n';
}

fs::path cacheFolder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/') return fs::path(cache) / "palimpsest" / "features";
  if (const char* user = std::getenv("HOME"); user && *user) return fs::path(user) / ".cache" / "palimpsest" / "features";
  return {};
}

}  // namespace

std::string FeatureKey::text() const {
  return line("weights", weights) + line("network", network) + line("transform", transform) + line("data", data) + line("split", split);
}

FeatureStore::Place FeatureStore::placeFromEnvironment() {
  Place place;
  const char* given = std::getenv("PALIMPSEST_FEATURE_CACHE");
  if (!given || !*given) place.folder = cacheFolder();
  else if (std::strcmp(given, "off") != 0) place.folder = given;
  const char* limit = std::getenv("PALIMPSEST_FEATURE_CACHE_LIMIT");
  if (!limit || !*limit) return place;
  std::uint64_t bytes = 0;
  const char* end = limit + std::strlen(limit);
  const auto [stopped, problem] = std::from_chars(limit, end, bytes);
  if (problem == std::errc() && stopped == end) place.limit_bytes = bytes;
  else
    place.issues.push_back(warning("PALIMPSEST_FEATURE_CACHE_LIMIT", "\"" + std::string(limit) + "\" is no number of bytes; the limit is 4 GiB",
                                   "Give a whole number, as in 8589934592 for 8 GiB."));
  return place;
}

FeatureStore::FeatureStore(fs::path folder, std::uint64_t limit_bytes, std::uint64_t leave_free)
    : folder_(std::move(folder)), limit_(limit_bytes), leave_free_(leave_free) {}

std::unique_ptr<StoredFeatures> FeatureStore::open(const FeatureKey& key, std::int64_t size, std::int64_t width) {
  std::unique_ptr<StoredFeatures> rows(new StoredFeatures(*this));
  if (!folder_.empty()) rows->file_.emplace(folder_, key.text(), size, width);
  return rows;
}

std::optional<Issue> FeatureStore::takeWarning() { return std::exchange(warning_, std::nullopt); }

void FeatureStore::warn(std::string message, std::string hint) {
  if (std::exchange(warned_, true)) return;
  warning_ = warning(folder_.string(), std::move(message) + " Results do not change; features are computed again when they are needed.",
                     std::move(hint));
}

void FeatureStore::stop(int system_error) {
  stopped_ = true;
  const bool full = system_error == ENOSPC || system_error == EDQUOT;
  warn("Features are no longer kept there: " + std::string(full ? "the disk is full" : std::strerror(system_error)) + ".",
       full ? "Free some space, or name another folder in PALIMPSEST_FEATURE_CACHE."
            : "Name a folder that can be written to in PALIMPSEST_FEATURE_CACHE, or \"off\".");
}

// How much of the limit is left once unused keys, the least recently used first, have made room for `wanted` bytes.
std::uint64_t FeatureStore::makeRoom(std::uint64_t wanted) {
  const std::vector<Found> files = filesIn(folder_);
  std::uint64_t used = bytesOf(files);
  for (const Found& file : files) {
    if (wanted > limit_ || used <= limit_ - wanted) break;
    if (removeUnused(file.file)) used -= file.bytes;
  }
  return limit_ > used ? limit_ - used : 0;
}

bool FeatureStore::hasRoomFor(std::uint64_t incoming) {
  std::error_code unknown;
  const fs::space_info disk = fs::space(folder_, unknown);
  if (!unknown && (disk.available < leave_free_ || disk.available - leave_free_ < incoming)) {
    stop(ENOSPC);
    return false;
  }
  if (incoming > allowance_) allowance_ = std::min(makeRoom(incoming), std::max(incoming, limit_ / kLooks));
  if (incoming > allowance_) {
    warn("Features are no longer kept there: the limit of " + std::to_string(limit_) + " bytes is reached by what is in use.",
         "Raise PALIMPSEST_FEATURE_CACHE_LIMIT.");
    return false;
  }
  allowance_ -= incoming;
  return true;
}

std::vector<FeatureStore::Entry> FeatureStore::entries() const {
  std::vector<Entry> entries;
  for (const Found& found : filesIn(folder_)) {
    const FeatureFileInfo info = describeFeatureFile(found.file).value_or(FeatureFileInfo{});
    entries.push_back({info.key, info.size, info.width, info.rows, found.bytes, found.last_use, found.file});
  }
  std::reverse(entries.begin(), entries.end());
  return entries;
}

std::uint64_t FeatureStore::bytes() const { return bytesOf(filesIn(folder_)); }

void FeatureStore::clear() {
  for (const Found& found : filesIn(folder_)) ::unlink(found.file.c_str());
  allowance_ = 0;
}

bool StoredFeatures::load(std::span<const std::int64_t> indices, float* out) { return file_ && file_->load(indices, out); }

void StoredFeatures::store(std::span<const std::int64_t> indices, const float* rows) {
  if (!file_ || !store_.on()) return;
  const std::vector<std::size_t> lacking = file_->lacking(indices, rows);
  if (lacking.empty() || !store_.hasRoomFor(file_->spaceFor(indices, lacking))) return;
  for (const std::size_t i : lacking)
    if (const int problem = file_->write(indices[i], rows + static_cast<std::int64_t>(i) * file_->width())) return store_.stop(problem);
}

}  // namespace palimpsest::record
