#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <fstream>

#include "app/run_queue.h"
#include "tests/support/fake_run.h"

using namespace palimpsest;

class TestRunQueue : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void runsLeaveInTheOrderInWhichTheyCame();
  void aRunMovesToThePlaceItIsGiven();
  void whatWaitsIsThereAgainNextTime();
  void undecidedRunsOfTheLastTimeSurviveAnotherSession();
  void aDamagedFileIsAProblemNotACrash();

 private:
  QTemporaryDir dir_;
};

namespace {
QueuedRun entry(const char* name, int seed = 1) {
  RunOptions options;
  options.seed = seed;
  options.limit_train = 500;
  return {QString::fromLatin1(name), QStringLiteral("L2P"), {FakeEngine::recipe("l2p"), options}, std::filesystem::path("/runs") / name, false};
}
}  // namespace

void TestRunQueue::runsLeaveInTheOrderInWhichTheyCame() {
  RunQueue queue(dir_.filePath(QStringLiteral("order.json")).toStdString());
  QSignalSpy changed(&queue, &RunQueue::changed);
  queue.add(entry("a"));
  queue.add(entry("b"));
  queue.addFirst(entry("c"));
  QCOMPARE(changed.count(), 3);
  QVERIFY(queue.remove(QStringLiteral("a")));
  QVERIFY(!queue.remove(QStringLiteral("a")));
  QCOMPARE(queue.takeNext()->id, QStringLiteral("c"));
  QCOMPARE(queue.takeNext()->id, QStringLiteral("b"));
  QVERIFY(!queue.takeNext());
}

void TestRunQueue::aRunMovesToThePlaceItIsGiven() {
  const std::filesystem::path file = dir_.filePath(QStringLiteral("moved.json")).toStdString();
  const auto order = [](const std::deque<QueuedRun>& runs) {
    QString ids;
    for (const QueuedRun& run : runs) ids += run.id;
    return ids;
  };
  {
    RunQueue queue(file);
    for (const char* name : {"a", "b", "c", "d"}) queue.add(entry(name));
    QSignalSpy changed(&queue, &RunQueue::changed);
    QVERIFY(queue.move(QStringLiteral("a"), 2));
    QCOMPARE(order(queue.waiting()), QStringLiteral("bcad"));
    QVERIFY(queue.move(QStringLiteral("d"), 0));
    QCOMPARE(order(queue.waiting()), QStringLiteral("dbca"));
    QVERIFY(!queue.move(QStringLiteral("d"), -5));  // it is there already
    QVERIFY(!queue.move(QStringLiteral("x"), 0));
    QVERIFY(queue.move(QStringLiteral("b"), 99));
    QCOMPARE(order(queue.waiting()), QStringLiteral("dcab"));
    QCOMPARE(changed.count(), 3);
  }
  QCOMPARE(order(RunQueue(file).aside()), QStringLiteral("dcab"));
}

void TestRunQueue::whatWaitsIsThereAgainNextTime() {
  const std::filesystem::path file = dir_.filePath(QStringLiteral("deep/er/queue.json")).toStdString();
  {
    RunQueue queue(file);
    queue.add(entry("a", 7));
    queue.add(entry("b", 8));
    queue.takeNext();
  }
  RunQueue queue(file);
  QVERIFY(queue.empty());
  QCOMPARE(queue.aside().size(), std::size_t(1));
  const std::deque<QueuedRun> left = queue.takeAside();
  QCOMPARE(left[0].id, QStringLiteral("b"));
  QCOMPARE(left[0].plan.options.seed, 8);
  QCOMPARE(left[0].plan.options.limit_train, 500);
  QCOMPARE(left[0].title, QStringLiteral("L2P"));
  QVERIFY(left[0].plan.recipe == FakeEngine::recipe("l2p"));
}

void TestRunQueue::undecidedRunsOfTheLastTimeSurviveAnotherSession() {
  const std::filesystem::path file = dir_.filePath(QStringLiteral("aside.json")).toStdString();
  { RunQueue(file).add(entry("a")); }
  {
    RunQueue queue(file);  // nobody answers the offer, something else is run
    queue.add(entry("b"));
    queue.takeNext();
  }
  RunQueue queue(file);
  QCOMPARE(queue.aside().size(), std::size_t(1));
  QCOMPARE(queue.aside()[0].id, QStringLiteral("a"));
}

void TestRunQueue::aDamagedFileIsAProblemNotACrash() {
  const std::filesystem::path file = dir_.filePath(QStringLiteral("bad.json")).toStdString();
  std::ofstream(file) << "{ \"waiting\": [ {\"id\": 3}, ";
  RunQueue torn(file);
  QVERIFY(torn.aside().empty());
  QVERIFY(!torn.loadIssues().empty());
  std::ofstream(file, std::ios::trunc) << "{ \"waiting\": [ {\"id\": 3} ] }";
  RunQueue incomplete(file);
  QVERIFY(incomplete.aside().empty());
  QCOMPARE(incomplete.loadIssues().size(), std::size_t(1));
}

QTEST_GUILESS_MAIN(TestRunQueue)
#include "tst_run_queue.moc"
