#include "engine/device/blas.h"

#include <dlfcn.h>

namespace palimpsest {
namespace {

// Looked up in the running process: which BLAS it is, the system decides.
struct OpenBlas {
  int (*parallel)() = nullptr;
  int (*threads)() = nullptr;
  void (*setThreads)(int) = nullptr;
};

template <typename F>
void find(F& function, const char* name) {
  function = reinterpret_cast<F>(dlsym(RTLD_DEFAULT, name));
}

const OpenBlas& openBlas() {
  static const OpenBlas found = [] {
    OpenBlas blas;
    find(blas.parallel, "openblas_get_parallel");
    find(blas.threads, "openblas_get_num_threads");
    find(blas.setThreads, "openblas_set_num_threads");
    return blas.parallel && blas.threads && blas.setThreads ? blas : OpenBlas{};
  }();
  return found;
}

}  // namespace

BlasPool blasPool() {
  if (!openBlas().parallel) return BlasPool::None;
  switch (openBlas().parallel()) {
    case 1:
      return BlasPool::Own;
    case 2:
      return BlasPool::OpenMp;
    default:
      return BlasPool::None;
  }
}

void setBlasThreads(int count) {
  if (openBlas().setThreads) openBlas().setThreads(count);
}

SerialBlas::SerialBlas() {
  if (blasPool() != BlasPool::Own) return;
  before_ = openBlas().threads();
  if (before_ > 1) openBlas().setThreads(1);
}

SerialBlas::~SerialBlas() {
  if (before_ > 1) openBlas().setThreads(before_);
}

}  // namespace palimpsest
