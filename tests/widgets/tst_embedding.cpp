// The Embedding perspective over scripted tensors: what is shown when, picking and lasso with a real pointer, scrubbing.
#include <QCheckBox>
#include <QComboBox>
#include <QElapsedTimer>
#include <QLabel>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>
#include <algorithm>
#include <atomic>
#include <cmath>

#include "engine/protocol/random.h"
#include "tests/support/story.h"
#include "widgets/style/palette.h"
#include "widgets/views/embedding_page.h"
#include "widgets/views/embedding_view.h"
#include "widgets/views/frame_clock.h"

using namespace palimpsest;

namespace {

constexpr int kWidth = 12;

Blob::Tensor floats(std::vector<std::int64_t> shape, std::vector<float> values) { return {std::move(shape), std::move(values), {}}; }
Blob::Tensor integers(std::vector<std::int64_t> values) { return {{std::int64_t(values.size())}, {}, std::move(values)}; }

// Two classes a task, `each` images a class; class c lies about its own corner, which drifts with the tasks.
float centre(int label, int task, int column) { return float((column % 6 == label ? 10 : 0) + (column == 11 ? 0.5 * task : 0)); }

Blob featuresOf(int task, int each) {
  Rng rng(3);  // the same noise after every task
  std::vector<std::int64_t> sample, label, prediction;
  std::vector<float> values;
  for (int c = 0; c < 2 * (task + 1); ++c)
    for (int i = 0; i < each; ++i) {
      sample.push_back(1000 + c * each + i);
      label.push_back(c);
      prediction.push_back(i % 5 == 0 ? 0 : c);
      for (int d = 0; d < kWidth; ++d) values.push_back(centre(c, task, d) + float(rng.normal()));
    }
  const auto n = std::int64_t(sample.size());
  Blob blob;
  blob.tensors = {{"sample", integers(sample)}, {"label", integers(label)}, {"prediction", integers(prediction)}, {"features", floats({n, kWidth}, values)}, {"queries", floats({n, kWidth}, values)}};
  return blob;
}

Blob prototypesOf(int task) {
  std::vector<std::int64_t> labels;
  std::vector<float> values;
  for (int c = 0; c < 2 * (task + 1); ++c) {
    labels.push_back(c);
    for (int d = 0; d < kWidth; ++d) values.push_back(centre(c, task, d));
  }
  Blob blob;
  blob.tensors = {{"prototypes", floats({std::int64_t(labels.size()), kWidth}, values)}, {"labels", integers(labels)}};
  return blob;
}

Blob keysOf(int task) {
  std::vector<float> values;
  for (int k = 0; k < 4; ++k)
    for (int d = 0; d < kWidth; ++d) values.push_back(float(d == k ? 1 : 0) + float(d == 11 ? task : 0));
  Blob blob;
  blob.tensors = {{"keys", floats({4, kWidth}, values)}};
  return blob;
}

// A laboratory whose tensors are computed where others are read.
struct Bench {
  int each = 20;
  std::atomic<bool> spreads = false;  // prototypes come with axes
  RunListModel runs;
  Cursor cursor;
  Selection selection;
  BlobStore blobs{[this](const std::filesystem::path& file) {
    const std::string name = file.filename();
    const int task = name.back() - '0';
    if (name.starts_with("features")) return featuresOf(task, each);
    if (name.starts_with("keys")) return keysOf(task);
    if (name.starts_with("prototypes")) {
      Blob blob = prototypesOf(task);
      const std::int64_t classes = 2 * (task + 1);
      if (spreads) blob.tensors["axes"] = floats({classes, 1, kWidth}, std::vector<float>(std::size_t(classes * kWidth), 1.0f));
      return blob;
    }
    Blob blob;
    blob.problem = QStringLiteral("features.9 could not be read");
    return blob;
  }};
  ImageStore images{[](const std::filesystem::path&, std::int64_t sample) {
    QImage image(8, 8, QImage::Format_RGB32);
    image.fill(QColor::fromHsv(int(sample * 37 % 360), 120, 200));
    return Picture{image, QString::number(sample), {}};
  }};
  FrameClock frames;
  Lab lab{runs, cursor, selection, blobs, images, frames, {}};

  RunData* add(int tasks, bool features = true, const std::string& name = "features.") {
    auto run = std::make_unique<RunData>(QStringLiteral("run"));
    run->folder = "/scripted";
    std::uint64_t seq = 0;
    for (const Event& event : test::events("start 3")) run->apply({event});
    for (int t = 0; t < tasks; ++t) learn(*run, t, features, name, seq);
    return runs.add(std::move(run));
  }
  static void learn(RunData& run, int task, bool features, const std::string& name, std::uint64_t& seq) {
    const std::string of = std::to_string(task);
    const auto say = [&](Payload what) { run.apply({Event{1000 + 10 * std::uint64_t(task) + seq++, std::int64_t(seq), std::move(what)}}); };
    TaskStarted started;
    started.task = task;
    started.classes = {2 * task, 2 * task + 1};
    say(started);
    if (features) say(Features{task, name + of});
    say(Prototypes{task, "prototypes." + of});
    say(Keys{task, 0, "keys." + of});
    TaskEnded ended;
    ended.task = task;
    ended.global_step = 10 * (task + 1);
    say(ended);
  }
};

QString wordsOf(EmbeddingPage& page) { return page.view().accessibleDescription(); }

void show(EmbeddingPage& page) {
  page.resize(900, 640);
  page.show();
  QVERIFY(QTest::qWaitForWindowExposed(&page));
  QTRY_VERIFY(page.map() && !page.busy() && page.view().settled());
}

QPoint pixelOf(EmbeddingView& view, std::size_t i) { return view.scene().screen(view.scene().now()->at[i]).toPoint(); }

void drag(EmbeddingView& view, const std::vector<QPoint>& way) {
  QTest::mousePress(&view, Qt::LeftButton, {}, way.front());
  for (const QPoint& p : way) QTest::mouseMove(&view, p);
  QTest::mouseRelease(&view, Qt::LeftButton, {}, way.back());
}

}  // namespace

class TestEmbedding : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { style::apply(*qApp, style::Theme::Light); }

  void wordsSayWhatIsMissing() {
    Bench bench;
    EmbeddingPage page(bench.lab);
    QVERIFY(wordsOf(page).startsWith(QStringLiteral("No run")));
    RunData* run = bench.add(0);
    bench.cursor.setRun(run);
    QVERIFY(wordsOf(page).startsWith(QStringLiteral("Available after task 1")));
    RunData* old = bench.add(2, false);
    bench.cursor.setRun(old);
    QVERIFY(wordsOf(page).contains(QStringLiteral("map_images")));
    RunData* broken = bench.add(1, true, "torn.");
    bench.cursor.setRun(broken);
    QTRY_VERIFY(wordsOf(page).contains(QStringLiteral("could not be read")));
    bench.cursor.setRun(nullptr);
    QVERIFY(wordsOf(page).startsWith(QStringLiteral("No run")));
  }

  void aMapKnowsItsImagesAndTheTrueWaysOfPrototypes() {
    MapRequest request;
    for (int t = 0; t < 3; ++t)
      request.sources.push_back({t, std::make_shared<Blob>(featuresOf(t, 10)), std::make_shared<Blob>(prototypesOf(t)), nullptr});
    const auto map = makeMap(request);
    QVERIFY(map && map->problem.isEmpty());
    QCOMPARE(map->tasks.size(), std::size_t(3));
    const TaskMap& last = *map->after(2);
    QCOMPARE(last.samples.size(), std::size_t(60));
    QCOMPARE(last.tasks[0], 0);
    QCOMPARE(last.tasks[59], 2);
    const MapMark* first = last.mark(false, 0);
    QVERIFY(first && std::abs(first->since_previous - 0.5) < 1e-5 && std::abs(first->since_first - 1) < 1e-5);
    QVERIFY(std::isnan(last.mark(false, 5)->since_first));
    QVERIFY(!map->after(7));
    QCOMPARE(mapAsCsv(*map, 2).count(QLatin1Char('\n')), 1 + 60 + 6);
  }

  // A class that spreads along the map's own axes keeps its lengths; on a bent map there are no directions.
  void classesSpreadAsFarAsTheirAxesSay() {
    MapRequest request;
    request.sources.push_back({0, std::make_shared<Blob>(featuresOf(0, 40)), std::make_shared<Blob>(prototypesOf(0)), nullptr});
    QVERIFY(!makeMap(request)->after(0)->spreads());
    const Basis basis = makeMap(request)->basis;
    auto shaped = std::make_shared<Blob>(prototypesOf(0));
    std::vector<float> axes;
    for (const int label : {0, 1})
      for (const int axis : {0, 1})
        for (int d = 0; d < kWidth; ++d) axes.push_back(float(basis.axes[std::size_t(axis * kWidth + d)] * (label == 0 ? 3 - axis : 0)));
    shaped->tensors["axes"] = floats({2, 2, kWidth}, axes);
    request.sources[0].prototypes = shaped;
    const auto map = makeMap(request);
    const TaskMap& now = *map->after(0);
    QVERIFY(now.spreads());
    std::vector<QPointF> plane;
    for (const Spot& axis : now.mark(false, 0)->axes) plane.push_back({axis[0], axis[1]});
    const Ellipse shape = ellipseOf(plane);
    QVERIFY(std::abs(shape.longer - 6) < 1e-4 && std::abs(shape.shorter - 4) < 1e-4 && std::abs(std::sin(shape.angle)) < 1e-4);
    const Ellipse turned = ellipseOf({{2, 2}, {-0.5, 0.5}});
    QVERIFY(std::abs(turned.longer - 2 * std::sqrt(8)) < 1e-9 && std::abs(turned.shorter - 2 * std::sqrt(0.5)) < 1e-9 && std::abs(turned.angle - std::atan(1)) < 1e-9);
    QVERIFY(ellipseOf({}).longer == 0);
    request.method = MapMethod::Tsne;
    request.tsne.iterations = 60;
    QVERIFY(!makeMap(request)->after(0)->spreads());
    auto torn = std::make_shared<Blob>(*shaped);
    torn->tensors["axes"].values.pop_back();
    request = {{{0, std::make_shared<Blob>(featuresOf(0, 40)), torn, nullptr}}, MapOf::Features, MapMethod::Pca, {}};
    QVERIFY(!makeMap(request)->after(0)->spreads());
  }

  void aSpreadIsOfferedWhereItIsKnown() {
    Bench bench;
    EmbeddingPage page(bench.lab);
    bench.cursor.setRun(bench.add(1));
    show(page);
    auto* box = page.findChild<QCheckBox*>(QStringLiteral("mapSpread"));
    QVERIFY(box && box->isHidden());
    bench.spreads = true;
    RunData* shaped = bench.add(2, true, "features.");
    shaped->folder = "/shaped";
    bench.cursor.setRun(shaped);
    QTRY_VERIFY(page.map() && !page.busy() && page.view().settled() && !box->isHidden());
    const QImage with = page.view().grab().toImage();
    box->click();
    QTRY_VERIFY(page.view().settled());
    QVERIFY(page.view().grab().toImage() != with);
    QVERIFY(!page.view().scene().spread);
  }

  void damagedTensorsAreAProblemAndNoCrash() {
    auto torn = std::make_shared<Blob>(featuresOf(0, 10));
    torn->tensors["features"].values.pop_back();
    QVERIFY(makeMap({{{0, torn, nullptr, nullptr}}, MapOf::Features, MapMethod::Pca, {}})->problem.contains(QStringLiteral("damaged")));
    auto plain = std::make_shared<Blob>(featuresOf(0, 10));
    plain->tensors.erase("queries");
    QVERIFY(makeMap({{{0, plain, nullptr, nullptr}}, MapOf::Queries, MapMethod::Pca, {}})->problem.contains(QStringLiteral("no queries")));
    auto nan = std::make_shared<Blob>(featuresOf(0, 10));
    for (float& v : nan->tensors["features"].values) v = std::nanf("");
    QVERIFY(!makeMap({{{0, nan, nullptr, nullptr}}, MapOf::Features, MapMethod::Pca, {}})->problem.isEmpty());
    auto wide = std::make_shared<Blob>(featuresOf(1, 10));  // a method whose features grow
    wide->tensors["features"].shape = {20, 2 * kWidth};
    wide->tensors["features"].values.resize(20 * 2 * kWidth);
    for (const char* name : {"sample", "label", "prediction"}) {
      wide->tensors[name].shape = {20};
      wide->tensors[name].integers.resize(20);
    }
    const auto grown = makeMap({{{0, std::make_shared<Blob>(featuresOf(0, 10)), nullptr, nullptr}, {1, wide, nullptr, nullptr}}, MapOf::Features, MapMethod::Pca, {}});
    QVERIFY(grown->after(0) && !grown->after(1));
    std::stop_source stop;
    stop.request_stop();
    QVERIFY(!makeMap({{{0, std::make_shared<Blob>(featuresOf(0, 10)), nullptr, nullptr}}, MapOf::Features, MapMethod::Pca, {}}, stop.get_token()));
  }

  void tsneTurnsATaskToTheOneBefore() {
    MapRequest request;
    request.method = MapMethod::Tsne;
    request.tsne.iterations = 250;
    request.tsne.perplexity = 8;
    for (int t = 0; t < 2; ++t) request.sources.push_back({t, std::make_shared<Blob>(featuresOf(t, 12)), nullptr, nullptr});
    const auto map = makeMap(request);
    QCOMPARE(map->tasks.size(), std::size_t(2));
    const auto &before = map->tasks[0], &now = map->tasks[1];
    double spread = 0, shift = 0;  // the two classes of the first task stay on their sides
    for (int i = 0; i < 12; ++i) {
      spread += std::hypot(before.at[i][0] - before.at[i + 12][0], before.at[i][1] - before.at[i + 12][1]);
      shift += std::hypot(before.at[i][0] - now.at[i][0], before.at[i][1] - now.at[i][1]);
    }
    QVERIFY(shift < spread);
    QCOMPARE(makeMap(request)->tasks[1].at, now.at);
  }

  void scrubbingShowsTheMapAfterThatTaskInTheSameFrame() {
    Bench bench;
    EmbeddingPage page(bench.lab);
    bench.cursor.setRun(bench.add(3));
    show(page);
    QCOMPARE(page.view().scene().task, 2);
    QCOMPARE(page.view().scene().now()->samples.size(), std::size_t(120));
    QVERIFY(page.status().contains(QStringLiteral("PCA")));
    const EmbeddingMap* map = page.map();
    const double scale = page.view().scene().scale;
    bench.cursor.setTask(0);
    QCOMPARE(page.view().scene().now()->samples.size(), std::size_t(40));
    QCOMPARE(page.view().scene().scale, scale);
    bench.cursor.setStep(3);  // before the end of task 1
    QVERIFY(wordsOf(page).startsWith(QStringLiteral("Nothing is learned")));
    bench.cursor.setTask(2);
    QCOMPARE(page.map(), map);  // looked up, not made again
  }

  void aNewTaskMakesANewMap() {
    Bench bench;
    EmbeddingPage page(bench.lab);
    RunData* run = bench.add(1);
    bench.cursor.setRun(run);
    show(page);
    QCOMPARE(page.map()->tasks.size(), std::size_t(1));
    std::uint64_t seq = 0;
    Bench::learn(*run, 1, true, "features.", seq);
    QTRY_VERIFY(page.map() && page.map()->tasks.size() == 2);
    QCOMPARE(page.view().scene().task, 1);
  }

  void aLassoSelectsExactlyTheImagesInside() {
    Bench bench;
    EmbeddingPage page(bench.lab);
    bench.cursor.setRun(bench.add(3));
    show(page);
    EmbeddingView& view = page.view();
    page.findChild<QToolButton*>(QStringLiteral("mapLasso"))->click();
    QVERIFY(view.lasso());
    const QPoint c = view.rect().center();
    const std::vector<QPoint> way{{40, 40}, {c.x(), 20}, {c.x() + 30, c.y()}, {c.x() - 40, view.height() - 60}, {60, view.height() - 90}};
    drag(view, way);
    QPolygonF shape;
    for (const QPoint& p : way) shape << view.scene().plane(QPointF(p));
    std::vector<std::int64_t> inside;
    const TaskMap& now = *view.scene().now();
    for (std::size_t i = 0; i < now.samples.size(); ++i)
      if (isInside(shape, view.scene().plane(now.at[i]))) inside.push_back(now.samples[i]);
    std::sort(inside.begin(), inside.end());
    QVERIFY(!inside.empty() && inside.size() < now.samples.size());
    QCOMPARE(bench.selection.samples(), inside);
    QVERIFY(bench.selection.what().contains(QStringLiteral("lasso")));
    QTRY_VERIFY(view.settled());
    QCOMPARE(std::size_t(std::count(view.scene().bright->begin(), view.scene().bright->end(), 1)), inside.size());
    QTest::keyClick(&view, Qt::Key_Escape);  // out of lasso mode, then out of the selection
    QVERIFY(!view.lasso() && !bench.selection.empty());
    QTest::keyClick(&view, Qt::Key_Escape);
    QVERIFY(bench.selection.empty() && !view.scene().bright);
  }

  void aClickSelectsOneImageAndItsTrueNeighboursOnRequest() {
    Bench bench;
    EmbeddingPage page(bench.lab);
    bench.cursor.setRun(bench.add(2));
    show(page);
    EmbeddingView& view = page.view();
    view.setTrails(false);
    QTest::mouseMove(&view, pixelOf(view, 7));
    const std::int64_t under = view.hovered();
    if (under < 0) QSKIP("a prototype lies on the image");
    QVERIFY(view.cardText().contains(QString::number(under)));
    QTest::mouseClick(&view, Qt::LeftButton, {}, pixelOf(view, 7));
    QCOMPARE(bench.cursor.sample(), under);
    QCOMPARE(bench.selection.samples(), std::vector<std::int64_t>{under});
    QTest::keyClick(&view, Qt::Key_N);
    QTRY_COMPARE(bench.selection.samples().size(), std::size_t(6));
    for (const NeighbourImage& near : nearestImages(featuresOf(1, bench.each), MapOf::Features, under, 5)) QVERIFY(bench.selection.contains(near.sample));
    QTest::keyClick(&view, Qt::Key_Left);  // the arrow keys move on and leave the selection
    QCOMPARE(bench.selection.samples().size(), std::size_t(6));
  }

  void wheelZoomsAtThePointerAndADoubleClickShowsEverything() {
    Bench bench;
    EmbeddingPage page(bench.lab);
    bench.cursor.setRun(bench.add(2));
    show(page);
    EmbeddingView& view = page.view();
    const double scale = view.scene().scale;
    const QPointF at(200, 150), held = view.scene().plane(at);
    QWheelEvent wheel(at, view.mapToGlobal(at), {}, {0, 480}, {}, {}, Qt::NoScrollPhase, false);
    QApplication::sendEvent(&view, &wheel);
    QVERIFY(view.scene().scale > 1.5 * scale);
    QVERIFY(QLineF(view.scene().plane(at), held).length() < 1e-6);
    const QPointF middle = view.scene().middle;
    drag(view, {{300, 200}, {340, 220}, {360, 230}});
    QVERIFY(view.scene().middle != middle);
    bench.cursor.setTask(0);
    QVERIFY(view.scene().scale > 1.5 * scale);  // a frame that somebody chose stays
    QTest::mouseDClick(&view, Qt::LeftButton, {}, {5, 5});
    QCOMPARE(view.scene().scale, scale);
    QTRY_VERIFY(view.settled());
  }

  void queriesKeysAndThreeDimensions() {
    Bench bench;
    EmbeddingPage page(bench.lab);
    bench.cursor.setRun(bench.add(2));
    show(page);
    page.findChild<QComboBox*>(QStringLiteral("mapOf"))->setCurrentIndex(1);
    QTRY_VERIFY(page.map() && page.map()->of == MapOf::Queries && !page.busy());
    QCOMPARE(page.view().scene().now()->marks.size(), std::size_t(4));
    QVERIFY(page.view().scene().now()->marks[0].key);
    page.findChild<QComboBox*>(QStringLiteral("mapDimensions"))->setCurrentIndex(1);
    EmbeddingView& view = page.view();
    const auto rotation = view.scene().rotation;
    QTest::mousePress(&view, Qt::RightButton, {}, {200, 200});
    QTest::mouseMove(&view, {260, 200});
    QTest::mouseMove(&view, {300, 220});
    QTest::mouseRelease(&view, Qt::RightButton, {}, {300, 220});
    QVERIFY(view.scene().rotation != rotation);
    page.findChild<QComboBox*>(QStringLiteral("mapOf"))->setCurrentIndex(2);
    QTRY_VERIFY(page.map() && page.map()->of == MapOf::Prototypes && !page.busy());
    QVERIFY(page.view().scene().now()->samples.empty());
    QTRY_VERIFY(view.settled());
  }

  void aRunThatGoesWhileItsMapIsMadeIsNoObstacle() {
    Bench bench;
    EmbeddingPage page(bench.lab);
    page.show();
    RunData* run = bench.add(3);
    bench.cursor.setRun(run);
    page.findChild<QComboBox*>(QStringLiteral("mapMethod"))->setCurrentIndex(1);
    QTRY_VERIFY(page.busy() || page.map());
    bench.cursor.setRun(nullptr);
    bench.runs.remove(run);
    QVERIFY(!page.busy() && !page.map());
    QVERIFY(wordsOf(page).startsWith(QStringLiteral("No run")));
    QTest::qWait(50);
    QVERIFY(!page.map());
    RunData* second = bench.add(2);
    bench.cursor.setRun(second);
    QTRY_VERIFY_WITH_TIMEOUT(page.map() && page.map()->method == MapMethod::Tsne && !page.busy(), 60'000);
    QVERIFY(page.status().contains(QStringLiteral("perplexity")));
    bench.runs.remove(second);
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    QTRY_VERIFY(!page.map());
  }

  void picturesAndTablesAreWritten() {
    Bench bench;
    EmbeddingPage page(bench.lab);
    bench.cursor.setRun(bench.add(2));
    show(page);
    QTemporaryDir folder;
    for (const char* name : {"map.png", "map.svg", "map.pdf"}) {
      const QString path = folder.filePath(QLatin1String(name));
      QVERIFY(!page.view().exportImage(path));
      QVERIFY(QFileInfo(path).size() > 1000);
    }
    QVERIFY(page.view().toCsv().startsWith(QStringLiteral("task,kind,id")));
    style::apply(*qApp, style::Theme::Dark);
    QTRY_COMPARE(page.view().scene().background, style::plotBackground(style::Theme::Dark).rgb());
    style::apply(*qApp, style::Theme::Light);
    QTRY_VERIFY(page.view().settled());
  }

  void figuresForAHundredThousandPoints() {
    Bench bench;
    auto map = std::make_shared<EmbeddingMap>();
    TaskMap task;
    Rng rng(1);
    for (int i = 0; i < 100'000; ++i) {
      task.samples.push_back(i);
      task.labels.push_back(i % 10);
      task.predictions.push_back(i % 10);
      task.tasks.push_back(0);
      task.at.push_back({float(rng.normal()), float(rng.normal()), 0});
    }
    map->tasks.push_back(std::move(task));
    EmbeddingView view(bench.images);
    view.resize(800, 600);
    view.setRun("/scripted", {}, 1);
    QElapsedTimer clock;
    clock.start();
    view.setMap(map, 0, {});
    const double set = double(clock.nsecsElapsed()) / 1e6;
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    QTRY_VERIFY(view.settled());
    double hover = 1e9, paint = 1e9, lasso = 1e9;
    view.setLasso(true);
    for (int i = 0; i < 5; ++i) {
      clock.start();
      QTest::mouseMove(&view, {300 + 9 * i, 280});
      hover = std::min(hover, double(clock.nsecsElapsed()) / 1e6);
      clock.start();
      view.grab();
      paint = std::min(paint, double(clock.nsecsElapsed()) / 1e6);
      QTest::mousePress(&view, Qt::LeftButton, {}, {300, 200});
      for (int a = 0; a < 100; ++a) QTest::mouseMove(&view, {400 + int(100 * std::cos(a * 0.063)), 300 + int(100 * std::sin(a * 0.063))});
      clock.start();
      QTest::mouseRelease(&view, Qt::LeftButton, {}, {500, 300});
      lasso = std::min(lasso, double(clock.nsecsElapsed()) / 1e6);
    }
    qInfo("taken %.1f ms, hover %.2f ms (of 8), frame %.1f ms, lasso %.1f ms (of 30)", set, hover, paint, lasso);
    QVERIFY(hover < 5 * 8);
    QVERIFY(lasso < 5 * 30);
    clock.start();
    view.setColourBy(EmbeddingView::ColourBy::Task);
    QTRY_VERIFY(view.settled());
    qInfo("a new picture of all points after %lld ms, on another thread", clock.elapsed());
  }
};

QTEST_MAIN(TestEmbedding)
#include "tst_embedding.moc"
