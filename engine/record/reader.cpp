#include <algorithm>
#include <array>

#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"
#include "engine/record/run_header.h"

namespace palimpsest::record {

struct Reader::Line {
  bool good = false;  // an event, perhaps of a type that this version does not know
  std::optional<Event> event;
  std::uint64_t seq = 0;
};

namespace {

constexpr std::size_t kChunk = 1 << 20;
// No event comes near it; a longer "line" is a damaged file, and it must not fill the memory.
constexpr std::size_t kLongestLine = 256u << 20;
constexpr std::size_t kMostIssues = 100;

}  // namespace

Reader::Line Reader::readLine(std::string_view text) {
  Line line;
  line.event = parseEvent(text);
  line.good = line.event.has_value();
  if (line.good) {
    line.seq = line.event->seq;
    return line;
  }
  try {
    const Value object = parseJson(text, "event");
    const Value* seq = object.find("seq");
    const Value* type = object.find("type");
    line.good = seq && seq->isInt() && seq->asInt() >= 0 && type && type->isString();
    if (line.good) line.seq = static_cast<std::uint64_t>(seq->asInt());
  } catch (const BadInput&) {
  }
  return line;
}

RunHeader runHeader(const Value& run) {
  RunHeader header;
  std::apply(
      [&](const auto&... field) {
        (
            [&] {
              if (const Value* value = run.find(field.name)) fromValue(*value, header.*(field.member));
            }(),
            ...);
      },
      RunHeader::fields());
  return header;
}

Reader::Reader(std::filesystem::path folder) : paths_(std::move(folder)) {
  if (!isRun(paths_.folder))
    throw BadInput({error(paths_.folder.string(), "holds no run (there is no run.json)", "name the folder of a run")});
  run_ = readJsonFile(paths_.run());
  if (!run_.isObject())
    throw BadInput({error(paths_.run().string(), "is not a run's description", "name the folder of a run")});
  if (const int format = runHeader(run_).format; format > kFormat)
    issues_.push_back(warning(paths_.run().string(),
                              "was written by a newer version (format " + std::to_string(format) + ")",
                              "what this version does not know is left out"));
}

void Reader::damaged(std::uint64_t line) {
  ++damaged_;
  if (issues_.size() < kMostIssues)
    issues_.push_back(
        warning(paths_.events().string() + ":" + std::to_string(line), "this line is damaged and is left out"));
  else if (issues_.size() == kMostIssues)
    issues_.push_back(warning(paths_.events().string(), "more lines are damaged than are listed here"));
}

// False when the file holds nothing more at present.
bool Reader::readMore() {
  if (!file_.is_open()) file_.open(paths_.events(), std::ios::binary);
  if (!file_.is_open() || partial_.size() > kLongestLine) return false;
  file_.clear();
  file_.seekg(offset_ + static_cast<std::int64_t>(partial_.size()));
  const std::size_t had = partial_.size();
  partial_.resize(had + kChunk);
  file_.read(partial_.data() + had, static_cast<std::streamsize>(kChunk));
  partial_.resize(had + static_cast<std::size_t>(std::max<std::streamsize>(file_.gcount(), 0)));
  return partial_.size() > had;
}

void Reader::consume(Line line, std::vector<Event>& out) {
  const std::string where = paths_.events().string() + ":" + std::to_string(line_);
  const bool room = issues_.size() < kMostIssues;
  if (line.seq < expected_seq_) {
    if (room)
      issues_.push_back(warning(where, "event " + std::to_string(line.seq) + " comes twice; the second is left out"));
    return;
  }
  if (line.seq - expected_seq_ > damaged_ && room)
    issues_.push_back(warning(
        where, "events " + std::to_string(expected_seq_) + " to " + std::to_string(line.seq - 1) + " are missing"));
  expected_seq_ = line.seq + 1;
  damaged_ = 0;
  if (line.event) out.push_back(std::move(*line.event));
}

// Takes whole lines off the front of partial_, up to the last good one.
void Reader::takeLines(std::size_t limit, std::vector<Event>& out) {
  std::size_t good = 0;
  std::uint64_t bad = 0;  // damaged lines since
  for (std::size_t begin = 0; out.size() < limit;) {
    const auto newline = partial_.find('\n', begin);
    if (newline == std::string::npos) break;
    Line line = readLine(std::string_view(partial_).substr(begin, newline - begin));
    begin = newline + 1;
    if (!line.good) {
      ++bad;
      continue;
    }
    for (; bad > 0; --bad) damaged(++line_);
    ++line_;
    consume(std::move(line), out);
    good = begin;
  }
  partial_.erase(0, good);
  offset_ += static_cast<std::int64_t>(good);
}

std::vector<Event> Reader::poll(std::size_t limit) {
  std::vector<Event> out;
  partial_.clear();  // what was not consumed may have been cut away and written anew since
  bool more = true;
  while (out.size() < limit && more) {
    more = readMore();
    takeLines(limit, out);
  }
  torn_ = !more && !partial_.empty();
  return out;
}

std::optional<Value> Reader::results() const try {
  if (!std::filesystem::exists(paths_.results())) return std::nullopt;
  return readJsonFile(paths_.results());
} catch (const BadInput&) {
  return std::nullopt;
}

std::vector<Event> effectiveEvents(const std::filesystem::path& folder) {
  Reader reader(folder);
  return effectiveEvents(reader);
}

std::vector<Event> effectiveEvents(Reader& reader) {
  std::vector<Event> events;
  for (auto batch = reader.poll(); !batch.empty(); batch = reader.poll())
    for (Event& event : batch) {
      if (const auto* resumed = std::get_if<RunResumed>(&event.what)) {
        const auto from = static_cast<std::uint64_t>(std::max<std::int64_t>(resumed->from_seq, 0));
        while (!events.empty() && events.back().seq >= from) events.pop_back();
      }
      events.push_back(std::move(event));
    }
  return events;
}

}  // namespace palimpsest::record
