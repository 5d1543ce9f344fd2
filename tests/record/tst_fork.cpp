// Forks: what they share with the run they come from, what is their own, and what is refused.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QTest>

#include "engine/protocol/error.h"
#include "engine/record/checkpoint_file.h"
#include "engine/record/fork.h"
#include "tests/record/forkable_run.h"

using namespace palimpsest;
using namespace palimpsest::record;
using namespace palimpsest::tests;

namespace fs = std::filesystem;

class TestFork : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { dir_ = std::make_unique<QTemporaryDir>(); }
  void aForkHoldsThePastUpToTheTasksEndAndNoMore();
  void blobsAndCheckpointShareTheirBytes();
  void aResumedPastIsNumberedAnewAndItsCheckpointWithIt();
  void aCheckpointWhoseTellingWasSupersededIsStillGood();
  void theHeaderSaysWhereTheRunComesFrom();
  void changedEpochsAreNotPutBackByTheOption();
  void everyProblemIsListedAndNothingIsLeft();
  void aTaskWithoutItsCheckpointIsNoForkPoint();
  void aForkOfAForkIsAFork();
  void whatAKilledForkLeavesIsNoRun();
  void aPlaceThatCannotBeMadeIsAnErrorWithAHint();
  void theSourceMayGoOnBeingWritten();
  void aRecordThatNamesFilesElsewhereReachesNothingThere();

 private:
  fs::path at(const char* name) const { return fs::path(dir_->path().toStdString()) / name; }
  std::unique_ptr<QTemporaryDir> dir_;
};

namespace {

Issues refusalOf(const fs::path& source, const ForkPlan& plan, const fs::path& destination) {
  try {
    forkRun(source, plan, destination);
    return {};
  } catch (const BadInput& bad) {
    return bad.issues;
  }
}

bool sameFile(const fs::path& a, const fs::path& b) {
  struct stat one {}, other {};
  return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

template <typename E>
int count(const std::vector<Event>& events) {
  return static_cast<int>(std::count_if(events.begin(), events.end(), [](const Event& e) { return std::holds_alternative<E>(e.what); }));
}

// A run that was killed inside its second task and went on from the end of the first: `superseded` events were lost.
// With `retold`, the resume says so from the checkpoint's own event on, as the engine does.
void writeResumed(const fs::path& folder, bool retold) {
  const fs::path whole = folder.string() + "-whole";
  writeForkable({}, whole);
  Reader reader(whole);
  const std::vector<Event> events = reader.poll();
  const auto cut = std::find_if(events.begin(), events.end(), [](const Event& e) { return std::holds_alternative<CheckpointSaved>(e.what); }) - events.begin();
  auto writer = Writer::create(folder, reader.run());
  for (std::ptrdiff_t i = 0; i < cut + 8; ++i) writer->on(events[static_cast<std::size_t>(i)]);
  const auto from = cut + (retold ? 0 : 1);
  writer->on({writer->nextSeq(), 1, RunResumed{from, 40, 1, 0, 0, 0}});
  writeCheckpoint(Paths(folder).checkpoints() / checkpointName(1), cut, 1);
  tellWithCheckpoints(*writer, folder, {});
  std::vector<Event> rest;
  for (std::size_t i = static_cast<std::size_t>(cut) + 1; i < events.size(); ++i)
    if (!std::holds_alternative<CheckpointSaved>(events[i].what) && !std::holds_alternative<Prototypes>(events[i].what)) rest.push_back(events[i]);
  tellWithCheckpoints(*writer, folder, rest);
  fs::remove_all(whole);
}

}  // namespace

void TestFork::aForkHoldsThePastUpToTheTasksEndAndNoMore() {
  writeForkable({}, at("source"));
  QCOMPARE(forkPoints(at("source")), (std::vector<int>{0, 1}));
  forkRun(at("source"), forkPlanOf(at("source"), 1), at("fork"));
  Reader reader(at("fork"));
  const std::vector<Event> events = reader.poll();
  QVERIFY(reader.issues().empty() && !reader.torn());
  QCOMPARE(count<TaskEnded>(events), 2);
  QCOMPARE(count<TaskStarted>(events), 2);
  QVERIFY(std::holds_alternative<CheckpointSaved>(events.back().what));
  for (std::size_t i = 0; i < events.size(); ++i) QCOMPARE(events[i].seq, i);
  const std::vector<Event> source = effectiveEvents(at("source"));
  for (std::size_t i = 1; i + 1 < events.size(); ++i) QCOMPARE(eventLine(events[i]), eventLine(source[i]));
  QVERIFY(!isBeingWritten(at("fork")));
  QCOMPARE(Writer::append(at("fork"))->nextSeq(), std::uint64_t(events.size()));  // ready to go on
}

void TestFork::blobsAndCheckpointShareTheirBytes() {
  writeForkable({}, at("source"));
  forkRun(at("source"), forkPlanOf(at("source"), 0), at("fork"));
  const Paths from(at("source")), to(at("fork"));
  QVERIFY(sameFile(from.blobs() / "prototypes-0.safetensors", to.blobs() / "prototypes-0.safetensors"));
  QVERIFY(!fs::exists(to.blobs() / "prototypes-1.safetensors"));
  QVERIFY(sameFile(from.checkpoints() / checkpointName(1), to.checkpoints() / checkpointName(1)));
  QCOMPARE(std::distance(fs::directory_iterator(to.checkpoints()), fs::directory_iterator()), 1);
  fs::remove_all(at("source"));  // the fork does not need it
  QVERIFY(checkpointMark(to.checkpoints() / checkpointName(1)));
}

void TestFork::aResumedPastIsNumberedAnewAndItsCheckpointWithIt() {
  writeResumed(at("source"), false);
  forkRun(at("source"), forkPlanOf(at("source"), 1), at("fork"));
  Reader reader(at("fork"));
  const std::vector<Event> raw = reader.poll();
  QVERIFY(reader.issues().empty());
  QCOMPARE(count<RunResumed>(raw), 1);
  QCOMPARE(effectiveEvents(at("fork")).size(), raw.size());  // the old seam supersedes nothing here
  QCOMPARE(count<TaskEnded>(raw), 2);
  const auto file = Paths(at("fork")).checkpoints() / checkpointName(2);
  QVERIFY(!sameFile(Paths(at("source")).checkpoints() / checkpointName(2), file));
  const auto mark = checkpointMark(file);
  QVERIFY(mark);
  QCOMPARE(mark->seq, static_cast<std::int64_t>(raw.back().seq));
  QCOMPARE(mark->next_task, 2);
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  QVERIFY(bytes.ends_with("abcdefgh"));  // the tensors are untouched
  QCOMPARE((bytes.size() - 8) % 8, std::size_t(0));
}

void TestFork::aCheckpointWhoseTellingWasSupersededIsStillGood() {
  writeResumed(at("source"), true);
  QCOMPARE(count<CheckpointSaved>(effectiveEvents(at("source"))), 2);  // the first was told again by nobody
  QCOMPARE(forkPoints(at("source")), (std::vector<int>{0, 1}));
  forkRun(at("source"), forkPlanOf(at("source"), 0), at("fork"));
  const std::vector<Event> events = effectiveEvents(at("fork"));
  const auto* saved = std::get_if<CheckpointSaved>(&events.back().what);
  QVERIFY(saved);
  QCOMPARE(saved->file, checkpointName(1));
  QCOMPARE(checkpointMark(Paths(at("fork")).checkpoints() / saved->file)->seq, static_cast<std::int64_t>(events.back().seq));
}

void TestFork::theHeaderSaysWhereTheRunComesFrom() {
  writeForkable({}, at("source"));
  ForkPlan plan = forkPlanOf(at("source"), 0);
  *plan.recipe.at("phases.0.lr") = 0.5;
  *plan.recipe.find("name") = "l2p-fast";
  plan.options.seed = 7;
  forkRun(at("source"), plan, at("fork"));
  const Value run = readJsonFile(Paths(at("fork")).run());
  const RunHeader header = runHeader(run);
  QCOMPARE(run.at("forked_from.run")->asString(), std::string("source"));
  QCOMPARE(run.at("forked_from.task")->asInt(), 0);
  QCOMPARE(header.recipe.at("phases.0.lr")->asDouble(), 0.5);
  QCOMPARE(header.seed, 7);
  QCOMPARE(header.data_fingerprint, headerOf(MadeRun{}).data_fingerprint);
  QCOMPARE(header.class_order, MadeRun{}.class_order);
  const auto first = std::get<RunStarted>(effectiveEvents(at("fork")).front().what);
  QCOMPARE(first.recipe, std::string("l2p-fast"));
  QCOMPARE(first.seed, 7);
  QVERIFY(runHeader(readJsonFile(Paths(at("source")).run())).forked_from.isNull());
}

void TestFork::changedEpochsAreNotPutBackByTheOption() {
  writeForkable({}, at("source"));
  Value run = readJsonFile(Paths(at("source")).run());
  run["options"]["epochs"] = 2;
  writeFileAtomically(Paths(at("source")).run(), toJson(run));
  ForkPlan plan = forkPlanOf(at("source"), 0);
  forkRun(at("source"), plan, at("same"));
  QCOMPARE(readJsonFile(Paths(at("same")).run()).at("options.epochs")->asInt(), 2);
  *plan.recipe.at("phases.0.epochs") = 9;
  forkRun(at("source"), plan, at("longer"));
  QCOMPARE(readJsonFile(Paths(at("longer")).run()).at("options.epochs")->asInt(), 0);
  plan.options.epochs = 4;  // asked for expressly
  forkRun(at("source"), plan, at("asked"));
  QCOMPARE(readJsonFile(Paths(at("asked")).run()).at("options.epochs")->asInt(), 4);
}

void TestFork::everyProblemIsListedAndNothingIsLeft() {
  writeForkable({.finished = 1, .state = ""}, at("source"));
  writeForkable({}, at("taken"));
  ForkPlan plan = forkPlanOf(at("source"), 1);
  plan.options.data = "cifar10:/elsewhere";
  plan.options.scenario = "cil:init=5,increment=5,order=1";
  plan.options.backbone = "other";
  plan.options.image_size = 32;
  const Issues issues = refusalOf(at("source"), plan, at("taken"));
  QCOMPARE(issues.size(), std::size_t(6));  // four options, the task, the folder
  QVERIFY(std::all_of(issues.begin(), issues.end(), [](const Issue& issue) { return !issue.hint.empty(); }));
  QVERIFY(refusalOf(at("nowhere"), {0, Value(Value::Object{}), {}}, at("new")).size() == 1);
  QVERIFY(refusalOf(at("taken"), forkPlanOf(at("taken"), 2), at("new")).size() == 1);  // nothing would come after
  QVERIFY(refusalOf(at("taken"), forkPlanOf(at("taken"), 9), at("new")).size() == 1);
  QVERIFY(!fs::exists(at("new")));
  QVERIFY(isRun(at("taken")));
}

void TestFork::aTaskWithoutItsCheckpointIsNoForkPoint() {
  writeForkable({}, at("source"));
  const fs::path kept = Paths(at("source")).checkpoints();
  fs::remove(kept / checkpointName(1));
  writeCheckpoint(kept / "step-000000050.safetensors", 70, 1, 1);  // one inside a task is no end
  std::ofstream(kept / "task-0009.safetensors") << "damaged";
  QCOMPARE(forkPoints(at("source")), std::vector<int>{1});
  const Issues issues = refusalOf(at("source"), forkPlanOf(at("source"), 0), at("fork"));
  QCOMPARE(issues.size(), std::size_t(1));
  QVERIFY(issues.front().message.find("checkpoint") != std::string::npos);
}

void TestFork::aForkOfAForkIsAFork() {
  writeForkable({}, at("source"));
  forkRun(at("source"), forkPlanOf(at("source"), 1), at("child"));
  QCOMPARE(forkPoints(at("child")), std::vector<int>{1});  // the earlier checkpoint was not taken along
  forkRun(at("child"), forkPlanOf(at("child"), 1), at("grandchild"));
  QCOMPARE(readJsonFile(Paths(at("grandchild")).run()).at("forked_from.run")->asString(), std::string("child"));
  QCOMPARE(effectiveEvents(at("grandchild")).size(), effectiveEvents(at("child")).size());
}

void TestFork::whatAKilledForkLeavesIsNoRun() {
  writeForkable({}, at("source"));
  const ForkPlan plan = forkPlanOf(at("source"), 1);
  for (int i = 0; i < 25; ++i) {
    const fs::path place = at(("fork-" + std::to_string(i)).c_str());
    const pid_t child = ::fork();
    if (child == 0) {
      forkRun(at("source"), plan, place);
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(i * 400));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (!isRun(place)) continue;  // whatever lies there, nobody takes it for a run
    QCOMPARE(count<TaskEnded>(effectiveEvents(place)), 2);
    QCOMPARE(forkPoints(place), std::vector<int>{1});
  }
  for (const auto& entry : fs::directory_iterator(dir_->path().toStdString()))
    if (entry.path().extension() == ".tmp") QVERIFY(!isRun(entry.path()));
}

void TestFork::aPlaceThatCannotBeMadeIsAnErrorWithAHint() {
  writeForkable({}, at("source"));
  forkRun(at("source"), forkPlanOf(at("source"), 0), at("fork"));
  for (const auto& entry : fs::directory_iterator(dir_->path().toStdString())) QVERIFY(entry.path().extension() != ".tmp");
  std::ofstream(at("file")) << "in the way";
  bool refused = false;
  try {
    forkRun(at("source"), forkPlanOf(at("source"), 0), at("file") / "fork");
  } catch (const Error& problem) {
    refused = !problem.hint.empty();
  }
  QVERIFY(refused);
  fs::create_directories(at("empty"));  // an empty folder is nobody's
  forkRun(at("source"), forkPlanOf(at("source"), 0), at("empty"));
  QVERIFY(isRun(at("empty")));
}

void TestFork::theSourceMayGoOnBeingWritten() {
  writeForkable({.finished = 2, .state = ""}, at("source"));
  const auto writer = Writer::append(at("source"));
  QVERIFY(isBeingWritten(at("source")));
  forkRun(at("source"), forkPlanOf(at("source"), 1), at("fork"));
  QVERIFY(isRun(at("fork")) && !isBeingWritten(at("fork")));
  writer->on({writer->nextSeq(), 1, RunEnded{"stopped", 1}});
}

void TestFork::aRecordThatNamesFilesElsewhereReachesNothingThere() {
  writeForkable({}, at("plain"));
  Reader reader(at("plain"));
  std::vector<Event> events = reader.poll();
  auto writer = Writer::create(at("source"), reader.run());
  std::ofstream(at("secret")) << "not yours";
  for (Event& event : events) {
    if (auto* named = std::get_if<Prototypes>(&event.what)) named->blob = "../../secret";
    writer->on(event);
  }
  for (const auto& file : fs::directory_iterator(Paths(at("plain")).checkpoints())) fs::copy(file, Paths(at("source")).checkpoints());
  forkRun(at("source"), forkPlanOf(at("source"), 0), at("fork"));
  QVERIFY(fs::is_empty(Paths(at("fork")).blobs()));
}

QTEST_GUILESS_MAIN(TestFork)
#include "tst_fork.moc"
