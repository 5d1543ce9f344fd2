// Scenes are read as strictly as recipes, and a room is led through them by the keys of a clicker.
#include <QLabel>
#include <QSignalSpy>
#include <QStackedWidget>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>
#include <fstream>

#include "engine/record/run_folder.h"
#include "tests/support/story.h"
#include "widgets/style/palette.h"
#include "widgets/views/frame_clock.h"
#include "widgets/views/matrix_view.h"
#include "widgets/views/pointer_halo.h"
#include "widgets/views/present_page.h"
#include "widgets/views/scene_curve.h"
#include "widgets/views/scene_prompts.h"

using namespace palimpsest;
using test::events;

namespace {

QString word(const char* text) { return QString::fromLatin1(text); }
const std::filesystem::path kResources = std::filesystem::path(PALIMPSEST_SOURCE_DIR) / "resources";

struct Room {  // a lab with nothing in it, and a page over it
  RunListModel runs;
  Cursor cursor;
  Selection selection;
  BlobStore blobs{[](const std::filesystem::path&) { return Blob{}; }};
  ImageStore images{[](const std::filesystem::path&, std::int64_t) { return Picture{}; }};
  FrameClock frames;
  Lab lab{runs, cursor, selection, blobs, images, frames, {}};
  PresentPage page{lab};
  Room() {
    page.resize(1200, 800);
    page.show();
  }
  QString text(const char* label) { return page.findChild<QLabel*>(QLatin1String(label))->text(); }
  QWidget* shown() { return page.findChild<QStackedWidget*>()->currentWidget(); }
  SceneCurve& curve() { return *page.findChild<SceneCurve*>(); }
  void press(Qt::Key key) { QTest::keyClick(QApplication::focusWidget() && page.isAncestorOf(QApplication::focusWidget()) ? QApplication::focusWidget() : &page, key); }
};

}  // namespace

class PresentTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() { QLocale::setDefault(QLocale::c()); }
  void init() { dir_ = std::make_unique<QTemporaryDir>(); }

  void theScenesThatComeWithTheProgramAreGood() {
    const SceneList list = readScenes(kResources / "scenes");
    for (const Issue& issue : list.issues) QFAIL(lineOf(issue).c_str());
    QVERIFY(list.scenes.size() >= 4);
    for (const TeachingScene& scene : list.scenes) {
      QVERIFY2(record::isRun(kResources / "recordings" / scene.run), scene.run.c_str());
      QVERIFY2(!scene.question.empty() && !scene.reveal.empty(), scene.title.c_str());
    }
  }

  void everyProblemOfAFileIsListedWithItsLine() {
    write("bad.json", "{\n  \"title\": \"\",\n  \"veiw\": \"matrix\",\n  \"view\": \"curve\",\n  \"task\": -1,\n  \"run\": \"../secret\",\n  \"predict\": 3\n}\n");
    const SceneFile bad = readScene(folder() / "bad.json");
    QStringList said;
    for (const Issue& issue : bad.issues) said << QString::fromStdString(issue.path + " " + issue.message);
    const QString all = said.join(QLatin1Char('\n'));
    for (const char* expected : {"bad.json:2 title is missing", "bad.json:3 veiw", "bad.json:4 view", "bad.json:5 task", "bad.json:6 run is a path", "bad.json:7 predict", "bad.json:1 caption is missing"})
      QVERIFY2(all.contains(word(expected)), qPrintable(word(expected) + QStringLiteral(" not in\n") + all));
    QCOMPARE(bad.issues.size(), std::size_t(7));
    QVERIFY(all.contains(word("view")));
  }

  void whatIsNoSceneIsRefusedAndTheOthersAreShown() {
    write("1.json", "{\"title\": \"One\",");
    write("2.json", "[1, 2]");
    write("3.json", "{\"title\": \"Good\", \"caption\": \"Look.\"}");
    write("4.json", "{\"title\": \"Guess\", \"caption\": \"Look.\", \"predict\": true}");
    write("5.json", std::string(70000, ' '));
    write("6.json", "{\"title\": \"Long\", \"caption\": \"" + std::string(400, 'x') + "\"}");
    write("notes.txt", "not a scene");
    std::filesystem::create_directories(folder() / "7.json");
    const SceneList list = readScenes(folder());
    QCOMPARE(list.scenes.size(), std::size_t(1));
    QCOMPARE(list.scenes[0].title, std::string("Good"));
    QVERIFY(list.issues.size() >= 6);
    for (const Issue& issue : list.issues) QVERIFY2(issue.path.find(".json") != std::string::npos, lineOf(issue).c_str());
    QVERIFY(list.issues[0].message.find("line 1") != std::string::npos);
    QVERIFY(readScenes(folder() / "nowhere").scenes.empty());
  }

  // Any cut and any damaged letter: problems or a scene, never a crash.
  void damagedScenesAreNoTrouble() {
    const std::string good = "{\n\"title\": \"A \\\"b\\\\\", \"caption\": \"c\",\n\"task\": 2, \"reveal\": \"d\"}";
    write("whole.json", good);
    QVERIFY(readScene(folder() / "whole.json").issues.empty());
    for (std::size_t i = 0; i < good.size(); ++i) {
      write("cut.json", good.substr(0, i));
      QVERIFY(!readScene(folder() / "cut.json").issues.empty());
      std::string damaged = good;
      damaged[i] = char(damaged[i] ^ 0x15);
      write("damaged.json", damaged);
      const SceneFile read = readScene(folder() / "damaged.json");
      for (const Issue& issue : read.issues) QVERIFY(!issue.path.empty());
    }
  }

  void withoutScenesThePageSaysSo() {
    Room room;
    room.page.setFolders(folder(), folder());
    room.page.start();
    QCOMPARE(room.page.current(), -1);
    QVERIFY(room.shown()->isVisible());
    for (const Qt::Key key : {Qt::Key_Space, Qt::Key_PageUp, Qt::Key_B, Qt::Key_B}) room.press(key);
    QVERIFY(!room.page.black());
  }

  void aClickerLeadsThroughTheScenes() {
    Room room;
    room.page.setFolders(kResources / "scenes", kResources / "recordings");
    QSignalSpy left(&room.page, &PresentPage::left);
    room.page.start();
    QTRY_VERIFY(room.page.stage());
    QCOMPARE(room.page.stage()->lastEndedTask(), 0);  // the rest is hidden
    QCOMPARE(room.shown(), &room.curve());
    const QString question = room.text("scene_question");
    room.press(Qt::Key_Space);
    QVERIFY(room.page.revealed());
    QVERIFY(room.text("scene_question") != question);
    QVERIFY(room.page.stage()->lastEndedTask() < 4);  // it comes task by task
    room.press(Qt::Key_Space);                         // impatient
    QCOMPARE(room.page.stage()->lastEndedTask(), 4);
    room.press(Qt::Key_PageUp);  // the question again
    QCOMPARE(room.page.current(), 0);
    QVERIFY(!room.page.revealed());
    QTRY_VERIFY(room.page.stage());
    room.press(Qt::Key_PageDown);
    room.press(Qt::Key_PageDown);
    room.press(Qt::Key_PageDown);
    QCOMPARE(room.page.current(), 1);
    QTRY_VERIFY(qobject_cast<MatrixView*>(room.shown()));
    room.press(Qt::Key_Escape);
    QCOMPARE(left.count(), 1);
    room.page.start(room.page.scenes() - 1);
    QTRY_VERIFY(room.page.stage());
    for (int i = 0; i < 6; ++i) room.press(Qt::Key_Space);
    QCOMPARE(room.page.current(), room.page.scenes() - 1);  // the last stays
  }

  void everySceneShowsWhatItsTextSays() {
    Room room;
    room.page.setFolders(kResources / "scenes", kResources / "recordings");
    for (int scene = 0; scene < room.page.scenes(); ++scene) {
      room.page.start(scene);
      QTRY_VERIFY(room.page.stage());
      QVERIFY(room.page.stage()->started());
      room.page.next();
      if (room.page.stage()->state() != RunData::State::Done) room.page.next();  // impatient; there may be nothing left to show
      QCOMPARE(room.page.stage()->state(), RunData::State::Done);
      QVERIFY(room.page.stage()->matrix().last());
      if (qobject_cast<ScenePrompts*>(room.shown())) QVERIFY(ScenePrompts::shares(*room.page.stage()).size() == 5);
    }
  }

  void theAnswerComesByItself() {
    Room room;
    room.page.setFolders(kResources / "scenes", kResources / "recordings");
    room.page.start();
    QTRY_VERIFY(room.page.stage());
    room.page.next();
    QTRY_COMPARE_WITH_TIMEOUT(room.page.stage()->lastEndedTask(), 4, 20000);
  }

  void theScreenGoesBlackAndComesBackWhereItWas() {
    Room room;
    room.page.setFolders(kResources / "scenes", kResources / "recordings");
    room.page.start();
    QTRY_VERIFY(room.page.stage());
    room.press(Qt::Key_B);
    QVERIFY(room.page.black());
    const QImage dark = room.page.grab().toImage();
    for (int x = 0; x < dark.width(); x += 97)
      for (int y = 0; y < dark.height(); y += 61) QCOMPARE(dark.pixelColor(x, y), QColor(Qt::black));
    room.press(Qt::Key_Space);
    QVERIFY(!room.page.black());
    QVERIFY(!room.page.revealed());
  }

  void aGuessIsDrawnAndMeasured() {
    Room room;
    room.page.setFolders(kResources / "scenes", kResources / "recordings");
    room.page.start();
    QTRY_VERIFY(room.page.stage());
    SceneCurve& curve = room.curve();
    QVERIFY(curve.predicting());
    QVERIFY(std::isnan(curve.meanGap()));
    // One quick stroke from task 2 to task 5: the tasks it jumped over are on its line.
    QTest::mousePress(&curve, Qt::LeftButton, {}, curve.place(1, 60).toPoint());
    QMouseEvent move(QEvent::MouseMove, curve.place(4, 30), curve.mapToGlobal(curve.place(4, 30)), Qt::NoButton, Qt::LeftButton, {});
    QCoreApplication::sendEvent(&curve, &move);
    QTest::mouseRelease(&curve, Qt::LeftButton, {}, curve.place(4, 30).toPoint());
    QCOMPARE(curve.guess().size(), std::size_t(5));
    QVERIFY(std::isnan(curve.guess()[0]));
    for (int task = 1; task < 5; ++task) QVERIFY2(std::abs(curve.guess()[std::size_t(task)] - (70 - 10 * task)) < 1, qPrintable(QString::number(task)));
    room.page.next();
    room.page.next();
    // 49.9, 29.8, 23.4 and 19.4 % are what happened.
    QVERIFY(std::abs(curve.meanGap() - (10.1 + 20.2 + 16.6 + 10.6) / 4) < 1);
    QVERIFY(room.text("scene_question").contains(word("14.")));
    QVERIFY(!curve.predicting());
    const auto before = curve.guess();
    QTest::mouseClick(&curve, Qt::LeftButton, {}, curve.place(3, 90).toPoint());
    QCOMPARE(curve.guess()[3], before[3]);  // too late
  }

  void aGuessCanBeDrawnWithTheKeyboard() {
    Room room;
    room.page.setFolders(kResources / "scenes", kResources / "recordings");
    room.page.start();
    QTRY_VERIFY(room.page.stage());
    SceneCurve& curve = room.curve();
    for (const Qt::Key key : {Qt::Key_Right, Qt::Key_Up, Qt::Key_Up, Qt::Key_Right, Qt::Key_Down}) QTest::keyClick(&curve, key);
    QCOMPARE(curve.guess()[1], 75.75 + 10);
    QCOMPARE(curve.guess()[2], 75.75 - 5);
    QVERIFY(curve.accessibleDescription().contains(word("task 3")));
  }

  void aMissingRecordingIsSaidWithoutItsFolder() {
    write("1.json", "{\"title\": \"One\", \"caption\": \"c\", \"run\": \"not-there\"}");
    Room room;
    room.page.setFolders(folder(), folder());
    room.page.start();
    QTRY_VERIFY(room.text("scene_empty").contains(word("not there")));
    QVERIFY(!room.text("scene_empty").contains(dir_->path()));
    QVERIFY(!room.page.stage());
    room.press(Qt::Key_Space);
  }

  void aSceneWithoutARunShowsTheRunInFocus() {
    write("1.json", "{\"title\": \"One\", \"caption\": \"c\"}");
    auto writer = record::Writer::create(folder() / "run", Value(Value::Object{}));
    for (const Event& event : events("start 1; task 0; steps 5; eval 0 0 90/100; endtask 0; end done")) writer->on(event);
    Room room;
    room.page.setFolders(folder(), folder());
    room.page.start();
    QVERIFY(room.text("scene_empty").contains(word("focus")));
    auto run = std::make_unique<RunData>(word("r"));
    run->folder = folder() / "run";
    room.cursor.setRun(room.runs.add(std::move(run)));
    QTRY_VERIFY(room.page.stage());
    QCOMPARE(room.page.stage()->state(), RunData::State::Done);
    room.cursor.setRun(nullptr);
    QTRY_VERIFY(!room.page.stage());
  }

  void thePageCloseAtOnceDoesNotCrash() {
    for (int i = 0; i < 5; ++i) {
      Room room;
      room.page.setFolders(kResources / "scenes", kResources / "recordings");
      room.page.start(i);
    }
  }

  void theHaloFollowsThePointer() {
    Room room;
    room.page.setFolders(kResources / "scenes", kResources / "recordings");
    room.page.start();
    QMouseEvent move(QEvent::MouseMove, QPointF(30, 40), room.curve().mapToGlobal(QPointF(30, 40)), Qt::NoButton, Qt::NoButton, {});
    QCoreApplication::sendEvent(&room.curve(), &move);
    QCOMPARE(room.page.findChild<PointerHalo*>()->at(), room.curve().mapTo(&room.page, QPoint(30, 40)));
  }

  void typeIsLargerAndStaysSoWhenTheThemeChanges() {
    Room room;
    const qreal base = QGuiApplication::font().pointSizeF();
    for (int i = 0; i < 3; ++i) style::apply(*qApp, i % 2 ? style::Theme::Light : style::Theme::Dark);
    QCoreApplication::processEvents();
    QCOMPARE(room.curve().font().pointSizeF(), base * 1.6);
    style::apply(*qApp, style::Theme::Light);
  }

 private:
  std::filesystem::path folder() const { return dir_->path().toStdString(); }
  void write(const char* name, const std::string& text) { std::ofstream(folder() / name) << text; }
  std::unique_ptr<QTemporaryDir> dir_;
};

QTEST_MAIN(PresentTest)
#include "tst_present.moc"
