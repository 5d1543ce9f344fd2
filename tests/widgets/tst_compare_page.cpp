// The Compare perspective as a whole: what it says with no, one, fair and unfair runs, and what clicks do.
#include <QComboBox>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>

#include "tests/widgets/compared_runs.h"
#include "widgets/models/lab.h"
#include "widgets/style/palette.h"
#include "widgets/views/compare_page.h"
#include "widgets/views/fairness_bar.h"
#include "widgets/views/frame_clock.h"
#include "widgets/views/group_plot.h"
#include "widgets/views/heat_map.h"
#include "widgets/views/live_curve.h"
#include "widgets/views/parallel_view.h"
#include "widgets/views/plot_canvas.h"
#include "widgets/views/results_view.h"
#include "widgets/views/settings_view.h"

using namespace palimpsest;
using test::Compared;

namespace {

Compared ranpac(int seed = 1) { return {.recipe = "ranpac", .title = "RanPAC", .seed = seed, .first = 95, .old = 90, .fresh = 94}; }
Compared longer() { return {.recipe = "coda", .title = "CODA", .epochs = 20, .first = 97}; }

// A page over runs with folders, shown.
struct Stage {
  QTemporaryDir folder;
  RunListModel runs;
  Cursor cursor;
  Selection selection;
  BlobStore blobs{BlobStore::Read()};
  ImageStore images{ImageStore::Read()};
  FrameClock frames;
  Lab lab{runs, cursor, selection, blobs, images, frames, {}};
  ComparePage page{lab};

  explicit Stage(const std::vector<Compared>& compared) {
    page.resize(1100, 720);
    page.show();
    for (const Compared& each : compared) add(each);
    QTRY_VERIFY(known());
  }
  RunData* add(const Compared& each) { return runs.add(each.recorded(folder.path().toStdString())); }
  bool known() {  // the settings of all runs are
    SettingsDiff& diff = find<SettingsView>("settingsView").diff();
    for (int column = 1; column < diff.columnCount(); ++column)
      if (!diff.runs()[std::size_t(column - 1)].header) return false;
    return diff.columnCount() == int(runs.visibleRuns().size()) + 1;
  }
  template <typename Widget>
  Widget& find(const char* name) const { return *page.findChild<Widget*>(QLatin1String(name)); }
  bool empty() const { return page.findChild<QStackedWidget*>()->currentIndex() == 0; }
  QString cell(int row, int column) const { return find<ResultsView>("resultsTable").model()->index(row, column).data().toString(); }
};

}  // namespace

class TestComparePage : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { style::apply(*qApp, style::Theme::Light); }

  void withoutRunsItSaysWhatToDo() {
    Stage stage({});
    QVERIFY(stage.empty());
    QVERIFY(!stage.find<QLabel>("emptyText").text().isEmpty());
    QVERIFY(stage.find<QPushButton>("compareWith").isHidden());
  }

  void oneRunAsksForASecondOrForAnotherMethod() {
    Stage stage({Compared()});
    QTRY_VERIFY(stage.find<QLabel>("emptyText").text().contains(QStringLiteral("another method")));
    QVERIFY(stage.empty());
    QSignalSpy asked(&stage.page, &ComparePage::compareWithRequested);
    stage.find<QPushButton>("compareWith").click();
    QCOMPARE(asked.size(), 1);
    stage.add(ranpac());
    QTRY_VERIFY(!stage.empty());
  }

  void fairMethodsAreRankedAndTheBestStandsFirst() {
    Stage stage({Compared(), Compared{.seed = 2, .first = 80, .fresh = 80}, ranpac(), ranpac(2)});
    QTRY_COMPARE(stage.cell(0, GroupTable::Rank), QStringLiteral("1"));
    QCOMPARE(stage.cell(0, GroupTable::Method), QStringLiteral("RanPAC"));
    QCOMPARE(stage.cell(1, GroupTable::Method), QStringLiteral("L2P"));
    QCOMPARE(stage.cell(1, GroupTable::Runs), QStringLiteral("2"));
    QVERIFY(stage.find<FairnessBar>("fairnessBar").isHidden());
    auto& plot = stage.find<GroupPlot>("groupPlot");
    const QString csv = plot.csv();
    QVERIFY2(csv.contains(QStringLiteral("L2P (n = 2),,1,85\n")), qPrintable(csv));
    QTRY_VERIFY(plot.accessibleDescription().contains(QStringLiteral("n = 2")));
  }

  void aBandAndEachSeedAreReadAtTheCrosshair() {
    Stage stage({Compared(), Compared{.seed = 2, .first = 80, .fresh = 80}, ranpac()});
    QTRY_COMPARE(stage.cell(1, GroupTable::Runs), QStringLiteral("2"));
    auto& plot = stage.find<GroupPlot>("groupPlot");
    plot.setBand(GroupPlot::Band::Range);
    QTRY_VERIFY(!plot.canvas().curves().empty() && plot.canvas().curves().front()->curve().low);
    QTRY_COMPARE(plot.canvas().curves().front()->curve().low->y(0), 80.0);
    QCOMPARE(plot.canvas().curves().front()->curve().high->y(0), 90.0);
    plot.canvas().hover(1);
    const QString said = plot.canvas().readings().join(QLatin1Char('\n'));
    QVERIFY2(said.contains(QStringLiteral("L2P (n = 2)  85.0 % ± 7.1  [90.0  80.0]")), qPrintable(said));
    plot.setBand(GroupPlot::Band::Runs);
    QTRY_COMPARE(plot.canvas().curves().size(), std::size_t(4));
  }

  void unfairRunsAreShownButNotRanked() {
    Stage stage({Compared(), longer()});
    auto& bar = stage.find<FairnessBar>("fairnessBar");
    QTRY_VERIFY(bar.isVisible());
    QVERIFY2(bar.text().contains(QStringLiteral("L2P used 5 epochs, CODA 20.")), qPrintable(bar.text()));
    QCOMPARE(stage.cell(0, GroupTable::Rank), QString(QChar(0x2013)));
    QCOMPARE(stage.cell(0, GroupTable::Average), QStringLiteral("90.00"));
    QSignalSpy align(&stage.page, &ComparePage::alignRequested);
    stage.find<QPushButton>("alignAndRerun").click();
    QCOMPARE(align.size(), 1);
    QCOMPARE(align[0][0].toStringList(), QStringList{QStringLiteral("coda-1")});
    QCOMPARE(align[0][1].toMap().value(QStringLiteral("epochs")).toInt(), 5);
    stage.find<QPushButton>("compareAnyway").click();
    QCOMPARE(stage.cell(0, GroupTable::Rank), QStringLiteral("1"));
    QVERIFY(bar.text().contains(QStringLiteral("Also different")));
    stage.find<QMenu>("comparedMenu").actions().front()->trigger();  // no longer what is compared
    QTRY_COMPARE(stage.cell(0, GroupTable::Rank), QString(QChar(0x2013)));
  }

  void aPinnedMethodTurnsFiguresIntoDifferences() {
    Stage stage({Compared(), ranpac()});
    QTRY_COMPARE(stage.cell(0, GroupTable::Method), QStringLiteral("RanPAC"));
    auto& results = stage.find<ResultsView>("resultsTable");
    results.pin(0);
    QCOMPARE(stage.cell(1, GroupTable::Average), QStringLiteral("−7.00"));  // 86.5 - 93.5
    QVERIFY(results.toMarkdown().contains(QStringLiteral("−7.00")));
    QVERIFY(results.toLatex().contains(QStringLiteral("\\toprule")));
    QVERIFY(results.toCsv().contains(QStringLiteral("L2P,1,true,83,,86.5,")));
    results.pin(0);
    QCOMPARE(stage.cell(1, GroupTable::Average), QStringLiteral("86.50"));
  }

  void aBrushLeavesTheRunsThatPass() {
    Stage stage({Compared(), ranpac(), longer()});
    QTRY_VERIFY(stage.find<FairnessBar>("fairnessBar").isVisible());
    auto& view = stage.find<ParallelView>("parallelView");
    stage.find<QTabWidget>("compareTabs").setCurrentIndex(1);
    int axis = -1;
    for (int i = 0; i < int(view.axes().size()); ++i)
      if (view.axes()[std::size_t(i)].name == QLatin1String("phases.0.epochs")) axis = i;
    QVERIFY(axis >= 0);
    const QRectF line = view.axisRect(axis);
    const auto at = [&](double place) { return QPointF(line.left(), line.bottom() - place * line.height()).toPoint(); };
    QTest::mousePress(&view, Qt::LeftButton, {}, at(0.3));
    QTest::mouseMove(&view, at(0.1));
    QTest::mouseMove(&view, at(0.0));
    QTest::mouseRelease(&view, Qt::LeftButton, {}, at(0.0));
    QTRY_COMPARE(view.passingRuns(), (QStringList{QStringLiteral("l2p-1"), QStringLiteral("ranpac-1")}));
    QTRY_COMPARE(stage.find<ResultsView>("resultsTable").model()->rowCount(), 2);
    QVERIFY(stage.find<FairnessBar>("fairnessBar").isHidden());  // what is left is fair
    QCOMPARE(stage.cell(0, GroupTable::Rank), QStringLiteral("1"));
    stage.find<QPushButton>("showAllRuns").click();
    QCOMPARE(stage.find<ResultsView>("resultsTable").model()->rowCount(), 3);
  }

  void anAxisIsMovedByItsNameAndByKeys() {
    Stage stage({Compared(), ranpac(), longer()});
    auto& view = stage.find<ParallelView>("parallelView");
    QTRY_VERIFY(view.axes().size() > 3);
    const QString first = view.axes()[0].name, second = view.axes()[1].name;
    view.moveAxis(0, 1);
    QCOMPARE(view.axes()[1].name, first);
    QTest::keyClick(&view, Qt::Key_Right);
    QTest::keyClick(&view, Qt::Key_Right, Qt::ControlModifier);
    QCOMPARE(view.axes()[1].name, second);
    QTest::keyClick(&view, Qt::Key_Up);
    QVERIFY(!view.brushes().isEmpty());
    QTest::keyClick(&view, Qt::Key_Escape);
    QVERIFY(view.brushes().isEmpty());
  }

  void aMinusBIsOfTheCursorsRuns() {
    Stage stage({Compared(), ranpac()});
    QTRY_VERIFY(!stage.empty());
    stage.cursor.setRun(stage.runs.at(1));
    auto& b = stage.find<QComboBox>("chooseB");
    QTRY_COMPARE(stage.find<QComboBox>("chooseA").currentData().toString(), QStringLiteral("ranpac-1"));
    b.setCurrentIndex(b.findData(QStringLiteral("l2p-1")));
    Q_EMIT b.activated(b.currentIndex());
    QCOMPARE(stage.cursor.other(), stage.runs.at(0));
    auto& map = stage.find<HeatMap>("differenceMap");
    QTRY_COMPARE(map.shown().rows.size(), 2);
    QCOMPARE(std::lround(map.shown().values[2]), 20L);  // after task 2 on task 1: 90 - 70
    QCOMPARE(std::lround(map.shown().values[3]), -2L);
    QVERIFY(std::isnan(map.shown().values[1]));
  }

  void oneClickSetsAnotherRunAgainstTheOneInFocus() {
    Stage stage({Compared(), ranpac()});
    QTRY_VERIFY(!stage.empty());
    stage.cursor.setRun(stage.runs.at(1));
    auto& offer = stage.find<QPushButton>("offerB");
    QTRY_COMPARE(offer.text(), QStringLiteral("Show A minus %1").arg(stage.runs.at(0)->title()));
    QVERIFY(offer.isVisible());
    offer.click();
    QCOMPARE(stage.cursor.other(), stage.runs.at(0));
    QTRY_VERIFY(!offer.isVisible());
  }

  void aRunMayLeaveWhileItIsShown() {
    Stage stage({Compared(), ranpac(), longer()});
    QTRY_VERIFY(!stage.empty());
    stage.cursor.setRun(stage.runs.at(0));
    stage.cursor.setOther(stage.runs.at(1));
    stage.runs.remove(stage.runs.at(1));
    QTRY_COMPARE(stage.find<ResultsView>("resultsTable").model()->rowCount(), 2);
    stage.runs.remove(stage.runs.at(0));
    QTRY_VERIFY(stage.empty());
    stage.runs.remove(stage.runs.at(0));
    QTRY_COMPARE(stage.find<QLabel>("emptyTitle").text(), QStringLiteral("Nothing to compare yet"));
  }

  void stateComesBack() {
    Stage stage({Compared(), longer()});
    QTRY_VERIFY(stage.find<FairnessBar>("fairnessBar").isVisible());
    stage.find<GroupPlot>("groupPlot").setBand(GroupPlot::Band::Range);
    stage.find<QPushButton>("compareAnyway").click();
    stage.find<ResultsView>("resultsTable").pin(0);
    Stage next({Compared(), longer()});
    next.page.restore(stage.page.state());
    QTRY_VERIFY(next.page.fairness().mayRank());
    QCOMPARE(next.find<GroupPlot>("groupPlot").band(), GroupPlot::Band::Range);
    QVERIFY(next.cell(0, GroupTable::Method).contains(QStringLiteral("baseline")));
  }

  void everythingThatTakesTheKeyboardHasAName() {
    Stage stage({Compared(), longer()});
    QTRY_VERIFY(!stage.empty());
    for (const QWidget* widget : {static_cast<QWidget*>(&stage.find<ResultsView>("resultsTable")), static_cast<QWidget*>(&stage.find<ParallelView>("parallelView")),
                                  static_cast<QWidget*>(&stage.find<QComboBox>("chooseA")), static_cast<QWidget*>(&stage.find<QWidget>("settingsTable"))})
      QVERIFY2(!widget->accessibleName().isEmpty(), qPrintable(widget->objectName()));
  }

  void bothThemesArePainted() {
    Stage stage({Compared(), Compared{.seed = 2, .first = 80}, ranpac(), longer()});
    QTRY_VERIFY(stage.find<FairnessBar>("fairnessBar").isVisible());
    for (const style::Theme theme : {style::Theme::Dark, style::Theme::Light}) {
      style::apply(*qApp, theme);
      QCoreApplication::processEvents();
      const QImage image = stage.page.grab().toImage();
      const QPoint at = stage.find<ParallelView>("parallelView").parentWidget()->mapTo(&stage.page, QPoint(20, 20));
      QCOMPARE(image.pixelColor(at).lightness() < 128, theme == style::Theme::Dark);
    }
  }
};

QTEST_MAIN(TestComparePage)
#include "tst_compare_page.moc"
