// The rest of the three worked examples, what needs references, and PILOT's rounding, by hand.
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/metrics/transfer.h"
#include "engine/protocol/random.h"

using namespace palimpsest;

namespace {

constexpr double kExact = 1e-12;

bool is(std::optional<double> value, double expected) { return value && std::abs(*value - expected) < kExact; }

AccuracyMatrix fromPercent(const std::vector<std::vector<int>>& rows, const std::vector<std::int64_t>& counts) {
  AccuracyMatrix m(static_cast<int>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < rows[i].size(); ++j)
      m.set(static_cast<int>(i), static_cast<int>(j), rows[i][j] * counts[j] / 100, counts[j]);
  return m;
}
AccuracyMatrix example1() { return fromPercent({{90}, {80, 85}, {70, 75, 95}}, {200, 100, 100}); }
AccuracyMatrix example2() { return fromPercent({{80}, {85, 60}, {82, 60, 50}}, {100, 100, 100}); }
AccuracyMatrix example3() { return fromPercent({{80}, {78, 60}, {85, 60, 50}}, {100, 100, 100}); }

// Above the diagonal too, as in domain-incremental streams.
AccuracyMatrix random(Rng& rng, int tasks) {
  AccuracyMatrix m(tasks);
  for (int i = 0; i < tasks; ++i)
    for (int j = 0; j < tasks; ++j) m.set(i, j, static_cast<std::int64_t>(rng.below(241)), 240 + 10 * j);
  return m;
}

}  // namespace

class TestTransfer : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void theRepositoryOfGemDividesByAllTasks();
  void forwardTransferByHand();
  void forwardTransferNeedsCellsAboveTheDiagonal();
  void intransigenceByHand();
  void withoutReferenceThereIsNoIntransigence();
  void relativeForgettingByHand();
  void worstCaseByHand();
  void anytimeByHand();
  void pilotRoundsHalfToEven();
  void pilotAveragesWhatItHasRounded();
  void pilotForgettingIsThatOfTheMatrixUpToRounding();
  void oneTaskHasNoTransfer();
  void figuresStayInTheirRanges();
  void nothingIsDefinedBeforeAnythingIsMeasured();
};

void TestTransfer::theRepositoryOfGemDividesByAllTasks() {
  QVERIFY(is(example1().backwardTransfer(), -.15));
  QVERIFY(is(backwardTransferGem(example1()), -.1));
  QVERIFY(is(backwardTransferGem(example2()), .02 / 3));
  QVERIFY(is(backwardTransferGem(example3()), .05 / 3));
  const auto pair = stabilityPlasticity(example1());
  QVERIFY(pair && is(pair->stability, .85) && is(pair->plasticity, .9));
}

void TestTransfer::forwardTransferByHand() {
  AccuracyMatrix m = example1();
  m.set(0, 1, 20, 100);
  m.set(1, 2, 30, 100);
  const std::vector<double> baselines{.7, .1, .05};
  QVERIFY(is(forwardTransfer(m, baselines), .175));  // (.2 - .1 + .3 - .05) / 2
  QVERIFY(is(forwardTransferGem(m, baselines), .35 / 3));
  QVERIFY(is(forwardTransfer(std::vector<double>{9, .2, .3}, baselines), .175));
  QVERIFY(!forwardTransfer(m, std::vector<double>{.7, .1}));
  QVERIFY(!forwardTransfer(m, std::vector<double>{.7, .1, std::numeric_limits<double>::quiet_NaN()}));
}

void TestTransfer::forwardTransferNeedsCellsAboveTheDiagonal() {
  AccuracyMatrix m = example1();
  m.set(0, 1, 20, 100);
  QVERIFY(!forwardTransfer(m, std::vector<double>{0, 0, 0}) && !forwardTransferGem(m, std::vector<double>{0, 0, 0}));
}

void TestTransfer::intransigenceByHand() {
  QVERIFY(is(intransigence(example1(), 1, .9), .05));
  QVERIFY(is(intransigence(example1(), 2, .93), -.02));
  QVERIFY(is(intransigence(example1(), {.9, .9, .93}), .01));
}

void TestTransfer::withoutReferenceThereIsNoIntransigence() {
  QVERIFY(!intransigence(example1(), 1, std::nullopt) && !intransigence(example1(), 3, .9));
  QVERIFY(!intransigence(example1(), -1, .9));
  QVERIFY(!intransigence(example1(), {.9, std::nullopt, .93}) && !intransigence(example1(), {.9, .9}));
}

void TestTransfer::relativeForgettingByHand() {
  QVERIFY(is(relativeForgettingOf(example1(), 0, 2), .2 / .9));
  QVERIFY(is(relativeForgetting(example1()), (.2 / .9 + .1 / .85) / 2));
  QVERIFY(is(relativeForgetting(example3()), -.05 / .8 / 2));
  QVERIFY(!relativeForgettingOf(example1(), 2, 2));
  QVERIFY(!relativeForgetting(fromPercent({{0}, {0, 50}}, {100, 100})));  // nothing had been learned
}

void TestTransfer::worstCaseByHand() {
  const AccuracyMatrix m = example1();
  QVERIFY(!minimumAccuracy(m, 0) && !minimumAccuracy(m, 3) && !minimumAccuracy(m, -1));
  QVERIFY(is(minimumAccuracy(m, 1), .8));
  QVERIFY(is(minimumAccuracy(m, 2), .725));
  QVERIFY(is(worstCase(m, 0), .9));
  QVERIFY(is(worstCase(m, 1), .825));
  QVERIFY(is(worstCase(m, 2), .8));                             // .95 / 3 + 2 / 3 * .725
  QVERIFY(is(minimumAccuracy(example2(), 2), (.82 + .6) / 2));  // the .80 when it was learned does not count
  QVERIFY(is(worstCase(4, .8, .4), .5));
  QVERIFY(is(worstCase(1, .8, std::nullopt), .8));
  QVERIFY(!worstCase(0, .8, .4) && !worstCase(2, .8, std::nullopt) && !worstCase(m, 3) && !worstCase(m, -1));
}

void TestTransfer::anytimeByHand() {
  QVERIFY(is(anytime(std::vector<double>{.25, .5, .75, .9}), .6));
  QVERIFY(!anytime({}) && !anytime(std::vector<double>{.5, std::numeric_limits<double>::infinity()}));
}

void TestTransfer::pilotRoundsHalfToEven() {
  QCOMPARE(*pilotPercent(245, 300), 81.67);
  QCOMPARE(*pilotPercent(1, 800), .12);  // .125
  QCOMPARE(*pilotPercent(3, 800), .38);  // .375
  QCOMPARE(*pilotPercent(0, 7), 0.0);
  QCOMPARE(*pilotPercent(7, 7), 100.0);
  QVERIFY(!pilotPercent(0, 0) && !pilotPercent(1, -1));
}

void TestTransfer::pilotAveragesWhatItHasRounded() {
  const auto figures = pilotFigures(example1());
  QCOMPARE(figures->top1, (std::vector<double>{90, 81.67, 77.5}));
  QVERIFY(is(figures->average, (90 + 81.67 + 77.5) / 3));  // 83.0567, the exact average is 83.0556
  QCOMPARE(figures->last, 77.5);
  QVERIFY(is(figures->forgetting, 15));
  QVERIFY(is(pilotFigures(example2())->forgetting, 1.5));
  QVERIFY(is(pilotFigures(example3())->forgetting, 0));
}

void TestTransfer::pilotForgettingIsThatOfTheMatrixUpToRounding() {
  Rng rng(5);
  for (int round = 0; round < 100; ++round) {
    const AccuracyMatrix m = random(rng, 2 + static_cast<int>(rng.below(7)));
    const auto figures = pilotFigures(m);
    QVERIFY(*figures->forgetting >= 0);
    QVERIFY(std::abs(*figures->forgetting - 100 * *m.forgettingPilot()) <= .01 + kExact);
    QVERIFY(std::abs(figures->average - 100 * *m.average()) <= .005 + kExact);
  }
}

void TestTransfer::oneTaskHasNoTransfer() {
  const AccuracyMatrix m = fromPercent({{70}}, {100});
  QVERIFY(!backwardTransferGem(m) && !forwardTransfer(m, std::vector<double>{.1}) && !relativeForgetting(m));
  QVERIFY(!stabilityPlasticity(m) && !pilotFigures(m)->forgetting);
  QCOMPARE(pilotFigures(m)->average, pilotFigures(m)->last);
  QVERIFY(is(m.average(), *m.last()));
  QVERIFY(is(worstCase(m, 0), .7) && is(intransigence(m, {.8}), .1));
}

void TestTransfer::figuresStayInTheirRanges() {
  Rng rng(6);
  for (int round = 0; round < 200; ++round) {
    const int tasks = 2 + static_cast<int>(rng.below(6)), last = tasks - 1;
    const AccuracyMatrix m = random(rng, tasks);
    const std::vector<double> baselines(static_cast<std::size_t>(tasks), rng.uniform());
    QVERIFY(is(backwardTransferGem(m), *m.backwardTransfer() * last / tasks));
    QVERIFY(std::abs(*forwardTransfer(m, baselines)) <= 1);
    QVERIFY(std::abs(*forwardTransferGem(m, baselines)) <= std::abs(*forwardTransfer(m, baselines)));
    double now = 0;
    for (int j = 0; j < last; ++j) now += *m.at(last, j) / last;
    QVERIFY(*minimumAccuracy(m, last) >= 0 && *minimumAccuracy(m, last) <= now + kExact);
    QVERIFY(*worstCase(m, last) <= *m.lastMacro() + kExact);
  }
}

void TestTransfer::nothingIsDefinedBeforeAnythingIsMeasured() {
  const AccuracyMatrix m(4);
  QVERIFY(!backwardTransferGem(m) && !forwardTransfer(m, {}) && !forwardTransferGem(m, {}) && !intransigence(m, {}));
  QVERIFY(!relativeForgetting(m) && !stabilityPlasticity(m) && !minimumAccuracy(m, 0) && !worstCase(m, 0));
  QVERIFY(!pilotFigures(m) && !forwardTransfer(std::vector<double>{}, {}));
  AccuracyMatrix empty(1);
  empty.set(0, 0, 0, 0);  // a task without test images
  QVERIFY(!pilotFigures(empty) && !worstCase(empty, 0) && !intransigence(empty, {.5}));
  QCOMPARE(*empty.count(0, 0), std::int64_t{0});
  QVERIFY(!empty.count(1, 0) && !empty.count(-1, 0));
}

QTEST_GUILESS_MAIN(TestTransfer)
#include "tst_transfer.moc"
