#include "engine/record/feature_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "engine/protocol/error.h"
#include "engine/protocol/random.h"

namespace palimpsest::record {
namespace {

namespace fs = std::filesystem;

constexpr char kMagic[] = "PLMPFEAT";
constexpr char kEnding[] = ".features";
constexpr std::uint64_t kVersion = 1;
constexpr std::int64_t kPage = 4096;
constexpr std::size_t kHashDigits = 32;
constexpr std::size_t kLongestKey = 1 << 16;
constexpr std::int64_t kMostRows = std::int64_t{1} << 32, kWidest = std::int64_t{1} << 20;
constexpr std::size_t kFixed = 5 * sizeof(std::uint64_t);  // bytes of the header before the key's text

std::int64_t wholePages(std::int64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

// Each word enters by a bijection, so a change within one word is always seen; any other with probability 1 - 2^-64.
std::uint64_t checksum(std::uint64_t seed, const void* bytes, std::size_t size) {
  const auto* in = static_cast<const char*>(bytes);
  std::uint64_t sum = mixed(seed, size), word = 0;
  for (; size >= sizeof word; in += sizeof word, size -= sizeof word) {
    std::memcpy(&word, in, sizeof word);
    sum = mixed(sum, word);
  }
  word = 0;
  if (size > 0) std::memcpy(&word, in, size);
  return mixed(sum, word);
}

std::string headerOf(const std::string& key, std::int64_t size, std::int64_t width) {
  std::string header(kMagic, sizeof(std::uint64_t));
  for (const std::uint64_t number : {kVersion, static_cast<std::uint64_t>(size), static_cast<std::uint64_t>(width), std::uint64_t{key.size()}})
    header.append(reinterpret_cast<const char*>(&number), sizeof number);
  header += key;
  header.resize(static_cast<std::size_t>(wholePages(static_cast<std::int64_t>(header.size()))), '\0');
  return header;
}

// 128 bits of the header; should two keys ever share them, the header tells.
std::string nameOf(const std::string& header) {
  char digits[kHashDigits + 1];
  std::snprintf(digits, sizeof digits, "%016llx%016llx", static_cast<unsigned long long>(checksum(1, header.data(), header.size())),
                static_cast<unsigned long long>(checksum(2, header.data(), header.size())));
  return std::string(digits) + kEnding;
}

// How many bytes there were at `from`; fewer than asked for at the file's end or where the disk fails.
std::size_t readAt(int file, std::int64_t from, void* out, std::size_t size) {
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(file, static_cast<char*>(out) + got, size - got, from + static_cast<std::int64_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

int writeAt(int file, std::int64_t from, const void* bytes, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pwrite(file, static_cast<const char*>(bytes) + done, size - done, from + static_cast<std::int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    done += static_cast<std::size_t>(n);
  }
  return 0;
}

std::int64_t countSums(int file, std::int64_t from, std::int64_t size) {
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(std::min(size, kPage)));
  std::int64_t found = 0;
  for (std::int64_t at = 0; at < size;) {
    const auto wanted = static_cast<std::size_t>(std::min(size - at, kPage)) * sizeof(std::uint64_t);
    const std::size_t got = readAt(file, from + at * static_cast<std::int64_t>(sizeof(std::uint64_t)), sums.data(), wanted);
    const std::size_t count = got / sizeof(std::uint64_t);
    found += static_cast<std::int64_t>(count) - std::count(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(count), 0U);
    if (got < wanted) break;
    at += static_cast<std::int64_t>(count);
  }
  return found;
}

}  // namespace

FeatureFile::FeatureFile(const fs::path& folder, const std::string& key, std::int64_t size, std::int64_t width)
    : size_(size), width_(width), header_(headerOf(key, size, width)), seed_(checksum(3, header_.data(), header_.size())),
      path_(folder / nameOf(header_)) {
  PALIMPSEST_EXPECT(size >= 1 && size <= kMostRows && width >= 1 && width <= kWidest, "rows of features have a sane shape");
  PALIMPSEST_EXPECT(key.size() <= kLongestKey, "a key of features is a few lines of text");
  open(0);
}

// A shared lock says "in use" to whoever makes room (see FeatureStore); rows do not depend on it, so nobody waits for it.
void FeatureFile::open(int flags) {
  problem_ = 0;
  file_.emplace(::open(path_.c_str(), O_RDWR | O_CLOEXEC | flags, 0644));
  if (!isOpen()) {
    problem_ = errno;
    if (problem_ == ENOENT) return;                              // it may appear the next moment, and then it can be written to
    file_.emplace(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));  // rows of a folder that is not ours are as good
    if (!isOpen()) return;
  }
  ::flock(file_->get(), LOCK_SH | LOCK_NB);
  if (!takeHeader()) file_.reset();
  else if (problem_ == 0) ::futimens(file_->get(), nullptr);  // used now: the last to make room for others
}

// Everybody who has this key writes the same header, so it does not matter who is first or who was killed half-way.
bool FeatureFile::takeHeader() {
  std::string found(header_.size(), '\0');
  found.resize(readAt(file_->get(), 0, found.data(), found.size()));
  if (found == header_) return true;
  if (problem_ != 0) return false;
  const bool begun = header_.starts_with(found);
  if (!begun && ::ftruncate(file_->get(), 0) != 0) problem_ = errno;
  if (problem_ == 0) problem_ = writeAt(file_->get(), 0, header_.data(), header_.size());
  return problem_ == 0;
}

// True when somebody made room and took this file's name away: what is written to it now, nobody will find.
bool FeatureFile::isForgotten() const {
  struct stat status {};
  return ::fstat(file_->get(), &status) == 0 && status.st_nlink == 0;
}

std::int64_t FeatureFile::placeOfSum(std::int64_t index) const {
  return static_cast<std::int64_t>(header_.size()) + index * static_cast<std::int64_t>(sizeof(std::uint64_t));
}

std::int64_t FeatureFile::placeOfRow(std::int64_t index) const {
  const auto row_bytes = width_ * static_cast<std::int64_t>(sizeof(float));
  return wholePages(placeOfSum(size_)) + index * row_bytes;
}

std::uint64_t FeatureFile::spaceFor(std::span<const std::int64_t> indices, const std::vector<std::size_t>& positions) const {
  std::vector<std::int64_t> pages;
  for (std::int64_t page = 0; page < placeOfSum(0) / kPage; ++page) pages.push_back(page);  // the header, should the file be new
  for (const std::size_t i : positions) {
    pages.push_back(placeOfSum(indices[i]) / kPage);
    for (std::int64_t page = placeOfRow(indices[i]) / kPage; page <= (placeOfRow(indices[i] + 1) - 1) / kPage; ++page) pages.push_back(page);
  }
  std::sort(pages.begin(), pages.end());
  return static_cast<std::uint64_t>((std::unique(pages.begin(), pages.end()) - pages.begin()) * kPage);
}

std::uint64_t FeatureFile::sumOf(std::int64_t index, const float* row) const {
  const std::uint64_t sum = checksum(mixed(seed_, static_cast<std::uint64_t>(index)), row, static_cast<std::size_t>(width_) * sizeof(float));
  return sum == 0 ? 1 : sum;
}

bool FeatureFile::loadRow(std::int64_t index, float* out) {
  PALIMPSEST_EXPECT(index >= 0 && index < size_, "a row of features is one of its split");
  std::uint64_t sum = 0;
  if (readAt(file_->get(), placeOfSum(index), &sum, sizeof sum) != sizeof sum || sum == 0) return false;
  const std::size_t row_bytes = static_cast<std::size_t>(width_) * sizeof(float);
  if (readAt(file_->get(), placeOfRow(index), out, row_bytes) == row_bytes && sumOf(index, out) == sum) return true;
  // Torn or damaged. Should another process be writing it this moment, it only has to be computed once more.
  const std::uint64_t none = 0;
  if (problem_ == 0) writeAt(file_->get(), placeOfSum(index), &none, sizeof none);
  return false;
}

bool FeatureFile::load(std::span<const std::int64_t> indices, float* out) {
  if (!isOpen()) open(0);
  if (!isOpen()) return indices.empty();
  for (const std::int64_t index : indices) {
    if (!loadRow(index, out)) return false;
    out += width_;
  }
  return true;
}

std::vector<std::size_t> FeatureFile::lacking(std::span<const std::int64_t> indices, const float* rows) {
  std::vector<std::size_t> positions;
  std::vector<float> kept(static_cast<std::size_t>(width_));
  if (!isOpen() || isForgotten()) open(0);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const float* row = rows + static_cast<std::int64_t>(i) * width_;
    if (!std::all_of(row, row + width_, [](float value) { return std::isfinite(value); })) continue;
    if (!isOpen() || !loadRow(indices[i], kept.data())) positions.push_back(i);
  }
  return positions;
}

int FeatureFile::write(std::int64_t index, const float* row) {
  PALIMPSEST_EXPECT(index >= 0 && index < size_, "a row of features is one of its split");
  if (!isOpen() || isForgotten()) {
    std::error_code seen_at_opening;
    fs::create_directories(path_.parent_path(), seen_at_opening);
    open(O_CREAT);
  }
  if (problem_ != 0) return problem_;
  const std::uint64_t sum = sumOf(index, row);
  if (const int problem = writeAt(file_->get(), placeOfRow(index), row, static_cast<std::size_t>(width_) * sizeof(float))) return problem;
  return writeAt(file_->get(), placeOfSum(index), &sum, sizeof sum);
}

bool isFeatureFileName(const std::string& name) {
  return name.size() == kHashDigits + sizeof kEnding - 1 && name.ends_with(kEnding) &&
         name.find_first_not_of("0123456789abcdef") == kHashDigits;
}

std::optional<FeatureFileInfo> describeFeatureFile(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::uint64_t fixed[5];
  if (!file || readAt(file.get(), 0, fixed, kFixed) != kFixed) return std::nullopt;
  FeatureFileInfo info{.key = {}, .size = static_cast<std::int64_t>(fixed[2]), .width = static_cast<std::int64_t>(fixed[3]), .rows = 0};
  if (info.size < 1 || info.size > kMostRows || info.width < 1 || info.width > kWidest || fixed[4] > kLongestKey) return std::nullopt;
  info.key.resize(fixed[4]);
  if (readAt(file.get(), kFixed, info.key.data(), info.key.size()) != info.key.size()) return std::nullopt;
  const std::string header = headerOf(info.key, info.size, info.width);
  std::string found(header.size(), '\0');
  if (readAt(file.get(), 0, found.data(), found.size()) != found.size() || found != header) return std::nullopt;
  if (path.filename() != nameOf(header)) return std::nullopt;
  info.rows = countSums(file.get(), static_cast<std::int64_t>(header.size()), info.size);
  return info;
}

}  // namespace palimpsest::record
