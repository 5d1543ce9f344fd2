// X-rays: what the events of a method's instruments become for people, and the view of them.
#include <QComboBox>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>

#include "tests/widgets/prediction_story.h"
#include "widgets/style/palette.h"
#include "widgets/views/frame_clock.h"
#include "widgets/views/plot_canvas.h"
#include "widgets/views/qcp.h"
#include "widgets/views/xray_view.h"

using namespace palimpsest;

namespace {

// Three tasks of two classes, 10 images each; half of what is of an old task is taken for the newest one.
std::vector<Event> story(const std::vector<Measured>& measured = {}, int learned = 3) {
  std::vector<Event> out = PredictionStory::events(0);
  const auto put = [&](auto what) {
    Event event;
    event.seq = out.size();
    event.what = std::move(what);
    out.push_back(std::move(event));
  };
  for (int task = 0; task < learned; ++task) {
    put(TaskStarted{task, 100, 20, {}});
    Inferred told;
    told.after_task = task;
    told.images = 20 * (task + 1);
    told.hits = 20 + 8 * task;
    told.task_hits = 20 + 10 * task;
    told.top5_hits = told.images;
    for (int on = 0; on <= task; ++on) {
      told.counts.push_back(20);
      told.til_hits.push_back(18);
      told.predicted.push_back(on < task ? 10 : 20 + 10 * task);
    }
    put(told);
    for (Measured one : measured)
      if (one.task == task) put(std::move(one));
    put(TaskEnded{task, 10 * (task + 1), 1});
  }
  return out;
}

std::vector<Xray> xraysOf(const std::vector<Event>& events) {
  RunData run(QStringLiteral("a"));
  run.apply(events);
  std::vector<Xray> out;
  for (const Xray& one : xraysIn(run)) out.push_back(xrayOf(run, one.id));
  return out;
}

const Xray* named(const std::vector<Xray>& all, const char* id) {
  for (const Xray& one : all)
    if (one.id == QLatin1String(id)) return &one;
  return nullptr;
}

std::vector<double> ys(const Xray::Line& line) { return line.points.ys(); }

}  // namespace

class TestXrays : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { style::apply(*qApp, style::Theme::Light); }

  void errorsAreTakenApart() {
    const auto all = xraysOf(story());
    QCOMPARE(all.size(), 2u);
    const Xray& routing = all[0];
    QVERIFY(routing.over_tasks);
    QCOMPARE(ys(routing.lines[0]), (std::vector<double>{100, 70, 60}));        // right
    QCOMPARE(ys(routing.lines[1]), (std::vector<double>{100, 75, 200.0 / 3}));  // right task
    QCOMPARE(ys(routing.lines[2]), (std::vector<double>{90, 90, 90}));          // where the task is known
    QCOMPARE(routing.lines[0].points.xs(), (std::vector<double>{1, 2, 3}));
    const Xray& recency = all[1];
    QCOMPARE(recency.lines.size(), 2u);  // after T1 there is nothing to be biased to
    QCOMPARE(recency.lines[1].task, 2);
    QCOMPARE(ys(recency.lines[1]), (std::vector<double>{-100.0 / 6, -100.0 / 6, 100.0 / 3}));
    QCOMPARE(recency.places, (std::vector<QString>{QStringLiteral("T1"), QStringLiteral("T2"), QStringLiteral("T3")}));
  }

  void layersAreALineForEachTask() {
    const auto all = xraysOf(story({{0, "fisher", "", {"block 1", "block 2", "head"}, {10, 0, 0.001}}, {1, "fisher", "", {"block 1", "head"}, {20, 4}}, {1, "fisher", "", {"head", "block 1"}, {5, 30}}}));
    const Xray* fisher = named(all, "fisher");
    QVERIFY(fisher && fisher->logarithmic && !fisher->over_tasks);
    QCOMPARE(fisher->places, (std::vector<QString>{QStringLiteral("block 1"), QStringLiteral("block 2"), QStringLiteral("head")}));
    QCOMPARE(fisher->lines.size(), 2u);
    QVERIFY(std::isnan(fisher->lines[0].points.y(1)));  // 0 has no logarithm
    QCOMPARE(fisher->lines[1].points.xs(), (std::vector<double>{1, 3}));
    QCOMPARE(ys(fisher->lines[1]), (std::vector<double>{30, 5}));  // told twice: the second time counts
  }

  void classesHaveTheirNamesAndConfidenceIsANumber() {
    const auto all = xraysOf(story({{0, "memory", "images", {"0", "1", "99"}, {10, 20, 1}}, {0, "reliability", "", {"0.2500", "0.9000"}, {0.5, 0.8}}}));
    const Xray* memory = named(all, "memory");
    QVERIFY(memory);
    const auto name = [](int label) { return QString::fromLatin1(std::array{"cat", "dog", "horse", "ship", "frog", "truck"}[std::size_t(PredictionStory::order()[std::size_t(label)])]); };
    QCOMPARE(memory->places, (std::vector<QString>{name(0), name(1), QStringLiteral("99")}));
    const Xray* reliability = named(all, "reliability");
    QVERIFY(reliability && reliability->agrees_on_diagonal);
    QCOMPARE(reliability->lines[0].points.xs(), (std::vector<double>{25, 90}));
    QCOMPARE(ys(reliability->lines[0]), (std::vector<double>{50, 80}));
  }

  void whatIsNotKnownIsShownAsItWasTold() {
    const auto all = xraysOf(story({{0, "entropy", "nats", {"early", "late"}, {1, 2}}, {1, "entropy", "nats", {"early", "late"}, {3, NAN}}, {1, "broken", "", {"a", "b"}, {1}}, {1, "nothing", "", {}, {}}}));
    const Xray* entropy = named(all, "entropy");
    QVERIFY(entropy);
    QCOMPARE(entropy->y_title, QStringLiteral("nats"));
    QCOMPARE(entropy->lines.size(), 2u);
    QVERIFY(std::isnan(entropy->lines[1].points.y(1)));
    QCOMPARE(named(all, "broken")->lines[0].points.size(), 1u);
    QVERIFY(!named(all, "nothing"));
  }

  // A hundred tasks of ten classes, a memory that tells of all of them: within a frame.
  void aLongRunIsReadInNoTime() {
    std::vector<Measured> told;
    for (int task = 0; task < 100; ++task) {
      Measured memory{task, "memory", "images", {}, {}};
      for (int label = 0; label < 10 * (task + 1); ++label) {
        memory.labels.push_back(std::to_string(label));
        memory.values.push_back(label);
      }
      told.push_back(memory);
    }
    RunData run(QStringLiteral("long"));
    run.apply(story(told, 100));
    QElapsedTimer timer;
    timer.start();
    const Xray memory = xrayOf(run, QStringLiteral("memory"));
    qInfo("50,500 values read in %lld ms", static_cast<long long>(timer.elapsed()));
    QCOMPARE(memory.lines.size(), 100u);
    QCOMPARE(memory.lines.back().points.size(), 1000u);
    QCOMPARE(memory.lines.back().points.y(999), 999.0);
    QVERIFY(!xrayOf(run, QStringLiteral("spectrum")).lines.size());
  }

  void theViewShowsOneAndKeepsTheChoice() {
    RunListModel runs;
    Cursor cursor;
    Selection selection;
    BlobStore blobs{PredictionStory::read};
    ImageStore images{[](const std::filesystem::path&, std::int64_t) { return Picture(); }};
    FrameClock frames;
    Lab lab{runs, cursor, selection, blobs, images, frames, {}};
    XrayView view(lab);
    view.resize(900, 420);
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    QTRY_VERIFY(view.accessibleDescription().contains(QStringLiteral("No run")));
    const auto add = [&](const char* id, const std::vector<Event>& events) {
      auto made = std::make_unique<RunData>(QString::fromLatin1(id));
      RunData* run = runs.add(std::move(made));
      run->apply(events);
      return run;
    };
    const auto spectrum = [](int task) { return Measured{task, "spectrum", "", {"1", "2", "4"}, {1e4, 10, 1e-3}}; };
    RunData* one = add("one", story({spectrum(0), spectrum(1), spectrum(2)}));
    cursor.setRun(one);
    auto* chooser = view.findChild<QComboBox*>(QStringLiteral("xrayChooser"));
    QTRY_COMPARE(chooser->count(), 3);
    QCOMPARE(view.shown(), QStringLiteral("routing"));
    QVERIFY(view.csv().startsWith(QStringLiteral("curve,step,tasks_learned,value\nright,,1,100")));
    view.canvas().hover(2.9);
    QVERIFY(view.canvas().readings().contains(QStringLiteral("right  60")));  // after T3

    chooser->setCurrentIndex(2);
    Q_EMIT chooser->activated(2);
    QCOMPARE(view.shown(), QStringLiteral("spectrum"));
    QTRY_VERIFY(view.accessibleDescription().contains(QStringLiteral("after T3: most at rank 1")));
    QCPAxis* y = view.canvas().plot().yAxis;
    QCOMPARE(y->scaleType(), QCPAxis::stLogarithmic);
    QCOMPARE(y->range().lower, 1e-3);
    QCOMPARE(y->range().upper, 1e4);
    QVERIFY(view.csv().startsWith(QStringLiteral("curve,rank,value\nafter T1,1,10000\nafter T1,2,10\nafter T1,4,0.001\n")));
    view.canvas().hover(2.1);
    QCOMPARE(view.canvas().readings(), (QStringList{QStringLiteral("2"), QStringLiteral("after T1  10"), QStringLiteral("after T2  10"), QStringLiteral("after T3  10")}));

    cursor.setTask(0);  // the curve of that task is the strong one
    QTRY_VERIFY(view.accessibleDescription().contains(QStringLiteral("after T1: most")));
    const auto& curves = view.canvas().scene().curves;
    QVERIFY(curves[0].pen.widthF() > curves[1].pen.widthF());

    cursor.setRun(add("two", story()));
    QTRY_COMPARE(chooser->count(), 2);
    QCOMPARE(view.shown(), QStringLiteral("routing"));  // it has none
    QTRY_COMPARE(y->scaleType(), QCPAxis::stLinear);
    cursor.setRun(one);
    QCOMPARE(view.shown(), QStringLiteral("spectrum"));
    QTemporaryDir folder;
    QVERIFY(!view.exportImage(folder.filePath(QStringLiteral("spectrum.svg"))));
    runs.remove(one);
    QTRY_VERIFY(view.offered().isEmpty() || view.run());
    view.grab();
  }
};

QTEST_MAIN(TestXrays)
#include "tst_xrays.moc"
