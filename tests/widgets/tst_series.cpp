#include <QTest>
#include <algorithm>
#include <cmath>
#include <ctime>

#include "engine/protocol/random.h"
#include "widgets/models/series.h"

using namespace palimpsest;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Series noise(int points, std::uint64_t seed) {
  Series series;
  Rng rng(seed);
  for (int i = 0; i < points; ++i) series.append(i, rng.below(50) == 0 ? kNaN : rng.normal());
  return series;
}

// What columns() must say, the slow way.
Column plain(const Series& s, std::size_t begin, std::size_t end) {
  Column c{s.x(begin), s.y(begin), s.y(end - 1), kNaN, kNaN};
  for (std::size_t i = begin; i < end; ++i) {
    if (std::isnan(s.y(i))) continue;
    c.min = std::isnan(c.min) ? s.y(i) : std::min(c.min, s.y(i));
    c.max = std::isnan(c.max) ? s.y(i) : std::max(c.max, s.y(i));
  }
  return c;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

class SeriesTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void columnsAgreeWithAPlainScan() {
    for (const int points : {1, 3, 4, 5, 17, 64, 65, 1000, 4099}) {
      const Series s = noise(points, std::uint64_t(points));
      for (const auto& [low, high, columns] :
           {std::tuple{0.0, double(points), 7}, {-5.0, points * 2.0, 13}, {points * 0.21, points * 0.83, 40}}) {
        std::size_t at = s.firstAtOrAfter(low);
        for (const Column& c : s.columns(low, high, columns)) {
          std::size_t end = at;
          const double width = (high - low) / columns;
          const int place = int((s.x(at) - low) / width);
          while (end < s.size() && s.x(end) <= high &&
                 (std::min(int((s.x(end) - low) / width), columns - 1) == std::min(place, columns - 1)))
            ++end;
          const Column expected = plain(s, at, end);
          QVERIFY(c.x == expected.x && same(c.first, expected.first) && same(c.min, expected.min) &&
                  same(c.max, expected.max) && same(c.last, expected.last));
          at = end;
        }
        QVERIFY(at == s.size() || s.x(at) > high);
      }
    }
  }

  void aSpikeOfOneSampleInAMillionIsAlwaysVisible() {
    Series s;
    for (int i = 0; i < 1000000; ++i) s.append(i, i == 654321 ? 100 : std::sin(i * 0.01));
    for (const int columns : {1, 10, 333, 1000}) {
      const auto drawn = s.columns(0, 999999, columns);
      QCOMPARE(std::count_if(drawn.begin(), drawn.end(), [](const Column& c) { return c.max == 100; }), 1);
    }
    const std::clock_t begin = std::clock();  // of this process only: the machine may be busy with others
    std::size_t total = 0;
    for (int i = 0; i < 100; ++i) total += s.columns(i, 999999, 1000).size();
    const double ms = 10.0 * double(std::clock() - begin) / CLOCKS_PER_SEC;
    qInfo("columns() of a million points at 1,000 columns: %.3f ms", ms);
    QVERIFY(total >= 99000);
    QVERIFY(ms < 20);
  }

  void theFirstAndTheLastPointInViewAreDrawn() {
    Series s;
    for (int i = 0; i <= 10; ++i) s.append(i, i);
    const auto drawn = s.columns(0, 10, 3);
    QCOMPARE(drawn.front().first, 0.0);
    QCOMPARE(drawn.back().last, 10.0);
    QCOMPARE(s.columns(5, 5, 100).size(), std::size_t(1));
    QVERIFY(s.columns(10.5, 20, 100).empty());
    QVERIFY(s.columns(3, 2, 100).empty());
    QVERIFY(Series().columns(0, 1, 10).empty());
  }

  void notANumberBreaksTheLineAndIsRemembered() {
    Series s;
    s.append(0, 1);
    s.append(1, std::numeric_limits<double>::infinity());
    s.append(2, 3);
    QVERIFY(std::isnan(s.y(1)));
    QCOMPARE(s.breaks(), std::vector<double>{1});
    const auto drawn = s.columns(0, 3, 3);
    QVERIFY(std::isnan(drawn[1].min) && std::isnan(drawn[1].first));
    double min = 0, max = 0;
    QVERIFY(s.range(0, 2, min, max));
    QCOMPARE(min, 1.0);
    QCOMPARE(max, 3.0);
    QVERIFY(!s.range(1, 1, min, max));
    s.cutFrom(1);
    QVERIFY(s.breaks().empty());
  }

  void equalXReplacesAndALowerXCuts() {
    Series s;
    for (int i = 0; i < 8; ++i) s.append(i, i);
    const auto rewrites = s.rewrites();
    s.append(7, 70);
    QCOMPARE(s.size(), std::size_t(8));
    QCOMPARE(s.y(7), 70.0);
    QVERIFY(s.rewrites() > rewrites);
    double min = 0, max = 0;
    QVERIFY(s.range(0, 7, min, max));
    QCOMPARE(max, 70.0);
    s.append(3, -1);
    QCOMPARE(s.size(), std::size_t(4));
    QVERIFY(s.range(0, 7, min, max));
    QCOMPARE(min, -1.0);
    QCOMPARE(max, 2.0);
  }

  void anyMixOfAppendingAndCuttingKeepsThePyramidRight() {
    Rng rng(7);
    Series s;
    std::vector<std::pair<double, double>> model;
    for (int i = 0; i < 20000; ++i) {
      if (rng.below(40) == 0 && !model.empty()) {
        const std::size_t keep = model.size() - std::min<std::size_t>(model.size(), rng.below(30));
        if (keep < model.size()) s.cutFrom(model[keep].first);
        model.resize(keep);
      }
      const double x = model.empty() ? 0 : model.back().first + double(rng.below(2)) + 0.5, y = rng.normal();
      s.append(x, y);
      model.emplace_back(x, y);
    }
    QCOMPARE(s.size(), model.size());
    for (int i = 0; i < 200; ++i) {
      const std::size_t a = rng.below(model.size()), b = a + rng.below(model.size() - a);
      double min = 0, max = 0;
      QVERIFY(s.range(model[a].first, model[b].first, min, max));
      const auto [low, high] =
          std::minmax_element(model.begin() + std::ptrdiff_t(a), model.begin() + std::ptrdiff_t(b) + 1,
                              [](auto& p, auto& q) { return p.second < q.second; });
      QCOMPARE(min, low->second);
      QCOMPARE(max, high->second);
    }
  }

  void smoothingAConstantGivesTheConstant() {
    Series s;
    for (int i = 0; i < 5000; ++i) s.append(i, 0.1 + 0.2);
    for (const double beta : {0.0, 0.5, 0.9, 0.999, 0.999999, 1.0}) {
      const Series out = smoothed(s, beta, {100, 777});
      for (std::size_t i = 0; i < out.size(); ++i) QVERIFY(std::abs(out.y(i) - (0.1 + 0.2)) < 1e-12);
    }
  }

  void smoothingIsTheDebiasedAverageOfTheFormula() {
    const Series raw = noise(300, 3);
    const double b = 0.9;
    const Series out = smoothed(raw, b, {120});
    double sum = 0;
    int n = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw.x(i) == 120) sum = n = 0;
      if (std::isnan(raw.y(i))) {
        QVERIFY(std::isnan(out.y(i)));
        sum = n = 0;
        continue;
      }
      sum = b * sum + (1 - b) * raw.y(i);
      ++n;
      QVERIFY(std::abs(out.y(i) - sum / (1 - std::pow(b, n))) < 1e-12);
    }
  }

  void laterPointsNeverChangeEarlierSmoothedOnes() {
    const Series raw = noise(500, 9);
    const Series all = smoothed(raw, 0.95, {100, 400});
    Series grown;
    Smoother smoother;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      grown.append(raw.x(i), raw.y(i));
      // Boundaries become known when they are reached, as in a live run.
      const std::vector<double> resets = raw.x(i) < 100   ? std::vector<double>{}
                                         : raw.x(i) < 400 ? std::vector<double>{100}
                                                          : std::vector<double>{100, 400};
      const Series& out = smoother.update(grown, 0.95, resets);
      QCOMPARE(out.size(), grown.size());
      QVERIFY(same(out.y(i), all.y(i)));
    }
    for (std::size_t i = 0; i < raw.size(); ++i) QVERIFY(same(smoother.update(grown, 0.95, {100, 400}).y(i), all.y(i)));
  }

  void aSmootherNoticesCutsOtherWeightsAndOtherBoundaries() {
    Series s = noise(200, 11);
    Smoother smoother;
    smoother.update(s, 0.9, {50});
    s.cutFrom(150);
    for (int i = 150; i < 300; ++i) s.append(i, 5);
    for (const auto& [beta, resets] :
         {std::pair{0.9, std::vector<double>{50}}, {0.5, {50}}, {0.5, {60, 170}}, {0.5, {}}}) {
      const Series fresh = smoothed(s, beta, resets);
      const Series& kept = smoother.update(s, beta, resets);
      QCOMPARE(kept.size(), fresh.size());
      for (std::size_t i = 0; i < fresh.size(); ++i) QVERIFY(same(kept.y(i), fresh.y(i)));
    }
  }
};

QTEST_GUILESS_MAIN(SeriesTest)
#include "tst_series.moc"
