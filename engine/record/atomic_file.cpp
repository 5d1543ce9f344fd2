// A file is either the old one or the new one, also after a power cut: write beside it, flush, rename, flush the
// folder.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/protocol/error.h"
#include "engine/record/descriptor.h"
#include "engine/record/json.h"

namespace palimpsest::record {

void throwWriteError(int system_error, const std::string& message, const std::string& hint) {
  const bool full = system_error == ENOSPC || system_error == EDQUOT;
  const std::string reason = full ? "the disk is full" : std::strerror(system_error);
  throw Error(full ? "disk-full" : "write-failed", message + ": " + reason + ".", hint);
}

int writeAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

void writeFileAtomically(const std::filesystem::path& file, std::string_view content) {
  std::filesystem::path temporary = file;
  temporary += std::string(".").append(std::to_string(::getpid())).append(".tmp");
  const auto fail = [&](int system_error) {
    ::unlink(temporary.c_str());
    throwWriteError(system_error, std::string("\"").append(file.string()).append("\" could not be written; what was there before is unchanged"),
                    "Free some space or choose another folder.");
  };
  Descriptor out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!out) fail(errno);
  if (const int problem = writeAll(out.get(), content)) fail(problem);
  if (::fsync(out.get()) != 0 || !out.close()) fail(errno);
  if (::rename(temporary.c_str(), file.c_str()) != 0) fail(errno);
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const Descriptor parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent) ::fsync(parent.get());  // not every file system offers it; the rename is done either way
}

}  // namespace palimpsest::record
