// Keys, queries and prompts as vectors: do keys meet in one point, do queries leave cosine matching anything to tell
// them apart by, and how far has training moved a row? std only, pure. Matrices are row-major; a row of zeros has
// cosine 0 with everything; nullopt where a figure is not defined.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace palimpsest {

struct SquareMatrix {
  SquareMatrix() = default;
  explicit SquareMatrix(int side);  // of zeros
  double& at(int row, int column);
  double at(int row, int column) const;

  int size = 0;
  std::vector<double> values;  // [size, size]
};
double entropy(std::span<const double> shares);  // -sum p ln p in nats, of shares p that sum to 1

struct Cosines {
  double mean = 0, max = 0;  // over pairs of different rows; winners' mean near 1: they have met in one point
};
std::optional<Cosines> keyCosines(std::span<const float> keys, int width);  // keys: [M, width]; needs two rows
std::optional<Cosines> keyCosines(std::span<const float> keys, int width, const std::vector<int>& rows);
double effectiveRank(std::span<const double> singular_values);  // exp H(sigma / sum sigma); Roy & Vetterli 2007
struct Anisotropy {
  double resultant = 0;               // norm of the mean unit query; near 1 leaves cosine matching little to work with
  std::optional<double> mean_cosine;  // over pairs of different queries
  SquareMatrix centroids;             // [T, T] cosines between the tasks' mean unit queries
};
std::optional<Anisotropy> queryAnisotropy(std::span<const float> queries, int width, const std::vector<int>& tasks);
// scores: [images, M], finite. Mean of s_(N) - s_(N+1), s sorted downwards, over the standard deviation of all scores:
// small is a fragile choice. nullopt unless 1 <= N < M.
std::optional<double> topMargin(std::span<const float> scores, int prompts, int per_image);

// The reference without prompts: nearest class mean by cosine, mapped to its task. class_means: [C, width],
// task_of_class: [C], queries: [images, width], tasks: [images].
std::optional<double> nearestMeanRetrieval(std::span<const float> class_means, const std::vector<int>& task_of_class,
                                           std::span<const float> queries, const std::vector<int>& tasks, int width);

// Drift of keys and prompts, [rows, width] before and after, over the rows that both have.
std::vector<double> rowDrift(std::span<const float> before, std::span<const float> after, int width);  // 1 - cosine
std::vector<std::optional<double>> rowGrowth(std::span<const float> before, std::span<const float> after,
                                             int width);  // norm after / norm before; nullopt from norm 0
// |after - before| / |before| of each prompt of width numbers, Frobenius norms; 1 where only before is zero.
std::vector<double> promptDrift(std::span<const float> before, std::span<const float> after, int width);

}  // namespace palimpsest
