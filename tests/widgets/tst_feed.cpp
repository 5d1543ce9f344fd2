#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <thread>

#include "engine/protocol/error.h"
#include "tests/support/story.h"
#include "widgets/feed/run_feed.h"
#include "widgets/models/run_data.h"

using namespace palimpsest;

namespace {

Event step(std::uint64_t seq) {
  return {seq, std::int64_t(seq), StepMeasured{0, 0, 0, int(seq), std::int64_t(seq), 0.5}};
}

// Listens to a feed: what came, in what portions, and whether a number was missing.
struct Listener : QObject {
  explicit Listener(RunFeed& feed) {
    connect(&feed, &RunFeed::batch, this, [this](const std::vector<Event>& events) {
      ++batches;
      for (const Event& event : events) {
        in_order = in_order && event.seq == next;
        next = event.seq + 1;
      }
    });
    connect(&feed, &RunFeed::problem, this, [this](const Issue& issue) { problems.push_back(issue); });
    connect(&feed, &RunFeed::rewound, this, [this] { ++rewinds, next = 0; });
    connect(&feed, &RunFeed::caughtUp, this, [this] { ++caught_up; });
  }
  std::uint64_t next = 0;
  int batches = 0, rewinds = 0, caught_up = 0;
  bool in_order = true;
  Issues problems;
};

}  // namespace

class FeedTest : public QObject {
  Q_OBJECT
  std::unique_ptr<QTemporaryDir> folder_;
  std::filesystem::path path(const char* name) const {
    return std::filesystem::path(folder_->path().toStdString()) / name;
  }

 private Q_SLOTS:
  void init() { folder_ = std::make_unique<QTemporaryDir>(); }

  void aLiveFeedIsCompleteOrderedAndThin() {
    Tail tail;
    LiveFeed feed(tail, {});
    Listener heard(feed);
    std::thread engine([&] {
      for (std::uint64_t i = 0; i < 20000; ++i) {
        tail.on(step(i));
        if (i % 1000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
    QTRY_COMPARE(heard.next, std::uint64_t(20000));
    engine.join();
    QVERIFY(heard.in_order);
    QVERIFY2(heard.batches <= 100, qPrintable(QString::number(heard.batches)));
    QVERIFY(heard.caught_up > 0);
    QVERIFY(heard.problems.empty());
  }

  void whatTheTailForgotIsReadFromTheRecord() {
    auto writer = record::Writer::create(path("run"), Value(Value::Object{{"format", record::kFormat}}));
    Tail tail(100);
    for (std::uint64_t i = 0; i < 5000; ++i) {
      writer->on(step(i));
      tail.on(step(i));
    }
    LiveFeed feed(tail, path("run"));
    Listener heard(feed);
    std::thread engine([&] {
      for (std::uint64_t i = 5000; i < 9000; ++i) {
        writer->on(step(i));
        tail.on(step(i));
        if (i % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
    QTRY_COMPARE_WITH_TIMEOUT(heard.next, std::uint64_t(9000), 20000);
    engine.join();
    QVERIFY(heard.in_order);
    QVERIFY(heard.problems.empty());
  }

  void aGapThatNobodyRecordedIsReportedAndTheRunGoesOn() {
    Tail tail(10);
    for (std::uint64_t i = 0; i < 50; ++i) tail.on(step(i));
    LiveFeed feed(tail, path("nothing"));
    Listener heard(feed);
    QTRY_COMPARE(heard.next, std::uint64_t(50));
    QCOMPARE(heard.problems.size(), std::size_t(1));
    QVERIFY(QString::fromStdString(heard.problems[0].message).contains(QStringLiteral("40 events")));
  }

  void afterALiveFeedIsGoneTheEngineMayGoOn() {
    Tail tail;
    std::atomic<bool> go = true;
    std::thread engine([&] {
      for (std::uint64_t i = 0; go; ++i) tail.on(step(i));
    });
    for (int i = 0; i < 20; ++i) {
      LiveFeed feed(tail, {});
      QTest::qWait(1);
    }
    go = false;
    engine.join();
  }

  void aFolderIsReadAndFollowedAsItGrows() {
    auto writer = record::Writer::create(path("run"), Value(Value::Object{{"format", record::kFormat}}));
    for (std::uint64_t i = 0; i < 3000; ++i) writer->on(step(i));
    FolderFeed feed(path("run"));
    Listener heard(feed);
    QTRY_COMPARE(heard.next, std::uint64_t(3000));
    QTRY_COMPARE(heard.caught_up, 1);
    for (std::uint64_t i = 3000; i < 3010; ++i) writer->on(step(i));
    writer->on({3010, 3010, RunEnded{"stopped", 1}});
    QTRY_COMPARE(heard.next, std::uint64_t(3011));
    QTRY_COMPARE(heard.caught_up, 2);
    writer->on({3011, 3011, RunResumed{3011, 3010}});
    writer->on(step(3012));
    QTRY_COMPARE(heard.next, std::uint64_t(3013));
    QVERIFY(heard.in_order);
  }

  void aFolderThatHoldsNoRunIsRefused() { QVERIFY_EXCEPTION_THROWN(FolderFeed(path("nowhere")), BadInput); }

  void liveAndFolderTellTheSameStory() {
    test::Story story;
    story.tell(
        "start 2; task 0; steps 30; probe 0 5/10; eval 0 0 90/100; endtask 0; checkpoint; task 1; steps 9; resume; "
        "task 1; steps 30;"
        "eval 1 0 70/100; eval 1 1 80/100; endtask 1; end done");
    auto writer = record::Writer::create(path("run"), Value(Value::Object{{"format", record::kFormat}}));
    Tail tail;
    for (const Event& event : story.events()) {
      writer->on(event);
      tail.on(event);
    }
    RunData live(QStringLiteral("live")), read(QStringLiteral("read"));
    LiveFeed from_tail(tail, {});
    FolderFeed from_folder(path("run"));
    connect(&from_tail, &RunFeed::batch, &live, &RunData::apply);
    connect(&from_folder, &RunFeed::batch, &read, &RunData::apply);
    QTRY_COMPARE(live.state(), RunData::State::Done);
    QTRY_COMPARE(read.state(), RunData::State::Done);
    QCOMPARE(live.loss().ys(), read.loss().ys());
    QCOMPARE(live.accuracySoFar().ys(), read.accuracySoFar().ys());
    QCOMPARE(live.seams(), read.seams());
    QCOMPARE(live.loss().size(), std::size_t(60));
  }

  void aReplayPlaysInOrderAndBeginsAgain() {
    const auto events = test::events("start 1; task 0; steps 50; endtask 0; end done");
    ReplayFeed feed(events, 100);
    Listener heard(feed);
    QVERIFY(!feed.playing());
    QTest::qWait(80);
    QCOMPARE(heard.batches, 0);
    feed.setPlaying(true);
    QTRY_COMPARE(heard.next, std::uint64_t(events.size()));
    QVERIFY(heard.in_order);
    QTRY_COMPARE_WITH_TIMEOUT(heard.rewinds, 1, 8000);
    QTRY_COMPARE(heard.next, std::uint64_t(events.size()));
    QVERIFY(heard.in_order);
    feed.setPlaying(false);
    QVERIFY(!feed.playing());
  }

  void longPausesOfARecordingAreShortened() {
    const auto events = test::events("start 1; wait 3600; task 0; wait 10; steps 1; wait -50; end done");
    ReplayFeed feed(events, 10);
    QVERIFY(feed.seconds() > 2.9 && feed.seconds() < 3.2);
    feed.setSpeed(1000);
    QVERIFY(feed.seconds() > 2 && feed.seconds() < 2.1);
  }

  void seekingShowsExactlyWhatWasToldUntilThen() {
    const auto events = test::events("start 1; task 0; steps 100; endtask 0; end done");
    ReplayFeed feed(events, 1);
    RunData run(QStringLiteral("r"));
    connect(&feed, &RunFeed::batch, &run, &RunData::apply);
    connect(&feed, &RunFeed::rewound, &run, &RunData::reset);
    Listener heard(feed);
    feed.seek(1);
    QCOMPARE(run.state(), RunData::State::Done);
    feed.seek(0.5);
    QCOMPARE(heard.rewinds, 1);
    QCOMPARE(run.state(), RunData::State::Running);
    QVERIFY(std::abs(int(run.loss().size()) - 50) <= 2);
    QVERIFY(std::abs(feed.fraction() - 0.5) < 1e-9);
    feed.setSpeed(4);
    QVERIFY(std::abs(feed.fraction() - 0.5) < 0.01);
    feed.seek(0.75);
    QCOMPARE(heard.rewinds, 1);
    QVERIFY(heard.in_order);
  }
};

QTEST_GUILESS_MAIN(FeedTest)
#include "tst_feed.moc"
