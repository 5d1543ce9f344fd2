// What people come to do, within the clicks that it may take, by real events. One click more fails.
#include <QClipboard>
#include <QContextMenuEvent>
#include <QDir>
#include <QDropEvent>
#include <QHelpEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QMenuBar>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QToolTip>

#include "app/main_window.h"
#include "engine/record/run_header.h"
#include "engine/record/json.h"
#include "tests/record/forkable_run.h"
#include "tests/support/fake_run.h"
#include "tests/widgets/prompt_story.h"
#include "widgets/views/live_plot.h"
#include "widgets/views/matrix_view.h"
#include "widgets/views/present_page.h"
#include "widgets/views/prompt_bars.h"
#include "widgets/views/timeline_view.h"

using namespace palimpsest;

class TestWorkflows : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase();
  void init();
  void cleanup();
  void theFirstCurveIsOneClickAway();
  void ownImagesAreOneDropAndOneClick();
  void comparingFourMethodsTakesFiveClicks();
  void readingAComparisonTakesNone();
  void theCauseOfACollapseIsFourClicksAway();
  void aLectureTakesTwoKeys();
  void aFigureForAPaperTakesTwoClicks();
  void aModelIsExportedWithTwoClicks();
  void goingOnAfterACrashIsOneClick();
  void oneNumberIsExplainedByPointingAtIt();

 private:
  void open();
  void click(QWidget* widget, QPoint at = {-1, -1}, Qt::MouseButton button = Qt::LeftButton);
  void press(int key);
  void drop(const QString& path);
  QPushButton* remedy(const char* notice, const QString& label);
  RunData* run(int row) { return workspace_->runs().at(row); }
  std::filesystem::path home() const { return dir_->path().toStdString(); }

  int clicks_ = 0;  // presses of a button or a key since the workflow began
  std::unique_ptr<QTemporaryDir> dir_;
  std::unique_ptr<FakeEngine> engine_;
  std::unique_ptr<LogModel> log_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<MainWindow> window_;
};

void TestWorkflows::initTestCase() {
  QStandardPaths::setTestModeEnabled(true);
  QCoreApplication::setOrganizationName(QStringLiteral("PalimpsestTest"));
  QCoreApplication::setApplicationName(QStringLiteral("tst_workflows"));
}

void TestWorkflows::init() {
  QSettings().clear();
  dir_ = std::make_unique<QTemporaryDir>();
  engine_ = std::make_unique<FakeEngine>();
  engine_->resources = home() / "resources";
  clicks_ = 0;
}

void TestWorkflows::cleanup() {
  window_.reset();
  workspace_.reset();
  log_.reset();
}

void TestWorkflows::open() {
  log_ = std::make_unique<LogModel>();
  workspace_ = std::make_unique<Workspace>(engine_->api(), home() / "runs");
  window_ = std::make_unique<MainWindow>(*workspace_, *log_, style::Theme::Light);
  QSignalSpy looked(&window_->recovery(), &Recovery::looked);
  window_->show();
  QVERIFY(QTest::qWaitForWindowActive(window_.get()));
  QTRY_COMPARE(looked.count(), 1);
}

void TestWorkflows::click(QWidget* widget, QPoint at, Qt::MouseButton button) {
  QVERIFY(widget);
  QTRY_VERIFY(widget->isVisible());
  QTRY_VERIFY(widget->isEnabled());
  ++clicks_;
  QTest::mouseClick(widget, button, {}, at.x() < 0 ? widget->rect().center() : at);
}

void TestWorkflows::press(int key) {
  ++clicks_;
  QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : window_.get(), Qt::Key(key));
}

void TestWorkflows::drop(const QString& path) {
  QMimeData data;
  data.setUrls({QUrl::fromLocalFile(path)});
  QDragEnterEvent enter(window_->rect().center(), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(window_.get(), &enter);
  QVERIFY(enter.isAccepted());
  QDropEvent event(QPointF(window_->rect().center()), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(window_.get(), &event);
}

QPushButton* TestWorkflows::remedy(const char* notice, const QString& label) {
  if (!QTest::qWaitFor([&] { return window_->plots().notices().shows(QLatin1String(notice)); })) {
    for (QPushButton* button : window_->plots().notices().findChildren<QPushButton*>()) qWarning() << "there is" << button->text();
    return nullptr;
  }
  for (QPushButton* button : window_->plots().notices().findChild<QFrame*>(QStringLiteral("notice_") + QLatin1String(notice))->findChildren<QPushButton*>())
    if (button->text() == label) return button;
  return nullptr;
}

void TestWorkflows::theFirstCurveIsOneClickAway() {
  open();
  click(window_->findChild<QPushButton*>(QStringLiteral("compare_button"))->isVisible() ? window_->findChild<QPushButton*>(QStringLiteral("compare_button"))
                                                                                          : window_->plots().caption().findChild<QPushButton*>());
  QTRY_VERIFY(workspace_->runs().rowCount() > 0 && !run(0)->loss().empty());
  QCOMPARE(clicks_, 1);
}

void TestWorkflows::ownImagesAreOneDropAndOneClick() {
  open();
  QImage picture(8, 8, QImage::Format_RGB32);
  for (const char* split : {"train", "test"})
    for (int cls = 0; cls < 5; ++cls) {
      const QString folder = dir_->filePath(QStringLiteral("pets/%1/class%2").arg(QLatin1String(split)).arg(cls));
      QVERIFY(QDir().mkpath(folder));
      for (int i = 0; i < 2; ++i) {
        picture.fill(QColor(40 * cls, 100, 50 * i));
        QVERIFY(picture.save(folder + QStringLiteral("/%1.png").arg(i)));
      }
    }
  drop(dir_->filePath(QStringLiteral("pets")));
  click(remedy("dropped", QStringLiteral("Start with suggested stream")));
  QTRY_COMPARE(workspace_->runs().rowCount(), 1);
  QCOMPARE(clicks_, 1);
  QVERIFY(QString::fromStdString(window_->recipe().options().data).endsWith(QStringLiteral("pets")));
  QCOMPARE(window_->recipe().options().scenario, std::string("cil:init=3,increment=2,order=1993"));
}

void TestWorkflows::comparingFourMethodsTakesFiveClicks() {
  open();
  workspace_->start({FakeEngine::recipe("l2p"), {}});
  QTRY_VERIFY(run(0)->started());
  window_->plots().caption().hide();
  click(window_->findChild<QPushButton*>(QStringLiteral("compare_with_button")));
  auto* dialog = window_->findChild<QDialog*>(QStringLiteral("compare_with"));
  QTRY_VERIFY(dialog && dialog->isVisible());
  auto* methods = dialog->findChild<QListWidget*>();
  int ticked = 0;
  for (int row = 0; row < methods->count() && ticked < 3; ++row) {
    QListWidgetItem* item = methods->item(row);
    if (!item->flags().testFlag(Qt::ItemIsEnabled)) continue;
    const QRect place = methods->visualItemRect(item);
    click(methods->viewport(), QPoint(place.left() + 10, place.center().y()));
    QCOMPARE(item->checkState(), Qt::Checked);
    ++ticked;
  }
  QCOMPARE(ticked, 3);
  click(dialog->findChild<QPushButton*>(QStringLiteral("queue_all")));
  QTRY_COMPARE(workspace_->runs().rowCount(), 4);
  QCOMPARE(clicks_, 5);
}

void TestWorkflows::readingAComparisonTakesNone() {
  open();
  engine_->script.pace = std::chrono::microseconds(200);
  workspace_->start({FakeEngine::recipe("l2p"), {}});
  workspace_->start({FakeEngine::recipe("simplecil"), {}});
  QTRY_COMPARE_WITH_TIMEOUT(window_->plots().perspective(), Perspective::Compare, 20000);
  QVERIFY(window_->plots().page(Perspective::Compare)->isVisible());
  QCOMPARE(clicks_, 0);
}

void TestWorkflows::theCauseOfACollapseIsFourClicksAway() {
  PromptStory story;
  story.collapses = true;
  record::RunHeader header;
  const Value select = Value::Object{{"top_k", 2}, {"mask", Value::Array{}}, {"force", Value::Array{}}};
  header.recipe = Value::Object{{"name", "l2p"}, {"prompts", Value::Array{Value::Object{{"select", select}}}}};
  header.options = Value(valuesOf(RunOptions{}));
  tests::tellWithCheckpoints(*record::Writer::create(home() / "runs" / "collapsed", record::runJson(header)), home() / "runs" / "collapsed", story.events());
  std::vector<WhatIf> asked;
  engine_->inspectors.whatIf = [&asked](const std::filesystem::path&, const WhatIf& change, const InspectOptions&) {
    asked.push_back(change);
    const Value before = Value::Object{{"accuracy", 60.0}, {"by_task", Value::Array{60.0, 60.0}}}, after = Value::Object{{"accuracy", 66.0}, {"by_task", Value::Array{66.0, 66.0}}};
    return Value(Value::Object{{"after_task", 1}, {"images", 40}, {"changed_predictions", 6}, {"changed_selections", 0.25}, {"seconds", 2.0}, {"before", before}, {"after", after}});
  };
  open();
  workspace_->open(home() / "runs" / "collapsed");
  click(remedy("collapse", QStringLiteral("Show the cause")));  // 1: where it began, marked, with its remedy filled in
  QCOMPARE(window_->plots().perspective(), Perspective::Prompts);
  QTRY_COMPARE(window_->laboratory().cursor.step(), 60.0);
  auto* bars = window_->plots().page(Perspective::Prompts)->findChild<PromptBars*>();
  QVERIFY(bars);
  click(bars, bars->barRect(1).center());  // 2: its images
  click(&window_->timeline(), window_->timeline().bandRect(1).center().toPoint());  // 3: the time
  QVERIFY(!std::isnan(window_->laboratory().cursor.step()));
  auto* mask = window_->plots().page(Perspective::Prompts)->findChild<QLineEdit*>(QStringLiteral("whatIfMask"));
  QVERIFY(mask);
  QCOMPARE(mask->text().remove(QLatin1Char(' ')), QStringLiteral("1,4"));
  const auto button = [this](const char* name) { return window_->plots().page(Perspective::Prompts)->findChild<QPushButton*>(QLatin1String(name)); };
  click(button("whatIfTry"));  // 4: what if they were masked
  QTRY_COMPARE(int(asked.size()), 1);
  QCOMPARE(asked[0].mask, (std::vector<int>{1, 4}));
  QCOMPARE(clicks_, 4);
  const int runs = workspace_->runs().rowCount();
  click(button("whatIfKeep"));  // the fifth keeps it, as a run of its own
  QTRY_COMPARE(workspace_->runs().rowCount(), runs + 1);
  const RunData* kept = run(runs);
  QTRY_VERIFY(record::isRun(kept->folder));
  const Value recipe = record::runHeader(record::readJsonFile(record::Paths(kept->folder).run())).recipe;
  QCOMPARE(recipe.at("prompts.0.select.mask")->asArray().size(), std::size_t{2});
  QCOMPARE(recipe.at("prompts.0.select.mask.1")->asInt(), std::int64_t{4});
}

void TestWorkflows::aLectureTakesTwoKeys() {
  std::filesystem::create_directories(engine_->resources / "scenes");
  open();
  window_->plots().setFocus();
  press(Qt::Key_F5);
  QCOMPARE(window_->plots().perspective(), Perspective::Present);
  QVERIFY(!window_->menuBar()->isVisible());
  press(Qt::Key_Escape);
  QVERIFY(window_->plots().perspective() != Perspective::Present);
  QVERIFY(window_->menuBar()->isVisible());
  QCOMPARE(clicks_, 2);
}

void TestWorkflows::aFigureForAPaperTakesTwoClicks() {
  open();
  workspace_->start({FakeEngine::recipe("l2p"), {}});
  QTRY_COMPARE_WITH_TIMEOUT(run(0)->state(), RunData::State::Done, 20000);
  window_->setPerspective(Perspective::Run);
  LivePlot* plot = window_->plots().plots().front();
  bool chosen = false;
  QTimer::singleShot(200, this, [&] {  // while the menu is open
    for (QWidget* top : QApplication::topLevelWidgets()) {
      auto* menu = qobject_cast<QMenu*>(top);
      if (!menu || !menu->isVisible()) continue;
      for (QAction* action : menu->actions())
        if (action->text() == QStringLiteral("Copy as LaTeX")) {
          click(menu, menu->actionGeometry(action).center());
          chosen = true;
          return;
        }
      menu->close();
    }
  });
  ++clicks_;
  QContextMenuEvent ask(QContextMenuEvent::Mouse, plot->rect().center(), plot->mapToGlobal(plot->rect().center()));
  QApplication::sendEvent(plot, &ask);
  QVERIFY(chosen);
  QVERIFY(QApplication::clipboard()->text().contains(QStringLiteral("\\begin{axis}")));
  QVERIFY(QApplication::clipboard()->text().contains(QStringLiteral("\\addlegendentry")));
  QCOMPARE(clicks_, 2);
}

void TestWorkflows::aModelIsExportedWithTwoClicks() {
  QSettings().setValue(QStringLiteral("export/folder"), dir_->path());
  open();
  workspace_->start({FakeEngine::recipe("l2p"), {}});
  QTRY_COMPARE_WITH_TIMEOUT(run(0)->state(), RunData::State::Done, 20000);
  ++clicks_;
  QTest::keyClick(window_.get(), Qt::Key_E, Qt::ControlModifier);
  auto* dialog = window_->findChild<QDialog*>(QStringLiteral("modelExportDialog"));
  QVERIFY(dialog);
  click(dialog->findChild<QPushButton*>(QStringLiteral("exportModel")));
  QTRY_VERIFY(window_->plots().notices().text(QStringLiteral("export")).contains(QStringLiteral("as the model does")));
  QVERIFY(QFileInfo::exists(dir_->filePath(run(0)->id() + QStringLiteral(".pt"))));
  QCOMPARE(clicks_, 2);
}

void TestWorkflows::goingOnAfterACrashIsOneClick() {
  const std::filesystem::path folder = home() / "runs" / "l2p-1";
  std::filesystem::create_directories(home() / "runs");
  {
    FakeScript script;
    script.pace = std::chrono::microseconds(100);
    FakeRun(script, {FakeEngine::recipe("l2p"), {}}, home() / "whole", {}, false).wait();
    record::Reader reader(home() / "whole");
    auto writer = record::Writer::create(folder, reader.run());
    for (const Event& event : reader.poll()) {
      const auto* step = std::get_if<StepMeasured>(&event.what);
      if (step && step->global_step == 31) break;
      writer->on(event);
    }
    std::filesystem::create_directories(record::Paths(folder).checkpoints());
  }
  open();
  QPushButton* go_on = remedy("recover_l2p-1", QStringLiteral("Resume"));
  click(go_on);
  QTRY_COMPARE(int(engine_->resumed), 1);
  QCOMPARE(clicks_, 1);
}

void TestWorkflows::oneNumberIsExplainedByPointingAtIt() {
  open();
  workspace_->start({FakeEngine::recipe("l2p"), {}});
  QTRY_COMPARE_WITH_TIMEOUT(run(0)->state(), RunData::State::Done, 20000);
  window_->setPerspective(Perspective::Run);
  MatrixView& matrix = window_->plots().matrix();
  QTRY_VERIFY(!matrix.cellText(2, 0).isEmpty());
  const QPoint at = matrix.cellRect(2, 0).center();
  QHelpEvent hover(QEvent::ToolTip, at, matrix.mapToGlobal(at));
  QApplication::sendEvent(&matrix, &hover);
  QTRY_VERIFY(QToolTip::text().contains(QStringLiteral("hits / images")));
  QCOMPARE(clicks_, 0);
}

QTEST_MAIN(TestWorkflows)
#include "tst_workflows.moc"
