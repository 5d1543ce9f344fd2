// What predictions tell of images, classes and tasks; life-lines, causes, the stability gap and costs, all by hand.
#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>
#include <algorithm>
#include <cmath>

#include "tests/widgets/prediction_story.h"
#include "widgets/models/attribution.h"
#include "widgets/models/class_table_model.h"
#include "widgets/models/costs.h"
#include "widgets/models/life_order.h"
#include "widgets/models/prediction_loader.h"
#include "widgets/models/stability.h"

using namespace palimpsest;
using Samples = std::vector<std::int64_t>;

namespace {

PredictionHistory told(std::vector<int> stages) {
  PredictionHistory history;
  for (const int task : stages)
    if (!history.add(task, PredictionStory::stage(task))) qWarning("refused");
  return history;
}

// Everything that can be asked of a history, as text.
QString everything(const PredictionHistory& history) {
  QString out;
  for (const int task : history.tasks()) {
    const Confusion confusion = history.confusion(task, PredictionStory::order());
    for (const int key : confusion.keys) out += QString::number(key) + QLatin1Char(' ');
    for (const int at : confusion.borders()) out += QStringLiteral("| %1 ").arg(at);
    for (const auto count : confusion.counts) out += QString::number(count) + QLatin1Char(' ');
    for (const auto kind : {LifeKind::Kept, LifeKind::Late, LifeKind::Relearned, LifeKind::Forgotten, LifeKind::Never})
      for (const auto sample : history.ofKind(kind, task)) out += QString::number(sample) + QLatin1Char(',');
    for (const auto sample : history.firstToFall(task, 5)) out += QStringLiteral("f%1 ").arg(sample);
  }
  return out;
}

}  // namespace

class TestPredictionHistory : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void confusionsStandInLearningOrderWithTaskBorders() {
    const auto history = told({0, 1, 2});
    const Confusion two = history.confusion(1, PredictionStory::order());
    QCOMPARE(two.keys, (std::vector<int>{4, 1, 0, 5}));
    QCOMPARE(two.borders(), std::vector<int>{2});
    QCOMPARE(two.at(0, 0), 6);  // frog: 0 to 5
    QCOMPARE(two.at(0, 2), 3);  // 6, 7 and 8 taken for cat, the first class of T2
    QCOMPARE(two.at(0, 1), 1);  // 9
    QCOMPARE(two.rowSum(0), 10);
    const Confusion tasks = byTask(two);
    QCOMPARE(tasks.keys, (std::vector<int>{0, 1}));
    QCOMPARE(tasks.at(0, 0), 14);
    QCOMPARE(tasks.at(0, 1), 6);
    QCOMPARE(tasks.at(1, 1), 20);
  }

  void aDifferenceIsTakenOnTheClassesThatBothKnow() {
    const auto history = told({0, 1, 2});
    const Confusion minus = difference(history.confusion(2, {}), history.confusion(1, {}));
    QCOMPARE(minus.keys.size(), 4u);
    for (std::size_t row = 0; row < 4; ++row) QVERIFY(minus.keys[row] != 2 && minus.keys[row] != 3);
    const auto frog = std::size_t(std::find(minus.keys.begin(), minus.keys.end(), 4) - minus.keys.begin());
    QCOMPARE(minus.at(frog, frog), 1);  // image 8 came back
    QCOMPARE(difference({}, history.confusion(1, {})).size(), 0u);
  }

  void everyImageHasOneFate() {
    const auto history = told({0, 1, 2});
    QCOMPARE(history.ofKind(LifeKind::Forgotten, 2), (Samples{6, 7, 8, 16, 17, 46, 47, 56, 57, 58}));  // of T2's classes 8 had no time to come back
    QCOMPARE(history.ofKind(LifeKind::Relearned, 2), (Samples{18, 48}));
    QCOMPARE(history.ofKind(LifeKind::Never, 2), (Samples{9, 19, 29, 39, 49, 59}));
    QVERIFY(history.ofKind(LifeKind::Late, 2).empty());
    QCOMPARE(history.ofKind(LifeKind::Kept, 2).size() + 10 + 2 + 6, 60u);
    QCOMPARE(history.ofKind(LifeKind::Forgotten, 1), (Samples{16, 17, 18, 46, 47, 48}));
    const Life life = history.life(std::size_t(history.rowOf(48)), 2);
    QCOMPARE(life.first, 0);
    QCOMPARE(life.fell, 1);
    QVERIFY(life.right);
    QCOMPARE(history.life(std::size_t(history.rowOf(20)), 1).kind, LifeKind::Untested);
  }

  void anImageThatIsLearnedLateIsNotForgotten() {
    PredictionHistory history;
    QVERIFY(history.add(0, {{7}, {1}, {2}}));
    QVERIFY(history.add(1, {{7}, {1}, {1}}));
    QCOMPARE(history.life(0, 1).kind, LifeKind::Late);
    QCOMPARE(history.life(0, 0).kind, LifeKind::Never);
    QCOMPARE(history.life(0, 1).fell, -1);
  }

  void theFirstToFallComeFirst() {
    const auto history = told({0, 1, 2});
    QCOMPARE(history.firstToFall(2, 7), (Samples{16, 17, 18, 46, 47, 48, 6}));
    QVERIFY(history.firstToFall(0, 7).empty());
  }

  void imagesBehindACellAClassAndATaskAreNamed() {
    const auto history = told({0, 1, 2});
    QCOMPARE(history.behind(1, 4, 0), (Samples{46, 47, 48}));
    QCOMPARE(history.behind(2, 4, 0), (Samples{46, 47}));
    QCOMPARE(history.behindTasks(1, 0, 1), (Samples{16, 17, 18, 46, 47, 48}));
    QCOMPARE(history.ofClass(3).size(), 10u);
    QCOMPARE(history.ofTask(2).size(), 20u);
    QVERIFY(history.behind(9, 4, 0).empty());
    QCOMPARE(history.accuracy(1, 4), std::optional(0.6));
    QCOMPARE(history.accuracy(0, 2), std::nullopt);
  }

  void theOrderAndTheCutsOfStagesDoNotMatter() {
    const QString whole = everything(told({0, 1, 2}));
    for (const auto& order : {std::vector{2, 1, 0}, {1, 0, 2}, {2, 0, 1}, {0, 1, 1, 2, 0}}) QCOMPARE(everything(told(order)), whole);
    for (int cut = 0; cut <= 3; ++cut) {  // a copy goes on as the original would have
      PredictionHistory first;
      for (int task = 0; task < cut; ++task) first.add(task, PredictionStory::stage(task));
      PredictionHistory rest = first;
      for (int task = cut; task < 3; ++task) rest.add(task, PredictionStory::stage(task));
      QCOMPARE(everything(rest), whole);
      QCOMPARE(first.tasks().size(), std::size_t(cut));
    }
    PredictionHistory again = told({0, 1, 2});
    again.remove(1);
    again.remove(2);
    QCOMPARE(everything(again), everything(told({0})));
    QCOMPARE(again.ofTask(2), Samples{});
    again.remove(0);
    QVERIFY(again.empty() && again.rows() == 0);
  }

  void nonsenseIsRefusedWhole() {
    auto history = told({0});
    const QString before = everything(history);
    QVERIFY(!history.add(1, {{1, 2}, {1}, {1, 1}}));
    QVERIFY(!history.add(1, {{-1}, {1}, {1}}));
    QVERIFY(!history.add(1, {{std::int64_t(1) << 40}, {1}, {1}}));
    QVERIFY(!history.add(1, {{100, 40}, {1, 1}, {1, 1}}));  // 40 is a frog
    QVERIFY(!history.add(-1, {}));
    QCOMPARE(everything(history), before);
  }

  void aHundredThousandImagesAreQuick() {
    PredictionHistory history;
    PredictionHistory::Stage stage;
    for (int i = 0; i < 100000; ++i) {
      stage.samples.push_back(i);
      stage.labels.push_back(i % 100);
      stage.predictions.push_back(0);
    }
    QElapsedTimer timer;
    timer.start();
    for (int task = 0; task < 10; ++task) {
      for (int i = 0; i < 100000; ++i) stage.predictions[std::size_t(i)] = (i + task) % 3 ? i % 100 : (i + 1) % 100;
      QVERIFY(history.add(task, stage));
    }
    qInfo("adding: %lld ms a stage", timer.restart() / 10);
    QCOMPARE(history.confusion(9, {}).size(), 100u);
    qInfo("confusion: %lld ms", timer.restart());
    QCOMPARE(lifeOrder(history, 9, LifeOrder::Sort::ByFall).rows.size(), 100000u);
    qInfo("life-lines: %lld ms", timer.elapsed());
  }

  void lifeLinesAreGroupedAndSorted() {
    const auto history = told({0, 1, 2});
    const LifeOrder order = lifeOrder(history, 2, LifeOrder::Sort::ByFall);
    QCOMPARE(order.groups.size(), 4u);
    QCOMPARE(order.groups[0].kind, LifeKind::Forgotten);
    QCOMPARE(order.groups[0].count, 10u);
    QCOMPARE(order.groups[3].begin + order.groups[3].count, order.rows.size());
    QCOMPARE(history.sample(std::size_t(order.rows[0])), 16);  // fell after T2
    QCOMPARE(history.sample(std::size_t(order.rows[9])), 58);  // after T3
    QCOMPARE(history.sample(std::size_t(lifeOrder(history, 2, LifeOrder::Sort::ByClass).rows[0])), 6);
    QCOMPARE(ordered(history, 2, LifeOrder::Sort::ByFall, {0, 6, 999, 46}), (Samples{46, 6, 0, 999}));
    QCOMPARE(ordered(history, 2, LifeOrder::Sort::ByClass, {46, 999, 6, 0}), (Samples{6, 0, 46, 999}));
    QVERIFY(lifeOrder({}, 2, LifeOrder::Sort::ByClass).rows.empty());
  }

  void theLoaderFollowsItsRunAndForgetsWhatIsDoneAgain() {
    int reads = 0;
    BlobStore blobs([&](const std::filesystem::path& file) { return ++reads, PredictionStory::read(file); });
    PredictionLoader loader(blobs);
    QVERIFY(loader.emptyText().contains(QStringLiteral("No run")));
    RunData run(QStringLiteral("run"));
    run.folder = "/nowhere/run";
    const auto events = PredictionStory::events();
    loader.setRun(&run);
    for (std::size_t cut = 0; cut < events.size(); ++cut) run.apply({events[cut]});  // one by one
    QTRY_COMPARE(loader.history()->tasks().size(), 3u);
    QCOMPARE(everything(*loader.history()), everything(told({0, 1, 2})));
    const auto kept = loader.history();
    const auto third = std::find_if(events.begin(), events.end(), [](const Event& e) { return std::holds_alternative<TaskStarted>(e.what) && std::get<TaskStarted>(e.what).task == 2; });
    RunResumed resumed;
    resumed.from_seq = std::int64_t(third->seq);
    run.apply({{events.size(), 0, resumed}});
    QCOMPARE(loader.history()->tasks().size(), 2u);
    QCOMPARE(kept->tasks().size(), 3u);  // who holds the old one is not disturbed
    run.apply({{events.size() + 1, 0, Predictions{2, "predictions-task-2.safetensors"}}});
    QTRY_COMPARE(loader.history()->tasks().size(), 3u);
    QCOMPARE(reads, 4);  // the third one was read again
  }

  void theLoaderSurvivesItsRunAndDamagedFiles() {
    BlobStore blobs([](const std::filesystem::path&) {
      Blob blob;
      blob.problem = QStringLiteral("the file ends too early");
      return blob;
    });
    PredictionLoader loader(blobs);
    {
      RunData run(QStringLiteral("run"));
      run.folder = "/nowhere/run";
      run.apply(PredictionStory::events());
      loader.setRun(&run);
      QTRY_VERIFY(!loader.loading());
      QVERIFY2(loader.emptyText().contains(QStringLiteral("too early")), qPrintable(loader.emptyText()));
    }
    QCOMPARE(loader.run(), nullptr);
    QVERIFY(loader.history()->empty());
  }

  void classesTellWhatTheyWereAndWhatTheyAreTakenFor() {
    RunData run(QStringLiteral("run"));
    run.apply(PredictionStory::events());
    ClassTableModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    const auto history = told({0, 1, 2});
    model.set(&run, history, 1);
    QCOMPARE(model.rowCount(), 4);
    model.set(&run, history, 2);
    QCOMPARE(model.rowCount(), 6);
    QCOMPARE(model.index(0, ClassTableModel::Name).data().toString(), QStringLiteral("frog"));
    QCOMPARE(model.index(0, ClassTableModel::Now).data(ClassTableModel::SortRole).toDouble(), 70.0);
    QCOMPARE(model.index(0, ClassTableModel::Learned).data(ClassTableModel::SortRole).toDouble(), 90.0);
    QCOMPARE(model.index(0, ClassTableModel::Forgetting).data(ClassTableModel::SortRole).toDouble(), 20.0);
    QCOMPARE(model.index(0, ClassTableModel::Error).data().toString(), QStringLiteral("cat (2)"));
    QSignalSpy reset(&model, &QAbstractItemModel::modelReset), changed(&model, &QAbstractItemModel::dataChanged);
    model.set(&run, history, 2);
    QCOMPARE(reset.size(), 0);  // the same classes: scroll and selection stay
    QCOMPARE(changed.size(), 1);
    model.set(nullptr, history, 2);
    QCOMPARE(model.rowCount(), 0);
  }

  void causesAreReadAndSaidInWords() {
    const Value answer(Value::Object{{"attribution", Value::Array{Value::Object{{"task", 0}, {"learned", 90.0}, {"now", 60.0}, {"matching", 3.0}, {"prompts", -1.0}, {"head", 20.0}, {"class_expansion", 8.0}, {"head_images", Value::Array{4, 7}}},
                                                                   Value::Object{{"task", 1}, {"learned", 70.0}, {"now", 71.0}, {"matching", Value()}}}}});
    const auto all = attributionsOf(answer);
    QCOMPARE(all.size(), 2u);
    double sum = 0;
    for (const ForgettingCause& cause : all[0].causes) sum += cause.points;
    QCOMPARE(all[0].learned - sum, all[0].now);
    QCOMPARE(all[0].largest()->kind, ForgettingCause::Kind::Head);
    QCOMPARE(all[0].largest()->samples, (Samples{4, 7}));
    QVERIFY2(inWords(all[0]).contains(QStringLiteral("30.0")) && inWords(all[0]).contains(QStringLiteral("head, 20.0")), qPrintable(inWords(all[0])));
    QCOMPARE(all[1].largest(), nullptr);
    QVERIFY(inWords(all[1]).contains(QStringLiteral("lost nothing")));
    QVERIFY(attributionsOf(Value()).empty());
  }

  void theStabilityGapIsMeasuredFromTheBorder() {
    // Task 0 ends at 80 %; the border is at step 10; it dips to 20 % two steps later and comes back to 60 %.
    std::vector<Probed> probes{{0, 0, 8, 10, 9}, {1, 0, 5, 10, 11}, {1, 1, 1, 10, 11}, {1, 0, 2, 10, 12}, {1, 1, 4, 10, 12}, {1, 0, 6, 10, 13}, {1, 1, 9, 10, 13}, {1, 0, 1, 10, 20}, {1, 1, 9, 10, 20}};
    const std::vector<TaskBand> bands{{0, 0, 10, true, {}, {}}, {1, 10, 20, true, {}, {}}};
    const Stability found = stabilityOf(probes, bands);
    QCOMPARE(found.curves.size(), 1u);
    QCOMPARE(found.curves[0].earlier.xs(), (std::vector<double>{0, 1, 2, 3, 10}));
    QCOMPARE(found.curves[0].before, 80.0);
    QCOMPARE(found.curves[0].dense, 3);
    QCOMPARE(found.curves[0].lowest, 20.0);
    QCOMPARE(found.min_acc, std::optional(10.0));           // step 20 counts for it
    QCOMPARE(found.wc_acc, std::optional(90.0 / 2 + 10.0 / 2));
    QVERIFY(stabilityOf({}, bands).curves.empty());
    QCOMPARE(stabilityOf({probes[0]}, bands).min_acc, std::nullopt);
  }

  void costsComeFromTheNewestMeasurement() {
    RunData run(QStringLiteral("run"));
    QVERIFY(std::isnan(costOf(run, Cost::StoredBytes, {})));
    QVERIFY(std::isnan(costOf(run, Cost::SecondsPerTask, {})));
    run.apply(PredictionStory::events());
    QCOMPARE(costOf(run, Cost::StoredBytes, {}), 3500.0);
    QCOMPARE(costOf(run, Cost::ImagesKept, {}), 30.0);
    QCOMPARE(costOf(run, Cost::SecondsPerTask, {}), 5.0);
    QVERIFY(std::isnan(costOf(run, Cost::TrainableParameters, {})));
    QCOMPARE(costOf(run, Cost::TrainableParameters, {1234, 1}), 1234.0);
    QCOMPARE(paretoFront({{10, 50}, {5, 60}, {20, 70}, {20, 65}, {std::nan(""), 99}, {5, 55}}), (std::vector<std::size_t>{1, 2}));
    QVERIFY(paretoFront({}).empty());
  }
};

QTEST_MAIN(TestPredictionHistory)
#include "tst_prediction_history.moc"
