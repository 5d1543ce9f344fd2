// Keys, queries and rows worked out by hand.
#include <QTest>
#include <algorithm>
#include <cmath>

#include "engine/metrics/prompt_geometry.h"

using namespace palimpsest;

namespace {

constexpr double kExact = 1e-12;

bool near(double value, double expected) { return std::abs(value - expected) <= kExact; }
bool is(std::optional<double> value, double expected) { return value && near(*value, expected); }
bool alike(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), near);
}

}  // namespace

class TestPromptGeometry : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void keysByHand();
  void queriesByHand();
  void marginsByHand();
  void nearestMeansByHand();
  void rowsDriftByHand();
  void emptyInputIsNoObstacle();
};

void TestPromptGeometry::keysByHand() {
  const std::vector<float> keys{2, 0, 0, 5, -3, 0, 0, 0};
  const auto all = keyCosines(keys, 2);
  QVERIFY(near(all->mean, -1. / 6));  // one opposite pair of six; the row of zeros meets nobody
  QVERIFY(near(all->max, 0));
  QVERIFY(near(keyCosines(keys, 2, {0, 2})->max, -1));
  QVERIFY(near(keyCosines(std::vector<float>{1, 1, 2, 2, 1, 0}, 2)->max, 1));
  QVERIFY(near(keyCosines(std::vector<float>{1, 1, 2, 2, 1, 0}, 2)->mean, (1 + std::sqrt(2.)) / 3));
  QVERIFY(!keyCosines(keys, 2, {1}) && !keyCosines(keys, 2, {1, 4, -1}) && !keyCosines(keys, 2, {}));
  QVERIFY(near(effectiveRank(std::vector<double>{3, 3, 3, 0}), 3));
  QVERIFY(near(effectiveRank(std::vector<double>{2, 1, 1}), std::pow(2, 1.5)));
}

void TestPromptGeometry::queriesByHand() {
  // Unit queries (1,0) (0,1) (1,0): their sum is (2,1), pairs have 0, 1, 0.
  const auto found = queryAnisotropy(std::vector<float>{3, 0, 0, 2, 1, 0}, 2, {0, 1, 1});
  QVERIFY(near(found->resultant, std::sqrt(5.) / 3));
  QVERIFY(is(found->mean_cosine, 1. / 3));
  QCOMPARE(found->centroids.size, 2);
  QVERIFY(near(found->centroids.at(0, 0), 1));
  QVERIFY(near(found->centroids.at(0, 1), 1 / std::sqrt(2.)));
  QVERIFY(near(found->centroids.at(1, 0), 1 / std::sqrt(2.)));
  QVERIFY(!queryAnisotropy(std::vector<float>{3, 4}, 2, {0})->mean_cosine);
  QVERIFY(near(queryAnisotropy(std::vector<float>{3, 4}, 2, {2})->centroids.at(0, 2), 0));  // a task without images
}

void TestPromptGeometry::marginsByHand() {
  // Sorted 3 1 0 and 2 2 -2: margins at N = 1 are 2 and 0, at N = 2 they are 1 and 4. Mean 1, variance 16 / 6.
  const std::vector<float> scores{1, 3, 0, 2, -2, 2};
  QVERIFY(is(topMargin(scores, 3, 1), 1 / std::sqrt(16. / 6)));
  QVERIFY(is(topMargin(scores, 3, 2), 2.5 / std::sqrt(16. / 6)));
  QVERIFY(!topMargin(scores, 3, 0) && !topMargin(scores, 3, 3) && !topMargin({}, 3, 1));
  QVERIFY(is(topMargin(std::vector<float>(6, .5F), 3, 1), 0));
}

void TestPromptGeometry::nearestMeansByHand() {
  const std::vector<float> means{1, 0, 0, 1, -5, 0};  // classes 0 and 1 make task 0, class 2 makes task 1
  const std::vector<float> queries{9, 1, 1, 9, -1, .5F, -1, 0};
  QVERIFY(is(nearestMeanRetrieval(means, {0, 0, 1}, queries, {0, 0, 1, 0}, 2), .75));
  QVERIFY(is(nearestMeanRetrieval(means, {0, 0, 1}, queries, {0, 0, 1, -1}, 2), 1));
  QVERIFY(!nearestMeanRetrieval({}, {}, queries, {0, 0, 1, 0}, 2));
  QVERIFY(!nearestMeanRetrieval(means, {0, 0, 1}, {}, {}, 2));
}

void TestPromptGeometry::rowsDriftByHand() {
  const std::vector<float> before{1, 0, 0, 2, 0, 0, 0, 0, 3, 4}, after{0, 3, 0, -1, 0, 0, 1, 0};
  QVERIFY(alike(rowDrift(before, after, 2), {1, 2, 0, 1}));
  const auto growth = rowGrowth(before, after, 2);
  QCOMPARE(growth.size(), std::size_t{4});
  QVERIFY(is(growth[0], 3) && is(growth[1], .5) && !growth[2] && !growth[3]);
  QVERIFY(alike(promptDrift(before, after, 2), {std::sqrt(10.), 1.5, 0, 1}));
  QVERIFY(alike(promptDrift(before, before, 2), {0, 0, 0, 0, 0}));
  QVERIFY(alike(promptDrift(std::vector<float>{3, 4, 0, 0}, std::vector<float>{3, 4, 5, 12}, 4), {13. / 5}));
}

void TestPromptGeometry::emptyInputIsNoObstacle() {
  QVERIFY(!keyCosines({}, 4) && !keyCosines({}, 0) && !queryAnisotropy({}, 4, {}) && !queryAnisotropy({}, 0, {}));
  QCOMPARE(effectiveRank({}), 0.0);
  QCOMPARE(effectiveRank(std::vector<double>{0, 0}), 0.0);
  QVERIFY(rowDrift({}, {}, 3).empty() && rowGrowth({}, {}, 0).empty() && promptDrift({}, {}, -1).empty());
}

QTEST_GUILESS_MAIN(TestPromptGeometry)
#include "tst_prompt_geometry.moc"
