#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QtTest>
#include <numeric>

#include "engine/protocol/error.h"
#include "engine/scenario/scenario.h"

using namespace palimpsest;

namespace {

std::int64_t checksum(const std::vector<int>& order) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < order.size(); ++i) sum += static_cast<std::int64_t>(i) * order[i];
  return sum;
}

std::vector<int> head(const std::vector<int>& order, int n) { return {order.begin(), order.begin() + n}; }

Issues issuesOf(const std::string& spec, int classes) {
  try {
    makeScenario(spec, classes);
  } catch (const BadInput& problem) {
    return problem.issues;
  }
  return {};
}

}  // namespace

class ScenarioTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void ordersOfSeed1993AreThoseOfNumPy() {
    struct Row {
      int classes;
      std::vector<int> first;
      std::int64_t checksum;
    };
    const Row rows[] = {{10, {4, 2, 7, 6, 0, 3, 5, 8, 9, 1}, 216},
                        {50, {43, 41, 23, 14, 13, 40, 42, 22, 16, 45}, 29649},
                        {100, {68, 56, 78, 8, 23, 84, 90, 65, 74, 76}, 236946},
                        {196, {59, 134, 162, 9, 42, 72, 118, 99, 109, 79}, 1916344},
                        {200, {168, 136, 51, 9, 183, 101, 171, 99, 42, 159}, 2044957},
                        {300, {169, 221, 146, 296, 92, 229, 49, 70, 126, 77}, 6935101},
                        {345, {214, 80, 343, 268, 224, 97, 253, 55, 165, 170}, 10497958},
                        {1000, {54, 7, 894, 512, 126, 337, 988, 11, 284, 493}, 253447890}};
    for (const Row& row : rows) {
      const std::vector<int> order = pilotClassOrder(row.classes, 1993);
      QCOMPARE(head(order, 10), row.first);
      QCOMPARE(checksum(order), row.checksum);
    }
  }

  void ordersOfOtherSeedsAreThoseOfNumPy() {
    QCOMPARE(head(pilotClassOrder(100, 0), 6), (std::vector{26, 86, 2, 55, 75, 93}));
    QCOMPARE(head(pilotClassOrder(100, 1), 6), (std::vector{80, 84, 33, 81, 93, 17}));
    QCOMPARE(head(pilotClassOrder(100, 42), 6), (std::vector{83, 53, 70, 45, 44, 39}));
    QCOMPARE(head(pilotClassOrder(100, 1996), 6), (std::vector{35, 18, 40, 85, 63, 62}));
    QCOMPARE(head(pilotClassOrder(100, 1997), 6), (std::vector{88, 77, 36, 54, 92, 4}));
  }

  void ordersRecordedWithPilotAreReproduced() {
    QFile file(QStringLiteral(PALIMPSEST_SOURCE_DIR "/../shared/fixtures/h_class_orders.json"));
    if (!file.open(QIODevice::ReadOnly)) QSKIP("the recorded class orders are not on this machine");
    const QJsonObject orders = QJsonDocument::fromJson(file.readAll()).object();
    const QRegularExpression name(QStringLiteral("^n(\\d+)_seed(\\d+)$"));
    int compared = 0;
    for (const QString& key : orders.keys()) {
      const auto match = name.match(key);
      if (!match.hasMatch()) continue;  // the file also holds a note
      ++compared;
      std::vector<int> expected;
      for (const auto& value : orders[key].toArray()) expected.push_back(value.toInt());
      QCOMPARE(pilotClassOrder(match.captured(1).toInt(), match.captured(2).toUInt()), expected);
    }
    QCOMPARE(compared, 16);
  }

  void taskSizesFollowPilot() {
    QCOMPARE(taskSizes(100, 10, 10), std::vector<int>(10, 10));
    QCOMPARE(taskSizes(100, 50, 10), (std::vector{50, 10, 10, 10, 10, 10}));
    QCOMPARE(taskSizes(196, 16, 20), (std::vector{16, 20, 20, 20, 20, 20, 20, 20, 20, 20}));
    QCOMPARE(taskSizes(10, 3, 4), (std::vector{3, 4, 3}));
    QCOMPARE(taskSizes(5, 5, 5), std::vector{5});
    QCOMPARE(taskSizes(10, 4, 20), (std::vector{4, 6}));
  }

  void everyClassAppearsInOneTaskUnderItsNewLabel() {
    const Scenario scenario = makeScenario("cil:init=4,increment=5,order=1993", 20);
    int label = 0;
    for (const Task& task : scenario.tasks) {
      QCOMPARE(task.first_label, label);
      for (const int original : task.classes) {
        QCOMPARE(scenario.class_order[label], original);
        QCOMPARE(scenario.label_of[original], label);
        ++label;
      }
    }
    QCOMPARE(label, 20);
    QCOMPARE(scenario.class_order, pilotClassOrder(20, 1993));
  }

  void naturalOrderIsTheDataSetsOwn() {
    const Scenario scenario = makeScenario("cil:increment=3,order=natural", 7);
    std::vector<int> natural(7);
    std::iota(natural.begin(), natural.end(), 0);
    QCOMPARE(scenario.class_order, natural);
    QCOMPARE(scenario.tasks.size(), std::size_t{3});
    QCOMPARE(scenario.tasks[0].classes, (std::vector{0, 1, 2}));
  }

  void mammothReadsTheSameOrderTheOtherWayRound() {
    const Scenario pilot = makeScenario("cil:increment=10,order=1993,semantics=pilot", 100);
    const Scenario mammoth = makeScenario("cil:increment=10,order=1993,semantics=mammoth", 100);
    QCOMPARE(pilot.class_order, pilotClassOrder(100, 1993));
    QCOMPARE(mammoth.label_of, pilot.class_order);
    QCOMPARE(mammoth.class_order, pilot.label_of);
    QVERIFY(mammoth.tasks[0].classes != pilot.tasks[0].classes);
    QCOMPARE(mammoth.tasks[0].classes, head(pilot.label_of, 10));
    const Scenario usual = makeScenario("cil:increment=10,order=1993", 100);
    QCOMPARE(usual.class_order, pilot.class_order);
  }

  void tasksKnowHowFarLabelsHaveBeenSeen() {
    const Scenario scenario = makeScenario("cil:init=4,increment=5,order=1993", 20);
    int seen = 0;
    for (std::size_t t = 0; t < scenario.tasks.size(); ++t) {
      const Task& task = scenario.tasks[t];
      QCOMPARE(task.first_label, seen);
      seen += int(task.classes.size());
      QCOMPARE(task.seen, seen);
      for (int label = task.first_label; label < task.seen; ++label) QCOMPARE(scenario.taskOf(label), int(t));
      QCOMPARE(scenario.evaluableFrom(int(t)), int(t));
    }
    QCOMPARE(seen, 20);
    QVERIFY(!scenario.task_known && scenario.kind == Scenario::Kind::ClassIncremental);
  }

  void taskIncrementalIsTheSameStreamWithTheTaskKnown() {
    const Scenario cil = makeScenario("cil:init=3,increment=4,order=5", 10),
                   til = makeScenario("til:init=3,increment=4,order=5", 10);
    QVERIFY(til.task_known && til.kind == Scenario::Kind::TaskIncremental);
    QCOMPARE(til.class_order, cil.class_order);
    QCOMPARE(til.tasks.size(), std::size_t{3});
    for (std::size_t t = 0; t < 3; ++t) QCOMPARE(til.tasks[t].classes, cil.tasks[t].classes);
    QCOMPARE(issuesOf("til:init=0,semantics=twisted", 10).size(), std::size_t{2});
  }

  void withoutImagesTheTextIsStillChecked() {
    QCOMPARE(issuesOf("dil:order=natural", 20).size(), std::size_t{1});  // no data set
    QCOMPARE(issuesOf("dil:order=soon,task=2", 20).size(), std::size_t{3});
    QCOMPARE(issuesOf("blurry:tasks=21,disjoint=101,order=natural", 20).size(), std::size_t{4});
    QCOMPARE(issuesOf("drift:disjoint=50", 20).size(), std::size_t{2});
  }

  void everyProblemOfASpecIsReportedAtOnce() {
    QCOMPARE(issuesOf("cil:init=4,increment=4,order=1993", 20).size(), std::size_t{0});
    const Issues issues = issuesOf("cil:init=0,incremnt=4,order=soon", 20);
    QCOMPARE(issues.size(), std::size_t{3});
    QCOMPARE(issuesOf("cil:init=21,increment=4", 20).size(), std::size_t{1});
    QCOMPARE(issuesOf("cil", 20).size(), std::size_t{1});
    QCOMPARE(issuesOf("blury:init=2", 20).size(), std::size_t{1});
    QCOMPARE(issuesOf("cil:init=2,init=3", 20).size(), std::size_t{1});
    QCOMPARE(issuesOf("cil:init", 20).size(), std::size_t{2});  // no value, hence no sizes
  }
};

QTEST_APPLESS_MAIN(ScenarioTest)
#include "tst_scenario.moc"
