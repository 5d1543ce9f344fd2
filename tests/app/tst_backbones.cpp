// The backbones of the window on a scripted engine: dropped, refused, used, previewed and forgotten.
#include <QDockWidget>
#include <QDropEvent>
#include <QMenu>
#include <QMimeData>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTabBar>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>
#include <QTreeView>
#include <fstream>
#include <mutex>

#include "app/main_window.h"
#include "engine/protocol/error.h"
#include "tests/support/fake_run.h"
#include "widgets/views/backbone_view.h"

using namespace palimpsest;

namespace {

// Keeps a list as the engine does, refuses "bad" files, and measures as long as `measuring` says.
struct FakeBackbones {
  std::mutex mutex;
  std::vector<BackboneInfo> list;
  AssessRequest asked;
  std::atomic<bool> measuring = false, wrong_thread = false, list_is_damaged = false;
  std::atomic<int> assessed = 0, stopped = 0;

  FakeBackbones() {
    for (const char* name : {"micro", "mini"})
      list.push_back({name, std::string("/share/") + name + ".safetensors",
                      "vit: 28 px, patch 7, width 192, depth 5, heads 3", 1'905'600, 28, "0..1",
                      std::string(64, name[1]), "GPL-3.0-or-later", "drawn worlds"});
  }
  void check() {
    if (QThread::currentThread() == qApp->thread()) wrong_thread = true;
  }
  BackboneInfo add(const std::filesystem::path& file) {
    check();
    if (file.stem() == "bad")
      throw BadInput({error(file.string(), "is no network"), error(file.string(), "is torn", "copy it again")});
    const std::lock_guard lock(mutex);
    BackboneInfo info = list.front();
    info.name = file.stem().string();
    info.file = file.string();
    info.bundled = false;
    list.push_back(info);
    return info;
  }
  Assessment assess(const AssessRequest& request, const AssessProgress& progress) {
    check();
    ++assessed;
    {
      const std::lock_guard lock(mutex);
      asked = request;
    }
    if (request.options.data == "nowhere")
      throw BadInput({error("--data", "there is no data set nowhere"), error("--data", "say which")});
    for (int done = 10; measuring; std::this_thread::sleep_for(std::chrono::milliseconds(2)))
      if (!progress(done, 100)) {
        ++stopped;
        throw Error("stopped", "stopped");
      }
    return {84.21, 0, 5000, 2000, 10, 12};
  }
  void into(EngineApi& api) {
    api.backbones = [this] {
      check();
      if (list_is_damaged) throw BadInput({error("backbones.json", "is no list of backbones", "move it away")});
      const std::lock_guard lock(mutex);
      return list;
    };
    api.addBackbone = [this](const std::filesystem::path& file) { return add(file); };
    api.removeBackbone = [this](const std::string& name) {
      check();
      const std::lock_guard lock(mutex);
      std::erase_if(list, [&](const BackboneInfo& info) { return info.name == name; });
    };
    api.assess = [this](const AssessRequest& request, const AssessProgress& progress) {
      return assess(request, progress);
    };
  }
};

}  // namespace

class TestBackbones : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase();
  void init();
  void cleanup();

  void theDockStandsBehindTheNextRun();
  void aDroppedFileIsAddedAndShown();
  void severalFilesAreAddedAndARunFolderIsStillOpened();
  void aRefusedFileSaysEverythingThatIsWrong();
  void aDamagedListIsSaid();
  void useForNextRunChangesTheForm();
  void theFormMovesTheMark();
  void forgettingTakesItOffTheListAndOutOfTheForm();
  void aPreviewMeasuresOnTheDataOfTheNextRun();
  void aFailedPreviewSaysWhy();
  void aPreviewCanBeLeft();
  void aRunEndsThePreviewAndBlocksTheNext();
  void closingDoesNotWaitForAPreview();
  void anEngineWithoutBackbonesIsNoProblem();

 private:
  void open();
  void quit();
  void drop(const QStringList& files);
  QString write(const char* name);
  void press(const char* button);
  BackbonePanel& panel() { return window_->backbones(); }
  BackboneListModel& rows() { return panel().backbones(); }
  QString figure(const char* name) {
    return rows().index(rows().rowOf(QLatin1String(name)), BackboneListModel::NearestMean).data().toString();
  }
  bool isPreviewOn() { return panel().findChild<QToolButton*>(QStringLiteral("preview"))->isEnabled(); }
  QDockWidget* dock(const char* name) { return window_->findChild<QDockWidget*>(QLatin1String(name)); }

  std::unique_ptr<QTemporaryDir> dir_;
  std::unique_ptr<FakeEngine> engine_;
  std::unique_ptr<FakeBackbones> known_;
  bool has_backbones_ = true;
  std::unique_ptr<LogModel> log_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<MainWindow> window_;
};

void TestBackbones::initTestCase() {
  QStandardPaths::setTestModeEnabled(true);
  QCoreApplication::setOrganizationName(QStringLiteral("PalimpsestTest"));
  QCoreApplication::setApplicationName(QStringLiteral("tst_backbones"));
}

void TestBackbones::init() {
  QSettings().clear();
  dir_ = std::make_unique<QTemporaryDir>();
  engine_ = std::make_unique<FakeEngine>();
  known_ = std::make_unique<FakeBackbones>();
  has_backbones_ = true;
}

void TestBackbones::cleanup() {
  quit();
  QVERIFY2(!known_->wrong_thread, "the engine was asked on the window's thread");
}

void TestBackbones::open() {
  EngineApi api = engine_->api();
  if (has_backbones_) known_->into(api);
  log_ = std::make_unique<LogModel>();
  workspace_ =
      std::make_unique<Workspace>(api, std::filesystem::path(dir_->filePath(QStringLiteral("runs")).toStdString()));
  window_ = std::make_unique<MainWindow>(*workspace_, *log_, style::Theme::Light);
  window_->issues().clear();  // the scripted recipes are no whole ones
  window_->show();
  QVERIFY(QTest::qWaitForWindowActive(window_.get()));
  if (has_backbones_ && !known_->list_is_damaged) QTRY_COMPARE(rows().rowCount(), int(known_->list.size()));
}

void TestBackbones::quit() {
  window_.reset();
  workspace_.reset();
  log_.reset();
}

QString TestBackbones::write(const char* name) {
  const QString path = dir_->filePath(QLatin1String(name));
  std::ofstream(path.toStdString()) << "weights";
  return path;
}

void TestBackbones::drop(const QStringList& files) {
  QMimeData mime;
  QList<QUrl> urls;
  for (const QString& file : files) urls << QUrl::fromLocalFile(file);
  mime.setUrls(urls);
  QDragEnterEvent enter(QPoint(300, 300), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(window_.get(), &enter);
  QVERIFY(enter.isAccepted());
  QDropEvent dropped(QPointF(300, 300), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(window_.get(), &dropped);
}

void TestBackbones::press(const char* name) {
  dock("backbones_dock")->show();
  dock("backbones_dock")->raise();
  auto* button = panel().findChild<QToolButton*>(QLatin1String(name));
  QTRY_VERIFY2(button->isVisible() && button->isEnabled(), name);
  QTest::mouseClick(button, Qt::LeftButton);
}

void TestBackbones::theDockStandsBehindTheNextRun() {
  open();
  QVERIFY(dock("backbones_dock")->isVisible());
  QVERIFY(window_->tabifiedDockWidgets(dock("inspector_dock")).contains(dock("backbones_dock")));
  QVERIFY(!dock("inspector_dock")->visibleRegion().isEmpty());
  QVERIFY(dock("backbones_dock")->visibleRegion().isEmpty());  // behind
  QVERIFY(window_->actions().menu("&View")->actions().contains(dock("backbones_dock")->toggleViewAction()));
  window_->setPerspective(Perspective::Learn);
  QVERIFY(!dock("backbones_dock")->isVisible());
  window_->setPerspective(Perspective::Run);
  QVERIFY(dock("backbones_dock")->isVisible());
  QTRY_VERIFY(!dock("inspector_dock")->visibleRegion().isEmpty());
}

void TestBackbones::aDroppedFileIsAddedAndShown() {
  open();
  window_->setPerspective(Perspective::Learn);
  drop({write("deit.pth")});
  QTRY_COMPARE(rows().rowCount(), 3);
  QCOMPARE(panel().view().current(), QStringLiteral("deit"));
  QVERIFY(!rows().at(2).bundled);
  QTRY_VERIFY(!dock("backbones_dock")->visibleRegion().isEmpty());
  QCOMPARE(workspace_->runs().rowCount(), 0);
  QCOMPARE(window_->issues().rowCount(), 0);
}

void TestBackbones::severalFilesAreAddedAndARunFolderIsStillOpened() {
  FakeRun({.pace = std::chrono::microseconds(100)}, {FakeEngine::recipe("simplecil"), {}},
          dir_->filePath(QStringLiteral("old.pt")).toStdString(), {}, false)
      .wait();
  open();
  drop({write("a.safetensors"), write("b.PT"), write("c.npz"), write("d.bin"),
        dir_->filePath(QStringLiteral("old.pt"))});
  QTRY_COMPARE(rows().rowCount(), 6);
  QTRY_COMPARE(workspace_->runs().rowCount(), 1);
  QVERIFY(!BackbonePanel::takes(write("notes.txt")));
  QVERIFY(!BackbonePanel::takes(dir_->filePath(QStringLiteral("absent.pt"))));
}

void TestBackbones::aRefusedFileSaysEverythingThatIsWrong() {
  open();
  drop({write("bad.pt"), write("good.pt")});
  QTRY_COMPARE(window_->issues().rowCount(), 2);
  QVERIFY(window_->plots().notices().text(QStringLiteral("problem")).contains(QStringLiteral("is torn")));
  QCOMPARE(rows().rowCount(), 3);  // the others are added all the same
  QCOMPARE(panel().view().current(), QStringLiteral("good"));
}

void TestBackbones::aDamagedListIsSaid() {
  known_->list_is_damaged = true;
  open();
  QTRY_COMPARE(window_->issues().rowCount(), 1);
  QVERIFY(window_->plots().notices().text(QStringLiteral("problem")).contains(QStringLiteral("move it away")));
}

void TestBackbones::useForNextRunChangesTheForm() {
  open();
  QCOMPARE(window_->recipe().options().backbone, std::string("micro"));
  panel().view().setCurrent(QStringLiteral("mini"));
  press("use");
  QCOMPARE(window_->recipe().plan().options.backbone, std::string("mini"));
  QVERIFY(rows().isNext(1) && !rows().isNext(0));
  QVERIFY(!panel().findChild<QToolButton*>(QStringLiteral("use"))->isEnabled());
}

void TestBackbones::theFormMovesTheMark() {
  open();
  QVERIFY(rows().isNext(0));
  window_->recipe().form().set("", "backbone", Value("mini"));
  QVERIFY(rows().isNext(1));
  window_->recipe().form().set("", "limit_train", Value(7));
  QVERIFY2(rows().nextData().contains(QStringLiteral("7 training")), qPrintable(rows().nextData()));
  window_->recipe().choose(QStringLiteral("simplecil"));  // options outlive the choice of a recipe
  QVERIFY(rows().isNext(1));
}

void TestBackbones::forgettingTakesItOffTheListAndOutOfTheForm() {
  open();
  const QString file = write("deit.pth");
  drop({file});
  QTRY_COMPARE(rows().rowCount(), 3);
  press("use");
  QCOMPARE(window_->recipe().options().backbone, std::string("deit"));
  press("forget");
  QTRY_COMPARE(rows().rowCount(), 2);
  QCOMPARE(window_->recipe().options().backbone, std::string("micro"));
  QVERIFY(QFile::exists(file));
  panel().forget(QStringLiteral("micro"));  // is part of the program
  QVERIFY(rows().rowOf(QStringLiteral("micro")) >= 0);
  QCOMPARE(window_->issues().rowCount(), 0);
}

void TestBackbones::aPreviewMeasuresOnTheDataOfTheNextRun() {
  known_->measuring = true;
  open();
  window_->recipe().form().set("", "data", Value("cifar10:/data"));
  window_->recipe().form().set("", "image_size", Value(56));
  panel().view().setCurrent(QStringLiteral("mini"));
  press("preview");
  QTRY_COMPARE(figure("mini"), QStringLiteral("busy 10 %"));
  known_->measuring = false;
  QTRY_COMPARE(figure("mini"), QStringLiteral("84.2 %"));
  const std::lock_guard lock(known_->mutex);
  QCOMPARE(known_->asked.options.data, std::string("cifar10:/data"));
  QCOMPARE(known_->asked.options.backbone, std::string("mini"));
  QCOMPARE(known_->asked.options.image_size, 56);
  QCOMPARE(known_->asked.options.limit_train, 500);
  QCOMPARE(known_->asked.options.threads, 0);
  QVERIFY(known_->asked.training_split_only);  // a choice of backbone must not be one by test images
  QCOMPARE(known_->asked.random_features, 0);
  QCOMPARE(window_->recipe().options().backbone, std::string("micro"));  // a preview decides nothing
}

void TestBackbones::aFailedPreviewSaysWhy() {
  open();
  window_->recipe().form().set("", "data", Value("nowhere"));
  press("preview");
  QTRY_COMPARE(figure("micro"), QStringLiteral("failed"));
  QCOMPARE(window_->issues().rowCount(), 2);
  QVERIFY(rows().preview(QStringLiteral("micro")).said.contains(QStringLiteral("no data set nowhere")));
  QVERIFY(window_->recipe().form().set("", "eval_batch", Value(0)));
  QVERIFY(!isPreviewOn());  // settings with problems are not measured on
}

void TestBackbones::aPreviewCanBeLeft() {
  open();
  press("preview");
  QTRY_COMPARE(figure("micro"), QStringLiteral("84.2 %"));
  known_->measuring = true;
  press("preview");
  QTRY_COMPARE(figure("micro"), QStringLiteral("busy 10 %"));
  press("preview");  // reads "Stop preview" now
  QCOMPARE(figure("micro"), QStringLiteral("84.2 %"));
  QTRY_COMPARE(known_->stopped.load(), 1);
  QCOMPARE(window_->issues().rowCount(), 0);
}

void TestBackbones::aRunEndsThePreviewAndBlocksTheNext() {
  known_->measuring = true;
  engine_->script.pace = std::chrono::milliseconds(5);
  open();
  press("preview");
  QTRY_COMPARE(figure("micro"), QStringLiteral("busy 10 %"));
  QTest::keyClick(window_.get(), Qt::Key_R, Qt::ControlModifier);
  QTRY_COMPARE(known_->stopped.load(), 1);
  QCOMPARE(figure("micro"), QString());
  QVERIFY(workspace_->launcher().live());
  QVERIFY(!isPreviewOn());
  QVERIFY(panel()
              .findChild<QToolButton*>(QStringLiteral("preview"))
              ->toolTip()
              .contains(QStringLiteral("run is under way")));
  panel().preview(QStringLiteral("micro"));  // not by any other way either
  QCOMPARE(figure("micro"), QString());
  workspace_->launcher().post({Command::What::Stop});
  QTRY_VERIFY(!workspace_->launcher().live());
  QTRY_VERIFY(isPreviewOn());
  QCOMPARE(known_->assessed.load(), 1);
}

void TestBackbones::closingDoesNotWaitForAPreview() {
  known_->measuring = true;
  open();
  press("preview");
  QTRY_COMPARE(figure("micro"), QStringLiteral("busy 10 %"));
  QElapsedTimer clock;
  clock.start();
  quit();
  QVERIFY2(clock.elapsed() < 2000, qPrintable(QString::number(clock.elapsed())));
  QCOMPARE(known_->stopped.load(), 1);
}

void TestBackbones::anEngineWithoutBackbonesIsNoProblem() {
  has_backbones_ = false;
  open();
  drop({write("deit.pth")});
  panel().preview(QStringLiteral("micro"));
  panel().forget(QStringLiteral("micro"));
  QCOMPARE(rows().rowCount(), 0);
  QVERIFY(!isPreviewOn());
  QCOMPARE(window_->issues().rowCount(), 0);
}

QTEST_MAIN(TestBackbones)
#include "tst_backbones.moc"
