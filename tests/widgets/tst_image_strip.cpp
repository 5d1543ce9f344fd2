// The strip of selected images: what it asks for, what it says, how it is gone through.
#include <QComboBox>
#include <QElapsedTimer>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QScrollBar>
#include <QTest>
#include <QToolButton>
#include <atomic>
#include <numeric>

#include "tests/widgets/prediction_story.h"
#include "widgets/style/palette.h"
#include "widgets/views/frame_clock.h"
#include "widgets/views/image_strip.h"

using namespace palimpsest;
using Samples = std::vector<std::int64_t>;

namespace {

struct Bench {
  std::atomic<int> asked = 0;
  RunListModel runs;
  Cursor cursor;
  Selection selection;
  BlobStore blobs{PredictionStory::read};
  ImageStore images{[this](const std::filesystem::path&, std::int64_t sample) {
    ++asked;
    Picture picture;
    if (sample % 10 == 5) {
      picture.problem = QStringLiteral("the class's folder is gone");
      return picture;
    }
    picture.image = QImage(32, 32, QImage::Format_RGB32);
    picture.image.fill(Qt::gray);
    picture.name = QStringLiteral("image %1").arg(sample);
    return picture;
  }};
  FrameClock frames;
  Lab lab{runs, cursor, selection, blobs, images, frames, {}};
  RunData* run = nullptr;

  Bench() {
    auto made = std::make_unique<RunData>(QStringLiteral("a"));
    made->folder = "/nowhere/a";
    run = runs.add(std::move(made));
    run->apply(PredictionStory::events());
    cursor.setRun(run);
  }
};

void showIt(QWidget& widget) {
  widget.resize(500, 240);
  widget.show();
  if (!QTest::qWaitForWindowExposed(&widget)) qWarning("not exposed");
}

}  // namespace

class TestImageStrip : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { style::apply(*qApp, style::Theme::Light); }

  void whatIsSelectedIsSaidInWords() {
    Bench bench;
    ImageStrip strip(bench.lab);
    auto* what = strip.findChild<QLabel*>(QStringLiteral("selectionWhat"));
    QCOMPARE(what->text(), QStringLiteral("Nothing is selected"));
    QVERIFY(!strip.findChild<QPushButton*>(QStringLiteral("selectionClear"))->isEnabled());
    bench.selection.select({3, 1, 2}, QStringLiteral("class cat"));
    QCOMPARE(what->text(), QStringLiteral("class cat: 3 images"));
    QCOMPARE(strip.grid().samples(), (Samples{1, 2, 3}));
    strip.findChild<QPushButton*>(QStringLiteral("selectionClear"))->click();
    QVERIFY(bench.selection.empty());
    QVERIFY(strip.grid().samples().empty());
  }

  void underEachImageStandsTruthAndAnswerAtTheCursorsTask() {
    Bench bench;
    ImageStrip strip(bench.lab);
    QTRY_COMPARE(strip.grid().caption(46), QStringLiteral("true frog, said cat"));
    bench.cursor.setTask(0);
    QCOMPARE(strip.grid().caption(46), QStringLiteral("frog, right"));
    QCOMPARE(strip.grid().caption(20), QStringLiteral("horse, not tested yet"));
    QCOMPARE(strip.grid().caption(123456), QStringLiteral("not tested"));
    bench.cursor.setTask(2);
    QVERIFY(strip.grid().toolTip(46).contains(QStringLiteral("went wrong after T2")));
  }

  void aMillionImagesOpenAtOnceAndOnlyVisibleOnesAreAskedFor() {
    Bench bench;
    ImageStrip strip(bench.lab);
    showIt(strip);
    Samples all(1000000);
    std::iota(all.begin(), all.end(), 0);
    QElapsedTimer timer;
    timer.start();
    bench.selection.select(all, QStringLiteral("everything"));
    strip.grab();
    qInfo("a million images: %lld ms", timer.elapsed());
    QTRY_VERIFY(bench.asked > 0);
    QTest::qWait(50);
    QVERIFY2(bench.asked < 100, qPrintable(QString::number(bench.asked)));
    QTest::keyClick(&strip.grid(), Qt::Key_End);
    QCOMPARE(bench.cursor.sample(), 999999);
    const QRect last = strip.grid().cellRect(999999);
    QVERIFY(strip.grid().viewport()->rect().contains(last.center()));
    QCOMPARE(strip.grid().placeAt(last.center()), 999999);
    strip.grab();
    QVERIFY(bench.asked < 200);
  }

  void aMissingImageIsAPlaceholderWithItsReason() {
    Bench bench;
    ImageStrip strip(bench.lab);
    showIt(strip);
    bench.selection.select({4, 5, 6}, QStringLiteral("three"));
    QTRY_VERIFY((strip.grab(), strip.grid().toolTip(5).contains(QStringLiteral("folder is gone"))));
    QTRY_VERIFY(strip.grid().toolTip(4).contains(QStringLiteral("image 4")));
  }

  void clicksAndArrowsMoveTheCursor() {
    Bench bench;
    ImageStrip strip(bench.lab);
    showIt(strip);
    bench.selection.select({10, 20, 30, 40, 50}, QStringLiteral("five"));
    ThumbnailGrid& grid = strip.grid();
    QTest::mouseClick(grid.viewport(), Qt::LeftButton, {}, grid.cellRect(1).center());
    QCOMPARE(bench.cursor.sample(), 20);
    QTest::keyClick(&grid, Qt::Key_Right);
    QCOMPARE(bench.cursor.sample(), 30);
    QTest::keyClick(&grid, Qt::Key_Home);
    QCOMPARE(bench.cursor.sample(), 10);
    QTest::keyClick(&grid, Qt::Key_Down);
    QCOMPARE(bench.cursor.sample(), grid.columns() < 5 ? 10 * (grid.columns() + 1) : 50);
    bench.cursor.setSample(40);  // from elsewhere
    QTest::keyClick(&grid, Qt::Key_Right);
    QCOMPARE(bench.cursor.sample(), 50);
    QTest::keyClick(&grid, Qt::Key_Escape);
    QVERIFY(bench.selection.empty());
    QTest::keyClick(&grid, Qt::Key_Right);  // nothing to go through
  }

  void imagesAreSortedByWhenTheyFellAndByClass() {
    Bench bench;
    ImageStrip strip(bench.lab);
    QTRY_COMPARE(strip.grid().caption(46), QStringLiteral("true frog, said cat"));  // everything is read
    QTest::qWait(60);
    bench.selection.select({0, 6, 16, 46}, QStringLiteral("four"));
    auto* sort = strip.findChild<QComboBox*>(QStringLiteral("selectionSort"));
    sort->setCurrentIndex(1);
    QTRY_COMPARE(strip.grid().samples(), (Samples{16, 46, 6, 0}));
    bench.cursor.setTask(0);  // nothing had fallen yet
    QTRY_COMPARE(strip.grid().samples(), (Samples{16, 46, 0, 6}));
    sort->setCurrentIndex(0);
    QCOMPARE(strip.grid().samples(), (Samples{0, 6, 16, 46}));
  }

  void slicesAreKeptChosenAndDropped() {
    Bench bench;
    ImageStrip strip(bench.lab);
    auto* slices = strip.findChild<QToolButton*>(QStringLiteral("selectionSlices"));
    QVERIFY(!slices->isEnabled());
    bench.selection.select({1, 2}, QStringLiteral("two"));
    strip.keep(QStringLiteral("mine"));
    QVERIFY(slices->isEnabled());
    bench.selection.clear();
    Q_EMIT slices->menu()->aboutToShow();
    slices->menu()->actions().first()->trigger();
    QCOMPARE(bench.selection.samples(), (Samples{1, 2}));
    QCOMPARE(bench.selection.what(), QStringLiteral("mine"));
    slices->menu()->actions().last()->menu()->actions().first()->trigger();
    QVERIFY(bench.selection.slices().empty());
    QVERIFY(!slices->isEnabled());
  }

  void itSurvivesWithoutARunAndWhenTheRunGoes() {
    Bench bench;
    ImageStrip strip(bench.lab);
    showIt(strip);
    bench.selection.select({1, 2, 3}, QStringLiteral("three"));
    strip.grab();
    bench.runs.remove(bench.run);
    bench.run = nullptr;
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    strip.grab();
    QTRY_COMPARE(bench.cursor.run(), nullptr);
    QCOMPARE(strip.grid().caption(1), QStringLiteral("not tested"));
    bench.selection.select({4}, QStringLiteral("one"));
    strip.grab();
  }
};

QTEST_MAIN(TestImageStrip)
#include "tst_image_strip.moc"
