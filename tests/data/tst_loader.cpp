#include <QtTest>
#include <atomic>
#include <numeric>
#include <thread>

#include "engine/data/loader.h"
#include "engine/protocol/error.h"

using namespace palimpsest;

namespace {

// 4 x 4 images whose grey tells the index; slow ones finish late, one may be broken.
class CountedSplit final : public Split {
 public:
  explicit CountedSplit(std::int64_t broken = -1) : broken_(broken) {}
  std::int64_t size() const override { return 200; }
  int label(std::int64_t index) const override { return int(index % 7); }
  std::string name(std::int64_t index) const override { return std::to_string(index); }
  Image image(std::int64_t index) const override {
    ++drawn;
    if (index == broken_) throw Error("bad-image", "image " + name(index) + " is broken");
    if (index % 13 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    Image image{4, 4, 1, std::vector<std::uint8_t>(16)};
    for (int i = 0; i < 16; ++i) image.pixels[std::size_t(i)] = std::uint8_t(index + 3 * i);
    return image;
  }
  mutable std::atomic<int> drawn{0};

 private:
  std::int64_t broken_;
};

Loader::Plan planOf(std::shared_ptr<const Split> split, int threads) {
  Loader::Plan plan;
  plan.split = std::move(split);
  plan.order.resize(200);
  std::iota(plan.order.begin(), plan.order.end(), 0);
  Rng(3).shuffle(plan.order);
  plan.batch = 16;
  plan.seed = 11;
  plan.epoch_key = 2;
  plan.threads = threads;
  return plan;
}

const Transform kTrain(TransformSpec{"pilot", true, 4, "0..1"});

std::vector<Batch> all(Loader::Plan plan) {
  Loader loader(std::move(plan), kTrain);
  std::vector<Batch> batches;
  for (Batch batch; loader.next(batch);) batches.push_back(batch);
  return batches;
}

}  // namespace

class LoaderTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void resultsDoNotDependOnThreads_data() {
    QTest::addColumn<int>("threads");
    QTest::newRow("one") << 1;
    QTest::newRow("three") << 3;
    QTest::newRow("more than batches") << 40;
  }
  void resultsDoNotDependOnThreads() {
    QFETCH(int, threads);
    const auto split = std::make_shared<CountedSplit>();
    const std::vector<Batch> expected = all(planOf(split, 0)), got = all(planOf(split, threads));
    QCOMPARE(got.size(), std::size_t{13});
    QCOMPARE(got.back().count, 8);
    for (std::size_t i = 0; i < got.size(); ++i) {
      QCOMPARE(got[i].indices, expected[i].indices);
      QCOMPARE(got[i].labels, expected[i].labels);
      QCOMPARE(got[i].pixels, expected[i].pixels);
      QCOMPARE(got[i].pixels.size(), std::size_t(got[i].count) * 48);
    }
  }

  void batchesFollowTheOrderAndCarryTheLabels() {
    const Loader::Plan plan = planOf(std::make_shared<CountedSplit>(), 2);
    std::vector<std::int64_t> seen;
    for (const Batch& batch : all(plan))
      for (int i = 0; i < batch.count; ++i) {
        seen.push_back(batch.indices[std::size_t(i)]);
        QCOMPARE(batch.labels[std::size_t(i)], int(seen.back() % 7));
      }
    QCOMPARE(seen, plan.order);
  }

  void augmentationIsKeyedByEpochAndImageNotByPlace() {
    Loader::Plan plan = planOf(std::make_shared<CountedSplit>(), 1);
    const auto pixelsOf = [](const std::vector<Batch>& batches, std::int64_t index) {
      for (const Batch& batch : batches)
        for (std::size_t i = 0; i < batch.indices.size(); ++i)
          if (batch.indices[i] == index)
            return std::vector<float>(batch.pixels.begin() + std::ptrdiff_t(i) * 48,
                                      batch.pixels.begin() + std::ptrdiff_t(i + 1) * 48);
      return std::vector<float>{};
    };
    const std::vector<Batch> first = all(plan);
    std::reverse(plan.order.begin(), plan.order.end());
    plan.batch = 7;
    const std::vector<Batch> reversed = all(plan);
    plan.epoch_key = 3;
    const std::vector<Batch> later = all(plan);
    int changed = 0;
    for (std::int64_t index = 0; index < 50; ++index) {
      QCOMPARE(pixelsOf(reversed, index), pixelsOf(first, index));
      changed += pixelsOf(later, index) != pixelsOf(first, index);
    }
    QVERIFY(changed > 40);
  }

  void anEpochGoesOnWhereItWasLeft() {
    Loader::Plan plan = planOf(std::make_shared<CountedSplit>(), 2);
    const std::vector<Batch> whole = all(plan);
    plan.first_batch = 5;
    const std::vector<Batch> rest = all(plan);
    QCOMPARE(rest.size(), std::size_t{8});
    QCOMPARE(rest.front().pixels, whole[5].pixels);
    plan.first_batch = 13;
    QCOMPARE(all(plan).size(), std::size_t{0});
  }

  void aWorkersExceptionReachesTheCallerOnce() {
    for (const int threads : {0, 3}) {
      Loader::Plan plan = planOf(std::make_shared<CountedSplit>(77), threads);
      const auto place = std::find(plan.order.begin(), plan.order.end(), 77) - plan.order.begin();
      Loader loader(plan, kTrain);
      Batch batch;
      std::ptrdiff_t delivered = 0;
      bool thrown = false;
      try {
        while (loader.next(batch)) ++delivered;
      } catch (const Error& problem) {
        thrown = true;
        QCOMPARE(problem.code, std::string("bad-image"));
      }
      QVERIFY(thrown);
      QCOMPARE(delivered, place / 16);
      QVERIFY(!loader.next(batch));
    }
  }

  void workersRunAheadOnlyAsFarAsAllowed() {
    const auto split = std::make_shared<CountedSplit>();
    Loader::Plan plan = planOf(split, 3);
    plan.ahead = 2;
    Loader loader(plan, kTrain);
    QTRY_COMPARE(split->drawn.load(), 32);
    QTest::qWait(50);
    QCOMPARE(split->drawn.load(), 32);
    Batch batch;
    QVERIFY(loader.next(batch));
    QTRY_COMPARE(split->drawn.load(), 48);
    QVERIFY(loader.secondsWaited() >= 0);
    QCOMPARE(loader.batches(), 13);
  }

  void leavingEarlyCancelsWhatIsUnderWay() {
    const auto split = std::make_shared<CountedSplit>();
    Loader::Plan plan = planOf(split, 3);
    plan.ahead = 100;
    { Loader loader(plan, kTrain); }
    QVERIFY(split->drawn.load() < 200);
  }
};

QTEST_GUILESS_MAIN(LoaderTest)
#include "tst_loader.moc"
