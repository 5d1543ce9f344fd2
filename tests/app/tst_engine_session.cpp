#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/engine_session.h"
#include "engine/protocol/error.h"
#include "tests/support/fake_run.h"

using namespace palimpsest;
using State = RunData::State;

class TestEngineSession : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void aRunGoesThroughToItsEndAndAllOfItIsShown();
  void pauseStepAndResumeAreAnsweredByEvents();
  void stopDuringTrainingKeepsACheckpoint();
  void stopDuringEvaluationKeepsACheckpoint();
  void aCommandBeforeTheRunIsThereIsNotLost();
  void aRunThatIsStoppedGoesOnWithoutAGap();
  void aRefusedRunSaysWhy();
  void anEngineThatThrowsEndsTheSessionNotTheProgram();
  void startingAndTakingDownNeverHoldTheWindow();

 private:
  std::filesystem::path fresh() { return std::filesystem::path(dir_.path().toStdString()) / ("run-" + std::to_string(++count_)); }
  QTemporaryDir dir_;
  int count_ = 0;
};

namespace {
RunPlan plan() { return {FakeEngine::recipe("l2p"), {}}; }
}  // namespace

void TestEngineSession::aRunGoesThroughToItsEndAndAllOfItIsShown() {
  FakeEngine engine;
  const EngineApi api = engine.api();
  RunData data(QStringLiteral("a"));
  EngineSession session(api, data);
  QSignalSpy ended(&session, &EngineSession::ended);
  session.start(plan(), fresh());
  QVERIFY(session.underWay());
  QTRY_COMPARE(ended.count(), 1);
  QCOMPARE(data.state(), State::Done);
  QCOMPARE(data.matrix().stages(), 3);
  QCOMPARE(data.loss().size(), std::size_t(60));
  QVERIFY(!session.underWay());
}

void TestEngineSession::pauseStepAndResumeAreAnsweredByEvents() {
  FakeEngine engine;
  engine.script.pace = std::chrono::milliseconds(3);
  const EngineApi api = engine.api();
  RunData data(QStringLiteral("a"));
  EngineSession session(api, data);
  session.start(plan(), fresh());
  QTRY_VERIFY(data.step() > 2);
  session.post({Command::What::Pause});
  QCOMPARE(data.state(), State::Running);  // nothing changes before the answer
  QTRY_COMPARE(data.state(), State::Paused);
  const auto at = data.step();
  session.post({Command::What::Step});
  QTRY_COMPARE(data.step(), at + 1);
  QTRY_COMPARE(data.state(), State::Paused);
  session.post({Command::What::Resume});
  QTRY_COMPARE(data.state(), State::Done);
}

void TestEngineSession::stopDuringTrainingKeepsACheckpoint() {
  FakeEngine engine;
  engine.script.pace = std::chrono::milliseconds(5);
  const EngineApi api = engine.api();
  RunData data(QStringLiteral("a"));
  EngineSession session(api, data);
  QSignalSpy ended(&session, &EngineSession::ended);
  session.start(plan(), fresh());
  QTRY_VERIFY(data.step() > 2);
  session.stop();
  QTRY_COMPARE(ended.count(), 1);
  QCOMPARE(data.state(), State::Stopped);
  QVERIFY(data.secondsSinceCheckpoint() >= 0);
  QVERIFY(data.step() < 60);
}

void TestEngineSession::stopDuringEvaluationKeepsACheckpoint() {
  FakeEngine engine;
  engine.script.steps = 3;
  engine.script.batches = 10000;
  const EngineApi api = engine.api();
  RunData data(QStringLiteral("a"));
  EngineSession session(api, data);
  session.start(plan(), fresh());
  QTRY_COMPARE(QString::fromStdString(data.progress().stage), QStringLiteral("evaluation"));
  session.post({Command::What::Pause});
  QTRY_COMPARE(data.state(), State::Paused);
  session.stop();
  QTRY_COMPARE(data.state(), State::Stopped);
}

void TestEngineSession::aCommandBeforeTheRunIsThereIsNotLost() {
  FakeEngine engine;
  EngineApi api = engine.api();
  const auto begin = api.start;
  api.start = [begin](RunPlan p, std::filesystem::path folder, EngineApi::Sinks sinks) {
    QTest::qSleep(100);  // a slow start, on the session's own thread
    return begin(std::move(p), std::move(folder), std::move(sinks));
  };
  RunData data(QStringLiteral("a"));
  EngineSession session(api, data);
  session.start(plan(), fresh());
  session.stop();
  QTRY_COMPARE(data.state(), State::Stopped);
  QCOMPARE(data.step(), 0);
}

void TestEngineSession::aRunThatIsStoppedGoesOnWithoutAGap() {
  FakeEngine engine;
  engine.script.pace = std::chrono::milliseconds(3);
  const EngineApi api = engine.api();
  const auto folder = fresh();
  RunData data(QStringLiteral("a"));
  {
    EngineSession first(api, data);
    QSignalSpy ended(&first, &EngineSession::ended);
    first.start(plan(), folder);
    QTRY_VERIFY(data.step() > 24);
    first.stop();
    QTRY_COMPARE(ended.count(), 1);
  }
  const auto stopped_at = data.step();
  EngineSession second(api, data);
  QSignalSpy ended(&second, &EngineSession::ended);
  second.resume(folder);
  QTRY_COMPARE_WITH_TIMEOUT(ended.count(), 1, 10000);
  QCOMPARE(data.state(), State::Done);
  QCOMPARE(data.loss().size(), std::size_t(60));
  QCOMPARE(data.seams(), std::vector<double>{double(stopped_at)});
  record::Reader reader(folder);
  std::uint64_t expected = 0;
  for (const Event& event : reader.poll()) QCOMPARE(event.seq, expected++);
}

void TestEngineSession::aRefusedRunSaysWhy() {
  FakeEngine engine;
  engine.script.refuse = true;
  const EngineApi api = engine.api();
  RunData data(QStringLiteral("a"));
  EngineSession session(api, data);
  QSignalSpy ended(&session, &EngineSession::ended);
  const auto folder = fresh();
  session.start(plan(), folder);
  QTRY_COMPARE(ended.count(), 1);
  QCOMPARE(data.state(), State::Refused);
  QCOMPARE(data.issues().size(), std::size_t(1));
  QVERIFY(!std::filesystem::exists(folder));
}

void TestEngineSession::anEngineThatThrowsEndsTheSessionNotTheProgram() {
  FakeEngine engine;
  EngineApi api = engine.api();
  api.start = [](RunPlan, std::filesystem::path, EngineApi::Sinks) -> std::unique_ptr<Run> {
    throw Error("disk-full", "The disk is full.", "Make room.");
  };
  RunData data(QStringLiteral("a"));
  EngineSession session(api, data);
  RunOutcome outcome;
  connect(&session, &EngineSession::ended, this, [&](const RunOutcome& o) { outcome = o; });
  session.start(plan(), fresh());
  QTRY_VERIFY(!session.underWay());
  QCOMPARE(QString::fromStdString(outcome.state), QStringLiteral("failed"));
  QCOMPARE(QString::fromStdString(outcome.message), QStringLiteral("The disk is full."));
  QCOMPARE(data.state(), State::Failed);
}

void TestEngineSession::startingAndTakingDownNeverHoldTheWindow() {
  FakeEngine engine;
  engine.script.checkpoint = std::chrono::milliseconds(400);
  EngineApi api = engine.api();
  const auto begin = api.start;
  api.start = [begin](RunPlan p, std::filesystem::path folder, EngineApi::Sinks sinks) {
    QTest::qSleep(200);
    return begin(std::move(p), std::move(folder), std::move(sinks));
  };
  RunData data(QStringLiteral("a"));
  EngineSession session(api, data);
  QSignalSpy ended(&session, &EngineSession::ended);
  QElapsedTimer clock;
  clock.start();
  session.start(plan(), fresh());
  const auto start_ms = clock.elapsed();
  QTRY_VERIFY(data.started());
  clock.restart();
  session.stop();
  const auto stop_ms = clock.elapsed();
  QTRY_COMPARE(ended.count(), 1);
  QVERIFY2(start_ms <= 8 && stop_ms <= 8, qPrintable(QStringLiteral("start %1 ms, stop %2 ms").arg(start_ms).arg(stop_ms)));
}

QTEST_GUILESS_MAIN(TestEngineSession)
#include "tst_engine_session.moc"
