#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/protocol/error.h"
#include "engine/record/descriptor.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"

namespace palimpsest::record {
namespace {

// Open-file-description locks: unlike flock() they can be looked at without being taken, so asking whether a run is
// being written never gets in a writer's way. Released when the process dies.
struct flock wholeFile(short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;
}

// The number of the event on this line; nullopt when it is no event of any version.
std::optional<std::uint64_t> seqOf(std::string_view line) try {
  const Value object = parseJson(line, "event");
  const Value* seq = object.find("seq");
  if (!seq || !seq->isInt() || seq->asInt() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(seq->asInt());
} catch (const BadInput&) {
  return std::nullopt;
}

// Reads [from, from + size) of a file.
std::string slice(int file, std::int64_t from, std::int64_t size) {
  std::string text(static_cast<std::size_t>(size), '\0');
  std::size_t got = 0;
  while (got < text.size()) {
    const ssize_t n = ::pread(file, text.data() + got, text.size() - got, from + static_cast<std::int64_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  text.resize(got);
  return text;
}

struct End {
  std::int64_t bytes = 0;  // up to and with the newline of the last good line
  std::uint64_t next_seq = 0;
};

// The last good line that begins after the first newline of `text` (or at its start, when `from` is 0).
std::optional<End> lastGoodLine(std::string_view text, std::int64_t from) {
  for (auto newline = text.rfind('\n'); newline != std::string_view::npos;) {
    const auto before = newline == 0 ? std::string_view::npos : text.rfind('\n', newline - 1);
    if (before == std::string_view::npos && from > 0) return std::nullopt;  // the line begins further up
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    if (const auto seq = seqOf(text.substr(begin, newline - begin)))
      return End{from + static_cast<std::int64_t>(newline) + 1, *seq + 1};
    newline = before;
  }
  return std::nullopt;
}

// From the end, in growing steps: a long run has gigabytes of lines before the last.
End endOf(int file, std::int64_t size) {
  for (std::int64_t step = 1 << 16;; step *= 8) {
    const std::int64_t from = std::max<std::int64_t>(0, size - step);
    if (const auto end = lastGoodLine(slice(file, from, size - from), from)) return *end;
    if (from == 0) return {};
  }
}

}  // namespace

bool isRun(const std::filesystem::path& folder) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(Paths(folder).run(), ignored);
}

bool isBeingWritten(const std::filesystem::path& folder) {
  const Descriptor file(::open(Paths(folder).lock().c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  struct flock range = wholeFile(F_WRLCK);
  return ::fcntl(file.get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

Writer::Writer(std::filesystem::path folder) : paths_(std::move(folder)) {}

Writer::~Writer() {
  if (file_ >= 0) ::close(file_);
  if (lock_ >= 0) ::close(lock_);  // last: whoever gets the lock finds a finished file
}

std::unique_ptr<Writer> Writer::create(const std::filesystem::path& folder, const Value& run) {
  const Paths paths(folder);
  const auto refuseOld = [&] {
    if (isRun(folder) || std::filesystem::exists(paths.events()))
      throw BadInput({error(folder.string(), "already holds a run", "choose another folder, or go on with that run")});
  };
  std::error_code problem;
  std::filesystem::create_directories(paths.blobs(), problem);
  if (!problem) std::filesystem::create_directories(paths.checkpoints(), problem);
  if (problem)
    throwWriteError(problem.value(), "The run's folder \"" + folder.string() + "\" could not be made",
                    "Choose another folder with --out.");
  refuseOld();
  std::unique_ptr<Writer> writer(new Writer(folder));
  writer->lock();
  refuseOld();  // another process may have been faster
  Value header = run;
  if (!header.find("format")) header["format"] = kFormat;
  writeFileAtomically(paths.run(), toJson(header, 2) + "\n");
  writer->open();
  return writer;
}

std::unique_ptr<Writer> Writer::append(const std::filesystem::path& folder) {
  if (!isRun(folder))
    throw BadInput({error(folder.string(), "holds no run (there is no run.json)", "name the folder of a run")});
  std::unique_ptr<Writer> writer(new Writer(folder));
  writer->lock();
  writer->open();
  writer->cutTail();
  return writer;
}

void Writer::lock() {
  lock_ = ::open(paths_.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0)
    throwWriteError(errno, "The run's folder \"" + paths_.folder.string() + "\" cannot be written to",
                    "Check its permissions.");
  struct flock range = wholeFile(F_WRLCK);
  if (::fcntl(lock_, F_OFD_SETLK, &range) == 0) return;
  if (errno != EAGAIN && errno != EACCES)
    throwWriteError(errno, "The run's folder \"" + paths_.folder.string() + "\" cannot be locked",
                    "Choose a folder on a local disk.");
  throw BadInput(
      {error(paths_.folder.string(), "is being written by another process", "wait for that run, or stop it")});
}

void Writer::open() {
  file_ = ::open(paths_.events().c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0)
    throwWriteError(errno, "\"" + paths_.events().string() + "\" cannot be written to",
                    "Check the folder's permissions.");
}

void Writer::cutTail() {
  struct stat status {};
  if (::fstat(file_, &status) != 0)
    throwWriteError(errno, "\"" + paths_.events().string() + "\" cannot be read", "Check the disk.");
  const End end = endOf(file_, status.st_size);
  whole_ = end.bytes;
  next_seq_ = end.next_seq;
  if (status.st_size != whole_ && ::ftruncate(file_, whole_) != 0)
    throwWriteError(errno, "The torn end of \"" + paths_.events().string() + "\" could not be cut away",
                    "Check the folder's permissions.");
}

void Writer::on(const Event& event) {
  if (failed_) return;
  PALIMPSEST_EXPECT(event.seq == next_seq_, "events reach the record numbered without a gap");
  const std::string line = eventLine(event) + "\n";
  if (const int problem = writeAll(file_, line)) fail(problem);
  whole_ += static_cast<std::int64_t>(line.size());
  ++next_seq_;
}

void Writer::fail(int system_error) {
  failed_ = true;
  // Part of the line may be there. Cutting needs no space; should it fail too, append() cuts the same bytes.
  [[maybe_unused]] const int cut = ::ftruncate(file_, whole_);
  const std::string safe = next_seq_ == 0 ? "No event has been recorded"
                                          : "Everything until event " + std::to_string(next_seq_ - 1) + " is safe";
  throwWriteError(
      system_error, "The run's events could not be written to \"" + paths_.folder.string() + "\". " + safe + ". Reason",
      "Free some space on that disk, then go on with: palimpsest-cli resume \"" + paths_.folder.string() + "\"");
}

void Writer::sync() {
  if (!failed_ && ::fdatasync(file_) != 0) fail(errno);
}

void Writer::writeResults(const Value& results) {
  sync();
  writeFileAtomically(paths_.results(), toJson(results, 2) + "\n");
}

}  // namespace palimpsest::record
