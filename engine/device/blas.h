// OpenBLAS's own pool of threads, where OpenBLAS is what LibTorch uses; elsewhere all of this does nothing.
#pragma once

namespace palimpsest {

enum class BlasPool { None, Own, OpenMp };  // not OpenBLAS, or one thread; pthread flavour; openmp flavour
BlasPool blasPool();

void setBlasThreads(int count);

// C = A B^T (or A B where `plain`), row-major and dense, by oneDNN's sgemm where LibTorch has loaded oneDNN: on the
// shapes of a ViT it beats OpenBLAS. A [m, k], B [n, k] (plain: [k, n]), C [m, n]. False where there is no oneDNN:
// nothing was done.
bool fastProduct(const float* a, const float* b, float* c, long m, long n, long k, bool plain);

// While it lives, a product runs on the thread that asks for it: for code that spreads products over OpenMP itself.
// Only the flavour with a pool of its own needs this; the other one notices that it is inside a parallel region.
class SerialBlas {
 public:
  SerialBlas();
  ~SerialBlas();
  SerialBlas(const SerialBlas&) = delete;
  SerialBlas& operator=(const SerialBlas&) = delete;

 private:
  int before_ = 0;
};

}  // namespace palimpsest
