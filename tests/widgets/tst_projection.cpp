// What a map is made of: principal axes, alignment, true neighbours, t-SNE.
#include <QElapsedTimer>
#include <QTest>
#include <cmath>
#include <limits>
#include <thread>

#include "engine/protocol/random.h"
#include "widgets/models/projection.h"
#include "widgets/models/tsne.h"

using namespace palimpsest;

namespace {

struct Cloud {
  int width;
  std::vector<float> values;
  Rows rows() const { return {values.data(), std::int64_t(values.size()) / width, width}; }
};

Cloud noise(int rows, int width, std::uint64_t seed) {
  Rng rng(seed);
  Cloud cloud{width, {}};
  for (int i = 0; i < rows * width; ++i) cloud.values.push_back(float(rng.normal() * (1 + (i % width) % 5)));
  return cloud;
}

// Two balls, `apart` from each other in every dimension; the first half of the rows is the first.
Cloud blobs(int rows, int width, double apart) {
  Cloud cloud = noise(rows, width, 3);
  for (int r = rows / 2; r < rows; ++r)
    for (int c = 0; c < width; ++c) cloud.values[std::size_t(r * width + c)] += float(apart);
  return cloud;
}

double gap(const Spot& a, const Spot& b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

}  // namespace

class TestProjection : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  // Four points on the axes of an ellipse: variances 2 * 9 and 2 * 1 of 20.
  void principalAxesOfAHandMadeCloud() {
    const Cloud cloud{2, {4, 2, -2, 2, 1, 3, 1, 1}};
    const auto basis = principalAxes({cloud.rows()});
    QVERIFY(basis);
    QCOMPARE(basis->mean, (std::vector<double>{1, 2}));
    QVERIFY(std::abs(basis->explained[0] - 0.9) < 1e-9);
    QVERIFY(std::abs(basis->explained[1] - 0.1) < 1e-9);
    QCOMPARE(basis->explained[2], 0.0);
    const auto at = project(*basis, cloud.rows());
    QVERIFY(gap(at[0], {3, 0, 0}) < 1e-5 && gap(at[1], {-3, 0, 0}) < 1e-5);
    QVERIFY(gap(at[2], {0, 1, 0}) < 1e-5 && gap(at[3], {0, -1, 0}) < 1e-5);
  }

  // Fewer rows than dimensions go by the Gram matrix, more by the covariance; the same cloud must look the same.
  void bothWaysToDecomposeAgree() {
    const Cloud cloud = noise(20, 19, 7);
    Cloud wide{40, {}};
    for (int r = 0; r < 20; ++r)
      for (int c = 0; c < 40; ++c) wide.values.push_back(c < 19 ? cloud.values[std::size_t(r * 19 + c)] : 0);
    const auto by_covariance = principalAxes({cloud.rows()}), by_gram = principalAxes({wide.rows()});
    QVERIFY(by_covariance && by_gram);
    const auto a = project(*by_covariance, cloud.rows()), b = project(*by_gram, wide.rows());
    for (std::size_t i = 0; i < a.size(); ++i) QVERIFY(gap(a[i], b[i]) < 1e-3);
    for (std::size_t i = 0; i < 3; ++i) QVERIFY(std::abs(by_covariance->explained[i] - by_gram->explained[i]) < 1e-9);
  }

  // Turned in the original space by reversing and mirroring dimensions: distances on the map stay.
  void aTurnedCloudGivesTheSameMap() {
    const Cloud cloud = noise(60, 12, 11);
    Cloud turned = cloud;
    for (int r = 0; r < 60; ++r)
      for (int c = 0; c < 12; ++c) turned.values[std::size_t(r * 12 + c)] = (c % 2 ? -1 : 1) * cloud.values[std::size_t(r * 12 + 11 - c)];
    const auto a = project(*principalAxes({cloud.rows()}), cloud.rows()), b = project(*principalAxes({turned.rows()}), turned.rows());
    for (std::size_t i = 0; i < a.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) QVERIFY(std::abs(gap(a[i], a[j]) - gap(b[i], b[j])) < 1e-3);
  }

  void oneBasisServesTheUnionOfTasks() {
    const Cloud whole = noise(50, 6, 5);
    const Rows all = whole.rows();
    const auto joint = principalAxes({all}), parts = principalAxes({Rows{all.values, 20, 6}, Rows{all.row(20), 30, 6}});
    QCOMPARE(parts->axes, joint->axes);
    QCOMPARE(parts->rows, std::int64_t(50));
  }

  void rowsThatAreNotFiniteAreNoObstacle() {
    Cloud cloud = noise(50, 6, 5);
    cloud.values[6] = std::numeric_limits<float>::quiet_NaN();
    const auto basis = principalAxes({cloud.rows()});
    QCOMPARE(basis->rows, std::int64_t(49));
    const auto at = project(*basis, cloud.rows());
    QVERIFY(std::isnan(at[1][0]) && std::isfinite(at[0][0]));
    QVERIFY(!principalAxes({}));
    QVERIFY(project(*basis, Rows{cloud.values.data(), 10, 5}).empty());
  }

  void aCloudOfOnePlaceHasNoAxes() {
    const Cloud cloud{3, {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3}};
    const auto basis = principalAxes({cloud.rows()});
    QVERIFY(basis);
    QCOMPARE(basis->explained[0], 0.0);
    QVERIFY(gap(project(*basis, cloud.rows())[2], {0, 0, 0}) < 1e-9);
  }

  void procrustesRecoversAKnownTurn() {
    Rng rng(2);
    std::vector<Spot> moving, fixed;
    const double angle = 0.7, scale = 2.5;
    for (int i = 0; i < 30; ++i) {
      const double x = rng.normal(), y = rng.normal();
      moving.push_back({float(x), float(y), 0});
      fixed.push_back({float(scale * (std::cos(angle) * x + std::sin(angle) * y) + 4), float(scale * (std::sin(angle) * x - std::cos(angle) * y) - 1), 0});  // mirrored, too
    }
    moving.push_back({std::numeric_limits<float>::quiet_NaN(), 0, 0});
    fixed.push_back({9, 9, 0});
    const Alignment found = procrustes(moving, fixed);
    QVERIFY(std::abs(found.scale - scale) < 1e-5);
    QVERIFY(std::abs(found.rotation[0] - std::cos(angle)) < 1e-5 && std::abs(found.rotation[3] - std::sin(angle)) < 1e-5);
    for (std::size_t i = 0; i < 30; ++i) QVERIFY(gap(found(moving[i]), fixed[i]) < 1e-4);
  }

  void aMapThatFitsBadlyDoesNotShrink() {
    Rng rng(6);
    std::vector<Spot> moving, fixed;
    for (int i = 0; i < 200; ++i) {
      moving.push_back({float(rng.normal()), float(rng.normal()), 0});
      fixed.push_back({float(rng.normal()), float(rng.normal()), 0});
    }
    const Alignment found = procrustes(moving, fixed);
    QVERIFY(found.scale > 0.8 && found.scale < 1.25);
  }

  void twoPairsOnlyMove() {
    const Alignment found = procrustes({{0, 0, 0}, {2, 0, 0}}, {{5, 5, 0}, {5, 7, 0}});
    QCOMPARE(found.scale, 1.0);
    QVERIFY(gap(found({1, 0, 0}), {5, 6, 0}) < 1e-6);
    QVERIFY(gap(procrustes({}, {})({1, 2, 3}), {1, 2, 3}) < 1e-6);
  }

  void neighboursAreThoseOfTheOriginalSpace() {
    const Cloud line{1, {0, 10, 1, 11, 3, 1}};
    const auto found = nearestRows(line.rows(), 2, 3);
    QCOMPARE(found.size(), std::size_t(3));
    QCOMPARE(found[0].row, std::int64_t(5));
    QCOMPARE(found[0].distance, 0.0);
    QCOMPARE(found[1].row, std::int64_t(0));
    QCOMPARE(found[2].row, std::int64_t(4));
    QCOMPARE(nearestRows(line.rows(), 2, 100).size(), std::size_t(5));
    QVERIFY(nearestRows(line.rows(), 6, 3).empty());
  }

  void tsneSeparatesTwoBlobs_data() {
    QTest::addColumn<int>("dimensions");
    QTest::newRow("flat") << 2;
    QTest::newRow("in space") << 3;
  }
  void tsneSeparatesTwoBlobs() {
    QFETCH(int, dimensions);
    const Cloud cloud = blobs(120, 10, 12);
    TsneOptions options;
    options.perplexity = 15;
    options.dimensions = dimensions;
    const auto at = tsne(cloud.rows(), {}, options);
    QVERIFY(at);
    int wrong = 0;  // points whose nearest point on the map is of the other blob
    for (std::size_t i = 0; i < at->size(); ++i) {
      std::size_t best = i == 0 ? 1 : 0;
      for (std::size_t j = 0; j < at->size(); ++j)
        if (j != i && gap((*at)[i], (*at)[j]) < gap((*at)[i], (*at)[best])) best = j;
      wrong += (i < 60) != (best < 60);
      QVERIFY(std::isfinite((*at)[i][0]) && ((*at)[i][2] == 0) == (dimensions == 2));
    }
    QCOMPARE(wrong, 0);
  }

  void tsneIsTheSameForASeedAndAnotherForAnother() {
    const Cloud cloud = noise(80, 8, 1);
    const auto start = project(*principalAxes({cloud.rows()}), cloud.rows());
    TsneOptions options;
    options.iterations = 100;
    const auto once = tsne(cloud.rows(), start, options), again = tsne(cloud.rows(), start, options);
    QCOMPARE(*once, *again);
    options.seed = 2;
    QVERIFY(*tsne(cloud.rows(), start, options) != *once);
  }

  void tsneSaysWithWhatItWorked() {
    TsneOptions options;
    options.perplexity = 1000;
    options.dimensions = 7;
    options.iterations = 0;
    QCOMPARE(applicable(options, 31).perplexity, 10.0);
    QCOMPARE(applicable(options, 31).dimensions, 2);
    QCOMPARE(applicable(options, 31).iterations, 10);
    const Cloud few{2, {0, 0, 1, 1}};
    QCOMPARE(tsne(few.rows(), {}, {})->size(), std::size_t(2));
    const Cloud same{2, std::vector<float>(40, 1)};
    const auto piled = tsne(same.rows(), {}, {});
    QVERIFY(piled);
    for (const Spot& s : *piled) QVERIFY(std::isfinite(s[0]) && std::isfinite(s[1]));
    const std::vector<float> many(std::size_t(kTsneMost + 1), 0);
    QVERIFY(!tsne({many.data(), kTsneMost + 1, 1}, {}, {}));
  }

  void everythingCanBeCancelled() {
    std::stop_source stop;
    stop.request_stop();
    const Cloud cloud = noise(300, 20, 1);
    QVERIFY(!principalAxes({cloud.rows()}, stop.get_token()));
    QVERIFY(!tsne(cloud.rows(), {}, {}, stop.get_token()));
    QVERIFY(nearestRows(cloud.rows(), 0, 3, stop.get_token()).empty());
    std::stop_source later;
    TsneOptions long_one;
    long_one.iterations = 5000;
    int reported = 0;
    const auto stopped = tsne(cloud.rows(), {}, long_one, later.get_token(), [&](int done) {
      reported = done;
      later.request_stop();
    });
    QVERIFY(!stopped);
    QCOMPARE(reported, 10);
  }

  void figures() {
    const Cloud cloud = noise(2000, 192, 1), large = noise(3000, 768, 1);
    QElapsedTimer clock;
    clock.start();
    const auto basis = principalAxes({large.rows()});
    QVERIFY(basis);
    qInfo("PCA of 3000 x 768: %lld ms", clock.restart());
    TsneOptions options;
    options.iterations = 20;
    QVERIFY(tsne(cloud.rows(), {}, options));
    qInfo("t-SNE of 2000 x 192: %lld ms for its first 20 iterations", clock.elapsed());
  }
};

QTEST_MAIN(TestProjection)
#include "tst_projection.moc"
