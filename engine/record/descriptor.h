// A POSIX file descriptor that closes itself, and writing through one.
#pragma once

#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

namespace palimpsest::record {

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  explicit operator bool() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }
  bool close() {  // false when the system only now says that the data did not arrive (network file systems)
    const int descriptor = release();
    return descriptor < 0 || ::close(descriptor) == 0;
  }

 private:
  int descriptor_;
};

// 0, or the errno of what went wrong; part of `bytes` may have been written then.
int writeAll(int descriptor, std::string_view bytes);
// Throws Error{"disk-full"} or Error{"write-failed"}: "MESSAGE: the disk is full."
[[noreturn]] void throwWriteError(int system_error, const std::string& message, const std::string& hint);

}  // namespace palimpsest::record
