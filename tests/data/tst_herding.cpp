#include <QtTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "engine/memory/herding.h"
#include "engine/protocol/error.h"
#include "engine/protocol/random.h"

using namespace palimpsest;

namespace {

std::vector<float> features(int rows, int width, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(static_cast<std::size_t>(rows * width));
  for (float& value : values) value = static_cast<float>(rng.normal() + 0.5);
  return values;
}

std::vector<std::vector<double>> unitRows(const std::vector<float>& values, int width) {
  std::vector<std::vector<double>> rows(values.size() / width);
  for (std::size_t i = 0; i < values.size(); ++i) rows[i / width].push_back(values[i]);
  for (auto& row : rows) {
    const double norm = std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
    for (double& value : row) value /= norm > 0 ? norm : 1;
  }
  return rows;
}

std::vector<double> meanOf(const std::vector<std::vector<double>>& rows, const std::vector<int>& chosen) {
  std::vector<double> mean(rows[0].size());
  for (const int row : chosen)
    for (std::size_t d = 0; d < mean.size(); ++d)
      mean[d] += rows[static_cast<std::size_t>(row)][d] / static_cast<double>(chosen.size());
  return mean;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return std::sqrt(sum);
}

std::vector<int> counted(int n) {
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace

class HerdingTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void eachChoiceIsTheBestByDefinition() {
    const auto values = features(30, 6, 1);
    const auto rows = unitRows(values, 6);
    const auto mean = meanOf(rows, counted(30));
    const std::vector<int> chosen = herd(values, 6, 12);
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      std::vector<int> so_far(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(k) + 1);
      const double reached = distance(mean, meanOf(rows, so_far));
      for (int other = 0; other < 30; ++other) {
        if (std::find(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(k), other) !=
            chosen.begin() + static_cast<std::ptrdiff_t>(k))
          continue;
        so_far.back() = other;
        QVERIFY(distance(mean, meanOf(rows, so_far)) >= reached - 1e-12);
      }
    }
  }

  void anExampleByHand() {
    // Units (1, 0), (0, 1), (.6, .8); mean (.533, .6). Squared distances .578, .444, .044: the last. With it (.8, .4)
    // and
    // (.3, .9), squared distances .111 and .144: the first.
    QCOMPARE(herd(std::vector<float>{3, 0, 0, 0.5f, 6, 8}, 2, 3), (std::vector<int>{2, 0, 1}));
  }

  void aShorterListIsAPrefix() {
    const auto values = features(40, 8, 2);
    const std::vector<int> all = herd(values, 8, 40);
    for (int count = 0; count <= 40; ++count)
      QCOMPARE(herd(values, 8, count), std::vector<int>(all.begin(), all.begin() + count));
  }

  void moreThanThereAreIsAllOfThem() {
    const auto values = features(9, 4, 3);
    const std::vector<int> all = herd(values, 4, 20);
    QCOMPARE(all.size(), std::size_t{9});
    QCOMPARE(std::set(all.begin(), all.end()).size(), std::size_t{9});
    // Then the mean of the exemplars has the direction of the class's.
    const auto rows = unitRows(values, 4);
    QVERIFY(distance(meanOf(rows, all), meanOf(rows, counted(9))) < 1e-15);
    QVERIFY(herd(values, 4, 0).empty() && herd(values, 4, -3).empty());
    QVERIFY(herd(std::vector<float>{}, 4, 3).empty());
  }

  void aFewStandForTheClassBetterThanTheFirst() {
    const auto values = features(200, 16, 4);
    const auto rows = unitRows(values, 16);
    const auto mean = meanOf(rows, counted(200));
    QVERIFY(distance(meanOf(rows, herd(values, 16, 10)), mean) < 0.5 * distance(meanOf(rows, counted(10)), mean));
  }

  void tiesGoToTheLowestRow() {
    const std::vector<float> same{1, 2, 1, 2, 1, 2, 1, 2};
    QCOMPARE(herd(same, 2, 4), (std::vector<int>{0, 1, 2, 3}));
    const std::vector<float> opposite{0, 1, 1, 0, 0, 1, 1, 0};
    QCOMPARE(herd(opposite, 2, 4), (std::vector<int>{0, 1, 2, 3}));
  }

  void theScaleOfAFeatureDoesNotMatter() {
    auto values = features(20, 5, 5);
    const auto before = herd(values, 5, 20);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] *= std::ldexp(1.0f, static_cast<int>(i / 5) * 4 - 40);
    QCOMPARE(herd(values, 5, 20), before);
  }

  void rowsOfZerosStay() {
    const std::vector<float> values{0, 0, 1, 0, 0, 0, -1, 0};  // the mean is 0: a row of zeros is it exactly
    QCOMPARE(herd(values, 2, 4), (std::vector<int>{0, 2, 1, 3}));
  }

  void featuresThatAreNoNumbersAreRefused() {
    auto values = features(6, 3, 6);
    values[10] = std::numeric_limits<float>::quiet_NaN();
    try {
      herd(values, 3, 2);
      QFAIL("taken");
    } catch (const Error& error) {
      QCOMPARE(error.code, std::string("features-not-finite"));
      QVERIFY(std::string(error.what()).find("image 4 ") != std::string::npos);
    }
  }

  void quotasSumToTheCapacity() {
    for (int capacity = 0; capacity < 50; ++capacity)
      for (int classes = 1; classes < 12; ++classes) {
        const std::vector<int> all = quotas(capacity, classes);
        QCOMPARE(static_cast<int>(all.size()), classes);
        QCOMPARE(std::accumulate(all.begin(), all.end(), 0), capacity);
        QVERIFY(std::is_sorted(all.rbegin(), all.rend()) && all.front() - all.back() <= 1);
      }
    QCOMPARE(quotas(2000, 100), std::vector<int>(100, 20));
    QCOMPARE(quotas(11, 4), (std::vector<int>{3, 3, 3, 2}));
    QVERIFY(quotas(5, 0).empty());
    QCOMPARE(quotas(-5, 2), (std::vector<int>{0, 0}));
  }
};

QTEST_GUILESS_MAIN(HerdingTest)
#include "tst_herding.moc"
