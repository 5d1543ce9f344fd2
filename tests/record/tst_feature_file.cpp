// Frozen features on the disk: never a wrong row, whoever is killed and whatever is damaged.
#include <sys/wait.h>
#include <unistd.h>

#include <QDateTime>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>
#include <fstream>
#include <limits>

#include "tests/record/made_features.h"

using namespace palimpsest;
using namespace palimpsest::record;

namespace {

// A process that fills the store as soon as the other end of `start` is closed.
pid_t fillingProcess(const int start[2], const fs::path& folder, std::int64_t size, std::int64_t width, std::uint64_t order, std::uint64_t who) {
  const pid_t child = fork();
  if (child != 0) return child;
  close(start[1]);
  char byte = 0;
  [[maybe_unused]] const auto closed = ::read(start[0], &byte, 1);
  fillAll(folder, size, width, order, who);
  _exit(0);
}

void flip(const fs::path& file, std::int64_t at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(at);
  const char byte = static_cast<char>(stream.get() ^ 0x10);
  stream.seekp(at);
  stream.put(byte);
}

}  // namespace

class TestFeatureFile : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    base_ = std::make_unique<QTemporaryDir>();
    folder_ = fs::path(base_->path().toStdString()) / "features";
  }

  void anotherShapeMisses();
  void rowsStayAsTheyAre();
  void rowsThatAreNotFiniteAreNotKept();
  void aFlippedBitLosesOneRowAndIsMended();
  void aFlippedBitAnywhereIsNeverServed();
  void aRowElsewhereIsNotServed();
  void aDamagedHeaderIsAnEmptyFile();
  void aCutFileIsShorterAndRight();
  void aFileOfAnotherKeyIsNotServed();
  void twoProcessesMayFillOneKeyAndDie_data();
  void twoProcessesMayFillOneKeyAndDie();
  void twoProcessesMayBeginAtOnce();
  void rowsArriveInOtherProcessesAtOnce();

 private:
  std::unique_ptr<QTemporaryDir> base_;
  fs::path folder_;
};

void TestFeatureFile::anotherShapeMisses() {
  FeatureStore store(folder_, kMany, 0);
  store.open(keyOf("w"), 10, 4)->store(upTo(10), rowsOf(upTo(10), 4).data());
  QCOMPARE(countRows(*store.open(keyOf("w"), 11, 4), upTo(10), 4).present, 0);
  QCOMPARE(countRows(*store.open(keyOf("w"), 10, 2), upTo(10), 2).present, 0);
}

void TestFeatureFile::rowsStayAsTheyAre() {
  FeatureStore store(folder_, kMany, 0);
  const auto rows = store.open(keyOf("w"), 10, 4);
  rows->store(upTo(5), rowsOf(upTo(5), 4).data());
  rows->store(upTo(10), rowsOf(upTo(10), 4, 1).data());  // another processor's last digits
  std::vector<float> out(20);
  QVERIFY(rows->load(upTo(5), out.data()));
  QVERIFY(same(out, rowsOf(upTo(5), 4)));
  const std::vector<std::int64_t> rest{5, 6, 7, 8, 9};
  QVERIFY(rows->load(rest, out.data()));
  QVERIFY(same(out, rowsOf(rest, 4, 1)));
}

void TestFeatureFile::rowsThatAreNotFiniteAreNotKept() {
  FeatureStore store(folder_, kMany, 0);
  const auto rows = store.open(keyOf("w"), 3, 4);
  std::vector<float> values = rowsOf(upTo(3), 4);
  values[1] = std::numeric_limits<float>::quiet_NaN();
  values[11] = std::numeric_limits<float>::infinity();
  rows->store(upTo(3), values.data());
  const Count count = countRows(*rows, upTo(3), 4);
  QCOMPARE(count.present, 1);
  QCOMPARE(count.wrong, 0);
}

void TestFeatureFile::aFlippedBitLosesOneRowAndIsMended() {
  fillAll(folder_, 100, 32, 1);
  const fs::path file = onlyFileOf(FeatureStore(folder_));
  flip(file, 2 * 4096 + 40 * 32 * 4 + 17);  // a header of one page, 100 checksums in another, then rows
  const Count damaged = reopened(folder_, 100, 32);
  QCOMPARE(damaged.present, 99);
  QCOMPARE(damaged.wrong, 0);
  QCOMPARE(FeatureStore(folder_).entries().at(0).rows, std::int64_t{99});  // found, and taken out
  fillAll(folder_, 100, 32, 2);
  QCOMPARE(reopened(folder_, 100, 32).present, 100);
}

void TestFeatureFile::aFlippedBitAnywhereIsNeverServed() {
  Rng rng(3);
  int lost = 0;
  for (int i = 0; i < 200; ++i) {
    fillAll(folder_, 20, 50, 1);
    const fs::path file = onlyFileOf(FeatureStore(folder_));
    flip(file, static_cast<std::int64_t>(rng.below(fs::file_size(file))));
    const Count count = reopened(folder_, 20, 50);
    QCOMPARE(count.wrong, 0);
    QVERIFY(count.present == 20 || count.present == 19 || count.present == 0);  // 0: it was the header
    lost += count.present == 19;
  }
  QVERIFY(lost > 20);  // a third of the file are rows
}

void TestFeatureFile::aRowElsewhereIsNotServed() {
  const std::int64_t sums = 4096, rows = 8192, row_bytes = 50 * 4;
  const auto move = [](const fs::path& from, std::int64_t at, const fs::path& to, std::int64_t place, std::int64_t n) {
    std::string bytes(static_cast<std::size_t>(n), '\0');
    std::ifstream(from, std::ios::binary).seekg(at).read(bytes.data(), n);
    std::fstream(to, std::ios::in | std::ios::out | std::ios::binary).seekp(place).write(bytes.data(), n);
  };
  fillAll(folder_, 20, 50, 1);
  const fs::path file = onlyFileOf(FeatureStore(folder_));
  move(file, sums + 3 * 8, file, sums + 4 * 8, 8);  // row 3 with its checksum in the place of row 4
  move(file, rows + 3 * row_bytes, file, rows + 4 * row_bytes, row_bytes);
  QCOMPARE(reopened(folder_, 20, 50).present, 19);
  QCOMPARE(reopened(folder_, 20, 50).wrong, 0);
  FeatureStore store(folder_ / "v", kMany, 0);
  store.open(keyOf("v"), 20, 50)->store(upTo(20), rowsOf(upTo(20), 50, 9).data());
  move(onlyFileOf(store), sums, file, sums, static_cast<std::int64_t>(fs::file_size(file)) - sums);  // all rows of another key
  QCOMPARE(reopened(folder_, 20, 50).present, 0);
}

void TestFeatureFile::aDamagedHeaderIsAnEmptyFile() {
  for (const std::int64_t at : {0, 8, 16, 24, 32, 45, 4000}) {
    fillAll(folder_, 20, 5, 1);
    const fs::path file = onlyFileOf(FeatureStore(folder_));
    flip(file, at);
    QVERIFY(FeatureStore(folder_).entries().at(0).key.empty());  // listed as damaged
    QCOMPARE(reopened(folder_, 20, 5).present, 0);
    fillAll(folder_, 20, 5, 1);
    QCOMPARE(reopened(folder_, 20, 5).present, 20);
  }
}

void TestFeatureFile::aCutFileIsShorterAndRight() {
  const std::int64_t row = 5 * 4, rows_begin = 2 * 4096;
  for (const std::int64_t kept : {std::int64_t{0}, std::int64_t{1}, std::int64_t{4095}, std::int64_t{4096}, std::int64_t{4096 + 12}, rows_begin - 1,
                                  rows_begin + 1, rows_begin + 7 * row, rows_begin + 8 * row - 1, rows_begin + 20 * row - 1}) {
    fillAll(folder_, 20, 5, 1);
    fs::resize_file(onlyFileOf(FeatureStore(folder_)), static_cast<std::uintmax_t>(kept));
    const Count count = reopened(folder_, 20, 5);
    QCOMPARE(count.present, static_cast<int>(std::max<std::int64_t>(0, kept - rows_begin) / row));
    QCOMPARE(count.wrong, 0);
  }
  fillAll(folder_, 20, 5, 1);
  QCOMPARE(reopened(folder_, 20, 5).present, 20);
  // Also under the feet of whoever has it open.
  FeatureStore store(folder_, kMany, 0);
  const auto rows = store.open(keyOf("w"), 20, 5);
  fs::resize_file(onlyFileOf(store), static_cast<std::uintmax_t>(rows_begin + 3 * row));
  QCOMPARE(countRows(*rows, upTo(20), 5).present, 3);
}

// As a collision of names would have it.
void TestFeatureFile::aFileOfAnotherKeyIsNotServed() {
  fillAll(folder_, 20, 5, 1);
  const fs::path file = onlyFileOf(FeatureStore(folder_));
  FeatureStore store(folder_, kMany, 0);
  store.open(keyOf("v"), 20, 5)->store(upTo(20), rowsOf(upTo(20), 5, 9).data());
  for (const auto& entry : store.entries())
    if (entry.file != file) fs::rename(entry.file, file);
  const Count count = reopened(folder_, 20, 5);
  QCOMPARE(count.present, 0);
  QCOMPARE(count.wrong, 0);
}

void TestFeatureFile::twoProcessesMayFillOneKeyAndDie_data() {
  QTest::addColumn<int>("other");  // whether the second process computes other last digits
  QTest::newRow("same bits") << 0;
  QTest::newRow("other bits") << 1;
}

// Twenty times: two processes fill the same file in different orders, this one reads what they have, and one of them is killed.
void TestFeatureFile::twoProcessesMayFillOneKeyAndDie() {
  QFETCH(int, other);
  const std::int64_t size = 600, width = 1500;
  QElapsedTimer once;
  once.start();
  fillAll(folder_ / "once", size, width, 1);
  const auto whole = static_cast<std::uint64_t>(once.nsecsElapsed());
  Rng rng(static_cast<std::uint64_t>(QDateTime::currentMSecsSinceEpoch()));
  int killed_midway = 0;
  for (int round = 0; round < 20; ++round) {
    const fs::path folder = folder_ / std::to_string(round);
    int start[2];
    QCOMPARE(pipe(start), 0);
    const pid_t first = fillingProcess(start, folder, size, width, rng.next(), 0);
    const pid_t second = fillingProcess(start, folder, size, width, rng.next(), static_cast<std::uint64_t>(other));
    close(start[0]);
    close(start[1]);  // go
    QElapsedTimer clock;
    clock.start();
    const std::uint64_t moment = rng.below(whole);
    FeatureStore store(folder, kMany, 0);
    const auto rows = store.open(keyOf("w"), size, width);
    while (static_cast<std::uint64_t>(clock.nsecsElapsed()) < moment)
      QCOMPARE(countRows(*rows, {static_cast<std::int64_t>(rng.below(size))}, width, static_cast<std::uint64_t>(other)).wrong, 0);
    kill(round % 2 ? first : second, SIGKILL);
    int killed = 0, finished = 0;
    waitpid(round % 2 ? first : second, &killed, 0);
    waitpid(round % 2 ? second : first, &finished, 0);
    killed_midway += WIFSIGNALED(killed);
    QVERIFY(WIFEXITED(finished) && WEXITSTATUS(finished) == 0);
    const Count count = countRows(*store.open(keyOf("w"), size, width), upTo(size), width, static_cast<std::uint64_t>(other));
    QCOMPARE(count.wrong, 0);
    // Where both wrote at once, or one died writing, a row may be absent.
    QVERIFY2(count.present >= size - (other ? 30 : 2), qPrintable(QString::number(count.present)));
    fillAll(folder, size, width, 1);
    QCOMPARE(reopened(folder, size, width).present, static_cast<int>(size));
  }
  QVERIFY2(killed_midway > 2, qPrintable(QString::number(killed_midway)));
}

// Neither may lose its file, or its right to write, to the other: they overtake each other over many new files.
void TestFeatureFile::twoProcessesMayBeginAtOnce() {
  const int keys = 1000;
  const auto storeOne = [this](std::int64_t index) {
    FeatureStore store(folder_, kMany, 0);
    for (int key = 0; key < keys; ++key) store.open(keyOf(std::to_string(key)), 2, 4)->store({&index, 1}, rowsOf({index}, 4).data());
    return store.takeWarning() ? 1 : 0;
  };
  pid_t children[2];
  for (int i = 0; i < 2; ++i)
    if ((children[i] = fork()) == 0) _exit(storeOne(i));
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    QVERIFY(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  FeatureStore store(folder_, kMany, 0);
  int present = 0;
  for (int key = 0; key < keys; ++key) present += countRows(*store.open(keyOf(std::to_string(key)), 2, 4), upTo(2), 4).present;
  QCOMPARE(present, 2 * keys);
}

void TestFeatureFile::rowsArriveInOtherProcessesAtOnce() {
  FeatureStore early(folder_, kMany, 0);  // opened before there is a file
  const auto rows = early.open(keyOf("w"), 20, 5);
  QCOMPARE(countRows(*rows, upTo(20), 5).present, 0);
  const pid_t child = fork();
  if (child == 0) {
    fillAll(folder_, 20, 5, 1);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  QCOMPARE(countRows(*rows, upTo(20), 5).present, 20);
}

QTEST_GUILESS_MAIN(TestFeatureFile)
#include "tst_feature_file.moc"
