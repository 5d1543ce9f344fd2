// Matrix, timeline, run list, transport, status, log, issues, inspector and banner: what they say and when.
#include <QAction>
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QTextBrowser>
#include <QToolButton>
#include <QTreeView>
#include <cmath>

#include "engine/protocol/options.h"
#include "tests/widgets/run_story.h"
#include "widgets/models/issues.h"
#include "widgets/models/log.h"
#include "widgets/models/param_form.h"
#include "widgets/style/palette.h"
#include "widgets/views/caption_banner.h"
#include "widgets/views/inspector_view.h"
#include "widgets/views/issues_view.h"
#include "widgets/views/log_view.h"
#include "widgets/views/matrix_view.h"
#include "widgets/views/run_list_view.h"
#include "widgets/views/status_strip.h"
#include "widgets/views/timeline_view.h"
#include "widgets/views/transport_bar.h"

using namespace palimpsest;

Q_DECLARE_METATYPE(palimpsest::Pause)

namespace {

RunStory halfTold() {
  RunStory story;
  story.learned = 2;
  story.part_of_next = 60;
  story.ends = false;
  return story;
}

void tell(RunData& run, Payload what) { run.apply({Event{1u << 20, 1, std::move(what)}}); }

template <typename Widget>
Widget& shown(Widget& widget, QSize size) {
  widget.resize(size);
  widget.show();
  if (!QTest::qWaitForWindowExposed(&widget)) qWarning("not exposed");
  return widget;
}

// At a logical position, whatever the scaling of the desktop.
QColor colourAt(QWidget& widget, QPoint at) {
  const QImage image = widget.grab().toImage();
  return image.pixelColor((QPointF(at) * image.devicePixelRatio()).toPoint());
}

QString labelText(const QWidget& parent, const char* name) { return parent.findChild<QLabel*>(QLatin1String(name))->text(); }

}  // namespace

class TestViews : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { style::apply(*qApp, style::Theme::Light); }

  void matrixCellsShowFiguresAndExplainThem() {
    RunData run(QStringLiteral("run"));
    run.apply(RunStory().events());
    MatrixView view;
    view.setRun(&run);
    shown(view, {420, 380});
    QCOMPARE(view.cellText(0, 0), QStringLiteral("92.0"));
    QCOMPARE(view.cellText(2, 0), QStringLiteral("78.0"));
    QCOMPARE(view.cellText(0, 1), QString());
    const QString tip = view.cellToolTip(2, 0);
    QVERIFY2(tip.contains(QStringLiteral("156 / 200")), qPrintable(tip));  // counts
    QVERIFY2(tip.contains(QStringLiteral("14.0")), qPrintable(tip));       // forgotten
    QVERIFY(view.accessibleDescription().contains(QStringLiteral("after task 5")));
    const QRect cell = view.cellRect(4, 0);
    QCOMPARE(colourAt(view, cell.topLeft() + QPoint(4, 4)), style::accuracy(64));
    QCOMPARE(view.cellAt(cell.center()), std::optional(QPoint(0, 4)));
  }

  void arrowsMoveTheCellCursor() {
    RunData run(QStringLiteral("run"));
    run.apply(RunStory().events());
    MatrixView view;
    view.setRun(&run);
    shown(view, {420, 380});
    QSignalSpy selected(&view, &MatrixView::cellSelected);
    QTest::mouseClick(&view, Qt::LeftButton, {}, view.cellRect(2, 1).center());
    QCOMPARE(view.selected(), QPoint(1, 2));
    QTest::keyClick(&view, Qt::Key_Down);
    QTest::keyClick(&view, Qt::Key_Left);
    QCOMPARE(selected.last(), (QVariantList{3, 0}));
    for (int i = 0; i < 9; ++i) QTest::keyClick(&view, Qt::Key_Down);
    QCOMPARE(view.selected(), QPoint(0, 4));  // stays inside
    QVERIFY(view.accessibleDescription().contains(view.cellToolTip(4, 0)));
    QTest::keyClick(&view, Qt::Key_Escape);
    QCOMPARE(view.selected(), QPoint(-1, -1));
  }

  void twentyTasksHideFiguresThatNobodyCouldRead() {
    RunStory story;
    story.tasks = story.learned = 20;
    RunData run(QStringLiteral("run"));
    run.apply(story.events());
    MatrixView view;
    view.setRun(&run);
    shown(view, {260, 220});
    QVERIFY(view.cellRect(19, 19).right() < view.width());
    QVERIFY(view.cellRect(19, 19).bottom() < view.height());
    QCOMPARE(colourAt(view, view.cellRect(10, 10).center()), style::accuracy(100 * *run.matrix().at(10, 10)));
  }

  void theMatrixCopiesAsCsvMarkdownAndLatex() {
    RunStory story = halfTold();
    RunData run(QStringLiteral("run"));
    run.apply(story.events());
    MatrixView view;
    view.setRun(&run);
    QCOMPARE(view.toCsv().split(QLatin1Char('\n'))[2], QStringLiteral("2,85,90.5,,,"));
    QVERIFY(view.toMarkdown().contains(QStringLiteral("| T2 | 85.0 | 90.5 |")));
    QVERIFY(view.toLatex().contains(QStringLiteral("$T_{2}$ & 85.0 & 90.5 & ")));
    QVERIFY(view.toLatex().contains(QStringLiteral("\\toprule")));
    QTemporaryDir folder;
    view.resize(300, 260);
    for (const char* name : {"m.png", "m.svg", "m.pdf"}) {
      QVERIFY(!view.exportImage(folder.filePath(QLatin1String(name))));
      QVERIFY(QFileInfo(folder.filePath(QLatin1String(name))).size() > 1000);
    }
  }

  void theTimelineCursorCanBeDraggedWithinWhatHasHappened() {
    RunData run(QStringLiteral("run"));
    run.apply(halfTold().events());
    TimelineView view;
    view.setRun(&run);
    shown(view, {800, 44});
    QSignalSpy moved(&view, &TimelineView::cursorMoved);
    const QRectF second = view.bandRect(1);
    QTest::mousePress(&view, Qt::LeftButton, {}, second.center().toPoint());
    QVERIFY(std::abs(moved.last()[0].toDouble() - 150) < 2);
    QMouseEvent drag(QEvent::MouseMove, view.bandRect(4).center(), view.mapToGlobal(view.bandRect(4).center()), Qt::NoButton, Qt::LeftButton, {});
    QApplication::sendEvent(&view, &drag);
    QCOMPARE(moved.last()[0].toDouble(), double(run.step()));  // the future cannot be scrubbed
    QTest::keyClick(&view, Qt::Key_BracketLeft);
    QCOMPARE(view.cursor(), 200.0);
    QTest::keyClick(&view, Qt::Key_Escape);
    QVERIFY(std::isnan(view.cursor()));
    QVERIFY(view.accessibleDescription().contains(QStringLiteral("2 of 5")));
  }

  void theRunListTellsWhichRunIsInFocus() {
    RunListModel runs;
    RunListView view(runs);
    shown(view, {300, 240});
    QSignalSpy demo(&view, &RunListView::runDemoRequested);
    QVERIFY(view.findChild<QPushButton*>(QStringLiteral("runDemo"))->isVisible());
    QTest::mouseClick(view.findChild<QPushButton*>(QStringLiteral("runDemo")), Qt::LeftButton);
    QCOMPARE(demo.size(), 1);
    QSignalSpy current(&view, &RunListView::currentRunChanged);
    RunData* first = runs.add(std::make_unique<RunData>(QStringLiteral("a")));
    RunData* second = runs.add(std::make_unique<RunData>(QStringLiteral("b")));
    second->apply(RunStory().events());
    QVERIFY(!view.findChild<QPushButton*>(QStringLiteral("runDemo"))->isVisible());
    view.setCurrentRun(first);
    QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, view.visualRect(runs.index(1, 0)).center());
    QCOMPARE(view.currentRun(), second);
    QCOMPARE(current.last()[0].value<RunData*>(), second);
    QTest::keyClick(&view, Qt::Key_Space);
    QVERIFY(!second->visible);
    QSignalSpy removal(&view, &RunListView::removeRequested);
    QTest::keyClick(&view, Qt::Key_Delete);
    QCOMPARE(removal.last()[0].value<RunData*>(), second);
  }

  void transportButtonsFollowTheRunAndNeverTheClick() {
    RunData run(QStringLiteral("run"));
    TransportBar bar;
    shown(bar, {500, 40});
    QVERIFY(bar.runAction()->isEnabled());
    QVERIFY(!bar.pauseAction()->isEnabled() && !bar.stepAction()->isEnabled() && !bar.stopAction()->isEnabled());
    bar.setRun(&run, true);
    run.apply(halfTold().events());
    QVERIFY(bar.pauseAction()->isEnabled() && bar.stopAction()->isEnabled() && !bar.stepAction()->isEnabled());

    QSignalSpy pause(&bar, &TransportBar::pauseRequested), resume(&bar, &TransportBar::resumeRequested);
    QTest::mouseClick(bar.findChild<QToolButton*>(QStringLiteral("pauseButton")), Qt::LeftButton, {}, QPoint(10, 10));
    QCOMPARE(pause.size(), 1);
    QCOMPARE(bar.pauseAction()->text(), QStringLiteral("Pause"));  // nothing answered yet
    QVERIFY(!labelText(bar, "pending").isEmpty());
    tell(run, RunPaused{"training"});
    QCOMPARE(bar.pauseAction()->text(), QStringLiteral("Resume"));
    QVERIFY(bar.stepAction()->isEnabled());
    QVERIFY(labelText(bar, "pending").isEmpty());
    bar.pauseAction()->trigger();
    QCOMPARE(resume.size(), 1);
    QCOMPARE(bar.pauseAction()->text(), QStringLiteral("Resume"));
    tell(run, RunContinued{});
    QCOMPARE(bar.pauseAction()->text(), QStringLiteral("Pause"));
    bar.pauseActions()[2]->trigger();
    QCOMPARE(pause.last()[0].value<Pause>(), Pause::AfterTask);
    tell(run, RunEnded{"done", 1});
    QVERIFY(!bar.pauseAction()->isEnabled() && !bar.stopAction()->isEnabled());
  }

  void aRunOfAnotherProcessCanOnlyBeWatched() {
    RunData run(QStringLiteral("run"));
    run.apply(halfTold().events());
    TransportBar bar;
    bar.setRun(&run, false);
    QVERIFY(!bar.pauseAction()->isEnabled() && !bar.stopAction()->isEnabled());
    run.recording = true;
    bar.setRun(&run, true);
    QVERIFY(!bar.pauseAction()->isEnabled());
  }

  void theStatusStripSaysWhereTheRunIs() {
    FrameClock frames;
    RunData run(QStringLiteral("run"));
    run.apply(halfTold().events());
    StatusStrip strip(frames);
    strip.setRun(&run);
    shown(strip, {900, 28});
    QCOMPARE(labelText(strip, "where"), QStringLiteral("T3/5 epoch 2/2 step 10/50"));
    QCOMPARE(labelText(strip, "left"), QStringLiteral("task 0:41, run 6:10 left"));
    QVERIFY(labelText(strip, "speed").contains(QStringLiteral("612")));
    QVERIFY(labelText(strip, "saved").startsWith(QStringLiteral("saved ")));
    QCOMPARE(strip.findChild<QProgressBar*>()->value(), int(std::lround(1000 * run.progress().fraction)));
    QSignalSpy clicked(&strip, &StatusStrip::issuesClicked);
    tell(run, IssueRaised{"warning", "head.width", "too wide", ""});
    QCOMPARE(strip.findChild<QToolButton*>(QStringLiteral("issues"))->text(), QStringLiteral("warnings: 1"));
    QTest::mouseClick(strip.findChild<QToolButton*>(QStringLiteral("issues")), Qt::LeftButton);
    QCOMPARE(clicked.size(), 1);
    tell(run, RunEnded{"done", 1});
    QCOMPARE(labelText(strip, "where"), QStringLiteral("done"));
  }

  void theLogIsFilteredFollowsItsTailAndIsCopied() {
    LogModel log;
    LogView view(log);
    shown(view, {600, 160});
    for (int i = 0; i < 200; ++i)
      log.post({i * 1000000LL, i % 10 ? LogLine::Level::Info : LogLine::Level::Warning, i % 2 ? QStringLiteral("a") : QStringLiteral("b"), QStringLiteral("line %1").arg(i)});
    auto* table = view.findChild<QTableView*>(QStringLiteral("lines"));
    QTRY_COMPARE(table->model()->rowCount(), 200);
    QTRY_COMPARE(table->verticalScrollBar()->value(), table->verticalScrollBar()->maximum());
    table->verticalScrollBar()->triggerAction(QAbstractSlider::SliderToMinimum);
    QVERIFY(!view.followsTail());
    log.post({0, LogLine::Level::Info, {}, QStringLiteral("one more")});
    QTRY_COMPARE(table->model()->rowCount(), 201);
    QCOMPARE(table->verticalScrollBar()->value(), 0);
    auto* level = view.findChild<QComboBox*>(QStringLiteral("level"));
    level->setCurrentIndex(level->findData(int(LogLine::Level::Warning)));
    QCOMPARE(table->model()->rowCount(), 20);
    QTest::keyClicks(view.findChild<QLineEdit*>(QStringLiteral("text")), QStringLiteral("120"));
    QCOMPARE(table->model()->rowCount(), 1);
    view.copy();
    QVERIFY(QApplication::clipboard()->text().endsWith(QStringLiteral("line 120\n")));
  }

  void anIssueJumpsToItsPlace() {
    IssuesModel issues;
    IssuesView view(issues);
    shown(view, {500, 200});
    QVERIFY(!view.findChild<QTreeView*>()->isVisible());
    issues.setIssues({error("phases.0.epochs", "0 is below the minimum 1", "Take 1 or more."), warning("head", "unusual")});
    auto* list = view.findChild<QTreeView*>();
    QVERIFY(list->isVisible());
    QSignalSpy jump(&view, &IssuesView::jumpRequested);
    list->setCurrentIndex(issues.index(0, 0));
    QTest::keyClick(list, Qt::Key_Return);
    QCOMPARE(jump.last()[0].toString(), QStringLiteral("phases.0.epochs"));
    QVERIFY(view.accessibleDescription().contains(QStringLiteral("Errors: 1, warnings: 1")));
  }

  void theInspectorExplainsAndResetsASetting() {
    ParamFormModel form;
    InspectorView view(form);
    shown(view, {320, 480});
    QVERIFY(!view.findChild<QTreeView*>()->isVisible());
    form.setGroups({{QStringLiteral("Run"), QStringLiteral("Options"), {}, specsOf<RunOptions>(), Value(valuesOf(RunOptions{}))}});
    QVERIFY(view.findChild<QTreeView*>()->isVisible());
    view.reveal(QStringLiteral("--eval-batch"));  // expert: the depth gives way
    auto* doc = view.findChild<QTextBrowser*>(QStringLiteral("doc"));
    QVERIFY2(doc->toPlainText().contains(QStringLiteral("instance-wise")), qPrintable(doc->toPlainText()));
    auto* reset = view.findChild<QToolButton*>(QStringLiteral("reset"));
    QVERIFY(!reset->isEnabled());
    form.set({}, "eval_batch", Value(0));
    QVERIFY(doc->toPlainText().contains(QStringLiteral("minimum")));
    QVERIFY(reset->isEnabled());
    QVERIFY(view.accessibleDescription().contains(QStringLiteral("problems")));
    QTest::mouseClick(reset, Qt::LeftButton);
    QVERIFY(!reset->isEnabled());
    QVERIFY(form.valid());
  }

  void theBannerFollowsTheRecordingTaskByTask() {
    RunData run(QStringLiteral("demo"));
    CaptionBanner banner;
    banner.setRun(&run);
    shown(banner, {800, 44});
    run.apply(halfTold().events());
    QVERIFY2(banner.caption().startsWith(QStringLiteral("Task 3 arrives (ship, truck)")), qPrintable(banner.caption()));
    banner.setCaption(QStringLiteral("Look here."));
    tell(run, Progress{});
    QCOMPARE(banner.caption(), QStringLiteral("Look here."));
    QSignalSpy compare(&banner, &CaptionBanner::compareRequested), open(&banner, &CaptionBanner::openRequested);
    QTest::mouseClick(banner.findChild<QPushButton*>(QStringLiteral("compare")), Qt::LeftButton);
    QTest::mouseClick(banner.findChild<QPushButton*>(QStringLiteral("open")), Qt::LeftButton);
    QCOMPARE(compare.size() + open.size(), 2);
  }

  void everyViewHasANameAndATextForPeopleWhoDoNotSeeIt() {
    FrameClock frames;
    RunListModel runs;
    LogModel log;
    IssuesModel issues;
    ParamFormModel form;
    std::vector<std::unique_ptr<QWidget>> views;
    views.push_back(std::make_unique<MatrixView>());
    views.push_back(std::make_unique<TimelineView>());
    views.push_back(std::make_unique<RunListView>(runs));
    views.push_back(std::make_unique<TransportBar>());
    views.push_back(std::make_unique<StatusStrip>(frames));
    views.push_back(std::make_unique<LogView>(log));
    views.push_back(std::make_unique<IssuesView>(issues));
    views.push_back(std::make_unique<InspectorView>(form));
    views.push_back(std::make_unique<CaptionBanner>());
    for (const auto& view : views) {
      QVERIFY2(!view->objectName().isEmpty(), view->metaObject()->className());
      QVERIFY2(!view->accessibleName().isEmpty(), view->metaObject()->className());
      QVERIFY2(!view->accessibleDescription().isEmpty(), view->metaObject()->className());
    }
  }
};

QTEST_MAIN(TestViews)
#include "tst_views.moc"
