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

bool fastProduct(const float* a, const float* b, float* c, long m, long n, long k, bool plain) {
  using Product = int (*)(char, char, long, long, long, float, const float*, long, const float*, long, float, float*, long);
  static const Product product = [] {
    Product found = nullptr;
    find(found, "dnnl_sgemm");
    return found;
  }();
  return product && product('N', plain ? 'N' : 'T', m, n, k, 1.0F, a, k, b, plain ? n : k, 0.0F, c, n) == 0;
}

}  // namespace palimpsest
