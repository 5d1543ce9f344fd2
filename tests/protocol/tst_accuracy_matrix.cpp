// Worked by hand: the three examples and the identities that hold for every matrix.
#include <QTest>
#include <algorithm>
#include <cmath>

#include "engine/metrics/accuracy_matrix.h"
#include "engine/protocol/random.h"

using namespace palimpsest;

namespace {

constexpr double kExact = 1e-12;

bool is(std::optional<double> value, double expected) { return value && std::abs(*value - expected) < kExact; }

AccuracyMatrix example1() {
  AccuracyMatrix m(3);
  m.set(0, 0, 90, 100);
  m.set(1, 0, 80, 100);
  m.set(1, 1, 170, 200);  // .85 of 50 would be no whole number: twice the counts, and twice for the others below
  return m;
}

AccuracyMatrix fromPercent(const std::vector<std::vector<int>>& rows, const std::vector<std::int64_t>& counts) {
  AccuracyMatrix m(static_cast<int>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < rows[i].size(); ++j)
      m.set(static_cast<int>(i), static_cast<int>(j), rows[i][j] * counts[j] / 100, counts[j]);
  return m;
}

AccuracyMatrix random(Rng& rng, int tasks, bool equal_sizes) {
  std::vector<std::int64_t> counts;
  for (int j = 0; j < tasks; ++j) counts.push_back(equal_sizes ? 100 : 1 + static_cast<std::int64_t>(rng.below(500)));
  AccuracyMatrix m(tasks);
  for (int i = 0; i < tasks; ++i)
    for (int j = 0; j <= i; ++j)
      m.set(i, j,
            static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(counts[static_cast<std::size_t>(j)] + 1))),
            counts[static_cast<std::size_t>(j)]);
  return m;
}

}  // namespace

class TestAccuracyMatrix : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void firstWorkedExample();
  void secondWorkedExample();
  void thirdWorkedExample();
  void oneTaskHasNoForgetting();
  void equalTasksMakeMicroAndMacroAgree();
  void microIsTheWeightedMean();
  void forgettingIsAtLeastTheLostTransfer();
  void pilotForgettingIsNeverNegative();
  void anUnfinishedRowCountsForNothing();
  void rowsCanBeTakenBack();
  void cellsAboveTheDiagonalAreKept();
  void nonsenseIsLeftOut();
  void nothingIsDefinedBeforeAnythingIsMeasured();
};

void TestAccuracyMatrix::firstWorkedExample() {
  const AccuracyMatrix m = fromPercent({{90}, {80, 85}, {70, 75, 95}}, {200, 100, 100});
  QCOMPARE(m.stages(), 3);
  QVERIFY(is(m.top1(0), .9));
  QVERIFY(is(m.top1(1), 245.0 / 300));
  QVERIFY(is(m.top1(2), .775));
  QVERIFY(is(m.macro(0), .9));
  QVERIFY(is(m.macro(1), .825));
  QVERIFY(is(m.macro(2), .8));
  QVERIFY(is(m.average(), (.9 + 245.0 / 300 + .775) / 3));
  QVERIFY(std::abs(*m.average() - .830556) < 1e-6);
  QVERIFY(is(m.averageMacro(), (.9 + .825 + .8) / 3));
  QVERIFY(std::abs(*m.averageMacro() - .841667) < 1e-6);
  QVERIFY(is(m.last(), .775));
  QVERIFY(is(m.lastMacro(), .8));
  QVERIFY(is(m.forgetting(), .15));
  QVERIFY(is(m.forgettingOf(0, 2), .2));
  QVERIFY(is(m.forgettingOf(1, 2), .1));
  QVERIFY(is(m.forgetting(1), .1));
  QVERIFY(is(m.backwardTransfer(), -.15));
  QVERIFY(is(m.forgettingFirstLast(), .15));
  QVERIFY(is(m.learningAccuracy(), .9));
  QVERIFY(is(m.performanceDrop(), .125));
  QCOMPARE(*m.hits(2, 1), std::int64_t{75});
  QCOMPARE(*m.count(0), std::int64_t{200});
  QCOMPARE(*m.count(2, 1), std::int64_t{100});
  QVERIFY(!m.count(1, 2));
}

void TestAccuracyMatrix::secondWorkedExample() {
  const AccuracyMatrix m = fromPercent({{80}, {85, 60}, {82, 60, 50}}, {100, 100, 100});
  QVERIFY(is(m.forgetting(), .015));
  QVERIFY(is(m.forgettingPilot(), .015));
  QVERIFY(is(m.backwardTransfer(), .01));
  QVERIFY(is(m.forgettingFirstLast(), -.01));
}

void TestAccuracyMatrix::thirdWorkedExample() {
  const AccuracyMatrix m = fromPercent({{80}, {78, 60}, {85, 60, 50}}, {100, 100, 100});
  QVERIFY(is(m.forgetting(), -.025));
  QVERIFY(is(m.forgettingPilot(), 0));
  QVERIFY(is(m.backwardTransfer(), .025));
}

void TestAccuracyMatrix::oneTaskHasNoForgetting() {
  const AccuracyMatrix m = fromPercent({{70}}, {100});
  QVERIFY(!m.forgetting() && !m.forgettingPilot() && !m.forgettingFirstLast() && !m.backwardTransfer());
  QVERIFY(!m.forgettingOf(0, 0));
  QVERIFY(is(m.average(), .7));
  QVERIFY(is(m.last(), .7));
}

void TestAccuracyMatrix::equalTasksMakeMicroAndMacroAgree() {
  Rng rng(1);
  for (int round = 0; round < 50; ++round) {
    const AccuracyMatrix m = random(rng, 1 + static_cast<int>(rng.below(8)), true);
    for (int i = 0; i < m.stages(); ++i) QVERIFY(is(m.macro(i), *m.top1(i)));
  }
}

void TestAccuracyMatrix::microIsTheWeightedMean() {
  Rng rng(2);
  for (int round = 0; round < 50; ++round) {
    const AccuracyMatrix m = random(rng, 1 + static_cast<int>(rng.below(8)), false);
    for (int i = 0; i < m.stages(); ++i) {
      double weighted = 0, weight = 0;
      for (int j = 0; j <= i; ++j) {
        weighted += *m.at(i, j) * static_cast<double>(*m.count(j));
        weight += static_cast<double>(*m.count(j));
      }
      QVERIFY(is(m.top1(i), weighted / weight));
    }
  }
}

void TestAccuracyMatrix::forgettingIsAtLeastTheLostTransfer() {
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    const int tasks = 2 + static_cast<int>(rng.below(6));
    const AccuracyMatrix m = random(rng, tasks, false);
    QVERIFY(*m.forgetting() >= -*m.backwardTransfer() - kExact);
    bool best_when_learned = true;
    for (int j = 0; j + 1 < tasks; ++j)
      for (int l = j; l + 1 < tasks; ++l) best_when_learned = best_when_learned && *m.at(l, j) <= *m.at(j, j);
    if (best_when_learned) QVERIFY(is(m.forgetting(), -*m.backwardTransfer()));
  }
}

void TestAccuracyMatrix::pilotForgettingIsNeverNegative() {
  Rng rng(4);
  for (int round = 0; round < 100; ++round) {
    const AccuracyMatrix m = random(rng, 2 + static_cast<int>(rng.below(6)), false);
    QVERIFY(*m.forgettingPilot() >= 0);
    QVERIFY(*m.forgettingPilot() >= *m.forgetting() - kExact);
  }
}

void TestAccuracyMatrix::anUnfinishedRowCountsForNothing() {
  AccuracyMatrix m = example1();
  QCOMPARE(m.stages(), 2);
  m.set(2, 0, 1, 100);
  m.set(2, 2, 1, 100);  // task 1 of the row is still to come
  QCOMPARE(m.stages(), 2);
  QVERIFY(is(m.last(), 250.0 / 300));
  QVERIFY(!m.top1(2) && !m.macro(2) && !m.forgettingOf(0, 2));
  QVERIFY(is(m.at(2, 0), .01));
  m.set(2, 1, 2, 200);
  QCOMPARE(m.stages(), 3);
}

void TestAccuracyMatrix::rowsCanBeTakenBack() {
  AccuracyMatrix m = fromPercent({{90}, {80, 85}, {70, 75, 95}}, {100, 100, 100});
  m.forgetFrom(1);
  QCOMPARE(m.stages(), 1);
  QCOMPARE(m.tasks(), 3);
  QVERIFY(!m.at(1, 0));
  m.forgetFrom(7);
  m.forgetFrom(-1);
  QCOMPARE(m.stages(), 0);
}

void TestAccuracyMatrix::cellsAboveTheDiagonalAreKept() {
  AccuracyMatrix m(2);
  m.set(0, 1, 3, 10);  // domain-incremental: later domains can be evaluated at once
  m.set(0, 0, 5, 10);
  QCOMPARE(m.stages(), 1);
  QVERIFY(is(m.at(0, 1), .3));
  QVERIFY(is(m.top1(0), .5));
}

void TestAccuracyMatrix::nonsenseIsLeftOut() {
  AccuracyMatrix m(2);
  m.set(-1, 0, 1, 1);
  m.set(0, -1, 1, 1);
  m.set(2000000000, 0, 1, 1);
  m.set(0, 2000000000, 1, 1);
  m.set(0, 0, 5, 4);
  m.set(0, 0, -5, 4);
  QCOMPARE(m.tasks(), 2);
  QCOMPARE(m.stages(), 0);
  m.set(0, 0, 0, 0);  // a task without test images: a finished stage, without an accuracy
  QCOMPARE(m.stages(), 1);
  QVERIFY(!m.at(0, 0) && !m.top1(0) && !m.average() && !m.learningAccuracy());
}

void TestAccuracyMatrix::nothingIsDefinedBeforeAnythingIsMeasured() {
  const AccuracyMatrix m(5);
  QCOMPARE(m.tasks(), 5);
  QVERIFY(!m.average() && !m.averageMacro() && !m.last() && !m.lastMacro() && !m.forgetting() && !m.learningAccuracy() &&
          !m.performanceDrop());
  QVERIFY(!m.top1(-1) && !m.macro(-1) && !m.hits(0, 0) && !m.count(0) && !m.at(-1, -1));
}

QTEST_GUILESS_MAIN(TestAccuracyMatrix)
#include "tst_accuracy_matrix.moc"
