#include "widgets/models/projection.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

namespace palimpsest {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using FloatRow = Eigen::Map<const Eigen::RowVectorXf>;

constexpr int kChunk = 256;  // rows between two looks at `cancel`

FloatRow rowOf(const Rows& rows, std::int64_t r) { return FloatRow(rows.row(r), rows.width); }

// Finite rows of the width that counts, in order.
std::vector<const float*> usable(const std::vector<Rows>& clouds, int width) {
  std::vector<const float*> out;
  for (const Rows& cloud : clouds)
    for (std::int64_t r = 0; cloud.width == width && r < cloud.rows; ++r)
      if (rowOf(cloud, r).allFinite()) out.push_back(cloud.row(r));
  return out;
}

Matrix centred(const std::vector<const float*>& rows, std::size_t from, std::size_t to, const Eigen::RowVectorXd& mean) {
  Matrix out(Eigen::Index(to - from), mean.size());
  for (std::size_t r = from; r < to; ++r) out.row(Eigen::Index(r - from)) = FloatRow(rows[r], mean.size()).cast<double>() - mean;
  return out;
}

// [width, width], lower triangle; nullopt: cancelled.
std::optional<Eigen::MatrixXd> scatter(const std::vector<const float*>& rows, const Eigen::RowVectorXd& mean, const std::stop_token& cancel) {
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(mean.size(), mean.size());
  for (std::size_t from = 0; from < rows.size(); from += kChunk) {
    if (cancel.stop_requested()) return std::nullopt;
    const Matrix chunk = centred(rows, from, std::min(rows.size(), from + kChunk), mean);
    sum.selfadjointView<Eigen::Lower>().rankUpdate(chunk.transpose());
  }
  return sum;
}

void pointUp(Eigen::RowVectorXd& axis) {
  Eigen::Index largest = 0;
  axis.cwiseAbs().maxCoeff(&largest);
  if (axis[largest] < 0) axis = -axis;
}

// `turned` makes an axis [width] of an eigenvector of the matrix that was decomposed.
template <typename Turn>
void keepLargest(const Eigen::MatrixXd& matrix, double total, Basis& basis, Turn turned) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solved(matrix);  // of the lower triangle; ascending
  const Eigen::Index last = matrix.rows() - 1;
  for (int a = 0; a < 3 && a <= last && total > 0; ++a) {
    const double value = std::max(0.0, solved.eigenvalues()[last - a]);
    if (value <= total * 1e-12) break;  // beyond the rank: noise of the solver
    Eigen::RowVectorXd axis = turned(solved.eigenvectors().col(last - a));
    axis.normalize();
    pointUp(axis);
    basis.explained[std::size_t(a)] = value / total;
    std::copy(axis.data(), axis.data() + axis.size(), basis.axes.begin() + a * axis.size());
  }
}

bool finite(const Spot& s) { return std::isfinite(s[0]) && std::isfinite(s[1]) && std::isfinite(s[2]); }
Eigen::Vector3d vector(const Spot& s) { return {s[0], s[1], s[2]}; }

}  // namespace

std::optional<Basis> principalAxes(const std::vector<Rows>& clouds, std::stop_token cancel) {
  const auto first = std::find_if(clouds.begin(), clouds.end(), [](const Rows& c) { return c.rows > 0 && c.width > 0; });
  if (first == clouds.end()) return std::nullopt;
  const std::vector<const float*> rows = usable(clouds, first->width);
  if (rows.empty()) return std::nullopt;
  Basis basis;
  basis.width = first->width;
  basis.rows = std::int64_t(rows.size());
  basis.axes.assign(3 * std::size_t(basis.width), 0);
  Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(basis.width);
  for (const float* row : rows) mean += FloatRow(row, basis.width).cast<double>();
  mean /= double(rows.size());
  basis.mean.assign(mean.data(), mean.data() + mean.size());
  if (rows.size() < std::size_t(basis.width)) {
    const Matrix x = centred(rows, 0, rows.size(), mean);
    const Eigen::MatrixXd gram = x * x.transpose();
    if (cancel.stop_requested()) return std::nullopt;
    keepLargest(gram, gram.trace(), basis, [&](const Eigen::VectorXd& v) -> Eigen::RowVectorXd { return v.transpose() * x; });
  } else {
    const auto matrix = scatter(rows, mean, cancel);
    if (!matrix) return std::nullopt;
    keepLargest(*matrix, matrix->trace(), basis, [](const Eigen::VectorXd& v) -> Eigen::RowVectorXd { return v.transpose(); });
  }
  if (cancel.stop_requested()) return std::nullopt;
  return basis;
}

std::vector<Spot> project(const Basis& basis, const Rows& rows) {
  if (rows.width != basis.width) return {};
  const Eigen::Map<const Eigen::RowVectorXd> mean(basis.mean.data(), basis.width);
  const Eigen::Map<const Matrix> axes(basis.axes.data(), 3, basis.width);
  std::vector<Spot> out(std::size_t(rows.rows));
  for (std::int64_t r = 0; r < rows.rows; ++r) {
    const Eigen::Vector3d at = axes * (rowOf(rows, r).cast<double>() - mean).transpose();
    out[std::size_t(r)] = {float(at[0]), float(at[1]), float(at[2])};
  }
  return out;
}

std::vector<Spot> projectDirections(const Basis& basis, const Rows& rows) {
  Basis centred = basis;
  centred.mean.assign(basis.mean.size(), 0);
  return project(centred, rows);
}

Spot Alignment::operator()(const Spot& spot) const {
  Spot out;
  for (std::size_t a = 0; a < 3; ++a) {
    double sum = 0;
    for (std::size_t b = 0; b < 3; ++b) sum += rotation[3 * a + b] * (spot[b] - from[b]);
    out[a] = float(to[a] + scale * sum);
  }
  return out;
}

Alignment procrustes(const std::vector<Spot>& moving, const std::vector<Spot>& fixed) {
  Eigen::Vector3d from = Eigen::Vector3d::Zero(), to = Eigen::Vector3d::Zero();
  std::vector<std::size_t> pairs;
  for (std::size_t i = 0; i < std::min(moving.size(), fixed.size()); ++i)
    if (finite(moving[i]) && finite(fixed[i])) pairs.push_back(i);
  Alignment out;
  if (pairs.empty()) return out;
  for (const std::size_t i : pairs) {
    from += vector(moving[i]) / double(pairs.size());
    to += vector(fixed[i]) / double(pairs.size());
  }
  Eigen::Map<Eigen::Vector3d>(out.from.data()) = from;
  Eigen::Map<Eigen::Vector3d>(out.to.data()) = to;
  if (pairs.size() < 3) return out;
  Eigen::Matrix3d cross = Eigen::Matrix3d::Zero();
  double spread = 0, wanted = 0;
  for (const std::size_t i : pairs) {
    const Eigen::Vector3d m = vector(moving[i]) - from;
    cross += (vector(fixed[i]) - to) * m.transpose();
    spread += m.squaredNorm();
    wanted += (vector(fixed[i]) - to).squaredNorm();
  }
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(cross, Eigen::ComputeFullU | Eigen::ComputeFullV);
  if (spread <= 0 || svd.singularValues().sum() <= 0) return out;
  const Eigen::Matrix3d rotation = svd.matrixU() * svd.matrixV().transpose();
  out.scale = std::sqrt(wanted / spread);
  Eigen::Map<Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(out.rotation.data()) = rotation;
  return out;
}

double distance(const float* a, const float* b, int width) {
  return double((FloatRow(a, width) - FloatRow(b, width)).norm());
}

std::vector<Neighbour> nearestRows(const Rows& rows, std::int64_t of, int k, std::stop_token cancel) {
  if (of < 0 || of >= rows.rows || k <= 0) return {};
  std::vector<Neighbour> all;
  all.reserve(std::size_t(rows.rows));
  for (std::int64_t r = 0; r < rows.rows; ++r) {
    if (r % kChunk == 0 && cancel.stop_requested()) return {};
    const double d = r == of ? -1 : distance(rows.row(of), rows.row(r), rows.width);
    if (r != of && std::isfinite(d)) all.push_back({r, d});
  }
  const auto nearer = [](const Neighbour& a, const Neighbour& b) { return a.distance != b.distance ? a.distance < b.distance : a.row < b.row; };
  const auto end = all.begin() + std::min<std::ptrdiff_t>(k, std::ptrdiff_t(all.size()));
  std::partial_sort(all.begin(), end, all.end(), nearer);
  all.erase(end, all.end());
  return all;
}

}  // namespace palimpsest
