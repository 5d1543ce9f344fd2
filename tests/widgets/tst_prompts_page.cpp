// The page of prompts: from the alarm to its cause by clicks, what-if with a scripted engine, and what is missing.
#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSemaphore>
#include <QSignalSpy>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QTableView>
#include <QTest>
#include <fstream>
#include <stdexcept>

#include "tests/widgets/prompt_story.h"
#include "widgets/style/palette.h"
#include "widgets/views/heat_map.h"
#include "widgets/views/key_map_view.h"
#include "widgets/views/prompt_bars.h"
#include "widgets/views/prompt_plot.h"
#include "widgets/views/prompt_use_view.h"
#include "widgets/views/prompts_page.h"
#include "widgets/views/what_if_panel.h"

using namespace palimpsest;

namespace {

Value answerOf(double before, double after) {
  Value answer;
  answer["after_task"] = 1;
  answer["images"] = 40;
  answer["changed_predictions"] = 6;
  answer["changed_selections"] = 0.25;
  answer["seconds"] = 2.0;
  answer["before"]["accuracy"] = before;
  answer["before"]["by_task"] = Value::Array{before, before};
  answer["after"]["accuracy"] = after;
  answer["after"]["by_task"] = Value::Array{after, after};
  return answer;
}

// A window's worth of shared things, with one run in focus whose folder has a checkpoint unless `bare`.
struct Bench {
  explicit Bench(const PromptStory& told = {}, bool bare = false) : story(told) {
    style::apply(*qApp, style::Theme::Light);
    std::filesystem::create_directories(folder() / "checkpoints");
    if (!bare) std::ofstream(folder() / "checkpoints" / "task-0001.safetensors") << "x";
    lab.inspectors.whatIf = [this](const std::filesystem::path& run, const WhatIf& change, const InspectOptions& options) {
      asked.push_back(change);
      asked_folder = run;
      options.progress(1, 2);
      if (wait) gate.acquire();
      if (fails) throw std::runtime_error("the weights are gone");
      options.progress(2, 2);
      return answerOf(60, 66);
    };
    lab.inspectors.invariance = [](const std::filesystem::path&, const InspectOptions&) {
      Value answer;
      answer["images"] = 40;
      answer["changed_predictions"] = 2;
      answer["changed_samples"] = Value::Array{3, 9};
      return answer;
    };
    auto run = std::make_unique<RunData>(QStringLiteral("run"));
    run->folder = folder();
    run->apply(story.events());
    cursor.setRun(runs.add(std::move(run)));
  }
  ~Bench() { gate.release(1000); }

  std::filesystem::path folder() const { return dir.path().toStdString(); }
  Blob read(const std::filesystem::path& file) const {
    const std::string name = file.filename().string();
    const int task = name[name.find("task-") + 5] - '0';
    return name.starts_with("keys") ? story.keys(task) : story.features(task);
  }
  RunData* run() const { return cursor.run(); }

  PromptStory story;
  QTemporaryDir dir;
  RunListModel runs;
  Cursor cursor;
  Selection selection;
  BlobStore blobs{[this](const std::filesystem::path& file) { return read(file); }};
  ImageStore images{{}};
  FrameClock frames;
  std::vector<WhatIf> asked;
  std::filesystem::path asked_folder;
  bool wait = false, fails = false;
  QSemaphore gate;
  Lab lab{runs, cursor, selection, blobs, images, frames, {}};
};

struct Page {
  explicit Page(Bench& bench) : page(bench.lab) {
    page.resize(1280, 820);
    page.show();
    if (!QTest::qWaitForWindowExposed(&page)) qWarning("not exposed");
  }
  template <typename Widget>
  Widget& find(const char* name) const {
    auto* found = page.findChild<Widget*>(QLatin1String(name));
    if (!found) qFatal("there is no %s", name);
    return *found;
  }
  void click(QWidget& widget, QPoint at = {-1, -1}) { QTest::mouseClick(&widget, Qt::LeftButton, {}, at.x() < 0 ? widget.rect().center() : at); }
  QString text(const char* label) const { return find<QLabel>(label).text(); }
  QString chip() const { return find<QPushButton>("promptChip").text(); }
  PromptsPage page;
};

PromptStory collapsed() {
  PromptStory story;
  story.collapses = true;
  return story;
}

}  // namespace

class TestPromptsPage : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void anAlarmLeadsToItsCauseInFourClicks() {
    Bench bench(collapsed());
    Page page(bench);
    QTRY_VERIFY(page.chip().contains(QStringLiteral("prompts 1, 4 since step 21 of T2")));
    page.click(page.find<QPushButton>("promptChip"));  // 1: where it began, marked, with the remedy
    QCOMPARE(bench.cursor.step(), 60.0);
    QCOMPARE(page.find<PromptUseView>("promptUseView").by(), PromptUseView::By::Training);
    QCOMPARE(page.find<HeatMap>("promptHeat").shown().columns[4], QStringLiteral("[4]"));
    QCOMPARE(page.find<QLineEdit>("whatIfMask").text(), QStringLiteral("1, 4"));
    QVERIFY(page.find<WhatIfPanel>("whatIfPanel").isVisible());
    auto& bars = page.find<PromptBars>("promptBars");
    QTRY_VERIFY(bench.blobs.get(bench.run()->blob(bench.run()->featuresAfter(0))) != nullptr);
    page.click(bars, bars.barRect(1).center());  // 2: its images
    QCOMPARE(bench.selection.samples().size(), 8u);
    QVERIFY2(bench.selection.what().contains(QStringLiteral("given prompt 1")), qPrintable(bench.selection.what()));
    auto& go = page.find<QPushButton>("whatIfTry");
    QTRY_VERIFY(go.isEnabled());
    page.click(go);  // 3: what if
    QTRY_COMPARE(page.find<WhatIfPanel>("whatIfPanel").trials().rowCount(), 1);
    QCOMPARE(bench.asked.front().mask, (std::vector<int>{1, 4}));
    QCOMPARE(bench.asked.front().after_task, 1);
    QCOMPARE(bench.asked_folder, bench.folder());
    QVERIFY2(page.text("whatIfResult").contains(QStringLiteral("+6.0 points")), qPrintable(page.text("whatIfResult")));
  }

  void aHealthyChoiceSaysHowManyAreInUse() {
    Bench bench;
    Page page(bench);
    QTRY_COMPARE(page.chip(), QStringLiteral("5.4 of 6 prompts in use"));
    QVERIFY(page.find<QPushButton>("promptChip").toolTip().contains(QStringLiteral("entropy")));
  }

  void theRunsFolderNamesTheBlocksOfALayer() {
    Bench bench;
    std::ofstream(bench.folder() / "run.json") << R"({"format": 1, "recipe": {"prompts": [{"pool": {"use": "flat"}, "inject": {"blocks": [2, 3]}}]}})";
    Page page(bench);
    QTRY_COMPARE(page.find<HeatMap>("promptHeat").shown().title, QStringLiteral("Prompt use: Layer 0, blocks 2, 3"));
  }

  void theVerdictMovesWithTheCursor() {
    Bench bench(collapsed());
    Page page(bench);
    QTRY_VERIFY(page.chip().contains(QStringLiteral("Whatever the image")));
    bench.cursor.setTask(0);
    QTRY_COMPARE(page.chip(), QStringLiteral("5.4 of 6 prompts in use"));
    QTRY_COMPARE(page.find<HeatMap>("promptHeat").shown().rows, QStringList{QStringLiteral("T1")});
    bench.cursor.setTask(2);
    QTRY_COMPARE(page.find<HeatMap>("promptHeat").shown().rows.size(), 3);
  }

  void cellsSelectImagesOfTheirTaskAndKeysCount() {
    Bench bench;
    Page page(bench);
    auto& heat = page.find<HeatMap>("promptHeat");
    QTRY_COMPARE(heat.shown().rows.size(), 3);
    QTRY_VERIFY(bench.blobs.get(bench.run()->blob(bench.run()->featuresAfter(2))) != nullptr);
    page.click(heat, heat.cellRect(1, 2).center());
    QCOMPARE(bench.selection.samples(), (std::vector<std::int64_t>{200, 201, 202, 203, 300, 301, 302, 303}));
    QTest::mouseClick(&heat, Qt::LeftButton, Qt::ShiftModifier, heat.cellRect(0, 0).center());
    QCOMPARE(bench.selection.samples().size(), 16u);
    QTest::mouseClick(&heat, Qt::LeftButton, Qt::ControlModifier, heat.cellRect(1, 3).center());
    QCOMPARE(bench.selection.samples().size(), 8u);
    QTRY_VERIFY(page.text("promptsNote").contains(QStringLiteral("Of the selection")));
    auto& bars = page.find<PromptBars>("promptBars");
    bars.setFocus();
    for (const int key : {Qt::Key_Right, Qt::Key_Right, Qt::Key_Return}) QTest::keyClick(&bars, Qt::Key(key));  // without a mouse
    QCOMPARE(bars.current(), 1);
    QCOMPARE(bench.selection.samples().size(), 8u);
  }

  void rowsMayBeClassesOrSteps() {
    PromptStory story;
    story.votes = true;
    Bench bench(story);
    Page page(bench);
    auto& heat = page.find<HeatMap>("promptHeat");
    page.find<QComboBox>("promptsBy").setCurrentIndex(1);
    QTRY_COMPARE(heat.shown().rows.size(), 6);
    QCOMPARE(heat.shown().row_borders, (std::vector<int>{2, 4}));
    page.find<QComboBox>("promptsBy").setCurrentIndex(2);
    QCOMPARE(heat.shown().rows.size(), 12);
    page.find<QComboBox>("promptsSide").setCurrentIndex(int(PromptSide::Difference));
    QVERIFY(heat.shown().low < 0);
    QVERIFY(!page.find<PromptBars>("promptBars").isVisible());
  }

  void keysAreMappedAndCompared() {
    Bench bench;
    Page page(bench);
    page.find<QTabWidget>("promptsTabs").setCurrentIndex(1);
    auto& map = page.find<KeyMapView>("keyMap");
    QTRY_VERIFY(map.keyPosition(5).has_value());
    QVERIFY(map.accessibleDescription().contains(QStringLiteral("24 queries")));
    QVERIFY(map.toCsv().contains(QStringLiteral("key,5,2,")));
    page.click(map, map.keyPosition(0)->toPoint());
    QCOMPARE(map.current(), 0);
    QVERIFY(!bench.selection.empty());
    bench.cursor.setTask(0);
    QTRY_VERIFY(map.accessibleDescription().contains(QStringLiteral("after T1")));
    page.find<QTabWidget>("promptsTabs").setCurrentIndex(2);
    QTRY_COMPARE(page.find<HeatMap>("keyCosines").shown().rows.size(), 6);
    QTRY_VERIFY(page.find<PromptPlot>("keyDrift").csv().contains(QStringLiteral("80,")));
  }

  void aMethodWithoutPromptsSaysSoAndAsksNothing() {
    Bench bench;
    auto plain = std::make_unique<RunData>(QStringLiteral("plain"));
    RunStarted start;
    start.title = "SimpleCIL";
    start.tasks = 1;
    plain->apply({Event{0, 1, start}, Event{1, 2, TaskStarted{0, 10, 10, {0}}}, Event{2, 3, TaskEnded{0, 10, 1}}});
    Page page(bench);
    bench.cursor.setRun(bench.runs.add(std::move(plain)));
    QTRY_VERIFY(page.find<HeatMap>("promptHeat").shown().empty.contains(QStringLiteral("SimpleCIL has no prompts")));
    QVERIFY(!page.find<QPushButton>("whatIfTry").isEnabled());
    QVERIFY(page.text("whatIfProblem").contains(QStringLiteral("SimpleCIL has no prompts")));
    QVERIFY(!page.find<QPushButton>("promptChip").isVisible());
  }

  void aRunWithZeroTasksAndNoRunAreNoObstacle() {
    Bench bench;
    Page page(bench);
    auto young = std::make_unique<RunData>(QStringLiteral("young"));
    bench.cursor.setRun(bench.runs.add(std::move(young)));
    QTRY_VERIFY(page.find<HeatMap>("promptHeat").shown().values.empty());
    page.page.openCause();
    bench.cursor.setRun(nullptr);
    QTRY_VERIFY(page.text("whatIfProblem").contains(QStringLiteral("No run is in focus")));
    page.page.openCause();
  }

  void withoutCheckpointsOrAnEngineButtonsSayWhy() {
    Bench bare({}, true);
    Page page(bare);
    QTRY_VERIFY(page.text("whatIfProblem").contains(QStringLiteral("no checkpoints")));
    QVERIFY(!page.find<QPushButton>("checkInvariance").isEnabled());
    QVERIFY(page.find<QPushButton>("checkInvariance").toolTip().contains(QStringLiteral("no checkpoints")));
    Bench dumb;
    dumb.lab.inspectors = {};
    Page other(dumb);
    QTRY_VERIFY(other.text("whatIfProblem").contains(QStringLiteral("no engine")));
  }

  void whatIsTypedWrongIsExplained() {
    Bench bench;
    Page page(bench);
    QTRY_VERIFY(page.text("whatIfProblem").contains(QStringLiteral("Nothing would change yet")));
    page.find<QLineEdit>("whatIfMask").setText(QStringLiteral("17"));
    QVERIFY(page.text("whatIfProblem").contains(QStringLiteral("no prompt 17")));
    QVERIFY(!page.find<QPushButton>("whatIfTry").isEnabled());
    page.find<QLineEdit>("whatIfMask").setText(QStringLiteral("3"));
    QVERIFY(page.find<QPushButton>("whatIfTry").isEnabled());
    QSignalSpy forks(&page.page, &PromptsPage::forkRequested);
    page.click(page.find<QPushButton>("whatIfKeep"));
    QCOMPARE(forks.size(), 1);
    QCOMPARE(forks.first().first().value<RunData*>(), bench.run());
  }

  void aFailureOfTheEngineIsTold() {
    Bench bench;
    bench.fails = true;
    Page page(bench);
    page.find<QLineEdit>("whatIfMask").setText(QStringLiteral("3"));
    QTRY_VERIFY(page.find<QPushButton>("whatIfTry").isEnabled());
    page.click(page.find<QPushButton>("whatIfTry"));
    QTRY_VERIFY(page.text("whatIfResult").contains(QStringLiteral("the weights are gone")));
    QVERIFY(page.find<QPushButton>("whatIfTry").isEnabled());
  }

  void aQuestionCanBeCancelled() {
    Bench bench;
    bench.wait = true;
    Page page(bench);
    page.find<QLineEdit>("whatIfMask").setText(QStringLiteral("3"));
    QTRY_VERIFY(page.find<QPushButton>("whatIfTry").isEnabled());
    page.click(page.find<QPushButton>("whatIfTry"));
    QTRY_COMPARE(page.find<QProgressBar>("whatIfProgress").maximum(), 2);
    QVERIFY(!page.find<QPushButton>("whatIfTry").isEnabled());  // one at a time
    page.click(page.find<QPushButton>("whatIfCancel"));
    QVERIFY(page.text("whatIfResult").contains(QStringLiteral("Cancelled")));
    bench.gate.release();
    QTRY_VERIFY(page.find<QPushButton>("whatIfTry").isEnabled());
    QCOMPARE(page.find<WhatIfPanel>("whatIfPanel").trials().rowCount(), 0);
  }

  void aRunRemovedDuringAQuestionIsNoObstacle() {
    Bench bench;
    bench.wait = true;
    Page page(bench);
    page.find<QLineEdit>("whatIfMask").setText(QStringLiteral("3"));
    QTRY_VERIFY(page.find<QPushButton>("whatIfTry").isEnabled());
    page.click(page.find<QPushButton>("whatIfTry"));
    QTRY_COMPARE(page.find<QProgressBar>("whatIfProgress").maximum(), 2);
    bench.runs.remove(bench.run());
    QTRY_VERIFY(bench.run() == nullptr);
    QTRY_VERIFY(page.text("whatIfResult").contains(QStringLiteral("was removed")));
    bench.gate.release();
    QTRY_VERIFY(page.find<HeatMap>("promptHeat").shown().values.empty());
    QCOMPARE(page.find<WhatIfPanel>("whatIfPanel").trials().rowCount(), 0);
  }

  void thePageMayGoWhileTheEngineWorks() {
    Bench bench;
    bench.wait = true;
    {
      Page page(bench);
      page.find<QLineEdit>("whatIfMask").setText(QStringLiteral("3"));
      QTRY_VERIFY(page.find<QPushButton>("whatIfTry").isEnabled());
      page.click(page.find<QPushButton>("whatIfTry"));
      QTRY_COMPARE(page.find<QProgressBar>("whatIfProgress").maximum(), 2);
      bench.gate.release();
    }
    QCOMPARE(bench.asked.size(), 1u);
  }

  void batchInvarianceSelectsTheAffectedImages() {
    Bench bench;
    Page page(bench);
    auto& check = page.find<QPushButton>("checkInvariance");
    QTRY_VERIFY(check.isEnabled());
    page.click(check);
    QTRY_VERIFY(page.text("whatIfResult").contains(QStringLiteral("2 of 40 images change")));
    page.click(page.find<QPushButton>("selectAffected"));
    QCOMPARE(bench.selection.samples(), (std::vector<std::int64_t>{3, 9}));
  }

  void picturesAndThemesWork() {
    Bench bench(collapsed());
    Page page(bench);
    auto& map = page.find<KeyMapView>("keyMap");
    QTRY_VERIFY(map.keyPosition(0).has_value());
    const QString path = bench.dir.filePath(QStringLiteral("keys.svg"));
    QVERIFY(!map.exportImage(path).has_value());
    QVERIFY(map.exportImage(QStringLiteral("/nowhere/keys.png")).has_value());
    style::apply(*qApp, style::Theme::Dark);
    QTRY_COMPARE(page.find<QPushButton>("promptChip").palette().color(QPalette::Button), style::error());
    QVERIFY(!page.page.grab().isNull());
    style::apply(*qApp, style::Theme::Light);
  }
};

QTEST_MAIN(TestPromptsPage)
#include "tst_prompts_page.moc"
