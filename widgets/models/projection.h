// From many dimensions to the two or three that a map has: principal axes, alignment of one map with another, and the true
// neighbours that a map only hints at. Pure and deterministic; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace palimpsest {

using Spot = std::array<float, 3>;  // a place on a map; the third is 0 on a flat one

// Borrowed, row-major [rows, width].
struct Rows {
  const float* values = nullptr;
  std::int64_t rows = 0;
  int width = 0;
  const float* row(std::int64_t r) const { return values + r * width; }
};

// The directions of largest variance of a cloud.
struct Basis {
  int width = 0;
  std::vector<double> mean;              // [width]
  std::vector<double> axes;              // [3, width], orthonormal, largest variance first; zeros beyond the cloud's rank
  std::array<double, 3> explained{};     // shares of the whole variance, 0..1
  std::int64_t rows = 0;                 // that it was fitted to
};

// PCA of all clouds together, exact: of the covariance [width, width] or the Gram matrix [rows, rows], whichever is smaller.
// Clouds of another width than the first and rows that are not finite are passed over. An axis points to where its largest
// component is positive, so that the same rows always give the same map. nullopt: cancelled, or no finite row.
std::optional<Basis> principalAxes(const std::vector<Rows>& clouds, std::stop_token cancel = {});

// Empty where the width is not the basis's. A row that is not finite gives NaN.
std::vector<Spot> project(const Basis& basis, const Rows& rows);

// Directions, which have no place: the same without the mean.
std::vector<Spot> projectDirections(const Basis& basis, const Rows& rows);

// x -> to + scale * rotation * (x - from): orthogonal, so turns and mirrors, moves and one scale, but no shear.
struct Alignment {
  std::array<double, 9> rotation{1, 0, 0, 0, 1, 0, 0, 0, 1};  // row-major
  std::array<double, 3> from{}, to{};
  double scale = 1;
  Spot operator()(const Spot& spot) const;
};

// Procrustes: the turn that brings `moving` nearest to `fixed`, row by row, in the least squares, at the size of `fixed`. (The scale
// of least squares shrinks by whatever does not fit, and a chain of maps would vanish.) Pairs that are not
// finite do not count; with fewer than three that do it only moves, because a turn would be a guess.
Alignment procrustes(const std::vector<Spot>& moving, const std::vector<Spot>& fixed);

double distance(const float* a, const float* b, int width);  // Euclidean

struct Neighbour {
  std::int64_t row = -1;
  double distance = 0;
};
// The k rows nearest to `of` in the original space, without itself, nearest first; ties by row. Empty when cancelled.
std::vector<Neighbour> nearestRows(const Rows& rows, std::int64_t of, int k, std::stop_token cancel = {});

}  // namespace palimpsest
