// Counter-based randomness: a stream is a pure function of (seed, purpose, keys), so nothing has to be saved to
// resume a run, and the result does not depend on how many threads draw. SplitMix64 (Steele et al., 2014) both
// mixes the keys and generates.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

namespace palimpsest {

// Separate streams: changing what one of them draws leaves the others as they were.
enum class Purpose : std::uint64_t { ClassOrder = 1, DataOrder, Augmentation, Initialisation, World, Selection, Probe, Stream, Dropout, Memory, Alignment, Fisher };

class Rng {
 public:
  explicit Rng(std::uint64_t state) : state_(state) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // [0, 1)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  std::uint64_t below(std::uint64_t n) {  // [0, n), unbiased; n >= 1
    const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % n;
    std::uint64_t draw = next();
    while (draw >= limit) draw = next();
    return draw % n;
  }
  double normal() {  // Box-Muller, one value a call so that the count of draws is fixed
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }
  template <typename T>
  void shuffle(std::vector<T>& items) {  // Fisher-Yates
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) { return Rng(a ^ (b * 0xd1342543de82ef95ULL + 0x2545f4914f6cdd1dULL)).next(); }

template <typename... Keys>
std::uint64_t seedOf(std::uint64_t seed, Purpose purpose, Keys... keys) {
  std::uint64_t state = mixed(seed, static_cast<std::uint64_t>(purpose));
  ((state = mixed(state, static_cast<std::uint64_t>(keys))), ...);
  return state;
}
template <typename... Keys>
Rng rngOf(std::uint64_t seed, Purpose purpose, Keys... keys) {
  return Rng(seedOf(seed, purpose, keys...));
}

}  // namespace palimpsest
