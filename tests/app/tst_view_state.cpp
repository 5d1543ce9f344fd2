// What was on the screen is there again: round trips, damage, other versions, folders that have gone.
#include <QDockWidget>
#include <QMainWindow>
#include <QSettings>
#include <QSignalSpy>
#include <QSplitter>
#include <QStandardPaths>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>
#include <limits>

#include "app/open_runs.h"
#include "app/view_state.h"
#include "engine/protocol/random.h"
#include "engine/record/run_folder.h"
#include "tests/support/story.h"
#include "widgets/models/selection.h"
#include "widgets/views/accuracy_plot.h"
#include "widgets/views/plot_canvas.h"
#include "widgets/views/qcp.h"

using namespace palimpsest;
using test::events;

namespace {

QString word(const char* text) { return QString::fromLatin1(text); }
const QString kKey = QStringLiteral("view/state");
const char* const kStory = "start 2; task 0; steps 10; eval 0 0 90/100; endtask 0; task 1; steps 10; eval 1 0 70/100; eval 1 1 96/100; endtask 1; end done";

struct Places {  // a window's worth of things that remember
  QSplitter splitter;
  QTabWidget tabs;
  Selection selection;
  ViewState state;
  Places() {
    for (int i = 0; i < 2; ++i) {
      splitter.addWidget(new QWidget);
      tabs.addTab(new QWidget, QString::number(i));
    }
    splitter.resize(400, 100);
    splitter.setSizes({200, 200});
    splitter.show();
    state.add(word("splitter"), splitter);
    state.add(word("tabs"), tabs);
    state.add(word("selection"), selection);
  }
};

std::filesystem::path writeRun(const QString& folder) {
  const std::filesystem::path path = folder.toStdString();
  auto writer = record::Writer::create(path, Value(Value::Object{}));
  for (const Event& event : events(kStory)) writer->on(event);
  return path;
}

}  // namespace

class TestViewState : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { dir_ = std::make_unique<QTemporaryDir>(); }

  void whatWasSavedIsThereAgain() {
    QSettings settings(file(), QSettings::IniFormat);
    {
      Places left;
      left.splitter.setSizes({300, 95});
      left.tabs.setCurrentIndex(1);
      left.selection.select({7, 3}, word("two"));
      left.selection.keep(word("pair"));
      left.selection.select({5, 6, 900000}, word("three"));
      left.state.save(settings);
    }
    Places found;
    const QSettings again(file(), QSettings::IniFormat);  // from the file
    QCOMPARE(found.state.restore(again), (QStringList{word("splitter"), word("tabs"), word("selection")}));
    QCOMPARE(found.tabs.currentIndex(), 1);
    QVERIFY(found.splitter.sizes().at(0) > 2 * found.splitter.sizes().at(1));
    QCOMPARE(found.selection.samples(), (std::vector<std::int64_t>{5, 6, 900000}));
    QCOMPARE(found.selection.what(), word("three"));
    QCOMPARE(found.selection.slices().size(), std::size_t(1));
    QCOMPARE(found.selection.slices()[0].name, word("pair"));
    QCOMPARE(found.selection.slices()[0].samples, (std::vector<std::int64_t>{3, 7}));
  }

  void plainValuesOfEveryKindComeBack() {
    QSettings settings(file(), QSettings::IniFormat);
    QVariantMap given{{word("n"), 3}, {word("x"), 0.1}, {word("on"), true}, {word("text"), QString::fromUtf8("Fähigkeit")},
                      {word("list"), QVariantList{1, word("a"), QVariantMap{{word("deep"), 2}}}}};
    QVariantMap got;
    ViewState state;
    state.add(word("a"), [&] { return given; }, [&](const QVariantMap& kept) { got = kept; });
    state.save(settings);
    state.restore(settings);
    QCOMPARE(got.value(word("n")).toInt(), 3);
    QCOMPARE(got.value(word("x")).toDouble(), 0.1);
    QCOMPARE(got.value(word("on")).toBool(), true);
    QCOMPARE(got.value(word("text")).toString(), QString::fromUtf8("Fähigkeit"));
    QCOMPARE(got.value(word("list")).toList().at(2).toMap().value(word("deep")).toInt(), 2);
    given = {{word("x"), std::numeric_limits<double>::quiet_NaN()}};
    state.save(settings);
    state.restore(settings);
    QVERIFY(!got.value(word("x")).isValid() || got.value(word("x")).isNull());  // not a number: not kept
  }

  void aPartThatIsNotHereTodayStaysKept() {
    QSettings settings(file(), QSettings::IniFormat);
    int got = 0;
    ViewState both, one;
    both.add(word("page"), [] { return QVariantMap{{word("n"), 4}}; }, [&](const QVariantMap& kept) { got = kept.value(word("n")).toInt(); });
    both.save(settings);
    one.add(word("other"), [] { return QVariantMap(); }, [](const QVariantMap&) {});
    one.save(settings);
    QVERIFY(!one.restore(settings, word("page")));  // nobody here takes it
    QVERIFY(both.restore(settings, word("page")));
    QCOMPARE(got, 4);
  }

  // Every single damaged byte and every cut of what is stored: nothing is restored, nothing crashes.
  void damageIsPassedOver() {
    QSettings settings(file(), QSettings::IniFormat);
    Places places;
    places.tabs.setCurrentIndex(1);
    places.state.save(settings);
    const QByteArray whole = settings.value(kKey).toByteArray();
    QVERIFY(whole.size() > 40);
    places.tabs.setCurrentIndex(0);
    for (int i = 0; i < whole.size(); ++i) {
      QByteArray damaged = whole;
      damaged[i] = char(damaged[i] ^ 0x11);
      settings.setValue(kKey, damaged);
      QCOMPARE(places.state.restore(settings), QStringList());
      settings.setValue(kKey, whole.left(i));
      QCOMPARE(places.state.restore(settings), QStringList());
    }
    for (const QVariant& strange : {QVariant(), QVariant(7), QVariant(word("text")), QVariant(QVariantList{1, 2})}) {
      settings.setValue(kKey, strange);
      QCOMPARE(places.state.restore(settings), QStringList());
    }
    QCOMPARE(places.tabs.currentIndex(), 0);
    settings.setValue(kKey, whole);
    QCOMPARE(places.state.restore(settings).size(), 3);
    QCOMPARE(places.tabs.currentIndex(), 1);
  }

  // Whole, but nonsense: each restorer is handed values of all kinds.
  void nonsenseChangesNothing() {
    const QList<QVariant> nonsense{QVariant(), -1, 1e300, word("x"), true, QVariantList{}, QVariantList{-5, word("a"), 1e18}, QVariantMap{{word("a"), 1}}};
    Places places;
    places.selection.select({1}, word("one"));
    RunListModel runs;
    FrameClock frames;
    AccuracyPlot plot(runs, frames);
    places.state.add(word("plot"), plot);
    QSettings settings(file(), QSettings::IniFormat);
    Rng rng(9);
    const QStringList keys{word("sizes"), word("index"), word("samples"), word("what"), word("slices"), word("x"), word("y"), word("in_steps")};
    for (int round = 0; round < 30; ++round) {  // each is a flush to the disk
      ViewState writer;
      for (const QString& name : {word("splitter"), word("tabs"), word("selection"), word("plot")}) {
        QVariantMap map;
        for (const QString& key : keys) map[key] = nonsense[qsizetype(rng.below(std::uint64_t(nonsense.size())))];
        writer.add(name, [map] { return map; }, {});
      }
      writer.save(settings);
      QCOMPARE(places.state.restore(settings).size(), 4);
      QVERIFY(places.tabs.currentIndex() == 0 || places.tabs.currentIndex() == 1);
      QVERIFY(plot.following());
      for (const std::int64_t sample : places.selection.samples()) QVERIFY(sample >= 0);
    }
  }

  void aPlotsZoomComesBackAndDataDoNotTouchIt() {
    RunListModel runs;
    FrameClock frames;
    AccuracyPlot left(runs, frames), found(runs, frames);
    left.setAxis(LivePlot::Axis::Steps);
    left.canvas().plot().xAxis->setRange(3, 8);
    QVERIFY(!left.following());
    const QVariantMap view = left.view();
    QVERIFY(!view.contains(word("y")));  // that one still follows
    found.setView(view);
    QCOMPARE(found.axis(), LivePlot::Axis::Steps);
    QVERIFY(!found.following());
    runs.add(std::make_unique<RunData>(word("r")))->apply(events(kStory));
    found.resize(400, 300);
    found.show();
    QTRY_VERIFY(!found.canvas().curves().empty());
    QCOMPARE(found.canvas().plot().xAxis->range().lower, 3.0);
    QCOMPARE(found.canvas().plot().xAxis->range().upper, 8.0);
    found.setView({});
    QVERIFY(found.following());
  }

  void everyPerspectiveHasItsOwnDocks() {
    QVariantMap kept;
    const auto build = [](QMainWindow& window) {
      auto* dock = new QDockWidget(word("Runs"), &window);
      dock->setObjectName(word("dock"));
      window.addDockWidget(Qt::LeftDockWidgetArea, dock);
      window.setCentralWidget(new QWidget);
      window.resize(500, 300);
      window.show();
      return dock;
    };
    {
      QMainWindow window;
      QDockWidget* dock = build(window);
      DockLayouts layouts(window, 2);
      QVERIFY(!layouts.enter(word("learn")));
      layouts.leave(word("work"));
      dock->hide();
      layouts.leave(word("learn"));
      kept = layouts.save();
    }
    QMainWindow window;
    QDockWidget* dock = build(window);
    DockLayouts layouts(window, 2), newer(window, 3);
    layouts.restore(kept);
    layouts.restore({{word("work2"), 7}, {word("work3"), word("%%%")}});
    QVERIFY(layouts.enter(word("learn")));
    QVERIFY(dock->isHidden());
    QVERIFY(layouts.enter(word("work")));
    QVERIFY(!dock->isHidden());
    QVERIFY(!layouts.enter(word("work2")) && !layouts.enter(word("work3")));
    newer.restore(kept);
    QVERIFY(!newer.enter(word("learn")));  // of another version
    QVERIFY(!dock->isHidden());
  }

  void runsAreOpenedTickedAndLookedAtAgain() {
    const auto a = writeRun(dir_->filePath(word("a"))), b = writeRun(dir_->filePath(word("b"))), gone = writeRun(dir_->filePath(word("gone")));
    QVariantMap kept;
    {
      RunListModel runs;
      Cursor cursor;
      for (const auto& folder : {a, b, gone}) add(runs, folder)->apply(events(kStory));
      runs.setVisible(runs.at(0), false);
      cursor.setRun(runs.at(1));
      cursor.setOther(runs.at(0));
      cursor.setStep(10);
      cursor.setSample(17);
      kept = OpenRuns(runs, cursor, {}, {}).save();
    }
    std::filesystem::remove_all(gone);
    RunListModel runs;
    Cursor cursor;
    std::vector<std::filesystem::path> opened;
    OpenRuns open(runs, cursor, [&](const std::filesystem::path& folder) {
      opened.push_back(folder);
      cursor.setRun(add(runs, folder));  // as the window does
    }, [&](RunData* run) { cursor.setRun(run); });
    open.restore(kept);
    QCOMPARE(opened, (std::vector<std::filesystem::path>{a, b}));
    QTRY_COMPARE(cursor.run(), runs.at(1));
    QCOMPARE(cursor.other(), runs.at(0));
    QCOMPARE(cursor.sample(), 17);
    QVERIFY(!runs.at(0)->visible && runs.at(1)->visible);
    QVERIFY(std::isnan(cursor.step()) && open.waiting());  // not read that far yet
    const auto story = events(kStory);
    runs.at(1)->apply({story.begin(), story.begin() + 5});
    QVERIFY(std::isnan(cursor.step()));
    runs.at(1)->apply({story.begin() + 5, story.end()});
    QCOMPARE(cursor.step(), 10.0);
    QCOMPARE(cursor.task(), 0);
    QVERIFY(!open.waiting());
  }

  void whoeverGoesElsewhereIsNotPulledBack() {
    const auto a = writeRun(dir_->filePath(word("a")));
    RunListModel runs;
    Cursor cursor;
    int focused = 0;
    OpenRuns open(runs, cursor, [](const std::filesystem::path&) {}, [&](RunData*) { ++focused; });
    open.restore({{word("runs"), QVariantList{QVariantMap{{word("folder"), QString::fromStdString(a.string())}}}}, {word("run"), QString::fromStdString(a.string())}});
    QVERIFY(open.waiting());
    open.giveUp();
    QVERIFY(!open.waiting());
    add(runs, a);
    QCoreApplication::processEvents();
    QCOMPARE(focused, 0);
  }

  void nonsenseOpensNothing() {
    RunListModel runs;
    Cursor cursor;
    OpenRuns open(runs, cursor, [](const std::filesystem::path&) { QFAIL("opened"); }, [](RunData*) { QFAIL("focused"); });
    open.restore({});
    open.restore({{word("runs"), 4}, {word("run"), true}, {word("step"), word("x")}, {word("sample"), -3}});
    open.restore({{word("runs"), QVariantList{QVariantMap{{word("folder"), word("relative/run")}}, 3, QVariantMap{{word("folder"), word("/nowhere/at/all")}}}},
                  {word("run"), word("/nowhere/at/all")}, {word("step"), 1e300}});
    QVERIFY(!open.waiting());
  }

 private:
  QString file() const { return dir_->filePath(QStringLiteral("settings.ini")); }
  static RunData* add(RunListModel& runs, const std::filesystem::path& folder) {
    auto run = std::make_unique<RunData>(QString::fromStdString(folder.filename().string()));
    run->folder = folder;
    return runs.add(std::move(run));
  }
  std::unique_ptr<QTemporaryDir> dir_;
};

QTEST_MAIN(TestViewState)
#include "tst_view_state.moc"
