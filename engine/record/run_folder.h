// A run is a folder; FORMAT.md describes it. Readers work on finished and on still-growing runs alike.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/protocol/event.h"
#include "engine/protocol/issue.h"
#include "engine/protocol/sink.h"
#include "engine/protocol/value.h"

namespace palimpsest::record {

constexpr int kFormat = 1;

struct Paths {
  explicit Paths(std::filesystem::path folder) : folder(std::move(folder)) {}
  std::filesystem::path folder;
  std::filesystem::path run() const { return folder / "run.json"; }
  std::filesystem::path events() const { return folder / "events.jsonl"; }
  std::filesystem::path results() const { return folder / "results.json"; }
  std::filesystem::path blobs() const { return folder / "blobs"; }
  std::filesystem::path checkpoints() const { return folder / "checkpoints"; }
  std::filesystem::path log() const { return folder / "run.log"; }
  std::filesystem::path lock() const { return folder / "writer.lock"; }
};

// True when the folder holds a run (run.json exists).
bool isRun(const std::filesystem::path& folder);
// True while some process writes it (an advisory lock, released by the system when the process dies).
bool isBeingWritten(const std::filesystem::path& folder);

// The one writer of a run: appends events, each line whole and handed to the system before on() returns, so a killed
// process loses nothing that it said. Owned by the engine's thread. Throws Error{"disk-full"} or Error{"write-failed"}
// from on() and the constructors. After such a failure the file still ends with a whole line, and later events are
// dropped: the record has no gap, and the run can go on from there when there is room.
class Writer final : public Sink {
 public:
  // Makes the folder and run.json. Throws BadInput when the folder already holds a run.
  static std::unique_ptr<Writer> create(const std::filesystem::path& folder, const Value& run);
  // Goes on with an existing run: takes the lock (BadInput when another process has it), cuts a torn last line.
  static std::unique_ptr<Writer> append(const std::filesystem::path& folder);
  ~Writer() override;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  // Events come numbered nextSeq(), nextSeq() + 1, ...
  void on(const Event& event) override;
  std::uint64_t nextSeq() const { return next_seq_; }
  // Makes all events so far outlive a power cut. Call before renaming a checkpoint that builds on them; writeResults()
  // does it by itself.
  void sync();
  void writeResults(const Value& results);

 private:
  explicit Writer(std::filesystem::path folder);
  void lock();
  void open();
  void cutTail();
  [[noreturn]] void fail(int system_error);
  Paths paths_;
  int lock_ = -1, file_ = -1;
  std::uint64_t next_seq_ = 0;
  std::int64_t whole_ = 0;  // bytes of the file up to the end of its last whole line
  bool failed_ = false;
};

// Reads a run from the start and goes on as it grows. A torn last line, and damaged lines that no good line follows
// yet, are not consumed: a writer that goes on with the run cuts them away. Lines of unknown type are skipped. Not
// thread-safe; cheap to poll.
class Reader {
 public:
  explicit Reader(std::filesystem::path folder);  // throws BadInput when it holds no run
  const Value& run() const { return run_; }       // run.json
  // New whole events since the last call, at most `limit`. Damage in the middle becomes an issue, once.
  std::vector<Event> poll(std::size_t limit = 100000);
  const Issues& issues() const { return issues_; }
  bool torn() const { return torn_; }  // there was something after the last good line at the last poll
  // results.json; nullopt when there is none yet or it cannot be read.
  std::optional<Value> results() const;

 private:
  struct Line;
  static Line readLine(std::string_view text);
  bool readMore();
  void takeLines(std::size_t limit, std::vector<Event>& out);
  void damaged(std::uint64_t line);
  void consume(Line line, std::vector<Event>& out);

  Paths paths_;
  Value run_;
  std::ifstream file_;
  std::int64_t offset_ = 0;  // where partial_ begins in the file
  std::string partial_;      // read, but not consumed
  std::uint64_t line_ = 0;   // lines consumed
  std::uint64_t expected_seq_ = 0;
  std::uint64_t damaged_ = 0;  // damaged lines since the last good one: that many missing numbers are explained
  bool torn_ = false;
  Issues issues_;
};

// All events of a run with superseded ones (see RunResumed) taken out: what a report reads.
std::vector<Event> effectiveEvents(const std::filesystem::path& folder);
std::vector<Event> effectiveEvents(Reader& fresh);  // for who also wants its issues; reads it to the end

}  // namespace palimpsest::record
