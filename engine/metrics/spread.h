// Mean and deviation of a figure over repetitions of one experiment. std only, pure.
#pragma once

#include <optional>
#include <vector>

namespace palimpsest {

// Over the values that are defined. Deviation: of the sample (n - 1), nullopt below two values.
struct Spread {
  int n = 0;
  std::optional<double> mean, deviation;
};
Spread spreadOf(const std::vector<std::optional<double>>& values);

}  // namespace palimpsest
