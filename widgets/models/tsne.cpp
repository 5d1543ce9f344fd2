#include "widgets/models/tsne.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "engine/protocol/random.h"

namespace palimpsest {
namespace {

using Square = Eigen::MatrixXf;       // symmetric [points, points], so that a column is a row
using Places = Eigen::ArrayXXf;       // [points, dimensions]
using Column = Eigen::ArrayXf;

constexpr float kExaggeration = 12;
constexpr int kStride = 10;  // iterations between two reports

std::optional<Square> squaredDistances(const Rows& rows, const std::stop_token& cancel) {
  const Eigen::Index n = Eigen::Index(rows.rows);
  Square out = Square::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    if (cancel.stop_requested()) return std::nullopt;
    const Eigen::Map<const Eigen::VectorXf> a(rows.row(i), rows.width);
    for (Eigen::Index j = 0; j < i; ++j)
      out(i, j) = out(j, i) = (a - Eigen::Map<const Eigen::VectorXf>(rows.row(j), rows.width)).squaredNorm();
  }
  return out;
}

// exp(-beta d) normalised, with the beta that gives the perplexity; the point itself gets 0.
Column neighbourhood(const Column& squared, Eigen::Index self, double perplexity) {
  const double wanted = std::log(perplexity);
  double low = 0, high = 0, beta = 1 / std::max(1e-12, double(squared.mean()));
  Column p;
  float nearest = std::numeric_limits<float>::max();
  for (Eigen::Index j = 0; j < squared.size(); ++j)
    if (j != self) nearest = std::min(nearest, squared[j]);
  for (int round = 0; round < 64; ++round) {
    p = (-(squared - nearest) * float(beta)).exp();
    p[self] = 0;
    const double sum = std::max(1e-30, double(p.sum()));
    const double entropy = std::log(sum) + beta * double((p * (squared - nearest)).sum()) / sum;
    p /= float(sum);
    if (std::abs(entropy - wanted) < 1e-5) break;
    if (entropy > wanted) {
      low = beta;
      beta = high > 0 ? (low + high) / 2 : beta * 2;
    } else {
      high = beta;
      beta = (low + high) / 2;
    }
  }
  return p;
}

std::optional<Square> affinities(const Rows& rows, double perplexity, const std::stop_token& cancel) {
  auto squared = squaredDistances(rows, cancel);
  if (!squared) return std::nullopt;
  const Eigen::Index n = squared->rows();
  Square p(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    if (cancel.stop_requested()) return std::nullopt;
    p.col(i) = neighbourhood(squared->col(i).array(), i, perplexity).matrix();
  }
  *squared = (p + p.transpose()) / float(2 * n);
  return squared;
}

Places startingPlaces(Eigen::Index n, const std::vector<Spot>& start, const TsneOptions& options) {
  Places y = Places::Zero(n, options.dimensions);
  if (Eigen::Index(start.size()) == n)
    for (Eigen::Index i = 0; i < n; ++i)
      for (int d = 0; d < options.dimensions; ++d) y(i, d) = start[std::size_t(i)][std::size_t(d)];
  y.rowwise() -= y.colwise().mean().eval();
  const float spread = std::sqrt(y.col(0).square().mean());
  if (spread > 0) y *= 1e-2f / spread;
  // A little noise: points that begin at one place could never part.
  Rng rng(mixed(options.seed, 0x74736e65));
  for (Eigen::Index i = 0; i < n; ++i)
    for (int d = 0; d < options.dimensions; ++d) y(i, d) += float((spread > 0 ? 1e-3 : 1e-2) * rng.normal());
  return y;
}

// 4 (exaggeration * sum p q d - sum q^2 d / Z), of all points.
Places gradient(const Square& p, const Places& y, float exaggeration) {
  const Eigen::Index n = y.rows();
  Places attract(n, y.cols()), repel(n, y.cols());
  double z = 0;
  Column q(n), pull(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    q.setOnes();
    for (Eigen::Index d = 0; d < y.cols(); ++d) q += (y(i, d) - y.col(d)).square();
    q = q.inverse();
    q[i] = 0;
    z += double(q.sum());
    pull = p.col(i).array() * q;
    q = q.square();
    for (Eigen::Index d = 0; d < y.cols(); ++d) {
      attract(i, d) = (pull * (y(i, d) - y.col(d))).sum();
      repel(i, d) = (q * (y(i, d) - y.col(d))).sum();
    }
  }
  return 4 * (exaggeration * attract - repel / float(std::max(z, 1e-30)));
}

std::vector<Spot> spots(const Places& y) {
  std::vector<Spot> out(std::size_t(y.rows()));
  for (Eigen::Index i = 0; i < y.rows(); ++i) out[std::size_t(i)] = {y(i, 0), y(i, 1), y.cols() > 2 ? y(i, 2) : 0};
  return out;
}

}  // namespace

TsneOptions applicable(TsneOptions options, std::int64_t rows) {
  options.dimensions = options.dimensions == 3 ? 3 : 2;
  options.iterations = std::clamp(options.iterations, 10, 5000);
  options.perplexity = std::clamp(options.perplexity, 1.0, std::max(1.0, double(rows - 1) / 3));
  return options;
}

std::optional<std::vector<Spot>> tsne(const Rows& rows, const std::vector<Spot>& start, const TsneOptions& wanted,
                                      std::stop_token cancel, const std::function<void(int)>& progress) {
  const TsneOptions options = applicable(wanted, rows.rows);
  if (rows.rows > kTsneMost) return std::nullopt;
  if (rows.rows < 3) return std::vector<Spot>(std::size_t(rows.rows), Spot{});
  const auto p = affinities(rows, options.perplexity, cancel);
  if (!p) return std::nullopt;
  const Eigen::Index n = Eigen::Index(rows.rows);
  Places y = startingPlaces(n, start, options), move = Places::Zero(n, options.dimensions), gains = Places::Ones(n, options.dimensions);
  const int early = options.iterations / 4;
  const float rate = std::max(50.0f, float(n) / kExaggeration);
  for (int iteration = 0; iteration < options.iterations; ++iteration) {
    if (cancel.stop_requested()) return std::nullopt;
    const Places slope = gradient(*p, y, iteration < early ? kExaggeration : 1);
    gains = ((slope > 0) == (move > 0)).select(gains * 0.8f, gains + 0.2f).max(0.01f);
    move = (iteration < early ? 0.5f : 0.8f) * move - rate * gains * slope;
    y += move;
    y.rowwise() -= y.colwise().mean().eval();
    if (progress && iteration % kStride == kStride - 1) progress(iteration + 1);
  }
  return spots(y);
}

}  // namespace palimpsest
