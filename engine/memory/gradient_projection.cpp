#include "engine/memory/gradient_projection.h"

#include <algorithm>
#include <cmath>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

using Vector = std::vector<double>;
constexpr double kTolerance = 1e-10;
constexpr int kSweeps = 1000, kSweepsBetween = 10;

// argmin u'Pu / 2 + q'u over u >= 0, with u = v - margin.
struct Shifted {
  std::size_t size = 0;
  Vector p;         // [size, size], row by row
  Vector q;         // [size]
  Vector scale;     // sqrt(P_ii): u times it and r over it have one unit, and no row counts more for being long
  double unit = 0;  // largest |q| over its scale

  double at(std::size_t i, std::size_t j) const { return p[i * size + j]; }
  Vector slopes(const Vector& u) const {  // r = Pu + q
    Vector r = q;
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j) r[i] += at(i, j) * u[j];
    return r;
  }
  double residual(const Vector& u, const Vector& r) const {
    double worst = 0;
    for (std::size_t i = 0; i < size; ++i)
      if (scale[i] > 0) worst = std::max(worst, std::abs(std::min(u[i] * scale[i], r[i] / scale[i])));
    return unit > 0 ? worst / unit : worst;
  }
};

void expectFinite(std::span<const double> values) {
  if (std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); })) return;
  throw Error("gradient-not-finite", "The gradients on the exemplars are no finite numbers, so none can be projected.",
              "What was recorded before is safe. Try a smaller learning rate.");
}

Shifted shifted(std::span<const double> gram, std::span<const double> c, double margin, double epsilon, bool relative) {
  PALIMPSEST_EXPECT(gram.size() == c.size() * c.size(),
                    "[gradient-projection] the Gram matrix is [k, k] where c is [k]");
  PALIMPSEST_EXPECT(margin >= 0 && epsilon >= 0, "[gradient-projection] neither margin nor epsilon is below 0");
  expectFinite(gram);
  expectFinite(c);
  Shifted out{.size = c.size(), .p = {gram.begin(), gram.end()}, .q = {c.begin(), c.end()}};
  double trace = 0;
  for (std::size_t i = 0; i < out.size; ++i) trace += out.at(i, i);
  const double ridge =
      relative && out.size > 0 ? epsilon * std::max(1e-12, trace / static_cast<double>(out.size)) : epsilon;
  for (std::size_t i = 0; i < out.size; ++i) out.p[i * out.size + i] += ridge;
  out.q = out.slopes(Vector(out.size, margin));
  expectFinite(out.q);
  for (std::size_t i = 0; i < out.size; ++i) {
    PALIMPSEST_EXPECT(out.at(i, i) >= 0, "[gradient-projection] squared norms are on a Gram matrix's diagonal");
    out.scale.push_back(std::sqrt(out.at(i, i)));
    if (out.scale[i] > 0) out.unit = std::max(out.unit, std::abs(out.q[i]) / out.scale[i]);
  }
  return out;
}

void sweep(const Shifted& problem, Vector& u, Vector& r) {
  for (std::size_t i = 0; i < problem.size; ++i) {
    if (problem.scale[i] == 0) continue;
    const double step = std::max(-u[i], -r[i] / problem.at(i, i));
    if (step == 0) continue;
    u[i] += step;
    for (std::size_t j = 0; j < problem.size; ++j) r[j] += step * problem.at(j, i);
  }
}

// Towards the minimum over the coordinates that are not at their bound, by Cholesky; coordinates that depend on
// earlier ones stay.
Vector newtonDirection(const Shifted& problem, const Vector& u, const Vector& r) {
  std::vector<std::size_t> free;
  std::vector<Vector> factor;  // rows of L
  Vector y;                    // L y = -r
  for (std::size_t i = 0; i < problem.size; ++i) {
    if (!(u[i] > 0)) continue;
    Vector row;
    double pivot = problem.at(i, i), rest = -r[i];
    for (std::size_t n = 0; n < free.size(); ++n) {
      double value = problem.at(i, free[n]);
      for (std::size_t m = 0; m < n; ++m) value -= row[m] * factor[n][m];
      row.push_back(value / factor[n][n]);
      pivot -= row[n] * row[n];
      rest -= row[n] * y[n];
    }
    if (pivot <= 1e-13 * problem.at(i, i)) continue;
    row.push_back(std::sqrt(pivot));
    y.push_back(rest / row.back());
    free.push_back(i);
    factor.push_back(std::move(row));
  }
  Vector direction(problem.size);
  for (std::size_t n = free.size(); n-- > 0;) {
    for (std::size_t m = n + 1; m < free.size(); ++m) y[n] -= factor[m][n] * direction[free[m]];
    direction[free[n]] = y[n] / factor[n][n];
  }
  return direction;
}

// To the minimum over the coordinates that are free now; those which meet their bound on the way are fixed there. Never
// uphill, since the programme is convex, so that no set of free coordinates comes twice.
void settleFree(const Shifted& problem, Vector& u, Vector& r) {
  for (double length = 0; length < 1;) {
    const Vector direction = newtonDirection(problem, u, r);
    std::size_t first = problem.size;
    length = 1;
    for (std::size_t i = 0; i < problem.size; ++i)
      if (direction[i] < 0 && -u[i] / direction[i] < length) {
        length = -u[i] / direction[i];
        first = i;
      }
    for (std::size_t i = 0; i < problem.size; ++i) u[i] = i == first ? 0 : std::max(0.0, u[i] + length * direction[i]);
    r = problem.slopes(u);
  }
}

}  // namespace

std::vector<double> gemDual(std::span<const double> gram, std::span<const double> c, double margin, double epsilon,
                            bool relative_epsilon) {
  const Shifted problem = shifted(gram, c, margin, epsilon, relative_epsilon);
  Vector u(problem.size), r = problem.q;
  if (std::none_of(c.begin(), c.end(), [](double product) { return product < 0; })) return u;
  for (int done = 1; done <= kSweeps && problem.residual(u, r) > kTolerance; ++done) {
    sweep(problem, u, r);
    if (done % kSweepsBetween == 0) settleFree(problem, u, r);
  }
  for (double& value : u) value += margin;
  return u;
}

double kktResidual(std::span<const double> gram, std::span<const double> c, std::span<const double> v, double margin,
                   double epsilon, bool relative_epsilon) {
  const Shifted problem = shifted(gram, c, margin, epsilon, relative_epsilon);
  PALIMPSEST_EXPECT(v.size() == c.size(), "[gradient-projection] v is [k] as c is");
  Vector u(v.begin(), v.end());
  for (double& value : u) value -= margin;
  return problem.residual(u, problem.slopes(u));
}

}  // namespace palimpsest
