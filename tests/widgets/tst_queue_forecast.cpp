// When waiting runs would begin and end, and what is not known.
#include <QTest>

#include "widgets/models/queue_forecast.h"

using namespace palimpsest;

class TestQueueForecast : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void anotherSeedTakesAsLong();
  void anotherRecipeIsNotKnown();
  void imagesCountWhereOnlyTheyDiffer();
  void theOptionForEpochsCountsAsTheRecipesOwn();
  void whatLiesBehindIsNotDoneAgain();
  void runsComeOneAfterAnother();
  void nothingIsKnownBehindTheUnknown();
};

namespace {
Value recipe(const char* name, int epochs = 5) {
  return Value::Object{{"name", name}, {"head", Value::Object{{"use", name}}}, {"phases", Value::Array{Value::Object{{"use", "sgd"}, {"epochs", epochs}}}}};
}
Value options(int seed, int limit = 0, int epochs = 0) {
  return Value::Object{{"data", "fashion-mnist"}, {"limit_train", limit}, {"seed", seed}, {"epochs", epochs}};
}
}  // namespace

void TestQueueForecast::anotherSeedTakesAsLong() {
  QueueForecast forecast;
  forecast.setFinished({{recipe("l2p"), options(1), 100}, {recipe("l2p"), options(2), 90}, {recipe("l2p"), options(3), 900}});
  QCOMPARE(forecast.seconds({recipe("l2p"), options(7)}).value_or(-1), 100.0);  // the median: one run on a busy machine is no measure
}

void TestQueueForecast::anotherRecipeIsNotKnown() {
  QueueForecast forecast;
  QVERIFY(!forecast.seconds({recipe("l2p"), options(1)}));
  forecast.setFinished({{recipe("l2p"), options(1), 100}, {recipe("dual"), options(1), 0}});
  QVERIFY(!forecast.seconds({recipe("dual"), options(1)}));  // it took no time: nothing is known of it
  QVERIFY(!forecast.seconds({recipe("l2p", 6), options(1)}));
  QVERIFY(!forecast.seconds({recipe("l2p"), Value(Value::Object{{"data", "cifar10"}})}));
}

void TestQueueForecast::imagesCountWhereOnlyTheyDiffer() {
  QueueForecast forecast;
  forecast.setFinished({{recipe("l2p"), options(1, 100), 50, 1000, 10}});
  QCOMPARE(forecast.seconds({recipe("l2p"), options(1, 300)}).value_or(-1), 150.0);
  QVERIFY(!forecast.seconds({recipe("l2p"), options(1, 0)}));  // all of them: how many that is, nobody has said
}

void TestQueueForecast::theOptionForEpochsCountsAsTheRecipesOwn() {
  QueueForecast forecast;
  forecast.setFinished({{recipe("l2p", 2), options(1, 0, 2), 40}});  // as run.json has it: written out
  QCOMPARE(forecast.seconds({trainedRecipe(recipe("l2p", 5), options(9, 0, 2)), options(9, 0, 2)}).value_or(-1), 40.0);
  QCOMPARE(forecast.seconds({trainedRecipe(recipe("l2p", 2), options(9)), options(9)}).value_or(-1), 40.0);
}

void TestQueueForecast::whatLiesBehindIsNotDoneAgain() {
  QueueForecast forecast;
  forecast.setFinished({{recipe("l2p"), options(1), 100}});
  QCOMPARE(forecast.seconds({recipe("l2p"), options(1), 0.25}).value_or(-1), 75.0);
  QCOMPARE(forecast.seconds({recipe("l2p"), options(1), 7.0}).value_or(-1), 0.0);
}

void TestQueueForecast::runsComeOneAfterAnother() {
  const auto slots = QueueForecast::slotsAfter(30.0, {10.0, 5.0});
  QCOMPARE(slots.size(), std::size_t(2));
  QCOMPARE(slots[0].begin.value_or(-1), 30.0);
  QCOMPARE(slots[0].end.value_or(-1), 40.0);
  QCOMPARE(slots[1].begin.value_or(-1), 40.0);
  QCOMPARE(slots[1].end.value_or(-1), 45.0);
}

void TestQueueForecast::nothingIsKnownBehindTheUnknown() {
  const auto slots = QueueForecast::slotsAfter(0.0, {10.0, std::nullopt, 5.0});
  QCOMPARE(slots[1].begin.value_or(-1), 10.0);
  QVERIFY(!slots[1].end && !slots[2].begin && !slots[2].end);
  const auto behind = QueueForecast::slotsAfter(std::nullopt, {10.0});  // the live run cannot tell
  QVERIFY(!behind[0].begin && !behind[0].end);
}

QTEST_APPLESS_MAIN(TestQueueForecast)
#include "tst_queue_forecast.moc"
