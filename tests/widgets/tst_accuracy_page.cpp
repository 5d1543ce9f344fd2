// The page of accuracy: confusions, classes, life-lines, causes, the stability gap and costs, and how they hang together.
#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QThread>
#include <QToolButton>
#include <atomic>
#include <cmath>

#include "engine/protocol/error.h"
#include "tests/widgets/prediction_story.h"
#include "widgets/style/palette.h"
#include "widgets/views/accuracy_page.h"
#include "widgets/views/attribution_view.h"
#include "widgets/views/class_table.h"
#include "widgets/views/confusion_view.h"
#include "widgets/views/cost_view.h"
#include "widgets/views/frame_clock.h"
#include "widgets/views/heat_map.h"
#include "widgets/views/lifeline_view.h"
#include "widgets/views/stability_view.h"

using namespace palimpsest;
using Samples = std::vector<std::int64_t>;

namespace {

struct Bench {
  RunListModel runs;
  Cursor cursor;
  Selection selection;
  BlobStore blobs{PredictionStory::read};
  ImageStore images{[](const std::filesystem::path&, std::int64_t) { return Picture(); }};
  FrameClock frames;
  Lab lab{runs, cursor, selection, blobs, images, frames, {}};
  std::unique_ptr<AccuracyPage> page;  // first to go

  RunData* add(const char* id, std::vector<Event> events) {
    auto made = std::make_unique<RunData>(QString::fromLatin1(id));
    made->folder = std::filesystem::path("/nowhere") / id;
    RunData* run = runs.add(std::move(made));
    run->apply(events);
    return run;
  }
  AccuracyPage& open(AccuracyPage::Tab tab) {
    page = std::make_unique<AccuracyPage>(lab);
    page->setTab(tab);
    page->resize(1000, 640);
    page->show();
    if (!QTest::qWaitForWindowExposed(page.get())) qWarning("not exposed");
    return *page;
  }
};

// Cell of a confusion by names; the class must be there.
QPoint cellOf(const HeatMap& map, const char* row, const char* column) {
  return {int(map.shown().columns.indexOf(QLatin1String(column))), int(map.shown().rows.indexOf(QLatin1String(row)))};
}

void click(HeatMap& map, QPoint cell, Qt::KeyboardModifiers keys = {}) { QTest::mouseClick(&map, Qt::LeftButton, keys, map.cellRect(cell.y(), cell.x()).center()); }

Value diagnosis() {
  return Value::Object{{"attribution", Value::Array{Value::Object{{"task", 0}, {"learned", 90.0}, {"now", 60.0}, {"matching", 3.0}, {"prompts", -1.0}, {"head", 20.0}, {"class_expansion", 8.0}, {"feature_drift", 0.2}}}}};
}

}  // namespace

class TestAccuracyPage : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { style::apply(*qApp, style::Theme::Light); }

  void aClickOnACellSelectsTheImagesBehindIt() {
    Bench bench;
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    HeatMap& map = bench.open(AccuracyPage::Tab::Confusions).confusions().map();
    QTRY_COMPARE(map.shown().rows.size(), 6);
    QCOMPARE(map.shown().row_borders, (std::vector<int>{2, 4}));
    click(map, cellOf(map, "frog", "cat"));
    QCOMPARE(bench.selection.samples(), (Samples{46, 47}));
    QCOMPARE(bench.selection.what(), QStringLiteral("frog taken for cat after T3"));
    click(map, cellOf(map, "dog", "cat"), Qt::ShiftModifier);
    QCOMPARE(bench.selection.samples(), (Samples{16, 17, 46, 47}));
    QVERIFY(map.shown().tool_tip(cellOf(map, "frog", "cat").y(), cellOf(map, "frog", "cat").x()).contains(QStringLiteral("2 of 10")));
    QVERIFY(map.shown().summary.contains(QStringLiteral("of 60 images are right")));
  }

  void theConfusionFollowsTheCursorsTask() {
    Bench bench;
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    AccuracyPage& page = bench.open(AccuracyPage::Tab::Confusions);
    HeatMap& map = page.confusions().map();
    QTRY_COMPARE(map.shown().rows.size(), 6);
    QTRY_VERIFY(page.headline().contains(QStringLiteral("after T3")));
    bench.cursor.setTask(1);
    QCOMPARE(map.shown().rows.size(), 4);
    QCOMPARE(page.classes().model().rowCount(), 4);
    QVERIFY(page.headline().contains(QStringLiteral("after T2")));
    bench.cursor.setStep(3);  // in the middle of the first task
    QCOMPARE(map.shown().rows.size(), 0);
    QVERIFY(!map.shown().empty.isEmpty());
  }

  void errorsStandOutAgainstAMutedDiagonal() {
    Bench bench;
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    HeatMap& map = bench.open(AccuracyPage::Tab::Confusions).confusions().map();
    QTRY_COMPARE(map.shown().rows.size(), 6);
    for (const auto theme : {style::Theme::Light, style::Theme::Dark}) {
      style::apply(*qApp, theme);
      const auto colour = map.shown().cell_colour;
      const QPoint error = cellOf(map, "frog", "cat");
      QVERIFY(style::contrast(colour(error.y(), error.x()), style::plotBackground()) > style::contrast(colour(0, 0), style::plotBackground()));
    }
    style::apply(*qApp, style::Theme::Light);
  }

  void tasksMayStandForTheirClasses() {
    Bench bench;
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    AccuracyPage& page = bench.open(AccuracyPage::Tab::Confusions);
    HeatMap& map = page.confusions().map();
    QTRY_COMPARE(map.shown().rows.size(), 6);
    page.findChild<QComboBox*>(QStringLiteral("confusionRows"))->setCurrentIndex(2);
    QCOMPARE(map.shown().rows, (QStringList{QStringLiteral("T1"), QStringLiteral("T2"), QStringLiteral("T3")}));
    click(map, {1, 0});
    QCOMPARE(bench.selection.samples(), (Samples{16, 17, 46, 47}));
  }

  void aMinusBNeedsASecondRunOfTheSameData() {
    Bench bench;
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    RunData* b = bench.add("b", PredictionStory::events(2));
    auto others = PredictionStory::events();
    std::get<RunStarted>(others[0].what).data = "ships";
    RunData* stranger = bench.add("c", others);
    AccuracyPage& page = bench.open(AccuracyPage::Tab::Confusions);
    auto* minus = page.findChild<QCheckBox*>(QStringLiteral("confusionMinus"));
    QTRY_COMPARE(page.confusions().map().shown().rows.size(), 6);
    QVERIFY(!minus->isEnabled() && minus->toolTip().contains(QStringLiteral("second run")));
    bench.cursor.setOther(stranger);
    QTest::qWait(80);
    QVERIFY(!minus->isEnabled() && minus->toolTip().contains(QStringLiteral("ships")));
    bench.cursor.setOther(b);
    QTRY_VERIFY(minus->isEnabled());
    page.confusions().setDifference(true);
    QTRY_COMPARE(page.confusions().map().shown().rows.size(), 4);  // what both know; B had learned two tasks
    const HeatMap& map = page.confusions().map();
    const QPoint cell = cellOf(map, "frog", "frog");
    QTRY_COMPARE(map.shown().values[std::size_t(cell.y() * 4 + cell.x())], 1.0);
    bench.runs.remove(b);
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    QTRY_COMPARE(map.shown().rows.size(), 6);
  }

  void theTableSortsAndSelects() {
    Bench bench;
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    ClassTable& classes = bench.open(AccuracyPage::Tab::Confusions).classes();
    QTRY_COMPARE(classes.model().rowCount(), 6);
    QAbstractItemModel* shown = classes.table().model();
    QCOMPARE(shown->index(0, ClassTableModel::Forgetting).data().toString(), QLocale().toString(30.0, 'f', 1));  // most forgotten first
    classes.table().sortByColumn(ClassTableModel::Name, Qt::AscendingOrder);
    QCOMPARE(shown->index(0, 0).data().toString(), QStringLiteral("cat"));
    Q_EMIT classes.table().clicked(shown->index(0, ClassTableModel::Name));
    QCOMPARE(bench.selection.samples().size(), 10u);
    QCOMPARE(bench.selection.what(), QStringLiteral("class cat"));
    Q_EMIT classes.table().clicked(shown->index(0, ClassTableModel::Error));
    QCOMPARE(bench.selection.samples(), (Samples{6, 7, 8}));
    QCOMPARE(classes.text().rows.size(), 6u);
    QCOMPARE(classes.text().header.size(), qsizetype(ClassTableModel::ColumnCount));
  }

  void lifeLinesAreSelectedOneByOneOrByKind() {
    Bench bench;
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    AccuracyPage& page = bench.open(AccuracyPage::Tab::LifeLines);
    LifelineStrip& strip = page.lifelines().strip();
    QTRY_COMPARE(strip.order().rows.size(), 60u);
    QTRY_COMPARE(strip.order().groups.size(), 4u);
    QCOMPARE(strip.rowAt(strip.lineRect(0).center().y()), 0);
    QTest::mouseClick(strip.viewport(), Qt::LeftButton, {}, strip.lineRect(3).center());
    QCOMPARE(bench.selection.samples().size(), 1u);
    QCOMPARE(bench.cursor.sample(), bench.selection.samples().front());
    QVERIFY(strip.toolTip(0).contains(QStringLiteral("forgotten")));
    page.findChild<QToolButton*>(QStringLiteral("lifeKind%1").arg(int(LifeKind::Relearned)))->click();
    QCOMPARE(bench.selection.samples(), (Samples{18, 48}));
    page.findChild<QToolButton*>(QStringLiteral("firstToFall"))->click();
    QCOMPARE(bench.selection.samples().size(), 12u);
    page.findChild<QComboBox*>(QStringLiteral("lifeSort"))->setCurrentIndex(1);
    QTRY_VERIFY(!page.lifelines().sorting());
    QTest::keyClick(&strip, Qt::Key_Home);
    QCOMPARE(bench.cursor.sample(), 16);
    bench.cursor.setTask(0);
    QTRY_COMPARE(strip.order().rows.size(), 20u);
    strip.grab();
  }

  void causesAreAskedForOnDemand() {
    Bench bench;
    std::atomic<bool> go = false;
    bench.lab.inspectors.diagnose = [&](const std::filesystem::path& run, const InspectOptions& options) {
      if (run != "/nowhere/a") throw std::runtime_error("another run");
      options.progress(1, 4);
      while (!go) QThread::msleep(1);
      options.progress(2, 4);
      return diagnosis();
    };
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    AccuracyPage& page = bench.open(AccuracyPage::Tab::Causes);
    AttributionView& causes = page.causes();
    auto* ask = page.findChild<QPushButton*>(QStringLiteral("attributionAsk"));
    QTRY_VERIFY(ask->isEnabled());
    ask->click();
    QVERIFY(causes.asking());
    QTRY_COMPARE(page.findChild<QProgressBar*>(QStringLiteral("attributionProgress"))->value(), 1);
    go = true;
    QTRY_VERIFY(!causes.asking());
    QCOMPARE(causes.waterfall().bars().size(), 6u);
    QCOMPARE(causes.waterfall().bars()[4].to, 60.0);  // the steps lead to the present
    QVERIFY(page.findChild<QLabel*>(QStringLiteral("attributionWords"))->text().contains(QStringLiteral("head")));
    QTRY_VERIFY(page.headline().contains(QStringLiteral("T3")));
    QTest::mouseClick(&causes.waterfall(), Qt::LeftButton, {}, causes.waterfall().barRect(5).center().toPoint());
    QCOMPARE(bench.selection.samples(), (Samples{16, 17, 46, 47}));
    QCOMPARE(causes.text().rows.size(), 1u);
    causes.grab();
  }

  void causesThatCannotBeAskedForSayWhy() {
    Bench bench;
    AccuracyPage& page = bench.open(AccuracyPage::Tab::Causes);
    auto* ask = page.findChild<QPushButton*>(QStringLiteral("attributionAsk"));
    QVERIFY(!ask->isEnabled() && ask->toolTip().contains(QStringLiteral("No run")));
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    QVERIFY(!ask->isEnabled() && ask->toolTip().contains(QStringLiteral("engine")));
    bench.lab.inspectors.diagnose = [](const std::filesystem::path&, const InspectOptions&) -> Value { throw BadInput({error("--run", "the run has no prompts", "choose another")}); };
    bench.cursor.setTask(1);
    QVERIFY(ask->isEnabled());
    page.causes().ask();
    QTRY_VERIFY(!page.causes().asking());
    QVERIFY(page.causes().waterfall().accessibleDescription().contains(QStringLiteral("no prompts")));
  }

  void aPageThatIsClosedDoesNotWaitForTheEngine() {
    Bench bench;
    bench.lab.inspectors.diagnose = [](const std::filesystem::path&, const InspectOptions& options) -> Value {
      for (;;) {
        options.progress(0, 9);
        QThread::msleep(1);
      }
    };
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    bench.open(AccuracyPage::Tab::Causes).causes().ask();
    QTest::qWait(20);
    bench.page.reset();  // would hang if it could not be cancelled
  }

  void theGapNeedsDenseProbesAndSaysSo() {
    Bench bench;
    bench.cursor.setRun(bench.add("a", PredictionStory::events()));
    AccuracyPage& page = bench.open(AccuracyPage::Tab::StabilityGap);
    QTRY_VERIFY(page.stability().accessibleDescription().contains(QStringLiteral("probe_dense")));
    RunData* dense = bench.add("b", PredictionStory::events(3, true));
    bench.cursor.setRun(dense);
    QTRY_VERIFY(page.stability().accessibleDescription().contains(QStringLiteral("min-ACC")));
    QVERIFY(page.stability().csv().contains(QStringLiteral("start of T3")));
    QVERIFY(page.stability().figures().contains(QStringLiteral("WC-ACC")));
    bench.cursor.setRun(nullptr);
    QTRY_VERIFY(page.stability().accessibleDescription().contains(QStringLiteral("No run")));
  }

  void costsOfTickedRunsAreDrawnWithTheirFront() {
    Bench bench;
    RunData* a = bench.add("a", PredictionStory::events());
    bench.add("b", PredictionStory::events(2));
    bench.cursor.setRun(a);
    CostView& costs = bench.open(AccuracyPage::Tab::Costs).costs();
    QTRY_COMPARE(costs.points().size(), 2u);
    costs.setCost(Cost::TrainableParameters);
    QCOMPARE(costs.points().size(), 0u);  // nobody has told
    QVERIFY(costs.findChild<QLabel*>(QStringLiteral("costEmpty"))->isVisible());
    costs.setCost(Cost::SecondsPerTask);
    QCOMPARE(costs.points().size(), 2u);
    costs.grab();
    const QPointF at = costs.pixelOf(1);
    QTest::mouseClick(costs.findChild<QWidget*>(QStringLiteral("costPlot")), Qt::LeftButton, {}, at.toPoint());
    QCOMPARE(bench.cursor.run()->id(), QStringLiteral("b"));
    bench.runs.setVisible(a, false);
    QTRY_COMPARE(costs.points().size(), 1u);
    QCOMPARE(costs.text().rows.size(), 1u);
    QTemporaryDir folder;
    QVERIFY(!costs.exportImage(folder.filePath(QStringLiteral("cost.svg"))));
  }

  void everyTabSurvivesWithoutARunAndWhenTheRunGoes() {
    Bench bench;
    AccuracyPage& page = bench.open(AccuracyPage::Tab::Confusions);
    const auto look = [&] {
      for (const auto tab : {AccuracyPage::Tab::Confusions, AccuracyPage::Tab::LifeLines, AccuracyPage::Tab::Causes, AccuracyPage::Tab::StabilityGap, AccuracyPage::Tab::Inside, AccuracyPage::Tab::Costs}) {
        page.setTab(tab);
        QCoreApplication::processEvents();
        page.grab();
      }
    };
    look();
    RunData* empty = bench.add("empty", {});
    bench.cursor.setRun(empty);
    look();
    RunData* run = bench.add("a", PredictionStory::events());
    bench.cursor.setRun(run);
    look();
    QTRY_VERIFY(page.headline().contains(QStringLiteral("after T3")));
    bench.runs.remove(run);
    bench.runs.remove(empty);
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    look();
    QVERIFY(page.headline().contains(QStringLiteral("No run")));
  }
};

QTEST_MAIN(TestAccuracyPage)
#include "tst_accuracy_page.moc"
