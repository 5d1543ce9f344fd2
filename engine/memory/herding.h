// Herding: which images stand for a class (Welling 2009; iCaRL, Rebuffi et al. 2017, algorithm 4). std only, pure.
#pragma once

#include <span>
#include <vector>

namespace palimpsest {

// Rows in order of priority: each brings the mean of the unit rows chosen so far nearest to the mean of all, itself not
// of unit length (as PILOT has it); ties go to the lowest row. features: [n, width], width >= 1, of any scale; a row of
// zeros stays one. Returns min(count, n) different rows; the first m are what count = m would give. Takes
// O(n x count x width) in double. Throws Error{"features-not-finite"}.
std::vector<int> herd(std::span<const float> features, int width, int count);

// Images for each label: capacity / classes, and one more for the lowest labels until the sum is the capacity.
std::vector<int> quotas(int capacity, int classes);

}  // namespace palimpsest
