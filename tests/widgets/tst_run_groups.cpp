// Runs as methods over seeds, against figures worked out by hand; and the table of them.
#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>

#include "tests/widgets/compared_runs.h"
#include "widgets/models/group_table.h"
#include "widgets/models/parallel_axes.h"

using namespace palimpsest;
using test::Compared;

namespace {

bool near(std::optional<double> a, double b) { return a && std::abs(*a - b) < 1e-6; }

// Seeds 1 and 2: top-1 90, 83 and 80, 75.
Compared seedTwo() { return {.seed = 2, .first = 80, .old = 70, .fresh = 80}; }
Compared better() { return {.recipe = "ranpac", .title = "RanPAC", .first = 95, .old = 90, .fresh = 94}; }

QString written(const std::vector<RunGroup>& groups) {
  QString out;
  for (const RunGroup& group : groups)
    out += QStringLiteral("%1 %2 %3 %4 %5;").arg(group.name).arg(group.n()).arg(figureText(group.last), figureText(group.average), figureText(group.forgetting));
  return out;
}

}  // namespace

class TestRunGroups : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void seedsBecomeMeanAndSampleDeviation() {
    const auto groups = groupRuns({Compared().figures(), seedTwo().figures()});
    QCOMPARE(groups.size(), std::size_t(1));
    const RunGroup& group = groups[0];
    QCOMPARE(group.name, QStringLiteral("L2P"));
    QCOMPARE(group.n(), 2);
    QVERIFY(near(group.average.spread.mean, 82));  // (86.5 + 77.5) / 2
    QVERIFY(near(group.average.spread.deviation, 9 / std::sqrt(2)));
    QVERIFY(near(group.last.spread.mean, 79));  // (83 + 75) / 2
    QVERIFY(near(group.last.spread.deviation, 8 / std::sqrt(2)));
    QVERIFY(near(group.forgetting.spread.mean, 15));  // (20 + 10) / 2
    QVERIFY(near(group.forgetting.spread.deviation, 10 / std::sqrt(2)));
    QCOMPARE(group.top1.size(), std::size_t(2));
    QVERIFY(near(group.top1[0].spread.mean, 85));
    QVERIFY(near(group.top1[1].values[1], 75));
    QVERIFY(near(group.seconds.values[0], *Compared().figures().seconds));
  }

  // Joint runs reach 96 and 98 on the new task, and 94 and 90: 97 and 92 on average, where L2P reaches 90 and 96.
  void jointTrainingBesideItTellsIntransigence() {
    const auto joint = [](int seed, int first, int fresh) { return Compared{.recipe = "joint", .title = "Joint", .seed = seed, .first = first, .fresh = fresh}.figures(); };
    GroupTable table;
    table.setGroups(groupRuns({Compared().figures(), joint(1, 96, 94), joint(2, 98, 90)}), {});
    QVERIFY(table.hasIntransigence());
    QVERIFY(near(table.groups()[0].intransigence.spread.mean, (97 - 90 + 92 - 96) / 2.0));
    QVERIFY(!table.groups()[1].intransigence.spread.mean);  // it is the reference
    Compared elsewhere{.recipe = "joint", .title = "Joint"};
    elsewhere.order = {0, 1, 2, 3};
    table.setGroups(groupRuns({Compared().figures(), elsewhere.figures()}), {});
    QVERIFY(!table.hasIntransigence());
  }

  void oneRunHasNoDeviation() {
    const auto groups = groupRuns({Compared().figures()});
    QCOMPARE(groups[0].n(), 1);
    QVERIFY(!groups[0].average.spread.deviation);
    QCOMPARE(figureText(groups[0].average), QStringLiteral("86.50"));
  }

  void onlyFreeOptionsMayDiffer_data() {
    QTest::addColumn<int>("seed");
    QTest::addColumn<int>("epochs");
    QTest::addColumn<QString>("scenario");
    QTest::addColumn<int>("groups");
    const QString same = QStringLiteral("cil:init=2,increment=2,order=1993");
    QTest::newRow("seed") << 2 << 5 << same << 1;
    QTest::newRow("class order") << 2 << 5 << QStringLiteral("cil:init=2,increment=2,order=7") << 1;
    QTest::newRow("stream") << 2 << 5 << QStringLiteral("cil:init=4,increment=2,order=1993") << 2;
    QTest::newRow("epochs") << 1 << 20 << same << 2;
  }
  void onlyFreeOptionsMayDiffer() {
    QFETCH(int, seed);
    QFETCH(int, epochs);
    QFETCH(QString, scenario);
    QFETCH(int, groups);
    const Compared other{.seed = seed, .epochs = epochs, .scenario = scenario.toStdString()};
    QCOMPARE(int(groupRuns({Compared().figures(), other.figures()}).size()), groups);
  }

  void equalNamesAreToldApartByWhatDiffers() {
    const auto groups = groupRuns({Compared().figures(), Compared{.epochs = 20}.figures()});
    QCOMPARE(groups[0].name, QStringLiteral("L2P (phases.0.epochs 5)"));
    QCOMPARE(groups[1].name, QStringLiteral("L2P (phases.0.epochs 20)"));
  }

  void figuresAreOfCompleteRunsWhereThereAreAny() {
    const Compared cut{.seed = 3, .first = 10, .whole = false};
    const auto groups = groupRuns({Compared().figures(), cut.figures()});
    QCOMPARE(groups[0].runs.size(), std::size_t(2));
    QCOMPARE(groups[0].n(), 1);
    QVERIFY(groups[0].complete);
    QVERIFY(near(groups[0].average.spread.mean, 86.5));
    const auto alone = groupRuns({cut.figures()});
    QVERIFY(!alone[0].complete);
    QVERIFY(near(alone[0].average.spread.mean, 10));
    QVERIFY(!alone[0].forgetting.spread.mean);
  }

  void runsWithoutAHeaderStandAlone() {
    const auto run = Compared().run();
    QCOMPARE(groupRuns({figuresOf(*run, nullptr), figuresOf(*run, nullptr)}).size(), std::size_t(2));
  }

  void ranksGoByAverageAndEqualsShareAPlace() {
    const Compared twin{.recipe = "coda", .title = "CODA"}, cut{.recipe = "cut", .title = "Cut", .first = 99, .whole = false};
    const auto ranks = ranksOf(groupRuns({Compared().figures(), better().figures(), twin.figures(), cut.figures()}));
    QCOMPARE(ranks, (std::vector<std::optional<int>>{2, 1, 2, std::nullopt}));
  }

  void cuttingTheStreamAnywhereGivesTheSameGroups() {
    const auto events = Compared().events();
    auto known = Compared().figures().header;
    const QString whole = written(groupRuns({Compared().figures(), seedTwo().figures()}));
    for (std::size_t cut = 0; cut <= events.size(); ++cut) {
      RunData run(QStringLiteral("l2p-1"));
      run.apply({events.begin(), events.begin() + std::ptrdiff_t(cut)});
      (void)groupRuns({figuresOf(run, known)});
      run.apply({events.begin() + std::ptrdiff_t(cut), events.end()});
      QCOMPARE(written(groupRuns({figuresOf(run, known), seedTwo().figures()})), whole);
    }
  }

  void theTableShowsDifferencesFromThePinnedMethod() {
    GroupTable table;
    QAbstractItemModelTester tester(&table, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const auto cell = [&](int row, int column) { return table.index(row, column).data().toString(); };
    table.setGroups(groupRuns({Compared().figures(), seedTwo().figures(), better().figures()}), {});
    QCOMPARE(cell(0, GroupTable::Runs), QStringLiteral("2"));
    QCOMPARE(cell(0, GroupTable::Average), QStringLiteral("82.00 ± 6.36"));
    QCOMPARE(cell(1, GroupTable::Average), QStringLiteral("93.50"));
    QCOMPARE(cell(1, GroupTable::Rank), QStringLiteral("1"));
    table.setPinned(QStringLiteral("RanPAC"));
    QCOMPARE(cell(0, GroupTable::Average), QStringLiteral("−11.50"));
    QCOMPARE(cell(0, GroupTable::Forgetting), QStringLiteral("+10.00"));
    QCOMPARE(cell(1, GroupTable::Average), QStringLiteral("93.50"));
    QVERIFY(cell(1, GroupTable::Method).contains(QStringLiteral("baseline")));
    table.setGroups(groupRuns({Compared().figures()}), {});  // the pinned one left
    QCOMPARE(table.pinnedRow(), -1);
    QCOMPARE(cell(0, GroupTable::Average), QStringLiteral("86.50"));
    table.setGroups({}, {});
    QCOMPARE(table.rowCount(), 0);
  }

  void aReasonStandsInThePlaceOfRanks() {
    GroupTable table;
    table.setGroups(groupRuns({Compared().figures(), better().figures()}), QStringLiteral("A used 5 epochs, B 20."));
    for (int row = 0; row < 2; ++row) {
      QCOMPARE(table.index(row, GroupTable::Rank).data().toString(), QString(QChar(0x2013)));
      QVERIFY(table.index(row, GroupTable::Rank).data(Qt::ToolTipRole).toString().contains(QStringLiteral("A used 5 epochs")));
    }
  }

  void aLiveRunOnlyChangesFigures() {
    GroupTable table;
    table.setGroups(groupRuns({Compared().figures(), better().figures()}), {});
    QSignalSpy reset(&table, &QAbstractItemModel::modelReset), data(&table, &QAbstractItemModel::dataChanged);
    table.setGroups(groupRuns({Compared().figures(), better().figures()}), {});
    QCOMPARE(data.size(), 0);
    table.setGroups(groupRuns({Compared{.first = 50}.figures(), better().figures()}), {});
    QCOMPARE(data.size(), 1);
    QCOMPARE(reset.size(), 0);
  }

  void axesAreTheSettingsThatVaryAndTheResults() {
    const std::vector<RunFigures> runs{Compared().figures(), seedTwo().figures(), Compared{.recipe = "ranpac", .title = "RanPAC", .epochs = 20}.figures()};
    const auto axes = parallelAxes(runs);
    QStringList names;
    for (const ParallelAxis& axis : axes) names << axis.name;
    QCOMPARE(names, (QStringList{QStringLiteral("method"), QStringLiteral("phases.0.epochs"), QStringLiteral("seed"), QStringLiteral("average"), QStringLiteral("last")}));
    QCOMPARE(axes[1].places, (std::vector<double>{0, 0, 1}));
    QCOMPARE(axes[3].places, (std::vector<double>{1, 0, 1}));
    const Brushes brushes{{QStringLiteral("phases.0.epochs"), {0, 0.5}}, {QStringLiteral("average"), {0.5, 1}}, {QStringLiteral("gone"), {2, 3}}};
    QCOMPARE(passing(axes, brushes), (std::vector<bool>{true, false, false}));
    QCOMPARE(ordered(axes, {QStringLiteral("last"), QStringLiteral("seed")}).front().name, QStringLiteral("last"));
  }

  void headersAreReadAwayFromTheWindowAndForgottenWithTheirRun() {
    QTemporaryDir folder;
    RunListModel runs;
    RunData* good = runs.add(Compared().recorded(folder.path().toStdString()));
    RunHeaders headers(runs);
    QVERIFY(headers.loading(good));
    QTRY_VERIFY(headers.of(good));
    QCOMPARE(headers.of(good)->header.seed, 1);
    auto torn = better().recorded(folder.path().toStdString());
    std::ofstream(torn->folder / "run.json") << "{ torn";  // before it is added: adding it begins the reading
    RunData* bad = runs.add(std::move(torn));
    RunData* nowhere = runs.add(seedTwo().run());
    QVERIFY(!headers.problem(nowhere).isEmpty());
    QTRY_VERIFY(!headers.loading(bad));
    QVERIFY(!headers.problem(bad).isEmpty());
    runs.remove(good);
    QVERIFY(!headers.of(good));
  }

  void twentyRunsOfAHundredTasksAreGroupedQuickly() {
    std::vector<std::unique_ptr<RunData>> runs;
    auto known = Compared().figures().header;
    for (int r = 0; r < 20; ++r) {
      std::vector<Event> events = Compared().events();
      events.resize(1);
      std::get<RunStarted>(events[0].what).tasks = 100;
      for (int i = 0; i < 100; ++i)
        for (int j = 0; j <= i; ++j) events.push_back({events.size(), 1, Evaluated{i, j, 50 + j % 40, 100, i + 1}});
      runs.push_back(std::make_unique<RunData>(QString::number(r)));
      runs.back()->apply(events);
    }
    QElapsedTimer timer;
    timer.start();
    std::vector<RunFigures> figures;
    for (const auto& run : runs) figures.push_back(figuresOf(*run, known));
    const auto groups = groupRuns(figures);
    qInfo("20 runs of 100 tasks: %.2f ms", double(timer.nsecsElapsed()) / 1e6);
    QCOMPARE(groups[0].n(), 20);
    QVERIFY(timer.elapsed() < 2000);
  }
};

QTEST_MAIN(TestRunGroups)
#include "tst_run_groups.moc"
