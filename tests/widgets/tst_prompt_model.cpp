// How prompts are told: kinds of methods, tables, figures, verdicts; the map of keys; what-if as text and as tables.
#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QTest>
#include <cmath>

#include "tests/widgets/prompt_story.h"
#include "widgets/models/key_map.h"
#include "widgets/models/prompt_model.h"
#include "widgets/models/what_if_model.h"

using namespace palimpsest;
using Method = PromptStory::Kind;

namespace {

std::unique_ptr<RunData> runOf(const PromptStory& story) {
  auto run = std::make_unique<RunData>(QStringLiteral("run"));
  run->apply(story.events());
  return run;
}

bool same(const PromptTable& a, const PromptTable& b) {
  const auto alike = [](const std::vector<double>& x, const std::vector<double>& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](double p, double q) { return p == q || (std::isnan(p) && std::isnan(q)); });
  };
  return a.keys == b.keys && a.prompts == b.prompts && alike(a.shares, b.shares) && alike(a.counts, b.counts);
}

Value answerOf(double before, double after) {
  Value answer;
  answer["after_task"] = 1;
  answer["images"] = 40;
  answer["changed_predictions"] = 6;
  answer["changed_selections"] = 0.25;
  answer["seconds"] = 2.0;
  answer["before"]["accuracy"] = before;
  answer["before"]["by_task"] = Value::Array{before + 1, before - 1};
  answer["after"]["accuracy"] = after;
  answer["after"]["by_task"] = Value::Array{after, Value()};
  return answer;
}

}  // namespace

class TestPromptModel : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void theKindIsReadOffTheData() {
    const auto kind = [](Method which) {
      PromptStory story;
      story.kind = which;
      const auto layers = promptLayers(*runOf(story));
      return layers.size() == 1 ? layers.front().kind : PromptKind::None;
    };
    QCOMPARE(kind(Method::Counts), PromptKind::Counts);
    QCOMPARE(kind(Method::Slots), PromptKind::Slots);
    QCOMPARE(kind(Method::Mass), PromptKind::Mass);
  }

  void aPromptForAllImagesIsNoChoice() {
    RunData run(QStringLiteral("run"));
    PromptUse use;
    use.images = 20;
    use.asked = use.applied = {20};
    use.mass = {20};
    run.apply({Event{0, 1, use}});
    QCOMPARE(promptLayers(run).front().kind, PromptKind::Shared);
    QCOMPARE(promptVerdict(run, std::nan("")).level, PromptVerdict::Level::Healthy);
  }

  void aMethodWithoutPromptsSaysSo() {
    RunData run(QStringLiteral("run"));
    RunStarted start;
    start.title = "SimpleCIL";
    start.tasks = 1;
    run.apply({Event{0, 1, start}, Event{1, 2, TaskStarted{0, 10, 10, {0}}}, Event{2, 3, TaskEnded{0, 10, 1}}});
    QVERIFY(promptLayers(run).empty());
    QVERIFY(promptKindText(run, PromptKind::None).contains(QStringLiteral("SimpleCIL has no prompts")));
    QCOMPARE(promptVerdict(run, std::nan("")).level, PromptVerdict::Level::Unknown);
  }

  void layersAreNamedByTheirBlocks() {
    RunData run(QStringLiteral("run"));
    PromptUse use;
    use.images = 4;
    use.asked = use.applied = {2, 2};
    std::vector<Event> events;
    for (int layer = 0; layer < 2; ++layer) {
      use.layer = layer;
      events.push_back({std::uint64_t(layer), 1, use});
    }
    run.apply(events);
    Value recipe, entry;
    entry["pool"]["use"] = "components";
    entry["inject"]["blocks"] = Value::Array{3, 5};
    recipe["prompts"] = Value::Array{entry};
    const auto layers = promptLayers(run, recipe);
    QCOMPARE(layers[1].name, QStringLiteral("Layer 1, block 5"));
    QCOMPARE(promptLayers(run)[1].name, QStringLiteral("Layer 1"));
  }

  void theTableByTaskIsNormalisedByRow() {
    const auto run = runOf({});
    const PromptTable table = promptsByTask(*run, 2, 0, PromptSide::Applied);
    QCOMPARE(table.rows(), 3);
    QCOMPARE(table.prompts, 6);
    QCOMPARE(table.share(1, 2), 0.5);
    QCOMPARE(table.share(1, 0), 0.0);
    QCOMPARE(table.count(1, 2), 20.0);
    QVERIFY(promptsByTask(*run, 7, 0, PromptSide::Applied).keys.empty());
    const std::vector<double> usage = promptUsage(table);
    for (const double u : usage) QCOMPARE(u, 1.0 / 6);
  }

  void whatWasAskedForAndWhatWasAppliedStayApart() {
    PromptStory story;
    story.votes = true;
    const auto run = runOf(story);
    QCOMPARE(promptsByTask(*run, 2, 0, PromptSide::Asked).share(1, 2), 0.5);
    QCOMPARE(promptsByTask(*run, 2, 0, PromptSide::Applied).share(1, 2), 0.0);
    const PromptTable difference = promptsByTask(*run, 2, 0, PromptSide::Difference);
    QCOMPARE(difference.share(1, 2), -0.5);
    QCOMPARE(difference.share(1, 0), 0.5);
  }

  void promptsThatDidNotExistYetAreNoZeros() {
    PromptStory story;
    story.kind = Method::Slots;
    const PromptTable table = promptsOverTraining(*runOf(story), 0, PromptSide::Applied, std::nan(""));
    QCOMPARE(table.rows(), 12);
    QVERIFY(std::isnan(table.share(0, 5)));
    QCOMPARE(table.share(11, 5), 0.5);
    QCOMPARE(table.keys[0], 10);
    QCOMPARE(promptsOverTraining(*runOf(story), 0, PromptSide::Applied, 40).rows(), 4);
  }

  void weightsAreSharesOfTheMass() {
    PromptStory story;
    story.kind = Method::Mass;
    const PromptTable table = promptsByTask(*runOf(story), 2, 0, PromptSide::Applied);
    QCOMPARE(table.share(0, 5), 6.0 / 21);
  }

  void imagesAreFoundByPromptAndClass() {
    PromptStory story;
    story.votes = true;
    const Blob blob = story.features(1);
    QCOMPARE(imagesGiven(blob, 0, PromptSide::Asked, 6, 2), (std::vector<std::int64_t>{200, 201, 202, 203, 300, 301, 302, 303}));
    QCOMPARE(imagesGiven(blob, 0, PromptSide::Asked, 6, 2, std::vector<int>{3}), (std::vector<std::int64_t>{300, 301, 302, 303}));
    QCOMPARE(imagesGiven(blob, 0, PromptSide::Applied, 6, 2, std::vector<int>{3}).size(), 0u);
    QCOMPARE(imagesGiven(blob, 0, PromptSide::Applied, 6, 99).size(), 0u);
    QCOMPARE(imagesGiven(blob, 4, PromptSide::Applied, 6, 0).size(), 0u);
    story.kind = Method::Mass;
    QCOMPARE(imagesGiven(story.features(1), 0, PromptSide::Applied, 6, 2), (std::vector<std::int64_t>{200, 201, 202, 203}));
    QVERIFY(imagesGiven(Blob(), 0, PromptSide::Applied, 6, 2).empty());
  }

  void classesAreToldApart() {
    const PromptTable table = promptsByClass(PromptStory().features(1), 0, PromptSide::Applied, 6);
    QCOMPARE(table.keys, (std::vector<std::int64_t>{0, 1, 2, 3}));
    QCOMPARE(table.share(3, 2), 0.5);
    QCOMPARE(table.count(3, 2), 4.0);
    const auto [usage, found] = usageAmong(PromptStory().features(1), 0, PromptSide::Applied, 6, {300, 301, 999});
    QCOMPARE(found, 2);
    QCOMPARE(usage[2], 0.5);
  }

  void figuresFollowTheLooks() {
    PromptStory story;
    story.kind = Method::Slots;
    const auto run = runOf(story);
    const Series retrieval = promptFigure(*run, 0, PromptFigure::Retrieval);
    QCOMPARE(retrieval.size(), 12u);
    QCOMPARE(retrieval.y(0), 75.0);
    QCOMPARE(mostAvailable(*run, 0), 6);
    QVERIFY(promptFigure(*run, 3, PromptFigure::Dead).empty());
  }

  void keysThatTurnDrift() {
    const PromptStory story;
    // Key 0 turns from (1, 0) to (1, 1): 1 - cos 45 degrees; five others stay.
    QVERIFY(std::abs(keyDrift(story.keys(0), story.keys(1)) - (1 - std::sqrt(0.5)) / 6) < 1e-6);
    QVERIFY(std::isnan(keyDrift(Blob(), story.keys(1))));
    const auto keys = keysOf(*runOf(story), 0);
    QCOMPARE(keys.size(), 3u);
    QCOMPARE(keys[1].step, 80.0);
  }

  void aCollapseIsToldFromItsBeginningOn() {
    PromptStory story;
    story.collapses = true;
    const auto run = runOf(story);
    const PromptVerdict now = promptVerdict(*run, std::nan(""));
    QCOMPARE(now.level, PromptVerdict::Level::Collapsed);
    QCOMPARE(now.text, QStringLiteral("Whatever the image, prompts 1, 4 since step 21 of T2"));
    QCOMPARE(now.began, 60.0);
    QCOMPARE(now.task, 1);
    QCOMPARE(promptVerdict(*run, 60).level, PromptVerdict::Level::Collapsed);  // in hindsight
    const PromptVerdict before = promptVerdict(*run, 59);
    QCOMPARE(before.level, PromptVerdict::Level::Healthy);
    QCOMPARE(before.text, QStringLiteral("5.4 of 6 prompts in use"));
    story.looks = false;  // an older record: counts alone
    story.collapses = false;
    QCOMPARE(promptVerdict(*runOf(story), std::nan("")).text, QStringLiteral("6.0 of 6 prompts in use"));
  }

  void aChoiceThatRecoveredIsOnlyDoubtful() {
    PromptStory story;
    story.collapses = story.recovers = true;
    const auto run = runOf(story);
    const PromptVerdict now = promptVerdict(*run, std::nan(""));
    QCOMPARE(now.level, PromptVerdict::Level::Doubtful);
    QCOMPARE(now.text, QStringLiteral("5.4 of 6 prompts in use; had collapsed onto 1, 4 at step 21 of T2"));
    QCOMPARE(now.task, 1);  // so that its cause can still be gone to
    QCOMPARE(promptVerdict(*run, 80).level, PromptVerdict::Level::Collapsed);
  }

  void cuttingTheStreamAnywhereGivesTheSame() {
    PromptStory story;
    story.collapses = true;
    const std::vector<Event> all = story.events();
    const auto whole = runOf(story);
    for (std::size_t cut = 0; cut <= all.size(); cut += 3) {
      RunData run(QStringLiteral("run"));
      run.apply({all.begin(), all.begin() + std::ptrdiff_t(cut)});
      (void)promptVerdict(run, std::nan(""));  // half a story must not upset anything
      run.apply({all.begin() + std::ptrdiff_t(cut), all.end()});
      QVERIFY(same(promptsByTask(run, 1, 0, PromptSide::Applied), promptsByTask(*whole, 1, 0, PromptSide::Applied)));
      QVERIFY(same(promptsOverTraining(run, 0, PromptSide::Asked, std::nan("")), promptsOverTraining(*whole, 0, PromptSide::Asked, std::nan(""))));
      QCOMPARE(promptFigure(run, 0, PromptFigure::Effective).ys(), promptFigure(*whole, 0, PromptFigure::Effective).ys());
      QCOMPARE(promptVerdict(run, std::nan("")).text, promptVerdict(*whole, std::nan("")).text);
    }
  }

  void whatAResumedRunDoesAgainIsNotCountedTwice() {
    const std::vector<Event> all = PromptStory().events();
    RunData run(QStringLiteral("run"));
    run.apply(all);
    std::size_t half = 0;
    while (!std::holds_alternative<TaskEnded>(all[half].what)) ++half;
    std::vector<Event> again{{all.size(), 1, RunResumed{std::int64_t(half) + 1, 40, 1, 0, 0, 0}}};
    for (std::size_t i = half + 1; i < all.size(); ++i) again.push_back({all.size() + again.size(), 1, all[i].what});
    run.apply(again);
    QVERIFY(same(promptsOverTraining(run, 0, PromptSide::Applied, std::nan("")), promptsOverTraining(*runOf({}), 0, PromptSide::Applied, std::nan(""))));
  }

  void classesOfSeveralTasksBelongToNone() {
    RunStarted start;
    start.class_order = {1, 0};
    start.class_names = {"a", "b"};
    start.task_sizes = {1, 1};
    QCOMPARE(taskOfClass(start), (std::vector<int>{1, 0}));
    start.task_sizes = {2, 2};
    QVERIFY(taskOfClass(start).empty());
  }

  void thePlaneShowsTheLargestVariance() {
    // Four keys far apart in two directions and near in the others: the plane holds nearly everything.
    auto blob = std::make_shared<Blob>();
    auto& keys = blob->tensors["keys"];
    keys.shape = {4, 5};
    keys.values = {1, 0, 0.01F, 0, 0, -1, 0, 0, 0.01F, 0, 0, 1, 0, 0, 0.01F, 0, -1, 0.01F, 0, 0};
    const KeyMap map = keyMap({{0, blob}}, nullptr);
    QCOMPARE(map.keys.size(), 1u);
    QVERIFY(map.explained > 0.99);
    QVERIFY(std::abs(QLineF(map.keys[0][0], map.keys[0][1]).length() - 2) < 0.01);
    QVERIFY(std::abs(QLineF(map.keys[0][0], map.keys[0][2]).length() - std::sqrt(2)) < 0.01);
    const std::atomic<bool> stop = true;
    QVERIFY(keyMap({{0, blob}}, nullptr, &stop).empty());
    QVERIFY(keyMap({{0, std::make_shared<Blob>()}}, nullptr).empty());
  }

  void poolsThatGrowAndQueriesShareThePlane() {
    PromptStory story;
    story.kind = Method::Slots;
    std::vector<std::pair<int, std::shared_ptr<const Blob>>> keys;
    for (int task = 0; task < 3; ++task) keys.emplace_back(task, std::make_shared<const Blob>(story.keys(task)));
    const KeyMap map = keyMap(keys, std::make_shared<const Blob>(story.features(2)));
    QCOMPARE(map.keys[0].size(), 2u);
    QCOMPARE(map.keys[2].size(), 6u);
    QCOMPARE(map.queries.size(), 24u);
    QCOMPARE(map.labels.back(), 5);
    const std::vector<double> cosines = keyCosineTable(story.keys(0));
    QCOMPARE(cosines.size(), 4u);
    QCOMPARE(cosines[0], 1.0);
    QCOMPARE(cosines[1], cosines[2]);
  }

  void whatIsTypedBecomesAChangeOrAProblem() {
    const WhatIfLimits limits{6, false, 2};
    WhatIfFields fields;
    QVERIFY(readWhatIf(fields, limits).nothing);
    fields = {QStringLiteral("4, 1 1"), QStringLiteral("0"), QStringLiteral("2:3"), QStringLiteral("5"), QStringLiteral("3:T2"), 2, 0, true, 0, 1};
    const ReadWhatIf read = readWhatIf(fields, limits);
    QCOMPARE(read.problems, QStringList());
    QCOMPARE(read.change.mask, (std::vector<int>{1, 4}));
    QCOMPARE(read.change.freeze, (std::vector<std::pair<int, int>>{{3, 1}}));
    QCOMPARE(whatIfText(read.change), QStringLiteral("mask 1, 4; force 0; swap 2 and 3; re-initialise 5; freeze 3 at T2; top-k 2; centre queries; layer 0 only; after T2"));
    QCOMPARE(readWhatIf(fieldsOf(read.change), limits).change.swap, read.change.swap);
    const auto problem = [&](WhatIfFields wrong, WhatIfLimits of) { return readWhatIf(wrong, of).problems.join(QLatin1Char(' ')); };
    QVERIFY(problem({.mask = QStringLiteral("6")}, limits).contains(QStringLiteral("no prompt 6")));
    QVERIFY(problem({.mask = QStringLiteral("x")}, limits).contains(QStringLiteral("no number")));
    QVERIFY(problem({.mask = QStringLiteral("0 1 2 3 4 5")}, limits).contains(QStringLiteral("no prompt would be left")));
    QVERIFY(problem({.swap = QStringLiteral("3")}, limits).contains(QStringLiteral("no pair")));
    QVERIFY(problem({.freeze = QStringLiteral("3:9")}, limits).contains(QStringLiteral("no task 9")));
    QVERIFY(problem({.force = QStringLiteral("3")}, {6, true, 2}).contains(QStringLiteral("weighed")));
    QVERIFY(problem({.temperature = 0.5}, limits).contains(QStringLiteral("Temperature")));
    QVERIFY(problem({.temperature = 0.5}, {6, true, 2}).isEmpty());
  }

  void answersBecomeTablesAndSentences() {
    TrialListModel list;
    TrialTasksModel tasks;
    const QAbstractItemModelTester list_tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const QAbstractItemModelTester tasks_tester(&tasks, QAbstractItemModelTester::FailureReportingMode::QtTest);
    auto trial = readTrial(answerOf(60, 62.5));
    QVERIFY(trial);
    trial->run = QStringLiteral("L2P");
    trial->change.mask = {1};
    list.add(*trial);
    list.add(*readTrial(answerOf(60, 50)));
    QCOMPARE(list.index(1, TrialListModel::Change).data().toString(), QStringLiteral("mask 1"));
    QCOMPARE(list.index(1, TrialListModel::Difference).data().toString(), QStringLiteral("+2.5"));
    QCOMPARE(list.index(0, TrialListModel::Difference).data(TrialListModel::FigureRole).toDouble(), -10.0);
    tasks.set(trial);
    QCOMPARE(tasks.rowCount(), 3);
    QCOMPARE(tasks.index(1, TrialTasksModel::Difference).data(TrialListModel::FigureRole).toDouble(), 1.5);
    QVERIFY(std::isnan(tasks.index(2, TrialTasksModel::After).data(TrialListModel::FigureRole).toDouble()));
    QVERIFY2(trialSentence(*trial).contains(QStringLiteral("+2.5 points")), qPrintable(trialSentence(*trial)));
    tasks.set(std::nullopt);
    QCOMPARE(tasks.rowCount(), 0);
    QVERIFY(!readTrial(Value()));
  }

  void batchInvarianceIsSaidInWords() {
    QVERIFY(!readInvariance(Value()).known);
    Value answer;
    answer["images"] = 40;
    answer["changed_predictions"] = 0;
    QVERIFY(readInvariance(answer).invariant);
    answer["changed_predictions"] = 7;
    answer["bwe"] = 21.5;
    answer["changed_samples"] = Value::Array{3, 9};
    const InvarianceAnswer told = readInvariance(answer);
    QVERIFY(!told.invariant);
    QVERIFY(told.sentence.contains(QStringLiteral("7 of 40")) && told.sentence.contains(QStringLiteral("+21.5")));
    QCOMPARE(told.samples, (std::vector<std::int64_t>{3, 9}));
  }

  void aHundredTasksAreToldQuickly() {
    PromptStory story;
    story.tasks = story.learned = 100;
    story.prompts = 200;
    story.blobs = false;
    const auto run = runOf(story);
    QElapsedTimer timer;
    timer.start();
    const PromptVerdict verdict = promptVerdict(*run, std::nan(""));
    const PromptTable table = promptsByTask(*run, 99, 0, PromptSide::Applied);
    qInfo("verdict and table over %zu counts: %.1f ms", run->promptUse().size(), double(timer.nsecsElapsed()) / 1e6);
    QCOMPARE(table.rows(), 100);
    QVERIFY(!verdict.text.isEmpty());
  }
};

QTEST_GUILESS_MAIN(TestPromptModel)
#include "tst_prompt_model.moc"
