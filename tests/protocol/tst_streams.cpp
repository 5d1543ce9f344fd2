// What crosses threads: the tail of events, the mailbox of commands; and the streams of random numbers.
#include <QTest>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <set>
#include <thread>

#include "engine/protocol/command.h"
#include "engine/protocol/error.h"
#include "engine/protocol/random.h"
#include "engine/protocol/tail.h"
#include "tests/protocol/printing.h"

using namespace palimpsest;

namespace {
Event numbered(std::uint64_t seq) { return {seq, 0, StepMeasured{.global_step = static_cast<std::int64_t>(seq)}}; }
}  // namespace

class TestStreams : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void theTailGivesEventsFromAnyNumberOn();
  void aFullTailForgetsTheOldest();
  void theDoorbellRingsOnceUntilSomebodyTakes();
  void theDoorbellRingsForWhatCameBefore();
  void nothingIsLostBetweenThreads();
  void commandsComeInOrder();
  void waitingEndsWithACommand();
  void randomStreamsAreFixedForever();
  void randomStreamsAreIndependent();
  void drawsAreUniform();
  void shufflesArePermutations();
  void issuesOfBadInputAreAllInItsMessage();
  void brokenExpectationsSayWhere();
};

void TestStreams::theTailGivesEventsFromAnyNumberOn() {
  Tail tail;
  QVERIFY(tail.take(0).empty());
  for (std::uint64_t s = 0; s < 5; ++s) tail.on(numbered(s));
  QCOMPARE(tail.take(0).size(), std::size_t{5});
  QCOMPARE(tail.take(3).front().seq, std::uint64_t{3});
  QVERIFY(tail.take(5).empty());
  QCOMPARE(tail.take(0).size(), std::size_t{5});  // taking is looking: several readers each keep their own number
}

void TestStreams::aFullTailForgetsTheOldest() {
  Tail tail(3);
  for (std::uint64_t s = 0; s < 10; ++s) tail.on(numbered(s));
  const auto events = tail.take(2);
  QCOMPARE(events.size(), std::size_t{3});
  QCOMPARE(events.front().seq, std::uint64_t{7});
}

void TestStreams::theDoorbellRingsOnceUntilSomebodyTakes() {
  Tail tail;
  int rings = 0;
  tail.setDoorbell([&] { ++rings; });
  for (std::uint64_t s = 0; s < 5; ++s) tail.on(numbered(s));
  QCOMPARE(rings, 1);
  tail.take(0);
  tail.on(numbered(5));
  tail.on(numbered(6));
  QCOMPARE(rings, 2);
  tail.setDoorbell({});
  tail.take(0);
  tail.on(numbered(7));
  QCOMPARE(rings, 2);
}

void TestStreams::theDoorbellRingsForWhatCameBefore() {
  Tail tail;
  tail.on(numbered(0));
  int rings = 0;
  tail.setDoorbell([&] { ++rings; });
  QCOMPARE(rings, 1);
}

void TestStreams::nothingIsLostBetweenThreads() {
  constexpr std::uint64_t kEvents = 20000;
  Tail tail(kEvents);
  std::thread writer([&] {
    for (std::uint64_t s = 0; s < kEvents; ++s) tail.on(numbered(s));
  });
  std::uint64_t next = 0;
  bool ordered = true;
  while (next < kEvents) {
    const auto events = tail.take(next);
    for (const Event& event : events) ordered = ordered && event.seq == next++;
    if (events.empty()) std::this_thread::yield();
  }
  writer.join();
  QVERIFY(ordered);
}

void TestStreams::commandsComeInOrder() {
  Mailbox box;
  QVERIFY(!box.poll());
  box.post({Command::What::Pause, Pause::AfterTask});
  box.post({Command::What::Stop});
  const auto first = box.poll();
  QVERIFY(first && first->what == Command::What::Pause && first->when == Pause::AfterTask);
  QVERIFY(box.wait().what == Command::What::Stop);
  QVERIFY(!box.poll());
}

void TestStreams::waitingEndsWithACommand() {
  Mailbox box;
  std::atomic<bool> woken = false;
  std::thread engine([&] { woken = box.wait().what == Command::What::Resume; });
  box.post({Command::What::Resume});
  engine.join();
  QVERIFY(woken);
}

void TestStreams::randomStreamsAreFixedForever() {
  // SplitMix64's published sequence for seed 1234567.
  Rng rng(1234567);
  QCOMPARE(rng.next(), std::uint64_t{6457827717110365317ULL});
  QCOMPARE(rng.next(), std::uint64_t{3203168211198807973ULL});
  QCOMPARE(rng.next(), std::uint64_t{9817491932198370423ULL});
  QCOMPARE(seedOf(1, Purpose::DataOrder, 2, 3), seedOf(1, Purpose::DataOrder, 2, 3));
}

void TestStreams::randomStreamsAreIndependent() {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 10; ++seed)
    for (const Purpose purpose : {Purpose::DataOrder, Purpose::Augmentation, Purpose::Initialisation})
      for (int a = 0; a < 10; ++a)
        for (int b = 0; b < 10; ++b) seeds.insert(seedOf(seed, purpose, a, b));
  QCOMPARE(seeds.size(), std::size_t{3000});  // (a, b) and (b, a) are different streams too
}

void TestStreams::drawsAreUniform() {
  Rng rng = rngOf(7, Purpose::Probe);
  std::vector<int> bins(10);
  double sum = 0, squares = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    ++bins[rng.below(10)];
    const double u = rng.uniform();
    QVERIFY(u >= 0 && u < 1);
    const double z = rng.normal();
    sum += z;
    squares += z * z;
  }
  for (const int bin : bins) QVERIFY(std::abs(bin - kDraws / 10) < 600);  // six standard deviations
  QVERIFY(std::abs(sum / kDraws) < 0.02);
  QVERIFY(std::abs(squares / kDraws - 1) < 0.03);
}

void TestStreams::shufflesArePermutations() {
  std::vector<int> items(100), sorted(100);
  std::iota(sorted.begin(), sorted.end(), 0);
  items = sorted;
  rngOf(1, Purpose::DataOrder).shuffle(items);
  QVERIFY(items != sorted);
  std::sort(items.begin(), items.end());
  QCOMPARE(items, sorted);
}

void TestStreams::issuesOfBadInputAreAllInItsMessage() {
  const BadInput problem({error("--data", "is missing", "name a folder"), warning("head.width", "is large")});
  QCOMPARE(std::string(problem.what()),
           std::string("error: --data: is missing (name a folder)\nwarning: head.width: is large"));
  QCOMPARE(problem.code, std::string("bad-input"));
  QCOMPARE(problem.issues.size(), std::size_t{2});
}

void TestStreams::brokenExpectationsSayWhere() {
  PALIMPSEST_EXPECT(1 + 1 == 2, "arithmetic");
  try {
    PALIMPSEST_EXPECT(1 + 1 == 3, "[head] logits have one column for each class");
    QFAIL("nothing was thrown");
  } catch (const Error& problem) {
    const std::string text = problem.what();
    QVERIFY(text.find("[head] logits") != std::string::npos && text.find("1 + 1 == 3") != std::string::npos &&
            text.find("tst_streams.cpp") != std::string::npos);
  }
}

QTEST_GUILESS_MAIN(TestStreams)
#include "tst_streams.moc"
