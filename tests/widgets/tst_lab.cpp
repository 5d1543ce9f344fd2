// What views share: the cursor, the selection, and the stores that read behind their backs.
#include <QSignalSpy>
#include <QTest>
#include <atomic>
#include <cmath>
#include <memory>

#include "widgets/feed/blob_store.h"
#include "widgets/feed/image_store.h"
#include "widgets/models/cursor.h"
#include "widgets/models/selection.h"

using namespace palimpsest;
using Samples = std::vector<std::int64_t>;

namespace {
// `ended` tasks of ten steps each, and one that has begun.
std::vector<Event> story(int ended) {
  std::vector<Event> out;
  const auto put = [&](Payload what) { out.push_back({out.size(), std::int64_t(1 + out.size()), std::move(what)}); };
  RunStarted start;
  start.tasks = ended + 1;
  put(start);
  for (int task = 0; task <= ended; ++task) {
    put(TaskStarted{task, 10, 10, {task}});
    for (int step = 0; step < 10; ++step) put(StepMeasured{task, 0, 0, step, task * 10 + step, 1.0});
    if (task < ended) put(TaskEnded{task, task * 10 + 10, 1.0});
  }
  return out;
}
std::unique_ptr<RunData> runOf(int ended) {
  auto run = std::make_unique<RunData>(QStringLiteral("run"));
  run->apply(story(ended));
  return run;
}
}  // namespace

class TestLab : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void timeIsNowUntilSomebodyMovesIt();
  void theTaskLookedAtIsTheLastThatHadEnded();
  void tasksWithoutStepsCanBeToldApart();
  void nowMovesOnWithTheRun();
  void aRunThatIsDestroyedIsLeft();
  void aAndBAreNeverTheSameRun();
  void sampleAndTimeBelongToTheRun();
  void selectionsCombineAsSets();
  void selectionsAreInOrderAndCountOnce();
  void whatIsSelectedIsSaid();
  void equalSelectionsAreNoNews();
  void slicesAreKeptUnderTheirNames();
  void blobsComeWhenTheyHaveBeenRead();
  void aForgottenBlobIsReadAgain();
  void aLateBlobOfAForgottenFolderIsThrownAway();
  void picturesComeTogether();
  void aPictureThatCannotBeReadSaysWhy();
};

void TestLab::timeIsNowUntilSomebodyMovesIt() {
  const auto run = runOf(2);
  Cursor cursor;
  QSignalSpy moved(&cursor, &Cursor::moved);
  cursor.setRun(run.get());
  QVERIFY(std::isnan(cursor.step()));
  moved.clear();
  cursor.setStep(15);
  QCOMPARE(cursor.step(), 15.0);
  QCOMPARE(moved.count(), 1);
  cursor.setStep(15);
  QCOMPARE(moved.count(), 1);
}

void TestLab::theTaskLookedAtIsTheLastThatHadEnded() {
  const auto run = runOf(3);
  Cursor cursor;
  cursor.setRun(run.get());
  QCOMPARE(cursor.task(), 2);
  cursor.setStep(9);
  QCOMPARE(cursor.task(), -1);
  cursor.setStep(10);
  QCOMPARE(cursor.task(), 0);
  cursor.setTask(1);
  QCOMPARE(cursor.step(), 20.0);
  cursor.moveTask(-1);
  QCOMPARE(cursor.task(), 0);
  cursor.moveTask(1);
  cursor.moveTask(1);
  QCOMPARE(cursor.task(), 2);
  cursor.setTask(7);  // has not ended: nothing moves
  QCOMPARE(cursor.task(), 2);
}

// Class means take no steps: every task ends at step 0.
void TestLab::tasksWithoutStepsCanBeToldApart() {
  RunData run(QStringLiteral("means"));
  std::vector<Event> events;
  const auto put = [&](Payload what) { events.push_back({events.size(), std::int64_t(1 + events.size()), std::move(what)}); };
  RunStarted start;
  start.tasks = 3;
  put(start);
  for (int task = 0; task < 3; ++task) {
    put(TaskStarted{task, 1, 1, {task}});
    put(TaskEnded{task, 0, 1.0});
  }
  run.apply(events);
  Cursor cursor;
  cursor.setRun(&run);
  QCOMPARE(cursor.task(), 2);
  QSignalSpy changed(&cursor, &Cursor::taskChanged);
  cursor.setTask(0);
  QCOMPARE(cursor.task(), 0);
  cursor.moveTask(1);
  QCOMPARE(cursor.task(), 1);
  cursor.moveTask(1);
  QCOMPARE(cursor.task(), 2);
  cursor.moveTask(-1);
  QCOMPARE(cursor.task(), 1);
  QCOMPARE(changed.count(), 4);
  cursor.setStep(std::nan(""));
  QCOMPARE(cursor.task(), 2);
}

void TestLab::nowMovesOnWithTheRun() {
  const auto run = runOf(1);
  Cursor cursor;
  cursor.setRun(run.get());
  QCOMPARE(cursor.task(), 0);
  QSignalSpy task(&cursor, &Cursor::taskChanged);
  run->apply({{1000, 1000, TaskEnded{1, 20, 1.0}}});
  QCOMPARE(cursor.task(), 1);
  QCOMPARE(task.count(), 1);
}

void TestLab::aRunThatIsDestroyedIsLeft() {
  auto run = runOf(1);
  auto other = runOf(1);
  Cursor cursor;
  cursor.setRun(run.get());
  cursor.setOther(other.get());
  QSignalSpy changed(&cursor, &Cursor::runChanged), without(&cursor, &Cursor::otherChanged);
  run.reset();
  QCOMPARE(changed.count(), 1);
  QVERIFY(!cursor.run());
  QCOMPARE(cursor.task(), -1);
  other.reset();
  QCOMPARE(without.count(), 1);
  QVERIFY(!cursor.other());
}

void TestLab::aAndBAreNeverTheSameRun() {
  const auto a = runOf(1), b = runOf(1);
  Cursor cursor;
  cursor.setRun(a.get());
  cursor.setOther(a.get());
  QVERIFY(!cursor.other());
  cursor.setOther(b.get());
  cursor.setRun(b.get());
  QVERIFY(!cursor.other());
}

void TestLab::sampleAndTimeBelongToTheRun() {
  const auto a = runOf(2), b = runOf(2);
  Cursor cursor;
  cursor.setRun(a.get());
  cursor.setStep(10);
  cursor.setSample(7);
  cursor.setRun(b.get());
  QVERIFY(std::isnan(cursor.step()));
  QCOMPARE(cursor.sample(), std::int64_t(-1));
}

void TestLab::selectionsCombineAsSets() {
  using Mode = Selection::Mode;
  QCOMPARE(Selection::modeOf(Qt::NoModifier), Mode::Replace);
  QCOMPARE(Selection::modeOf(Qt::ShiftModifier), Mode::Add);
  QCOMPARE(Selection::modeOf(Qt::ControlModifier), Mode::Remove);
  QCOMPARE(Selection::modeOf(Qt::ControlModifier | Qt::ShiftModifier), Mode::Intersect);
  Selection selection;
  selection.select({1, 2, 3}, QStringLiteral("a"));
  selection.select({3, 4}, QStringLiteral("b"), Mode::Add);
  QCOMPARE(selection.samples(), (Samples{1, 2, 3, 4}));
  selection.select({2}, QStringLiteral("c"), Mode::Remove);
  QCOMPARE(selection.samples(), (Samples{1, 3, 4}));
  selection.select({4, 9}, QStringLiteral("d"), Mode::Intersect);
  QCOMPARE(selection.samples(), (Samples{4}));
}

void TestLab::selectionsAreInOrderAndCountOnce() {
  Selection selection;
  selection.select({5, 1, 5, 3}, QStringLiteral("a"));
  QCOMPARE(selection.samples(), (Samples{1, 3, 5}));
  QVERIFY(selection.contains(3) && !selection.contains(2));
}

void TestLab::whatIsSelectedIsSaid() {
  Selection selection;
  selection.select({1}, QStringLiteral("class cat"));
  selection.select({2}, QStringLiteral("prompt 3"), Selection::Mode::Add);
  QCOMPARE(selection.what(), QStringLiteral("class cat, and prompt 3"));
  selection.select({1, 2}, QStringLiteral("all"), Selection::Mode::Remove);
  QVERIFY(selection.empty() && selection.what().isEmpty());
}

void TestLab::equalSelectionsAreNoNews() {
  Selection selection;
  QSignalSpy changed(&selection, &Selection::changed);
  selection.select({1, 2}, QStringLiteral("a"));
  selection.select({2, 1}, QStringLiteral("a"));
  QCOMPARE(changed.count(), 1);
  selection.clear();
  selection.clear();
  QCOMPARE(changed.count(), 2);
}

void TestLab::slicesAreKeptUnderTheirNames() {
  Selection selection;
  selection.keep(QStringLiteral("nothing"));
  QVERIFY(selection.slices().empty());
  selection.select({1}, QStringLiteral("a"));
  selection.keep(QStringLiteral("mine"));
  selection.select({2}, QStringLiteral("b"));
  selection.keep(QStringLiteral("mine"));
  QCOMPARE(selection.slices().size(), std::size_t(1));
  QCOMPARE(selection.slices()[0].samples, (Samples{2}));
  selection.dropSlice(QStringLiteral("mine"));
  QVERIFY(selection.slices().empty());
}

void TestLab::blobsComeWhenTheyHaveBeenRead() {
  std::atomic<int> reads = 0;
  BlobStore store([&](const std::filesystem::path& file) {
    ++reads;
    Blob blob;
    blob.tensors["x"] = {{2}, {float(file.string().size()), 0}, {}};
    return blob;
  });
  QSignalSpy loaded(&store, &BlobStore::loaded);
  QVERIFY(!store.get("a/b"));
  QVERIFY(!store.get("a/b"));
  QTRY_COMPARE(loaded.count(), 1);
  const auto blob = store.get("a/b");
  QVERIFY(blob && blob->find("x") && !blob->find("y"));
  QCOMPARE(blob->find("x")->values[0], 3.F);
  QCOMPARE(int(reads), 1);
}

void TestLab::aForgottenBlobIsReadAgain() {
  std::atomic<int> reads = 0;
  BlobStore store([&](const std::filesystem::path&) {
    ++reads;
    return Blob{};
  });
  store.get("run/blobs/x");
  store.get("other/blobs/x");
  QTRY_VERIFY(store.get("run/blobs/x") && store.get("other/blobs/x"));
  store.forget("run");
  QVERIFY(!store.get("run/blobs/x"));
  QVERIFY(store.get("other/blobs/x"));
  QTRY_VERIFY(store.get("run/blobs/x"));
  QCOMPARE(int(reads), 3);
}

void TestLab::aLateBlobOfAForgottenFolderIsThrownAway() {
  std::atomic<bool> go = false;
  BlobStore store([&](const std::filesystem::path&) {
    while (!go) QThread::msleep(1);
    return Blob{};
  });
  QSignalSpy loaded(&store, &BlobStore::loaded);
  store.get("run/x");
  store.forget("run");
  go = true;
  QTest::qWait(50);
  QCOMPARE(loaded.count(), 0);
}

void TestLab::picturesComeTogether() {
  ImageStore store([](const std::filesystem::path&, std::int64_t sample) {
    QImage image(2, 2, QImage::Format_RGB32);
    image.fill(QColor(int(sample), 0, 0));
    return Picture{image, QString::number(sample), {}};
  });
  QSignalSpy ready(&store, &ImageStore::ready);
  for (int sample = 0; sample < 50; ++sample) QVERIFY(!store.get("run", sample));
  const auto all = [&] {
    for (int sample = 0; sample < 50; ++sample)
      if (!store.get("run", sample)) return false;
    return true;
  };
  QTRY_VERIFY(all());
  QCOMPARE(store.get("run", 9)->image.pixelColor(0, 0).red(), 9);
  QVERIFY(!store.get({}, 3));  // a run without a folder has no images
  QTRY_VERIFY(ready.count() >= 1);
  QVERIFY(ready.count() < 50);
}

void TestLab::aPictureThatCannotBeReadSaysWhy() {
  ImageStore store([](const std::filesystem::path&, std::int64_t) { return Picture{{}, {}, QStringLiteral("the file is gone")}; });
  QTRY_VERIFY(store.get("run", 1));
  QVERIFY(store.get("run", 1)->image.isNull());
  QCOMPARE(store.get("run", 1)->problem, QStringLiteral("the file is gone"));
}

QTEST_MAIN(TestLab)
#include "tst_lab.moc"
