// Writing and reading the folder of a run, also when the writer dies, the disk is full or the file is damaged.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"
#include "tests/protocol/printing.h"

using namespace palimpsest;
using namespace palimpsest::record;
namespace fs = std::filesystem;

namespace {

// A short line: some tests cut it at every byte.
Event step(std::uint64_t seq) { return {seq, 100, RunPaused{.at = "a"}}; }
Event measured(std::uint64_t seq) {
  return {seq, 100,
          StepMeasured{.global_step = static_cast<std::int64_t>(seq), .loss = 0.1 * static_cast<double>(seq)}};
}

std::string contentOf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void overwrite(const fs::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}
void addTo(const fs::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary | std::ios::app) << text;
}

std::vector<std::uint64_t> numbersOf(const std::vector<Event>& events) {
  std::vector<std::uint64_t> out;
  for (const Event& event : events) out.push_back(event.seq);
  return out;
}
std::vector<std::uint64_t> upTo(std::uint64_t n) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t i = 0; i < n; ++i) out.push_back(i);
  return out;
}

Value header() { return Value::Object{{"recipe", Value::Object{{"name", "l2p"}}}}; }

void writeSteps(const fs::path& folder, std::uint64_t n) {
  const auto writer = Writer::create(folder, header());
  for (std::uint64_t i = 0; i < n; ++i) writer->on(step(i));
}

}  // namespace

class TestRunFolder : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    base_ = std::make_unique<QTemporaryDir>();
    folder_ = fs::path(base_->path().toStdString()) / "run";
  }

  void whatIsWrittenIsRead();
  void aRunIsNeverWrittenOver();
  void everyEventIsThereBeforeTheWriterEnds();
  void aReaderFollowsAGrowingRun();
  void aTornLineIsToleratedAtEveryByte();
  void aRunGoesOnAfterATornLineAtEveryByte();
  void damagedLinesAtTheEndAreCutAway();
  void aDamagedLineInTheMiddleIsReportedOnce();
  void missingAndDoubledNumbersAreReported();
  void linesOfUnknownTypeAreSkipped();
  void garbageIsNeverACrash();
  void twoWritersAreRefused();
  void theLockGoesWithTheProcess();
  void aKilledWriterLosesNothing();
  void aFullDiskLeavesAWellFormedRecord();
  void aFullDiskIsCalledThat();
  void aFolderThatCannotBeMadeIsNamed();
  void pollingTakesNoMoreThanAskedFor();
  void supersededEventsAreForgotten();
  void resultsAppearWhole();
  void newerFormatsAreSaidSo();
  void numbersWithAGapAreAMistakeOfTheProgram();
  void writingAnEventTakesMicroseconds();

 private:
  std::unique_ptr<QTemporaryDir> base_;
  fs::path folder_;
};

void TestRunFolder::whatIsWrittenIsRead() {
  QVERIFY(!isRun(folder_));
  writeSteps(folder_, 5);
  QVERIFY(isRun(folder_));
  QVERIFY(fs::is_directory(Paths(folder_).blobs()) && fs::is_directory(Paths(folder_).checkpoints()));
  Reader reader(folder_);
  QCOMPARE(*reader.run().at("recipe.name"), Value("l2p"));
  QCOMPARE(*reader.run().find("format"), Value(1));
  QCOMPARE(numbersOf(reader.poll()), upTo(5));
  QVERIFY(reader.poll().empty());
  QVERIFY(reader.issues().empty());
  QVERIFY(!reader.torn());
  QVERIFY(!reader.results());
}

void TestRunFolder::aRunIsNeverWrittenOver() {
  writeSteps(folder_, 2);
  const std::string before = contentOf(Paths(folder_).events());
  QVERIFY_EXCEPTION_THROWN(Writer::create(folder_, header()), BadInput);
  fs::remove(Paths(folder_).run());
  QVERIFY_EXCEPTION_THROWN(Writer::create(folder_, header()), BadInput);
  QVERIFY_EXCEPTION_THROWN(Writer::append(folder_), BadInput);
  QVERIFY_EXCEPTION_THROWN(Reader{folder_}, BadInput);
  QCOMPARE(contentOf(Paths(folder_).events()), before);
}

void TestRunFolder::everyEventIsThereBeforeTheWriterEnds() {
  const auto writer = Writer::create(folder_, header());
  Reader reader(folder_);
  for (std::uint64_t i = 0; i < 20; ++i) {
    writer->on(step(i));
    QCOMPARE(writer->nextSeq(), i + 1);
    QCOMPARE(numbersOf(reader.poll()), std::vector<std::uint64_t>{i});
  }
}

void TestRunFolder::aReaderFollowsAGrowingRun() {
  writeSteps(folder_, 0);
  Reader reader(folder_);
  QVERIFY(reader.poll().empty());
  const std::string line = eventLine(step(0)) + "\n" + eventLine(step(1)) + "\n";
  std::vector<Event> seen;
  for (const char c : line) {  // a byte at a time, as a slow network folder might
    addTo(Paths(folder_).events(), std::string_view(&c, 1));
    for (Event& event : reader.poll()) seen.push_back(std::move(event));
    QCOMPARE(reader.torn(), c != '\n');
  }
  QCOMPARE(numbersOf(seen), upTo(2));
  QVERIFY(reader.issues().empty());
}

void TestRunFolder::aTornLineIsToleratedAtEveryByte() {
  writeSteps(folder_, 3);
  const std::string whole = contentOf(Paths(folder_).events());
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    overwrite(Paths(folder_).events(), std::string_view(whole).substr(0, cut));
    const auto lines =
        static_cast<std::uint64_t>(std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut), '\n'));
    Reader reader(folder_);
    QCOMPARE(numbersOf(reader.poll()), upTo(lines));
    QCOMPARE(reader.torn(), cut > 0 && whole[cut - 1] != '\n');
    QVERIFY(reader.issues().empty());
  }
}

void TestRunFolder::aRunGoesOnAfterATornLineAtEveryByte() {
  writeSteps(folder_, 3);
  const std::string whole = contentOf(Paths(folder_).events());
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    overwrite(Paths(folder_).events(), std::string_view(whole).substr(0, cut));
    Reader follower(folder_);  // a window that has been open all the time
    auto seen = follower.poll();
    const auto writer = Writer::append(folder_);
    QCOMPARE(writer->nextSeq(), std::uint64_t{seen.size()});
    for (std::uint64_t i = writer->nextSeq(); i < 5; ++i) writer->on(step(i));
    for (Event& event : follower.poll()) seen.push_back(std::move(event));
    QCOMPARE(numbersOf(seen), upTo(5));
    QVERIFY2(follower.issues().empty(), tests::linesOf(follower.issues()).c_str());
    const std::string kept = whole.substr(0, cut);
    QVERIFY(contentOf(Paths(folder_).events()).starts_with(kept.substr(0, kept.rfind('\n') + 1)));
  }
}

void TestRunFolder::damagedLinesAtTheEndAreCutAway() {
  writeSteps(folder_, 3);
  const std::string whole = contentOf(Paths(folder_).events());
  // What a power cut leaves: blocks of zeros; and what nobody can explain.
  for (const std::string& damage : {std::string(100000, '\0'), std::string("\0\0\n\0\n", 5),
                                    std::string("what?\n{}\n[1]\n"), std::string(300000, 'x') + "\n"}) {
    overwrite(Paths(folder_).events(), whole + damage);
    Reader follower(folder_);
    QCOMPARE(numbersOf(follower.poll()), upTo(3));
    QVERIFY(follower.torn());
    QVERIFY(follower.issues().empty());
    const auto writer = Writer::append(folder_);
    QCOMPARE(contentOf(Paths(folder_).events()), whole);
    QCOMPARE(writer->nextSeq(), std::uint64_t{3});
    writer->on(step(3));
    QCOMPARE(numbersOf(follower.poll()), std::vector<std::uint64_t>{3});
  }
}

void TestRunFolder::aDamagedLineInTheMiddleIsReportedOnce() {
  writeSteps(folder_, 4);
  std::string text = contentOf(Paths(folder_).events());
  const std::size_t second = text.find('\n') + 1;
  text[second] = '#';
  overwrite(Paths(folder_).events(), text);
  Reader reader(folder_);
  QCOMPARE(numbersOf(reader.poll()), (std::vector<std::uint64_t>{0, 2, 3}));
  QVERIFY(reader.poll().empty());
  QCOMPARE(reader.issues().size(), std::size_t{1});  // the missing number is explained by it
  QVERIFY(reader.issues()[0].path.ends_with("events.jsonl:2"));
}

void TestRunFolder::missingAndDoubledNumbersAreReported() {
  writeSteps(folder_, 0);
  for (const std::uint64_t seq : {0, 1, 5, 5, 3, 6}) addTo(Paths(folder_).events(), eventLine(step(seq)) + "\n");
  Reader reader(folder_);
  QCOMPARE(numbersOf(reader.poll()), (std::vector<std::uint64_t>{0, 1, 5, 6}));
  QCOMPARE(reader.issues().size(), std::size_t{3});
  QVERIFY(reader.issues()[0].message.find("events 2 to 4 are missing") != std::string::npos);
  QVERIFY(reader.issues()[0].path.ends_with(":3"));
  QVERIFY(reader.issues()[1].message.find("comes twice") != std::string::npos);
}

void TestRunFolder::linesOfUnknownTypeAreSkipped() {
  writeSteps(folder_, 1);
  addTo(Paths(folder_).events(),
        "{\"seq\":1,\"at_us\":0,\"type\":\"from_the_future\",\"x\":[1,2]}\n" + eventLine(step(2)) + "\n");
  Reader reader(folder_);
  QCOMPARE(numbersOf(reader.poll()), (std::vector<std::uint64_t>{0, 2}));
  QVERIFY(reader.issues().empty());
  addTo(Paths(folder_).events(), "{\"seq\":3,\"at_us\":0,\"type\":\"from_the_future\"}\n");
  QCOMPARE(Writer::append(folder_)->nextSeq(), std::uint64_t{4});  // a newer version wrote it: it is kept
}

void TestRunFolder::garbageIsNeverACrash() {
  writeSteps(folder_, 0);
  std::string garbage;
  for (int i = 0; i < 3000; ++i)
    garbage += std::string("{\"seq\":") + std::to_string(i * 7 % 100) +
               (i % 3 ? "" : ",\"type\":\"evaluated\",\"hits\":1e300}") + "\n";
  overwrite(Paths(folder_).events(), garbage + eventLine(step(4000000000)) + "\n");
  Reader reader(folder_);
  reader.poll();
  QVERIFY(!reader.issues().empty());
  QVERIFY(reader.issues().size() < 200);  // nobody reads three thousand
  for (const char* text : {"", "[]", "3", "{", "{\"format\": \"x\", \"class_order\": 3}"}) {
    overwrite(Paths(folder_).run(), text);
    try {
      Reader again(folder_);
      again.poll();
    } catch (const BadInput&) {
    }
  }
  overwrite(Paths(folder_).results(), "{");
  overwrite(Paths(folder_).run(), "{}");
  QVERIFY(!Reader(folder_).results());
}

void TestRunFolder::twoWritersAreRefused() {
  const auto writer = Writer::create(folder_, header());
  QVERIFY(isBeingWritten(folder_));
  try {
    Writer::append(folder_);
    QFAIL("two writers");
  } catch (const BadInput& problem) {
    QVERIFY(std::string(problem.what()).find("another process") != std::string::npos);
  }
  writer->on(step(0));  // and the first goes on
  QCOMPARE(numbersOf(Reader(folder_).poll()), upTo(1));
}

void TestRunFolder::theLockGoesWithTheProcess() {
  QVERIFY(!isBeingWritten(folder_));
  Writer::create(folder_, header()).reset();
  QVERIFY(!isBeingWritten(folder_));
  QVERIFY(Writer::append(folder_) != nullptr);
}

void TestRunFolder::aKilledWriterLosesNothing() {
  int ready[2];
  QCOMPARE(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto writer = Writer::create(folder_, header());
    for (std::uint64_t i = 0; i < 50; ++i) writer->on(step(i));
    [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
    for (;;) pause();
  }
  char byte = 0;
  QCOMPARE(::read(ready[0], &byte, 1), ssize_t{1});
  QVERIFY(isBeingWritten(folder_));
  QVERIFY_EXCEPTION_THROWN(Writer::append(folder_), BadInput);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  QVERIFY(!isBeingWritten(folder_));
  QCOMPARE(numbersOf(Reader(folder_).poll()), upTo(50));
  QCOMPARE(Writer::append(folder_)->nextSeq(), std::uint64_t{50});
}

void TestRunFolder::aFullDiskLeavesAWellFormedRecord() {
  const auto writer = Writer::create(folder_, header());
  for (std::uint64_t i = 0; i < 10; ++i) writer->on(step(i));
  const auto size = fs::file_size(Paths(folder_).events());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{size + 20, before.rlim_max};  // room for a part of the next line
  setrlimit(RLIMIT_FSIZE, &small);
  std::string code, message, hint;
  try {
    writer->on(step(10));
  } catch (const Error& problem) {
    code = problem.code;
    message = problem.what();
    hint = problem.hint;
  }
  writer->on(step(11));  // what the engine says about it is not recorded, and is no new failure
  setrlimit(RLIMIT_FSIZE, &before);
  QCOMPARE(code, std::string("write-failed"));  // "disk-full" when the system says ENOSPC
  QVERIFY2(message.find(folder_.string()) != std::string::npos && message.find("event 9 is safe") != std::string::npos,
           message.c_str());
  QVERIFY(hint.find("resume") != std::string::npos);
  QCOMPARE(fs::file_size(Paths(folder_).events()), size);
  writer->on(step(12));
  QCOMPARE(fs::file_size(Paths(folder_).events()), size);
  Reader reader(folder_);
  QCOMPARE(numbersOf(reader.poll()), upTo(10));
  QVERIFY(!reader.torn() && reader.issues().empty());
}

void TestRunFolder::aFullDiskIsCalledThat() {
  if (!fs::exists("/dev/full")) QSKIP("there is no /dev/full");
  writeSteps(folder_, 0);
  fs::remove(Paths(folder_).events());
  fs::create_symlink("/dev/full", Paths(folder_).events());
  const auto writer = Writer::append(folder_);
  try {
    writer->on(step(0));
    QFAIL("was written");
  } catch (const Error& problem) {
    QCOMPARE(problem.code, std::string("disk-full"));
    const std::string message = problem.what();
    QVERIFY2(message.find("No event has been recorded") != std::string::npos, message.c_str());
    QVERIFY(message.find("the disk is full") != std::string::npos);
  }
}

void TestRunFolder::aFolderThatCannotBeMadeIsNamed() {
  const fs::path file = fs::path(base_->path().toStdString()) / "file";
  overwrite(file, "x");
  try {
    Writer::create(file / "run", header());
    QFAIL("was made");
  } catch (const Error& problem) {
    QCOMPARE(problem.code, std::string("write-failed"));
    QVERIFY(std::string(problem.what()).find((file / "run").string()) != std::string::npos);
  }
}

void TestRunFolder::pollingTakesNoMoreThanAskedFor() {
  writeSteps(folder_, 25);
  Reader reader(folder_);
  std::vector<Event> seen;
  for (int polls = 0; polls < 3; ++polls) {
    auto batch = reader.poll(10);
    QCOMPARE(batch.size(), std::size_t(polls < 2 ? 10 : 5));
    for (Event& event : batch) seen.push_back(std::move(event));
  }
  QCOMPARE(numbersOf(seen), upTo(25));
}

void TestRunFolder::supersededEventsAreForgotten() {
  {
    const auto writer = Writer::create(folder_, header());
    for (std::uint64_t i = 0; i < 6; ++i) writer->on(step(i));
    writer->on({6, 0, RunResumed{.from_seq = 4}});
    writer->on(step(7));
    writer->on({8, 0, RunEnded{.state = "stopped"}});
    writer->on({9, 0, RunResumed{.from_seq = 8}});
    writer->on(step(10));
  }
  QCOMPARE(numbersOf(effectiveEvents(folder_)), (std::vector<std::uint64_t>{0, 1, 2, 3, 6, 7, 9, 10}));
  {
    const auto writer = Writer::append(folder_);
    writer->on({11, 0, RunResumed{.from_seq = 2}});
    writer->on({12, 0, RunResumed{.from_seq = -5}});
  }
  QCOMPARE(numbersOf(effectiveEvents(folder_)), (std::vector<std::uint64_t>{12}));
}

void TestRunFolder::resultsAppearWhole() {
  const auto writer = Writer::create(folder_, header());
  const Reader reader(folder_);
  QVERIFY(!reader.results());
  writer->writeResults(Value::Object{{"average", 88.5}});
  QCOMPARE(*reader.results()->find("average"), Value(88.5));
  writer->writeResults(Value::Object{{"average", 89.5}});
  QCOMPARE(*reader.results()->find("average"), Value(89.5));
}

void TestRunFolder::newerFormatsAreSaidSo() {
  Value newer = header();
  newer["format"] = 99;
  Writer::create(folder_, newer).reset();
  const Reader reader(folder_);
  QCOMPARE(reader.issues().size(), std::size_t{1});
  QVERIFY(reader.issues()[0].message.find("newer") != std::string::npos);
}

void TestRunFolder::numbersWithAGapAreAMistakeOfTheProgram() {
  const auto writer = Writer::create(folder_, header());
  writer->on(step(0));
  QVERIFY_EXCEPTION_THROWN(writer->on(step(2)), Error);
  QVERIFY_EXCEPTION_THROWN(writer->on(step(0)), Error);
}

void TestRunFolder::writingAnEventTakesMicroseconds() {
  const auto writer = Writer::create(folder_, header());
  constexpr std::uint64_t kEvents = 20000;
  QElapsedTimer clock;
  clock.start();
  for (std::uint64_t i = 0; i < kEvents; ++i) writer->on(measured(i));
  const double each = static_cast<double>(clock.nsecsElapsed()) / 1000.0 / kEvents;
  clock.restart();
  const auto events = Reader(folder_).poll();
  const double read = static_cast<double>(clock.nsecsElapsed()) / 1000.0 / kEvents;
  qInfo("%.2f us to write an event, %.2f us to read one", each, read);
  QCOMPARE(events.size(), std::size_t{kEvents});
  QVERIFY(each < 500);  // generous: the machine may be busy; it is a few microseconds
}

QTEST_GUILESS_MAIN(TestRunFolder)
#include "tst_run_folder.moc"
