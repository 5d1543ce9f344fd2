#include "engine/device/process.h"

#include <ATen/Parallel.h>
#include <malloc.h>
#include <omp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "engine/device/blas.h"
#include "engine/engine.h"

namespace palimpsest {
namespace {

constexpr const char* kPrepared = "PALIMPSEST_PREPARED";  // set before the process replaces itself
constexpr int kNice = 5;                                  // the engine's; the window's thread stays at 0

void setUnlessChosen(const char* name, const char* value) { ::setenv(name, value, 0); }

// Tensors of tens of megabytes come and go with every step: memory is kept instead of being given back to the system
// and cleared again, page by page. One arena, so that the engine's thread profits as well.
void keepMemory() {
#if defined(__GLIBC__)
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that glibc takes
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  ::mallopt(M_TOP_PAD, 64 << 20);
#endif
}

void lowerOwnPriority() { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice); }

}  // namespace

void prepareProcess(int /*argc*/, char** argv) {
  keepMemory();
  if (std::getenv(kPrepared)) return;
  // Read when the libraries are loaded, that is before main(): hence once more from the start. What a person has set
  // stays.
  setUnlessChosen("OMP_WAIT_POLICY", "passive");  // workers sleep instead of spinning against the window and the BLAS,
  setUnlessChosen("GOMP_SPINCOUNT", "50000");     // but not at once: between two layers of a small network waking costs more
  setUnlessChosen("OPENBLAS_NUM_THREADS", "1");   // its pool is made by setThreads(), at the engine's priority
  ::setenv(kPrepared, "1", 1);
  std::error_code none;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", none);  // by its name, which ps and logs show
  if (!none) ::execv(self.c_str(), argv);
  // Still here: no /proc. Slower, but everything works.
}

int cores() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? static_cast<int>(count) : 1;
}

void setThreads(int count) {
  const int wanted = count > 0 ? count : cores();
  at::set_num_threads(wanted);
  setBlasThreads(wanted);
}

int threads() { return at::get_num_threads(); }

void lowerThreadPriority() {
  lowerOwnPriority();
#pragma omp parallel
  lowerOwnPriority();
}

}  // namespace palimpsest
