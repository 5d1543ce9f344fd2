#include "engine/metrics/spread.h"

#include <cmath>

namespace palimpsest {

Spread spreadOf(const std::vector<std::optional<double>>& values) {
  Spread out;
  double sum = 0;
  for (const auto& value : values)
    if (value) {
      sum += *value;
      ++out.n;
    }
  if (out.n == 0) return out;
  out.mean = sum / out.n;
  if (out.n < 2) return out;
  double squares = 0;
  for (const auto& value : values)
    if (value) squares += (*value - *out.mean) * (*value - *out.mean);
  out.deviation = std::sqrt(squares / (out.n - 1));
  return out;
}

}  // namespace palimpsest
