// t-SNE (van der Maaten and Hinton, 2008), exact: every pair of points counts. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "widgets/models/projection.h"

namespace palimpsest {

constexpr int kTsneMost = 2000;  // points: memory and time grow with the square (2,000 points: 32 MB)

struct TsneOptions {
  std::uint64_t seed = 1;
  double perplexity = 30;  // about how many neighbours a point has; at most a third of the others
  int iterations = 500;
  int dimensions = 2;      // 2 or 3
  bool operator==(const TsneOptions&) const = default;
};

// What `rows` points can be mapped with: the perplexity cut to what they allow.
TsneOptions applicable(TsneOptions options, std::int64_t rows);

// `start`: where the points begin, scaled to a small cloud (PCA keeps what lies far apart apart); empty: a random cloud. With
// early exaggeration 12 for the first quarter of the iterations, momentum 0.5, later 0.8, and gains. The same arguments give
// the same map. `progress`: iterations done, now and then. nullopt: cancelled, or more than kTsneMost points.
std::optional<std::vector<Spot>> tsne(const Rows& rows, const std::vector<Spot>& start, const TsneOptions& options,
                                      std::stop_token cancel = {}, const std::function<void(int)>& progress = {});

}  // namespace palimpsest
