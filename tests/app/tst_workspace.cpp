#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/run_scan.h"
#include "app/workspace.h"
#include "engine/record/json.h"
#include "tests/support/fake_run.h"

using namespace palimpsest;
using State = RunData::State;

class TestWorkspace : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init();
  void theComparisonRunsOneAfterAnother();
  void aRunThatFailsDoesNotStopTheOthers();
  void stoppingARunHoldsTheQueueUntilItIsToldToGoOn();
  void waitingRunsCanBeTakenBack();
  void aFolderThatAnotherProcessWritesIsFollowedLive();
  void aFolderWithoutEndAndWriterIsInterruptedAndCanGoOn();
  void aFolderWithoutARunIsAProblem();
  void theSameFolderIsOpenedOnce();
  void theRecordingGivesWayToTheFirstRun();
  void aScanFindsWhereARunStood();
  void closingSavesACheckpointAndLeavesTheRestWaiting();

 private:
  std::filesystem::path runs() const { return std::filesystem::path(dir_->path().toStdString()) / "runs"; }
  std::unique_ptr<QTemporaryDir> dir_;
};

namespace {
std::vector<State> statesOf(Workspace& workspace) {
  std::vector<State> states;
  for (int row = 0; row < workspace.runs().rowCount(); ++row) states.push_back(workspace.runs().at(row)->state());
  return states;
}

// A run as another process writes it, up to its end or only `events` of them.
class OtherProcess {
 public:
  OtherProcess(const std::filesystem::path& folder, FakeScript script) {
    script.record = true;
    RunOptions options;
    run_ = std::make_unique<FakeRun>(script, RunPlan{FakeEngine::recipe("simplecil"), options}, folder, std::vector<Sink*>{}, false);
  }
  void finish() { run_->wait(); }

 private:
  std::unique_ptr<FakeRun> run_;
};

// What a run leaves that is killed: a record that ends inside its second task.
void writeKilledRun(const std::filesystem::path& folder) {
  const std::filesystem::path whole = folder.string() + "-whole";
  OtherProcess other(whole, {});
  other.finish();
  record::Reader reader(whole);
  auto writer = record::Writer::create(folder, reader.run());
  for (const Event& event : reader.poll()) {
    const auto* step = std::get_if<StepMeasured>(&event.what);
    if (step && step->global_step == 31) break;
    writer->on(event);
  }
  std::filesystem::create_directories(record::Paths(folder).checkpoints());
  std::filesystem::remove_all(whole);
}
}  // namespace

void TestWorkspace::init() { dir_ = std::make_unique<QTemporaryDir>(); }

void TestWorkspace::theComparisonRunsOneAfterAnother() {
  FakeEngine engine;
  Workspace workspace(engine.api(), runs());
  workspace.startComparison();
  QCOMPARE(workspace.runs().rowCount(), 4);
  QCOMPARE(workspace.runs().at(3)->state(), State::Queued);
  QCOMPARE(workspace.runs().at(3)->title(), QStringLiteral("L2P"));
  QTRY_COMPARE_WITH_TIMEOUT(statesOf(workspace), std::vector<State>(4, State::Done), 20000);
  QCOMPARE(engine.most_alive.load(), 1);
  QCOMPARE(engine.started.load(), 4);
  QVERIFY(record::isRun(workspace.runs().at(0)->folder));
  QCOMPARE(workspace.focus(), workspace.runs().at(3));
}

void TestWorkspace::aRunThatFailsDoesNotStopTheOthers() {
  FakeEngine engine;
  engine.script.steps = 5;
  engine.scripts["no-prompt"].fail_at = 3;
  engine.scripts["simplecil"].refuse = true;
  Workspace workspace(engine.api(), runs());
  workspace.startComparison();
  QTRY_COMPARE_WITH_TIMEOUT(statesOf(workspace), (std::vector{State::Done, State::Failed, State::Refused, State::Done}), 20000);
}

void TestWorkspace::stoppingARunHoldsTheQueueUntilItIsToldToGoOn() {
  FakeEngine engine;
  engine.script.pace = std::chrono::milliseconds(4);
  Workspace workspace(engine.api(), runs());
  workspace.startComparison();
  QTRY_VERIFY(workspace.runs().at(0)->step() > 2);
  workspace.launcher().post({Command::What::Stop});
  QTRY_COMPARE(workspace.runs().at(0)->state(), State::Stopped);
  QTRY_VERIFY(workspace.launcher().held());
  QVERIFY(!workspace.launcher().live());
  QCOMPARE(workspace.runs().at(1)->state(), State::Queued);
  workspace.launcher().goOn();
  QTRY_COMPARE(workspace.runs().at(1)->state(), State::Running);
  workspace.resume(*workspace.runs().at(0));  // before the others that wait
  QTRY_COMPARE_WITH_TIMEOUT(statesOf(workspace), std::vector<State>(4, State::Done), 20000);
  QCOMPARE(workspace.runs().at(0)->loss().size(), std::size_t(60));
}

void TestWorkspace::waitingRunsCanBeTakenBack() {
  FakeEngine engine;
  Workspace workspace(engine.api(), runs());
  workspace.startComparison();
  workspace.dropAllWaiting();
  QCOMPARE(workspace.runs().rowCount(), 1);
  QTRY_COMPARE(statesOf(workspace), std::vector<State>(1, State::Done));
  QCOMPARE(engine.started.load(), 1);
}

void TestWorkspace::aFolderThatAnotherProcessWritesIsFollowedLive() {
  FakeEngine engine;
  Workspace workspace(engine.api(), runs());
  FakeScript slow;
  slow.pace = std::chrono::milliseconds(10);
  OtherProcess other(runs() / "other", slow);
  QTRY_VERIFY(record::isRun(runs() / "other"));
  workspace.open(runs() / "other");
  RunData* run = workspace.focus();
  QVERIFY(run);
  QTRY_VERIFY(run->step() > 3);
  QCOMPARE(run->state(), State::Running);
  const auto before = run->step();
  QTRY_VERIFY(run->step() > before);  // it grows by itself
  QTest::qWait(1600);                 // longer than two looks for dead writers
  QVERIFY(run->state() != State::Interrupted);
  QTRY_COMPARE(run->state(), State::Done);
}

void TestWorkspace::aFolderWithoutEndAndWriterIsInterruptedAndCanGoOn() {
  FakeEngine engine;
  Workspace workspace(engine.api(), runs());
  writeKilledRun(runs() / "killed");
  workspace.open(runs() / "killed");
  RunData* run = workspace.focus();
  QVERIFY(run);
  QTRY_COMPARE(run->state(), State::Interrupted);
  QVERIFY(workspace.canResume(run));
  workspace.resume(*run);
  QTRY_COMPARE(run->state(), State::Done);
  QCOMPARE(run->matrix().stages(), 3);
  QCOMPARE(run->seams(), std::vector<double>{20});  // from the checkpoint at the end of the first task
  QCOMPARE(workspace.runs().rowCount(), 1);
}

void TestWorkspace::aFolderWithoutARunIsAProblem() {
  FakeEngine engine;
  Workspace workspace(engine.api(), runs());
  QSignalSpy problems(&workspace, &Workspace::problem);
  workspace.open(dir_->path().toStdString());
  QCOMPARE(problems.count(), 1);
  QCOMPARE(workspace.runs().rowCount(), 0);
}

void TestWorkspace::theSameFolderIsOpenedOnce() {
  FakeEngine engine;
  Workspace workspace(engine.api(), runs());
  OtherProcess(runs() / "one", {}).finish();
  OtherProcess(runs() / "two", {}).finish();
  workspace.open(runs() / "one");
  workspace.open(runs() / "two");
  QCOMPARE(workspace.focus(), workspace.runs().at(1));
  workspace.open(runs() / "two" / ".." / "one");
  QCOMPARE(workspace.runs().rowCount(), 2);
  QCOMPARE(workspace.focus(), workspace.runs().at(0));
  workspace.remove(*workspace.runs().at(0));
  QCOMPARE(workspace.runs().rowCount(), 1);
  QCOMPARE(workspace.focus(), workspace.runs().at(0));
  QVERIFY(record::isRun(runs() / "one"));  // out of the window, not off the disk
}

void TestWorkspace::theRecordingGivesWayToTheFirstRun() {
  FakeEngine engine;
  engine.resources = dir_->path().toStdString();
  OtherProcess(engine.resources / "recordings" / "demo", {}).finish();
  Workspace workspace(engine.api(), runs());
  workspace.playRecording();
  QTRY_VERIFY(workspace.focus());
  QVERIFY(workspace.focus()->recording);
  QTRY_VERIFY(workspace.focus()->started());
  workspace.startComparison();
  QCOMPARE(workspace.runs().rowCount(), 4);
  QCOMPARE(workspace.runs().at(0)->colour_slot, 0);
  QVERIFY(!workspace.watcher().recording());
  QTRY_COMPARE_WITH_TIMEOUT(statesOf(workspace), std::vector<State>(4, State::Done), 20000);
}

void TestWorkspace::aScanFindsWhereARunStood() {
  writeKilledRun(runs() / "killed");
  OtherProcess(runs() / "done", {}).finish();
  std::filesystem::create_directories(runs() / "no-run");
  const std::vector<FoundRun> found = scanRuns(runs());
  QCOMPARE(found.size(), std::size_t(2));
  const FoundRun& killed = found[0].id == QStringLiteral("killed") ? found[0] : found[1];
  QCOMPARE(killed.title, QStringLiteral("SimpleCIL"));
  QCOMPARE(killed.task, 1);
  QCOMPARE(killed.step, 30);
  QVERIFY(killed.state == FoundRun::State::Interrupted && killed.resumable());
  QVERIFY(!scanRun(runs() / "no-run"));
  QVERIFY(scanRun(runs() / "done")->state == FoundRun::State::Done);
}

void TestWorkspace::closingSavesACheckpointAndLeavesTheRestWaiting() {
  FakeEngine engine;
  engine.script.pace = std::chrono::milliseconds(4);
  {
    Workspace workspace(engine.api(), runs());
    workspace.startComparison();
    QTRY_VERIFY(workspace.runs().at(0)->step() > 2);
    QSignalSpy closed(&workspace.launcher(), &RunLauncher::closed);
    workspace.launcher().close();
    QCOMPARE(closed.count(), 0);  // not before the checkpoint
    QTRY_COMPARE(closed.count(), 1);
    QCOMPARE(workspace.runs().at(0)->state(), State::Stopped);
  }
  QCOMPARE(engine.started.load(), 1);
  Workspace next(engine.api(), runs());
  QCOMPARE(next.launcher().queue().aside().size(), std::size_t(3));
  const std::vector<FoundRun> found = scanRuns(runs());
  QCOMPARE(found.size(), std::size_t(1));
  next.resumeFolder(found[0].folder);
  next.launcher().restoreWaiting();
  QTRY_COMPARE_WITH_TIMEOUT(statesOf(next), std::vector<State>(4, State::Done), 20000);
}

QTEST_MAIN(TestWorkspace)
#include "tst_workspace.moc"
