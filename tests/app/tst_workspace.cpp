#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/run_scan.h"
#include "app/workspace.h"
#include "engine/record/json.h"
#include "tests/record/forkable_run.h"
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
  void aPauseAfterThisRunHoldsTheOthers();
  void aForkGoesOnFromThePastThatItShares();
  void aForkThatIsRefusedLeavesNothingInTheList();
  void aWaitingRunIsTakenBackAlone();
  void runsOfASharedFolderAppearByThemselves();
  void aSilentRunOfASharedFolderIsNotCalledInterrupted();
  void aRunWhoseFolderGoesAwayStaysAndGoesOnWhenItIsBack();

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

void TestWorkspace::aPauseAfterThisRunHoldsTheOthers() {
  FakeEngine engine;
  Workspace workspace(engine.api(), runs());
  QSignalSpy held(&workspace.launcher(), &RunLauncher::heldChanged);
  workspace.startComparison();
  workspace.launcher().setHoldAfterThis(true);
  QCOMPARE(held.count(), 1);
  QTRY_VERIFY_WITH_TIMEOUT(workspace.launcher().held(), 20000);
  QCOMPARE(workspace.runs().at(0)->state(), State::Done);
  QCOMPARE(workspace.runs().at(1)->state(), State::Queued);
  QCOMPARE(engine.started.load(), 1);
  workspace.launcher().goOn();
  QTRY_COMPARE_WITH_TIMEOUT(statesOf(workspace), std::vector<State>(4, State::Done), 20000);
}

void TestWorkspace::aForkGoesOnFromThePastThatItShares() {
  FakeEngine engine;
  engine.script.steps = 40;  // as the made run has them
  tests::writeForkable({}, runs() / "source");
  Workspace workspace(engine.api(), runs());
  workspace.open(runs() / "source");
  RunData* source = workspace.focus();
  QTRY_COMPARE(source->state(), State::Done);
  record::ForkPlan plan = record::forkPlanOf(source->folder, 0);
  *plan.recipe.at("phases.0.lr") = 0.5;
  QSignalSpy forked(&workspace, &Workspace::forked);
  workspace.fork(*source, plan);
  QTRY_COMPARE(forked.count(), 1);
  RunData* run = workspace.runs().at(1);
  QTRY_COMPARE_WITH_TIMEOUT(run->state(), State::Done, 20000);
  QCOMPARE(engine.resumed.load(), 1);
  QCOMPARE(engine.started.load(), 0);
  QCOMPARE(run->matrix().stages(), 3);
  QCOMPARE(run->matrix().hits(0, 0), source->matrix().hits(0, 0));  // shared
  QVERIFY(run->matrix().hits(1, 1) != source->matrix().hits(1, 1));  // its own
  QCOMPARE(run->seams(), std::vector<double>{40});
  QCOMPARE(record::readJsonFile(record::Paths(run->folder).run()).at("recipe.phases.0.lr")->asDouble(), 0.5);
  const QModelIndex status = workspace.runs().index(1, RunListModel::Status);
  QVERIFY2(status.data().toString().endsWith(QStringLiteral("from %1 after T1").arg(source->title())), qPrintable(status.data().toString()));
  Workspace next(engine.api(), runs());  // and when it is opened again
  next.open(run->folder);
  QVERIFY(next.runs().index(0, RunListModel::Status).data().toString().contains(QStringLiteral("after T1")));
}

void TestWorkspace::aForkThatIsRefusedLeavesNothingInTheList() {
  FakeEngine engine;
  tests::writeForkable({}, runs() / "source");
  Workspace workspace(engine.api(), runs());
  workspace.open(runs() / "source");
  record::ForkPlan plan = record::forkPlanOf(runs() / "source", 2);  // the last task
  plan.options.data = "cifar10";
  QSignalSpy problems(&workspace, &Workspace::problem);
  workspace.fork(*workspace.focus(), plan);
  QCOMPARE(workspace.runs().rowCount(), 2);
  QTRY_COMPARE(workspace.runs().rowCount(), 1);
  QCOMPARE(problems.count(), 2);
  QCOMPARE(scanRuns(runs()).size(), std::size_t(1));
}

void TestWorkspace::aWaitingRunIsTakenBackAlone() {
  FakeEngine engine;
  Workspace workspace(engine.api(), runs());
  workspace.startComparison();
  const QString last = workspace.runs().at(3)->id();
  workspace.takeBack(last);
  QCOMPARE(workspace.runs().rowCount(), 3);
  QVERIFY(!workspace.runs().find(last));
  QTRY_COMPARE_WITH_TIMEOUT(statesOf(workspace), std::vector<State>(3, State::Done), 20000);
}

void TestWorkspace::runsOfASharedFolderAppearByThemselves() {
  FakeEngine engine;
  const std::filesystem::path shared = dir_->path().toStdString() / std::filesystem::path("shared");
  OtherProcess(shared / "old", {}).finish();
  Workspace workspace(engine.api(), runs());
  QSignalSpy appeared(&workspace.watcher(), &RunWatcher::appeared);
  FakeScript slow;
  slow.pace = std::chrono::milliseconds(20);
  OtherProcess going(shared / "going", slow);
  QTRY_VERIFY(record::isRun(shared / "going"));
  workspace.watcher().watchFolder(shared);
  QTRY_COMPARE(appeared.count(), 1);  // not the one that has ended
  QCOMPARE(workspace.runs().at(0)->id(), QStringLiteral("going"));
  QCOMPARE(workspace.focus(), workspace.runs().at(0));
  OtherProcess fresh(shared / "fresh", {});
  QTRY_COMPARE_WITH_TIMEOUT(workspace.runs().rowCount(), 2, 10000);
  QCOMPARE(workspace.focus(), workspace.runs().at(0));  // what somebody looks at stays
  QTRY_COMPARE_WITH_TIMEOUT(statesOf(workspace), std::vector<State>(2, State::Done), 20000);
  workspace.watcher().leaveFolder(shared);
  QVERIFY(workspace.watcher().watchedFolders().empty());
}

void TestWorkspace::aSilentRunOfASharedFolderIsNotCalledInterrupted() {
  FakeEngine engine;
  const std::filesystem::path shared = dir_->path().toStdString() / std::filesystem::path("shared");
  writeKilledRun(shared / "silent");
  Workspace workspace(engine.api(), runs());
  workspace.watcher().setQuiet(std::chrono::milliseconds(1000));
  workspace.watcher().watchFolder(shared);
  QTRY_COMPARE(workspace.runs().rowCount(), 1);
  const RunData* run = workspace.runs().at(0);
  QTRY_VERIFY(workspace.runs().news(run).startsWith(QStringLiteral("no news for ")));
  QCOMPARE(run->state(), State::Running);
  QCOMPARE(workspace.runs().index(0, RunListModel::Status).data().toString(), workspace.runs().news(run));
  auto writer = record::Writer::append(shared / "silent");  // it was only slow
  writer->on({writer->nextSeq(), 1, Progress{}});
  QTRY_COMPARE(workspace.runs().news(run), QString());
}

void TestWorkspace::aRunWhoseFolderGoesAwayStaysAndGoesOnWhenItIsBack() {
  FakeEngine engine;
  writeKilledRun(runs() / "moved");
  Workspace workspace(engine.api(), runs());
  workspace.open(runs() / "moved");
  RunData* run = workspace.focus();
  QTRY_COMPARE(run->matrix().stages(), 1);
  QSignalSpy problems(&workspace, &Workspace::problem);
  std::filesystem::rename(runs() / "moved", runs() / "elsewhere");
  QTRY_COMPARE(workspace.runs().news(run), QStringLiteral("folder is gone"));
  QCOMPARE(run->matrix().stages(), 1);
  const auto step = run->step();
  QTest::qWait(900);                 // longer than a look for dead writers, and several of the feed
  QCOMPARE(problems.count(), 1);     // said once
  QCOMPARE(run->step(), step);
  QVERIFY(!workspace.runs().news(run).isEmpty());
  std::filesystem::rename(runs() / "elsewhere", runs() / "moved");
  QTRY_COMPARE(workspace.runs().news(run), QString());
  QTRY_COMPARE(run->state(), State::Interrupted);
  QCOMPARE(run->step(), step);
  auto writer = record::Writer::append(runs() / "moved");
  writer->on({writer->nextSeq(), 1, RunEnded{"stopped", 1}});
  QTRY_COMPARE(run->state(), State::Stopped);  // it is followed again
}

QTEST_MAIN(TestWorkspace)
#include "tst_workspace.moc"
