// The whole window on a scripted engine, driven by clicks, keys and drops as a person would.
#include <QCheckBox>
#include <QComboBox>
#include <QDockWidget>
#include <QDropEvent>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QSplitter>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QToolBar>
#include <QToolButton>

#include "app/export_plots.h"
#include "app/help.h"
#include "app/main_window.h"
#include "tests/support/fake_run.h"
#include "widgets/views/accuracy_page.h"
#include "widgets/views/live_plot.h"
#include "widgets/views/matrix_view.h"
#include "widgets/views/run_list_view.h"
#include "widgets/views/timeline_view.h"
#include "widgets/views/transport_bar.h"
#include "widgets/views/xray_view.h"

using namespace palimpsest;
using State = RunData::State;

class TestWindow : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase();
  void init();
  void cleanup();

  void opensOnTheRecordingThatPlays();
  void withoutARecordingItSaysWhatToDo();
  void oneClickStartsTheComparisonAndTheFirstPointComesSoon();
  void theComparisonEndsWithARankingAndItsOwnPerspective();
  void pauseStepResumeAndStopWorkDuringTraining();
  void pauseStepResumeAndStopWorkDuringEvaluation();
  void theButtonsMeanTheLiveRunWhateverIsLookedAt();
  void closingWhileTrainingSavesACheckpointAndOffersToGoOn();
  void anInterruptedRunIsOfferedResumedKept();
  void aDroppedFolderIsOpened();
  void severalRunsAreComparedInOnePlot();
  void plotsAreExportedInEveryFormat();
  void aReportIsExported();
  void themesChangeEveryPlot();
  void zoomIsKeptWhileDataStreamIn();
  void aFailureIsSaidWithItsRemedy();
  void badInputLandsInTheIssuesAndLeadsToItsRow();
  void theInspectorDecidesWhatRuns();
  void theTimelineMovesOneCursorThroughAllPlots();
  void perspectivesAndThemeAreThereAgainNextTime();
  void howOneLooksIsThereAgainNextTime();
  void everyActionHasAPlaceAndNoKeyIsGivenTwice();

 private:
  std::filesystem::path home() const { return dir_->path().toStdString(); }
  std::filesystem::path runs() const { return home() / "runs"; }
  void open();
  void quit();
  void click(const char* name);  // a button of the transport bar
  void press(const QString& notice, const QString& label);
  RunData* run(int row) { return workspace_->runs().at(row); }
  std::vector<State> states();

  std::unique_ptr<QTemporaryDir> dir_;
  std::unique_ptr<FakeEngine> engine_;
  std::unique_ptr<LogModel> log_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<MainWindow> window_;
};

namespace {
void recordRun(const std::filesystem::path& folder, const char* recipe, FakeScript script = {}) {
  script.pace = std::chrono::microseconds(100);
  FakeRun(script, {FakeEngine::recipe(recipe), {}}, folder, {}, false).wait();
}
// A run whose writer died inside its second task.
void recordKilled(const std::filesystem::path& folder) {
  recordRun(folder.string() + "-whole", "l2p");
  record::Reader reader(folder.string() + "-whole");
  auto writer = record::Writer::create(folder, reader.run());
  for (const Event& event : reader.poll()) {
    const auto* step = std::get_if<StepMeasured>(&event.what);
    if (step && step->global_step == 31) break;
    writer->on(event);
  }
  std::filesystem::create_directories(record::Paths(folder).checkpoints());
  std::filesystem::remove_all(folder.string() + "-whole");
}
}  // namespace

void TestWindow::initTestCase() {
  QStandardPaths::setTestModeEnabled(true);
  QCoreApplication::setOrganizationName(QStringLiteral("PalimpsestTest"));
  QCoreApplication::setApplicationName(QStringLiteral("tst_window"));
}

void TestWindow::init() {
  QSettings().clear();
  dir_ = std::make_unique<QTemporaryDir>();
  engine_ = std::make_unique<FakeEngine>();
  engine_->resources = home() / "resources";
}

void TestWindow::cleanup() { quit(); }

void TestWindow::open() {
  log_ = std::make_unique<LogModel>();
  workspace_ = std::make_unique<Workspace>(engine_->api(), runs());
  window_ = std::make_unique<MainWindow>(*workspace_, *log_, style::Theme::Light);
  QSignalSpy looked(&window_->recovery(), &Recovery::looked);
  window_->show();
  QVERIFY(QTest::qWaitForWindowActive(window_.get()));
  QTRY_COMPARE(looked.count(), 1);
}

void TestWindow::quit() {
  window_.reset();
  workspace_.reset();
  log_.reset();
}

void TestWindow::click(const char* name) {
  auto* button = window_->transport().findChild<QToolButton*>(QLatin1String(name));
  QVERIFY2(button, name);
  QTRY_VERIFY2(button->isEnabled(), name);
  QTest::mouseClick(button, Qt::LeftButton, {}, QPoint(8, button->height() / 2));
}

void TestWindow::press(const QString& notice, const QString& label) {
  QTRY_VERIFY2(window_->plots().notices().shows(notice), qPrintable(notice));
  auto* bar = window_->plots().notices().findChild<QFrame*>(QStringLiteral("notice_") + notice);
  for (QPushButton* button : bar->findChildren<QPushButton*>())
    if (button->text() == label) return QTest::mouseClick(button, Qt::LeftButton);
  QFAIL(qPrintable(QStringLiteral("no button %1").arg(label)));
}

std::vector<State> TestWindow::states() {
  std::vector<State> all;
  for (int row = 0; row < workspace_->runs().rowCount(); ++row) all.push_back(run(row)->state());
  return all;
}

void TestWindow::opensOnTheRecordingThatPlays() {
  recordRun(engine_->resources / "recordings" / "demo", "l2p");
  open();
  workspace_->playRecording();
  QTRY_VERIFY(workspace_->focus());
  QVERIFY(workspace_->focus()->recording);
  QVERIFY(window_->plots().caption().isVisible());
  QTRY_VERIFY(workspace_->focus()->step() > 2);
  const auto before = workspace_->focus()->step();
  QTRY_VERIFY_WITH_TIMEOUT(workspace_->focus()->step() != before, 20000);  // it plays
}

void TestWindow::withoutARecordingItSaysWhatToDo() {
  open();
  QSignalSpy missing(&workspace_->watcher(), &RunWatcher::recordingMissing);
  workspace_->playRecording();
  QTRY_COMPARE(missing.count(), 1);
  QVERIFY(window_->plots().caption().isVisible());
  auto* demo = window_->findChild<QPushButton*>(QStringLiteral("runDemo"));
  QVERIFY(demo && demo->isVisible());
}

void TestWindow::oneClickStartsTheComparisonAndTheFirstPointComesSoon() {
  recordRun(engine_->resources / "recordings" / "demo", "l2p");
  engine_->script.pace = std::chrono::milliseconds(3);
  open();
  workspace_->playRecording();
  QTRY_VERIFY(workspace_->focus());
  QElapsedTimer clock;
  clock.start();
  QSignalSpy asked(&window_->plots().caption(), &CaptionBanner::compareRequested);
  for (QPushButton* button : window_->plots().caption().findChildren<QPushButton*>()) {
    QTest::mouseClick(button, Qt::LeftButton);
    if (asked.count() == 1) break;
  }
  QCOMPARE(asked.count(), 1);
  QCOMPARE(workspace_->runs().rowCount(), 4);
  QTRY_VERIFY(run(0)->probedSoFar().size() > 0);
  QVERIFY2(clock.elapsed() < 3000, qPrintable(QString::number(clock.elapsed())));
  QCOMPARE(workspace_->focus(), run(0));
  QVERIFY(!window_->plots().caption().isVisible());
}

void TestWindow::theComparisonEndsWithARankingAndItsOwnPerspective() {
  engine_->script.steps = 10;
  engine_->scripts["finetune"] = engine_->script;
  engine_->scripts["finetune"].keep = 0.3;
  open();
  QTest::keyClick(window_.get(), Qt::Key_D, Qt::ControlModifier);
  QTRY_COMPARE_WITH_TIMEOUT(states(), std::vector<State>(4, State::Done), 20000);
  QTRY_VERIFY(!window_->plots().notices().text(QStringLiteral("run")).isEmpty());  // the last run's thread ends after its last event
  const QString text = window_->plots().notices().text(QStringLiteral("run"));
  QVERIFY2(text.contains(QStringLiteral("L2P")) && text.trimmed().endsWith(QStringLiteral("%")), qPrintable(text));
  QVERIFY2(text.indexOf(QStringLiteral("Finetune")) > text.indexOf(QStringLiteral("SimpleCIL")), qPrintable(text));
  QVERIFY(window_->plots().perspective() == Perspective::Compare);
}

void TestWindow::pauseStepResumeAndStopWorkDuringTraining() {
  engine_->script.pace = std::chrono::milliseconds(4);
  open();
  QTest::keyClick(window_.get(), Qt::Key_R, Qt::ControlModifier);
  QTRY_COMPARE(workspace_->runs().rowCount(), 1);
  QTRY_VERIFY(run(0)->step() > 1);
  click("pauseButton");
  QTRY_COMPARE(run(0)->state(), State::Paused);
  const auto at = run(0)->step();
  click("stepButton");
  QTRY_COMPARE(run(0)->step(), at + 1);
  QTRY_COMPARE(run(0)->state(), State::Paused);
  click("pauseButton");  // reads "Resume" now
  QTRY_COMPARE(run(0)->state(), State::Running);
  QTRY_VERIFY(run(0)->step() > at + 2);
  click("stopButton");
  QTRY_COMPARE(run(0)->state(), State::Stopped);
  press(QStringLiteral("run"), QStringLiteral("Resume"));
  QTRY_COMPARE_WITH_TIMEOUT(run(0)->state(), State::Done, 10000);
  QCOMPARE(run(0)->loss().size(), std::size_t(60));
}

void TestWindow::pauseStepResumeAndStopWorkDuringEvaluation() {
  engine_->script.steps = 3;
  engine_->script.batches = 4000;
  open();
  QTest::keyClick(window_.get(), Qt::Key_R, Qt::ControlModifier);
  QTRY_COMPARE(workspace_->runs().rowCount(), 1);
  QTRY_COMPARE(QString::fromStdString(run(0)->progress().stage), QStringLiteral("evaluation"));
  click("pauseButton");
  QTRY_COMPARE(run(0)->state(), State::Paused);
  const int batch = run(0)->progress().step;
  click("stepButton");
  QTRY_COMPARE(run(0)->progress().step, batch + 1);
  QTRY_COMPARE(run(0)->state(), State::Paused);
  click("pauseButton");
  QTRY_COMPARE(run(0)->state(), State::Running);
  click("stopButton");
  QTRY_COMPARE(run(0)->state(), State::Stopped);
}

void TestWindow::theButtonsMeanTheLiveRunWhateverIsLookedAt() {
  recordRun(runs() / "old", "simplecil");
  engine_->script.pace = std::chrono::milliseconds(5);
  open();
  workspace_->open(runs() / "old");
  QTest::keyClick(window_.get(), Qt::Key_R, Qt::ControlModifier);
  QTRY_COMPARE(workspace_->runs().rowCount(), 2);
  QTRY_COMPARE(run(1)->state(), State::Running);
  auto* list = window_->findChild<RunListView*>();
  QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(workspace_->runs().index(0, 0)).center() + QPoint(20, 0));
  QTRY_COMPARE(workspace_->focus(), run(0));
  click("pauseButton");
  QTRY_COMPARE(run(1)->state(), State::Paused);
  click("stopButton");
  QTRY_COMPARE(run(1)->state(), State::Stopped);
}

void TestWindow::closingWhileTrainingSavesACheckpointAndOffersToGoOn() {
  engine_->script.pace = std::chrono::milliseconds(4);
  engine_->script.checkpoint = std::chrono::milliseconds(300);
  open();
  QTest::keyClick(window_.get(), Qt::Key_D, Qt::ControlModifier);
  QTRY_VERIFY(run(0)->step() > 2);
  QSignalSpy closed(window_.get(), &MainWindow::closed);
  QElapsedTimer clock;
  clock.start();
  window_->close();
  QVERIFY2(clock.elapsed() < 50, qPrintable(QString::number(clock.elapsed())));
  QVERIFY(window_->isVisible());  // says that it saves
  QVERIFY(window_->plots().notices().shows(QStringLiteral("closing")));
  QTRY_COMPARE(closed.count(), 1);
  QVERIFY(!window_->isVisible());
  QCOMPARE(run(0)->state(), State::Stopped);
  quit();

  engine_->script.checkpoint = {};
  open();
  QVERIFY(window_->plots().notices().shows(QStringLiteral("waiting")));
  const QString id = QString::fromStdString(scanRuns(runs()).at(0).id.toStdString());
  press(QStringLiteral("recover_") + id, QStringLiteral("Resume"));
  press(QStringLiteral("waiting"), QStringLiteral("Run them"));
  QTRY_COMPARE_WITH_TIMEOUT(states(), std::vector<State>(4, State::Done), 20000);
  QCOMPARE(engine_->resumed.load(), 1);
}

void TestWindow::anInterruptedRunIsOfferedResumedKept() {
  recordKilled(runs() / "killed");
  open();
  const QString key = QStringLiteral("recover_killed");
  QCOMPARE(window_->plots().notices().text(key).section(QLatin1Char('.'), 0, 0), QStringLiteral("Recovered: L2P, task 2, step 30"));
  press(key, QStringLiteral("Keep"));
  quit();
  open();
  QVERIFY(!window_->plots().notices().shows(key));  // kept: not asked again
  quit();
  QSettings().clear();
  open();
  press(key, QStringLiteral("Resume"));
  QTRY_COMPARE(states(), std::vector<State>(1, State::Done));
  QVERIFY(record::isRun(runs() / "killed"));
}

void TestWindow::aDroppedFolderIsOpened() {
  recordRun(home() / "elsewhere", "simplecil");
  open();
  QMimeData mime;
  mime.setUrls({QUrl::fromLocalFile(QString::fromStdString((home() / "elsewhere").string()))});
  QDragEnterEvent enter(QPoint(300, 300), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(window_.get(), &enter);
  QVERIFY(enter.isAccepted());
  QDropEvent drop(QPointF(300, 300), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(window_.get(), &drop);
  QTRY_COMPARE(states(), std::vector<State>(1, State::Done));
  QTRY_COMPARE(window_->plots().matrix().cellText(0, 0), QStringLiteral("95.0"));
  QVERIFY(window_->windowTitle().contains(QStringLiteral("SimpleCIL")));
}

void TestWindow::severalRunsAreComparedInOnePlot() {
  recordRun(runs() / "a", "simplecil");
  recordRun(runs() / "b", "l2p");
  open();
  workspace_->open(runs() / "a");
  workspace_->open(runs() / "b");
  QTRY_COMPARE(states(), std::vector<State>(2, State::Done));
  LivePlot* accuracy = window_->plots().plots().front();
  QTRY_VERIFY(accuracy->csv().contains(QStringLiteral("SimpleCIL")) && accuracy->csv().contains(QStringLiteral("L2P")));
  workspace_->runs().setVisible(run(0), false);
  QTRY_VERIFY(!accuracy->csv().contains(QStringLiteral("SimpleCIL")));
  QVERIFY(run(0)->colour_slot != run(1)->colour_slot);
}

void TestWindow::plotsAreExportedInEveryFormat() {
  recordRun(runs() / "a", "l2p");
  open();
  workspace_->open(runs() / "a");
  QTRY_COMPARE(states(), std::vector<State>(1, State::Done));
  const QString folder = dir_->filePath(QStringLiteral("figures"));
  const Exported done = exportAll(window_->plots().exports(), folder);
  QCOMPARE(done.problems, QStringList());
  QCOMPARE(done.files.size(), 20);
  for (const QString& path : done.files) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray head = file.read(400);
    if (path.endsWith(QStringLiteral(".png"))) QVERIFY2(head.startsWith("\x89PNG"), qPrintable(path));
    if (path.endsWith(QStringLiteral(".svg"))) QVERIFY2(head.contains("<svg"), qPrintable(path));
    if (path.endsWith(QStringLiteral(".pdf"))) QVERIFY2(head.startsWith("%PDF"), qPrintable(path));
    if (path.endsWith(QStringLiteral(".csv"))) QVERIFY2(head.count('\n') >= 2, qPrintable(path));
  }
  QVERIFY(exportTo(window_->plots().exports().front(), dir_->filePath(QStringLiteral("a.bmp"))).has_value());
  QVERIFY(exportTo(window_->plots().exports().front(), QStringLiteral("/nowhere/a.png")).has_value());
}

void TestWindow::aReportIsExported() {
  recordRun(runs() / "a", "l2p");
  open();
  const QString path = dir_->filePath(QStringLiteral("report.html"));
  window_->exporter().writeReport(path, {runs() / "a"});
  QTRY_VERIFY(window_->plots().notices().shows(QStringLiteral("export")));
  QFile file(path);
  QVERIFY2(file.open(QIODevice::ReadOnly), qPrintable(window_->plots().notices().text(QStringLiteral("export"))));
  QVERIFY(file.readAll().contains("L2P"));
}

void TestWindow::themesChangeEveryPlot() {
  recordRun(runs() / "a", "l2p");
  open();
  workspace_->open(runs() / "a");
  QTRY_COMPARE(states(), std::vector<State>(1, State::Done));
  const auto lightness = [this] {
    double sum = 0;
    int n = 0;
    for (LivePlot* plot : window_->plots().plots()) {
      if (!plot->isVisible()) continue;
      const QImage image = plot->grab().toImage();
      sum += qGray(image.pixel(image.width() / 2, 3));
      ++n;
    }
    return sum / n;
  };
  window_->actions()[Act::ThemeLight]->trigger();
  QTRY_VERIFY2(lightness() > 200, qPrintable(QString::number(lightness())));
  window_->actions()[Act::ThemeDark]->trigger();
  QTRY_VERIFY2(lightness() < 80, qPrintable(QString::number(lightness())));
  QVERIFY(window_->actions()[Act::ThemeDark]->isChecked());
  window_->setTheme(ThemeChoice::Light);
}

void TestWindow::zoomIsKeptWhileDataStreamIn() {
  engine_->script.pace = std::chrono::milliseconds(5);
  open();
  QTest::keyClick(window_.get(), Qt::Key_R, Qt::ControlModifier);
  QTRY_VERIFY(workspace_->runs().rowCount() == 1 && run(0)->step() > 8);
  LivePlot* plot = window_->plots().plots().front();
  auto* canvas = plot->findChild<QWidget*>(QStringLiteral("canvas"));
  QVERIFY(canvas && plot->following());
  QWheelEvent wheel(canvas->rect().center(), canvas->mapToGlobal(canvas->rect().center()), {}, {0, 240}, Qt::NoButton,
                    Qt::NoModifier, Qt::NoScrollPhase, false);
  QCoreApplication::sendEvent(canvas, &wheel);
  QTRY_VERIFY(!plot->following());
  const auto before = run(0)->step();
  QTRY_VERIFY(run(0)->step() > before + 10);
  QVERIFY(!plot->following());
  QTest::keyClick(window_.get(), Qt::Key_F);
  QTRY_VERIFY(plot->following());
}

void TestWindow::aFailureIsSaidWithItsRemedy() {
  engine_->script.fail_at = 25;
  open();
  QTest::keyClick(window_.get(), Qt::Key_R, Qt::ControlModifier);
  QTRY_VERIFY(workspace_->runs().rowCount() == 1 && run(0)->state() == State::Failed);
  const QString key = QStringLiteral("failed_") + run(0)->id();
  QTRY_VERIFY(window_->plots().notices().text(key).contains(QStringLiteral("Out of memory at task 2")));
  engine_->script.fail_at = -1;
  press(key, QStringLiteral("Resume from the last checkpoint"));
  QTRY_COMPARE(run(0)->state(), State::Done);
}

void TestWindow::badInputLandsInTheIssuesAndLeadsToItsRow() {
  engine_->script.refuse = true;
  open();
  QTest::keyClick(window_.get(), Qt::Key_R, Qt::ControlModifier);
  QTRY_VERIFY(workspace_->runs().rowCount() == 1 && run(0)->state() == State::Refused);
  QTRY_COMPARE(window_->issues().rowCount(), 1);
  press(QStringLiteral("failed_") + run(0)->id(), QStringLiteral("Show what is wrong"));
  auto* dock = window_->findChild<QDockWidget*>(QStringLiteral("issues_dock"));
  QTRY_VERIFY(dock->isVisible());
  QVERIFY(!std::filesystem::exists(run(0)->folder));
}

void TestWindow::theInspectorDecidesWhatRuns() {
  open();
  QVERIFY(window_->recipe().choose(QStringLiteral("simplecil")));
  QVERIFY(window_->recipe().form().set("", "seed", Value(7)));
  QVERIFY(window_->recipe().form().set("head", "width", Value(32)));
  const RunPlan plan = window_->recipe().plan();
  QCOMPARE(plan.options.seed, 7);
  QCOMPARE(plan.recipe.at("head.width")->asInt(), 32);
  QVERIFY(window_->recipe().choose(QStringLiteral("l2p")));
  QCOMPARE(window_->recipe().plan().options.seed, 7);  // options outlive the choice of a recipe
  QTest::mouseClick(window_->findChild<QPushButton*>(QStringLiteral("run_recipe")), Qt::LeftButton);
  QTRY_COMPARE(states(), std::vector<State>(1, State::Done));
  QCOMPARE(run(0)->start().seed, 7);
  QCOMPARE(run(0)->title(), QStringLiteral("L2P"));
  QVERIFY(window_->recipe().form().set("", "eval_batch", Value(0)));
  QVERIFY(!window_->findChild<QPushButton*>(QStringLiteral("run_recipe"))->isEnabled());
}

void TestWindow::theTimelineMovesOneCursorThroughAllPlots() {
  recordRun(runs() / "a", "l2p");
  open();
  workspace_->open(runs() / "a");
  QTRY_COMPARE(states(), std::vector<State>(1, State::Done));
  QTest::keyClick(window_.get(), Qt::Key_BracketLeft);
  QCOMPARE(window_->timeline().cursor(), 40.0);
  QTest::keyClick(window_.get(), Qt::Key_BracketLeft);
  QCOMPARE(window_->timeline().cursor(), 20.0);
  QTest::keyClick(window_.get(), Qt::Key_BracketRight);
  QCOMPARE(window_->timeline().cursor(), 40.0);
  Q_EMIT window_->plots().matrix().cellSelected(2, 0);
  QCOMPARE(window_->timeline().cursor(), 60.0);
  QTest::keyClick(window_.get(), Qt::Key_BracketRight);
  QVERIFY(std::isnan(window_->timeline().cursor()));  // now again
}

void TestWindow::perspectivesAndThemeAreThereAgainNextTime() {
  open();
  QTest::keyClick(window_.get(), Qt::Key_1, Qt::ControlModifier);
  QVERIFY(window_->plots().perspective() == Perspective::Learn);
  QVERIFY(!window_->findChild<QDockWidget*>(QStringLiteral("inspector_dock"))->isVisible());
  window_->setTheme(ThemeChoice::Dark);
  window_->recipe().choose(QStringLiteral("simplecil"));
  window_->close();
  quit();
  open();
  QVERIFY(window_->plots().perspective() == Perspective::Learn);
  QVERIFY(window_->theme() == ThemeChoice::Dark);
  QCOMPARE(window_->recipe().chosen(), QStringLiteral("simplecil"));
  window_->actions()[Act::ResetLayout]->trigger();
  QVERIFY(window_->plots().perspective() == Perspective::Run);
  QVERIFY(window_->findChild<QDockWidget*>(QStringLiteral("inspector_dock"))->isVisible());
  window_->setTheme(ThemeChoice::Light);
}

void TestWindow::howOneLooksIsThereAgainNextTime() {
  const auto page = [this] { return window_->findChild<AccuracyPage*>(QStringLiteral("accuracyPage")); };
  const auto splitter = [this] { return window_->findChild<QSplitter*>(QStringLiteral("accuracySplitter")); };
  const auto look = [this] { QTest::keyClick(window_.get(), Qt::Key_6, Qt::ControlModifier); };
  const auto choices = [this] {
    QStringList out;
    for (const char* name : {"confusionRows", "costAxis", "lifeSort", "selectionSort", "mapOf", "mapMethod", "mapDimensions", "mapColour", "promptsBy", "promptsSide"}) {
      auto* chooser = window_->findChild<QComboBox*>(QLatin1String(name));
      out << (chooser ? chooser->currentText() : QStringLiteral("no ") + QLatin1String(name));
    }
    for (const char* name : {"costLog", "mapDensity", "mapTrails", "mapSpread", "onlyFitting"}) {
      auto* box = window_->findChild<QAbstractButton*>(QLatin1String(name));
      out << (box ? QString::number(box->isChecked()) : QStringLiteral("no ") + QLatin1String(name));
    }
    return out;
  };
  open();
  look();
  QTRY_VERIFY(splitter()->isVisible());
  const QStringList first = choices();
  const QList<int> sizes = splitter()->sizes();
  QWidget* handle = splitter()->handle(1);
  QTest::mousePress(handle, Qt::LeftButton, {}, handle->rect().center());
  QTest::mouseMove(handle, handle->rect().center() - QPoint(90, 0));
  QTest::mouseRelease(handle, Qt::LeftButton, {}, handle->rect().center());
  const QList<int> moved = splitter()->sizes();
  QVERIFY(moved != sizes);
  for (const char* name : {"confusionRows", "costAxis", "lifeSort", "selectionSort", "mapOf", "mapMethod", "mapDimensions", "mapColour", "promptsBy", "promptsSide"}) {
    auto* chooser = window_->findChild<QComboBox*>(QLatin1String(name));
    QVERIFY2(chooser, name);
    chooser->setCurrentIndex((chooser->currentIndex() + 1) % chooser->count());
  }
  for (const char* name : {"costLog", "mapDensity", "mapTrails", "mapSpread", "onlyFitting"}) window_->findChild<QAbstractButton*>(QLatin1String(name))->toggle();
  const QStringList chosen = choices();
  for (int i = 0; i < chosen.size(); ++i) QVERIFY2(chosen[i] != first[i], qPrintable(chosen[i]));
  page()->setTab(AccuracyPage::Tab::Costs);
  page()->inside().choose(QStringLiteral("spectrum"));
  window_->close();
  quit();

  for (int time = 0; time < 2; ++time) {  // the second time after one in which the page was not opened
    open();
    QCOMPARE(choices(), chosen);
    QVERIFY(page()->tab() == AccuracyPage::Tab::Costs);
    QCOMPARE(page()->inside().wanted(), QStringLiteral("spectrum"));
    if (time == 0) window_->actions()[Act::RunView]->trigger();
    window_->close();
    quit();
  }
  open();
  look();
  page()->setTab(AccuracyPage::Tab::Confusions);
  QTRY_VERIFY(splitter()->isVisible());
  QTRY_VERIFY(std::abs(splitter()->sizes()[0] - moved[0]) <= 2);
  window_->actions()[Act::ResetLayout]->trigger();
  look();
  QTRY_VERIFY(std::abs(splitter()->sizes()[0] - sizes[0]) <= 2);
  QCOMPARE(choices(), chosen);
}

void TestWindow::everyActionHasAPlaceAndNoKeyIsGivenTwice() {
  open();
  QSet<QString> names, keys;
  for (const ActionRow& row : Actions::table()) {
    QAction* action = window_->actions()[row.act];
    QVERIFY2(window_->actions().menu(row.menu)->actions().contains(action), row.name);
    QVERIFY2(!names.contains(action->objectName()), row.name);
    names << action->objectName();
    if (!*row.key) continue;
    QCOMPARE(action->shortcut(), QKeySequence(QString::fromLatin1(row.key)));
    QVERIFY2(!keys.contains(action->shortcut().toString()), row.key);
    keys << action->shortcut().toString();
    QVERIFY2(keysSheet().contains(action->shortcut().toString(QKeySequence::NativeText).toHtmlEscaped()), row.key);
  }
  QVERIFY(aboutText(workspace_->api()).contains(QStringLiteral("GPL-3.0-or-later")));
}

QTEST_MAIN(TestWindow)
#include "tst_window.moc"
