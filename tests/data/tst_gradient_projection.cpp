#include <QtTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/memory/gradient_projection.h"
#include "engine/protocol/error.h"
#include "engine/protocol/random.h"

using namespace palimpsest;

namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

// Gradients of a batch and on k memories, and what gemDual is given of them.
struct Gradients {
  std::vector<Vector> old;
  Vector batch;

  Vector gram() const {
    Vector out;
    for (const Vector& a : old)
      for (const Vector& b : old) out.push_back(dot(a, b));
    return out;
  }
  Vector products() const {
    Vector out;
    for (const Vector& a : old) out.push_back(dot(a, batch));
    return out;
  }
  Vector projected(const Vector& v) const {
    Vector out = batch;
    for (std::size_t k = 0; k < old.size(); ++k)
      for (std::size_t d = 0; d < out.size(); ++d) out[d] += v[k] * old[k][d];
    return out;
  }
};

// Opposed on the whole: the batch's gradient is noise minus a part of the others' sum.
Gradients drawn(int tasks, int width, std::uint64_t seed, double shared = 0.5) {
  Rng rng(seed);
  const auto noise = [&] {
    Vector values(static_cast<std::size_t>(width));
    for (double& value : values) value = rng.normal();
    return values;
  };
  const Vector common = noise();
  Gradients out{{}, noise()};
  for (int task = 0; task < tasks; ++task) {
    out.old.push_back(noise());
    for (std::size_t d = 0; d < common.size(); ++d) out.old.back()[d] += shared * common[d];
  }
  for (std::size_t d = 0; d < common.size(); ++d) out.batch[d] -= 0.7 * common[d];
  return out;
}

// The same programme by a method that has nothing in common with the one under test but the bounds.
Vector byProjectedGradient(const Vector& gram, const Vector& c, double margin, double epsilon) {
  const std::size_t size = c.size();
  double trace = 0;
  for (std::size_t i = 0; i < size; ++i) trace += gram[i * size + i] + epsilon;
  Vector v(size, margin);
  for (int step = 0; step < 60000; ++step) {
    Vector slope = c;
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j) slope[i] += (gram[i * size + j] + (i == j ? epsilon : 0)) * v[j];
    for (std::size_t i = 0; i < size; ++i) v[i] = std::max(margin, v[i] - slope[i] / trace);
  }
  return v;
}

double largestDifference(const Vector& a, const Vector& b) {
  double largest = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

std::string refusal(const Vector& gram, const Vector& c) {
  try {
    gemDual(gram, c, 0.5, 1e-3, false);
  } catch (const Error& error) {
    return error.code;
  }
  return "taken";
}

}  // namespace

class GradientProjectionTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void theConditionsOfTheOptimumHold() {
    for (int seed = 0; seed < 200; ++seed)
      for (const double margin : {0.0, 0.5})
        for (const bool relative : {false, true}) {
          const Gradients given = drawn(1 + seed % 9, 20, seed);
          const Vector gram = given.gram(), c = given.products();
          const Vector v = gemDual(gram, c, margin, 1e-3, relative);
          if (std::all_of(c.begin(), c.end(), [](double value) { return value >= 0; })) continue;
          QVERIFY(kktResidual(gram, c, v, margin, 1e-3, relative) <= 1e-10);
          double ridge = 1e-3, trace = 0;
          for (std::size_t i = 0; i < c.size(); ++i) trace += gram[i * c.size() + i];
          if (relative) ridge *= trace / static_cast<double>(c.size());
          for (std::size_t i = 0; i < c.size(); ++i) {
            double slope = c[i] + ridge * v[i];
            for (std::size_t j = 0; j < c.size(); ++j) slope += gram[i * c.size() + j] * v[j];
            QVERIFY(v[i] >= margin);
            QVERIFY(slope >= -1e-7);
            QVERIFY((v[i] - margin) * slope < 1e-6);
          }
        }
  }

  void noMemoryIsOpposedAfterwards() {
    int moved = 0;
    for (int seed = 0; seed < 200; ++seed) {
      const Gradients given = drawn(1 + seed % 10, 30, seed);
      const Vector v = gemDual(given.gram(), given.products(), 0, 0, false);
      const Vector projected = given.projected(v);
      for (const Vector& old : given.old) QVERIFY(dot(projected, old) >= -1e-6);
      moved += projected != given.batch;
    }
    QVERIFY(moved > 150);
  }

  void aMethodOfItsOwnFindsTheSame() {
    for (int seed = 0; seed < 24; ++seed)
      for (const double margin : {0.0, 0.5}) {
        Gradients given = drawn(2 + seed % 4, 8, 1000 + seed);
        const Vector gram = given.gram();
        Vector c = given.products();
        c[0] = -std::abs(c[0]);  // something is opposed
        const Vector expected = byProjectedGradient(gram, c, margin, 1e-2);
        QVERIFY(largestDifference(gemDual(gram, c, margin, 1e-2, false), expected) < 1e-7);
        QVERIFY(kktResidual(gram, c, expected, margin, 1e-2, false) < 1e-7);
      }
  }

  void ofOneTaskItIsAGem() {
    const Vector v = gemDual(Vector{4}, Vector{-3}, 0, 0, false);
    QCOMPARE(v, Vector{0.75});
    for (int seed = 0; seed < 50; ++seed) {
      Gradients given = drawn(1, 12, seed);
      const double product = dot(given.batch, given.old[0]), square = dot(given.old[0], given.old[0]);
      const Vector projected = given.projected(gemDual(given.gram(), given.products(), 0, 0, false));
      for (std::size_t d = 0; d < 12; ++d) {
        const double expected = given.batch[d] - (product < 0 ? product / square * given.old[0][d] : 0);
        QVERIFY(std::abs(projected[d] - expected) < 1e-13);
      }
    }
  }

  void anExampleByHand() {
    // P = [[2, 1], [1, 2]], c = (-3, 0): only the first is opposed; v = (1.5, 0) leaves slopes (0, 1.5).
    QVERIFY(largestDifference(gemDual(Vector{2, 1, 1, 2}, Vector{-3, 0}, 0, 0, false), {1.5, 0}) < 1e-12);
    // With margin 0.5 the second stays at it, 2 v1 + 0.5 - 3 = 0.
    QVERIFY(largestDifference(gemDual(Vector{2, 1, 1, 2}, Vector{-3, 0}, 0.5, 0, false), {1.25, 0.5}) < 1e-12);
    // c = (-3, -3): both free, v = (1, 1). A relative epsilon of 0.5 adds 1: 3 v1 + v2 = 3.
    QVERIFY(largestDifference(gemDual(Vector{2, 1, 1, 2}, Vector{-3, -3}, 0, 0, false), {1, 1}) < 1e-10);
    QVERIFY(largestDifference(gemDual(Vector{2, 1, 1, 2}, Vector{-3, -3}, 0, 0.5, true), {0.75, 0.75}) < 1e-10);
    // Not optimal: the residual is |slope| / sqrt(2) over 3 / sqrt(2).
    QCOMPARE(kktResidual(Vector{2, 1, 1, 2}, Vector{-3, -3}, Vector{0, 0}, 0, 0, false), 1.0);
    QVERIFY(std::abs(kktResidual(Vector{2, 1, 1, 2}, Vector{-3, -3}, Vector{0.9, 1}, 0, 0, false) - 0.2 / 3) < 1e-12);
  }

  void withoutAViolationNothingIsAdded() {
    for (const double margin : {0.0, 0.5}) {
      const Vector v = gemDual(Vector{2, 1, 1, 2}, Vector{0, 3}, margin, 1e-3, false);
      QCOMPARE(v, (Vector{0, 0}));  // and not the margin
    }
    const Gradients given{{{1, 0}, {0, 1}}, {0.1, 0.3}};
    QCOMPARE(given.projected(gemDual(given.gram(), given.products(), 0.5, 1e-3, false)), given.batch);
    QVERIFY(gemDual({}, {}, 0.5, 1e-3, true).empty());
  }

  void smallGradientsAreProjectedAsLargeOnesAre() {
    const Gradients given = drawn(5, 20, 3);
    const Vector v = gemDual(given.gram(), given.products(), 0, 1e-3, true);
    Gradients small = given;
    for (Vector* gradient : {&small.batch, &small.old[0], &small.old[1], &small.old[2], &small.old[3], &small.old[4]})
      for (double& value : *gradient) value *= 1e-5;
    QVERIFY(largestDifference(gemDual(small.gram(), small.products(), 0, 1e-3, true), v) < 1e-8);
    // An epsilon that is not relative drowns them.
    QVERIFY(largestDifference(gemDual(small.gram(), small.products(), 0, 1e-3, false), v) > 0.1);
  }

  void dependentGradientsHaveOneProjection() {
    // The same memory twice, and a third that is the sum of two.
    Gradients given = drawn(3, 10, 11);
    const Vector expected = given.projected(gemDual(given.gram(), given.products(), 0, 0, false));
    given.old.push_back(given.old[0]);
    given.old.push_back(given.old[1]);
    for (std::size_t d = 0; d < 10; ++d) given.old.back()[d] += given.old[2][d];
    const Vector v = gemDual(given.gram(), given.products(), 0, 0, false);
    QVERIFY(kktResidual(given.gram(), given.products(), v, 0, 0, false) <= 1e-10);
    QVERIFY(largestDifference(given.projected(v), expected) < 1e-8);
  }

  void moreMemoriesThanDirectionsConverge() {
    for (int seed = 0; seed < 200; ++seed)
      for (const double shared : {0.5, 30.0, 1000.0}) {
        const Gradients given = drawn(12, 4, seed, shared);
        const Vector v = gemDual(given.gram(), given.products(), 0, 0, false);
        QVERIFY(kktResidual(given.gram(), given.products(), v, 0, 0, false) <= 1e-10);
      }
  }

  void nearlyParallelGradientsConverge() {
    for (const double shared : {30.0, 1000.0, 30000.0})
      for (int seed = 0; seed < 20; ++seed) {
        Gradients given = drawn(10, 40, seed, shared);
        if (seed % 2) given.old.push_back(given.old[0]);  // and dependent besides
        for (const double epsilon : {0.0, 1e-3}) {
          const Vector v = gemDual(given.gram(), given.products(), 0, epsilon, false);
          QVERIFY(kktResidual(given.gram(), given.products(), v, 0, epsilon, false) <= 1e-10);
        }
      }
  }

  void aRowOfZerosOpposesNothing() {
    const Vector gram{0, 0, 0, 4};
    for (const double epsilon : {0.0, 1e-3}) {
      const Vector v = gemDual(gram, Vector{0, -3}, 0.25, epsilon, false);
      QCOMPARE(v[0], 0.25);
      QVERIFY(std::abs(v[1] - 3 / (4 + epsilon)) < 1e-12);
    }
    // Contradictory, as after an underflow.
    QCOMPARE(gemDual(Vector{0}, Vector{-1}, 0, 0, false), Vector{0});
    QCOMPARE(gemDual(gram, Vector{-1, -3}, 0, 0, false), (Vector{0, 0.75}));
  }

  void gradientsThatAreNoNumbersAreRefused() {
    const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    QCOMPARE(refusal(Vector{nan}, Vector{-1}), std::string("gradient-not-finite"));
    QCOMPARE(refusal(Vector{1}, Vector{nan}), std::string("gradient-not-finite"));
    QCOMPARE(refusal(Vector{1}, Vector{-inf}), std::string("gradient-not-finite"));
    QCOMPARE(refusal(Vector{1, 0, 0}, Vector{-1, 1}), std::string("internal"));
    QCOMPARE(refusal(Vector{-1}, Vector{-1}), std::string("internal"));
    QCOMPARE(refusal(Vector{1}, Vector{-1}), std::string("taken"));
  }
};

QTEST_GUILESS_MAIN(GradientProjectionTest)
#include "tst_gradient_projection.moc"
