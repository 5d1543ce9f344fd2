#include "engine/record/checkpoint_file.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "engine/protocol/error.h"
#include "engine/record/descriptor.h"
#include "engine/record/json.h"

namespace palimpsest::record {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLongestHeader = 100u << 20;  // as other readers of the format have it
constexpr std::size_t kChunk = 1 << 20;

// The header of a safetensors file: eight bytes of length, then JSON whose offsets count from its end.
struct Header {
  Value json;
  std::int64_t data_at = 0;  // first byte behind it
};

std::optional<Header> readHeader(std::ifstream& in, const fs::path& file) try {
  std::array<unsigned char, 8> bytes{};
  if (!in.read(reinterpret_cast<char*>(bytes.data()), bytes.size())) return std::nullopt;
  std::uint64_t length = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) length = length << 8 | bytes[i];
  if (length > kLongestHeader) return std::nullopt;
  std::error_code trouble;
  if (const auto size = fs::file_size(file, trouble); trouble || length + bytes.size() > size) return std::nullopt;
  std::string text(length, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(length))) return std::nullopt;
  return Header{parseJson(text, file.string()), static_cast<std::int64_t>(length + bytes.size())};
} catch (const BadInput&) {
  return std::nullopt;
}

std::optional<Value> stateIn(const Header& header, const fs::path& file) try {
  const Value* state = header.json.at("__metadata__.palimpsest");
  if (!state || !state->isString()) return std::nullopt;
  return parseJson(state->asString(), file.string());
} catch (const BadInput&) {
  return std::nullopt;
}

std::string headerBytes(const Value& json) {
  std::string text = toJson(json);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // tensors stay aligned
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(text.size() >> (8 * i) & 0xff));
  return bytes + text;
}

// `head`, then what `in` holds from where it stands.
void writeCopy(const fs::path& to, const std::string& head, std::ifstream& in) {
  Descriptor out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  const auto fail = [&](int problem) { throwWriteError(problem, "\"" + to.string() + "\" could not be written", "Free some space or choose another folder."); };
  if (!out) fail(errno);
  if (const int problem = writeAll(out.get(), head)) fail(problem);
  for (std::string chunk(kChunk, '\0'); in;) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    if (const int problem = writeAll(out.get(), std::string_view(chunk).substr(0, static_cast<std::size_t>(in.gcount())))) fail(problem);
  }
  if (in.bad()) fail(EIO);
  if (::fsync(out.get()) != 0 || !out.close()) fail(errno);
}

}  // namespace

std::optional<CheckpointMark> checkpointMark(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const auto header = in ? readHeader(in, file) : std::nullopt;
  const auto state = header ? stateIn(*header, file) : std::nullopt;
  const Value* seq = state ? state->find("seq") : nullptr;
  if (!seq || !seq->isInt() || seq->asInt() < 0) return std::nullopt;
  const auto number = [&](const char* path) { const Value* v = state->at(path); return v ? v->asInt() : 0; };
  const Value* begun = state->at("clock.begun");
  const bool whole = number("clock.phase") == 0 && number("clock.epoch") == 0 && number("clock.step") == 0;
  return CheckpointMark{seq->asInt(), static_cast<int>(number("clock.task")), whole && !(begun && begun->asBool())};
}

void placeCheckpoint(const fs::path& from, const fs::path& to, std::int64_t seq) {
  std::ifstream in(from, std::ios::binary);
  auto header = in ? readHeader(in, from) : std::nullopt;
  auto state = header ? stateIn(*header, from) : std::nullopt;
  if (!state) throw BadInput({error(from.string(), "is no checkpoint that can be read")});
  if (const Value* had = state->find("seq"); had && had->isInt() && had->asInt() == seq) return linkOrCopy(from, to);
  (*state)["seq"] = seq;
  header->json["__metadata__"]["palimpsest"] = toJson(*state);
  in.seekg(header->data_at);
  writeCopy(to, headerBytes(header->json), in);
}

void linkOrCopy(const fs::path& from, const fs::path& to) {
  std::error_code no_links;
  fs::create_hard_link(from, to, no_links);
  if (!no_links) return;
  std::ifstream in(from, std::ios::binary);
  if (!in) throw Error("read-failed", "\"" + from.string() + "\" could not be read.", "Check the disk and the file's permissions.");
  writeCopy(to, {}, in);
}

}  // namespace palimpsest::record
