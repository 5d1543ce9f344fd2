#include "engine/device/memory.h"

#include <dlfcn.h>
#include <sys/resource.h>
#include <torch/torch.h>

#include <fstream>
#include <string>

namespace palimpsest {
namespace {

// A line "Name:   123 kB" of a file under /proc, in bytes.
std::int64_t procBytes(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string word; in >> word;) {
    if (word == name + ":") {
      std::int64_t kilobytes = 0;
      in >> kilobytes;
      return kilobytes * 1024;
    }
    in.ignore(1024, '\n');
  }
  return 0;
}

}  // namespace

std::int64_t rssBytes() { return procBytes("/proc/self/status", "VmRSS"); }

std::int64_t peakRssBytes() {
  rusage usage{};
  return ::getrusage(RUSAGE_SELF, &usage) == 0 ? std::int64_t{usage.ru_maxrss} * 1024 : 0;
}

std::int64_t availableBytes() { return procBytes("/proc/meminfo", "MemAvailable"); }

std::int64_t deviceBytes() {
  if (!torch::cuda::is_available()) return 0;
  // Looked up in the running process, so that one source builds with and without CUDA.
  using MemGetInfo = int (*)(std::size_t*, std::size_t*);
  static const auto ask = reinterpret_cast<MemGetInfo>(::dlsym(RTLD_DEFAULT, "cudaMemGetInfo"));
  std::size_t free = 0, total = 0;
  return ask && ask(&free, &total) == 0 ? static_cast<std::int64_t>(total - free) : 0;
}

std::int64_t freeDiskBytes(const std::filesystem::path& path) {
  std::error_code problem;
  std::filesystem::path at = std::filesystem::absolute(path, problem);
  while (!at.empty() && !std::filesystem::exists(at, problem) && at != at.root_path()) at = at.parent_path();
  const auto space = std::filesystem::space(at, problem);
  return problem ? 0 : static_cast<std::int64_t>(space.available);
}

}  // namespace palimpsest
