// The folder of frozen features: keys, limit, whose place is taken, what happens where nothing can be written.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QTest>
#include <csignal>
#include <fstream>

#include "tests/record/made_features.h"

using namespace palimpsest;
using namespace palimpsest::record;

namespace {

// Root may write anywhere, so it becomes nobody for a while. False where that cannot be done.
bool becomeNobody() { return geteuid() != 0 || seteuid(65534) == 0; }
void becomeOneselfAgain() { [[maybe_unused]] const int done = seteuid(getuid()); }

// A key with 64 KiB of rows, last used `age` hours ago.
void storeAged(FeatureStore& store, const std::string& weights, int age) {
  store.open(keyOf(weights), 16, 1024)->store(upTo(16), rowsOf(upTo(16), 1024).data());
  for (const auto& entry : store.entries())
    if (entry.key == keyOf(weights).text()) fs::last_write_time(entry.file, fs::file_time_type::clock::now() - std::chrono::hours(age));
}
bool has(FeatureStore& store, const std::string& weights) {
  const std::string text = keyOf(weights).text();
  const auto entries = store.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.key == text; });
}

constexpr std::uint64_t kRoomForThree = 250 << 10;

}  // namespace

class TestFeatureStore : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    base_ = std::make_unique<QTemporaryDir>();
    folder_ = fs::path(base_->path().toStdString()) / "features";
  }

  void whatIsStoredIsLoaded();
  void nothingIsMadeUntilSomethingIsStored();
  void anyChangedFieldMisses_data();
  void anyChangedFieldMisses();
  void fieldsCannotPassForOneAnother();
  void theLeastRecentlyUsedMakesRoom();
  void whatIsOpenIsNotTakenAway();
  void whatAnotherProcessHasOpenIsNotTakenAway();
  void aKeyLargerThanTheLimitIsKeptInPart();
  void clearedFilesBeginAnew();
  void clearingLeavesOtherFilesAlone();
  void entriesSayWhatIsThere();
  void aFolderThatCannotBeWrittenWarnsOnce();
  void aFolderOfOthersIsStillRead();
  void aFullDiskWarnsOnceAndReadsGoOn();
  void theRunsShareOfTheDiskIsLeftAlone();
  void anOffStoreHasNothing();
  void theEnvironmentSaysWhere();

 private:
  std::unique_ptr<QTemporaryDir> base_;
  fs::path folder_;
};

void TestFeatureStore::whatIsStoredIsLoaded() {
  const std::vector<std::int64_t> some{7, 3, 90, 4, 5, 99, 0};
  {
    FeatureStore store(folder_, kMany, 0);
    store.open(keyOf("w"), 100, 13)->store(some, rowsOf(some, 13).data());
    QVERIFY(!store.takeWarning());
  }
  FeatureStore store(folder_, kMany, 0);
  const auto rows = store.open(keyOf("w"), 100, 13);
  const std::vector<std::int64_t> asked{99, 3, 3, 0};
  std::vector<float> out(4 * 13);
  QVERIFY(rows->load(asked, out.data()));
  QVERIFY(same(out, rowsOf(asked, 13)));
  const std::vector<std::int64_t> one_missing{3, 6};
  QVERIFY(!rows->load(one_missing, out.data()));
  QCOMPARE(countRows(*rows, upTo(100), 13).present, 7);
}

void TestFeatureStore::nothingIsMadeUntilSomethingIsStored() {
  FeatureStore store(folder_, kMany, 0);
  const auto rows = store.open(keyOf("w"), 10, 4);
  QCOMPARE(countRows(*rows, upTo(10), 4).present, 0);
  rows->store({}, nullptr);
  QVERIFY(!fs::exists(folder_));
  QCOMPARE(store.bytes(), std::uint64_t{0});
  QVERIFY(store.entries().empty());
}

void TestFeatureStore::anyChangedFieldMisses_data() {
  QTest::addColumn<int>("field");
  for (int field = 0; field < 5; ++field) QTest::addRow("%d", field) << field;
}

void TestFeatureStore::anyChangedFieldMisses() {
  QFETCH(int, field);
  FeatureStore store(folder_, kMany, 0);
  FeatureKey key = keyOf("w");
  store.open(key, 10, 4)->store(upTo(10), rowsOf(upTo(10), 4).data());
  std::string* fields[] = {&key.weights, &key.transform, &key.data, &key.split, &key.network};
  *fields[field] += "x";
  QCOMPARE(countRows(*store.open(key, 10, 4), upTo(10), 4).present, 0);
  fields[field]->pop_back();
  QCOMPARE(countRows(*store.open(key, 10, 4), upTo(10), 4).present, 10);
}

void TestFeatureStore::fieldsCannotPassForOneAnother() {
  FeatureKey a, b;
  a.weights = "1\nnetwork: 2";
  b.weights = "1";
  b.network = "2\nnetwork: ";
  QVERIFY(a.text() != b.text());
  const std::string text = a.text();
  QCOMPARE(std::count(text.begin(), text.end(), '\n'), 5);
  a.weights = "\\n";
  b = {};
  b.weights = "\n";
  QVERIFY(a.text() != b.text());
}

void TestFeatureStore::theLeastRecentlyUsedMakesRoom() {
  FeatureStore store(folder_, kRoomForThree, 0);
  storeAged(store, "old", 3);
  storeAged(store, "older", 4);
  storeAged(store, "oldest", 5);
  QVERIFY(has(store, "old") && has(store, "older") && has(store, "oldest"));
  { const auto used = store.open(keyOf("oldest"), 16, 1024); }  // so it is the newest now
  for (int i = 0; i < 2; ++i) storeAged(store, "new" + std::to_string(i), 0);
  QVERIFY2(store.bytes() <= kRoomForThree, qPrintable(QString::number(store.bytes())));
  QVERIFY(has(store, "new0") && has(store, "new1"));
  QVERIFY(has(store, "oldest") && !has(store, "older"));
  for (int i = 2; i < 20; ++i) {
    storeAged(store, "new" + std::to_string(i), 0);
    QVERIFY(store.bytes() <= kRoomForThree);
  }
  QVERIFY(has(store, "new19") && !has(store, "oldest"));
  QVERIFY(!store.takeWarning());
}

void TestFeatureStore::whatIsOpenIsNotTakenAway() {
  FeatureStore store(folder_, kRoomForThree, 0);
  storeAged(store, "open", 9);
  const auto rows = store.open(keyOf("open"), 16, 1024);
  const fs::path file = onlyFileOf(store);
  for (int i = 0; i < 6; ++i) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(9));
    storeAged(store, "new" + std::to_string(i), 1);
  }
  QVERIFY(has(store, "open") && !has(store, "new0"));
  QCOMPARE(countRows(*rows, upTo(16), 1024).present, 16);
}

void TestFeatureStore::whatAnotherProcessHasOpenIsNotTakenAway() {
  FeatureStore store(folder_, kRoomForThree, 0);
  storeAged(store, "theirs", 9);
  const fs::path file = onlyFileOf(store);
  int ready[2];
  QCOMPARE(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    FeatureStore own(folder_, kRoomForThree, 0);
    const auto rows = own.open(keyOf("theirs"), 16, 1024);
    [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
    for (;;) pause();
  }
  char byte = 0;
  QCOMPARE(::read(ready[0], &byte, 1), ssize_t{1});
  const auto press = [&](const std::string& name) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(9));
    for (int i = 0; i < 6; ++i) storeAged(store, name + std::to_string(i), 1);
  };
  press("while");
  const bool kept = has(store, "theirs");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  QVERIFY(kept);
  press("after");
  QVERIFY(!has(store, "theirs"));
}

void TestFeatureStore::aKeyLargerThanTheLimitIsKeptInPart() {
  FeatureStore store(folder_, kRoomForThree, 0);
  const auto rows = store.open(keyOf("w"), 1000, 1024);
  for (std::int64_t i = 0; i < 1000; i += 10) {
    std::vector<std::int64_t> chunk(10);
    std::iota(chunk.begin(), chunk.end(), i);
    rows->store(chunk, rowsOf(chunk, 1024).data());
  }
  QVERIFY(store.bytes() <= kRoomForThree);
  const Count count = countRows(*rows, upTo(1000), 1024);
  QVERIFY2(count.present >= 40 && count.present < 63 && count.wrong == 0, qPrintable(QString::number(count.present)));
  const auto warning = store.takeWarning();
  QVERIFY(warning && warning->severity == Severity::Warning && warning->message.find("limit") != std::string::npos);
  QVERIFY(!store.takeWarning());
}

void TestFeatureStore::clearedFilesBeginAnew() {
  FeatureStore store(folder_, kMany, 0);
  const auto rows = store.open(keyOf("w"), 20, 5);
  rows->store(upTo(10), rowsOf(upTo(10), 5).data());
  store.clear();
  QCOMPARE(store.bytes(), std::uint64_t{0});
  QCOMPARE(countRows(*rows, upTo(20), 5).present, 10);  // who has it open goes on
  rows->store(upTo(20), rowsOf(upTo(20), 5).data());
  QCOMPARE(reopened(folder_, 20, 5).present, 20);  // and what is stored afterwards is found by everybody
  fs::remove_all(folder_);
  rows->store(upTo(20), rowsOf(upTo(20), 5).data());
  QCOMPARE(reopened(folder_, 20, 5).present, 20);
}

void TestFeatureStore::clearingLeavesOtherFilesAlone() {
  fillAll(folder_, 20, 5, 1);
  const std::string digits(32, 'a');
  for (const std::string& name : {std::string("thesis.tex"), digits, digits + ".featuresx", "x" + digits + ".features", digits.substr(1) + "g.features"})
    std::ofstream(folder_ / name) << "precious";
  fs::create_directories(folder_ / (digits + ".features"));
  FeatureStore store(folder_);
  QCOMPARE(store.entries().size(), std::size_t{1});
  store.clear();
  QCOMPARE(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), std::ptrdiff_t{6});
}

void TestFeatureStore::entriesSayWhatIsThere() {
  FeatureStore store(folder_, kMany, 0);
  storeAged(store, "a", 2);
  storeAged(store, "b", 1);
  store.open(keyOf("c"), 70000, 8)->store(upTo(3), rowsOf(upTo(3), 8).data());
  const auto entries = store.entries();
  QCOMPARE(entries.size(), std::size_t{3});
  QCOMPARE(entries[0].key, keyOf("c").text());
  QCOMPARE(entries[0].size, std::int64_t{70000});
  QCOMPARE(entries[0].width, std::int64_t{8});
  QCOMPARE(entries[0].rows, std::int64_t{3});
  QVERIFY(entries[0].bytes > 0 && entries[0].bytes < 100000);  // most of it is a hole
  QCOMPARE(entries[1].key, keyOf("b").text());
  QCOMPARE(entries[2].rows, std::int64_t{16});
  const auto age = std::chrono::system_clock::now() - entries[2].last_use;
  QVERIFY(age > std::chrono::minutes(119) && age < std::chrono::minutes(121));
  QCOMPARE(store.bytes(), entries[0].bytes + entries[1].bytes + entries[2].bytes);
}

void TestFeatureStore::aFolderThatCannotBeWrittenWarnsOnce() {
  std::ofstream(folder_) << "a file";  // where the folder should be
  FeatureStore store(folder_, kMany, 0);
  const auto rows = store.open(keyOf("w"), 20, 5);
  QVERIFY(!store.takeWarning());  // nothing was to be kept so far
  for (int i = 0; i < 3; ++i) rows->store(upTo(20), rowsOf(upTo(20), 5).data());
  QCOMPARE(countRows(*rows, upTo(20), 5).present, 0);
  const auto warning = store.takeWarning();
  QVERIFY(warning && warning->severity == Severity::Warning && !warning->hint.empty());
  QCOMPARE(warning->path, folder_.string());
  rows->store(upTo(20), rowsOf(upTo(20), 5).data());
  QVERIFY(!store.takeWarning());
}

void TestFeatureStore::aFolderOfOthersIsStillRead() {
  fillAll(folder_, 20, 5, 1);
  for (const fs::path& folder : {folder_.parent_path(), folder_}) fs::permissions(folder, fs::perms(0555));
  fs::permissions(onlyFileOf(FeatureStore(folder_)), fs::perms(0444));
  if (!becomeNobody()) QSKIP("this process cannot give up its rights");
  FeatureStore store(folder_, kMany, 0);
  const auto rows = store.open(keyOf("w"), 20, 5);
  const Count count = countRows(*rows, upTo(20), 5);
  rows->store(upTo(20), rowsOf(upTo(20), 5).data());
  const bool content = !store.takeWarning();  // all of it is there
  const auto others = store.open(keyOf("v"), 20, 5);
  for (int i = 0; i < 2; ++i) others->store(upTo(20), rowsOf(upTo(20), 5).data());
  const auto warning = store.takeWarning();
  becomeOneselfAgain();
  for (const fs::path& folder : {folder_.parent_path(), folder_}) fs::permissions(folder, fs::perms(0755));
  QCOMPARE(count.present, 20);
  QVERIFY(content && warning);
  QVERIFY(warning->message.find("Permission denied") != std::string::npos);
  QCOMPARE(store.entries().size(), std::size_t{1});
}

void TestFeatureStore::aFullDiskWarnsOnceAndReadsGoOn() {
  FeatureStore store(folder_, kMany, 0);
  const auto rows = store.open(keyOf("w"), 100, 1024);
  rows->store(upTo(10), rowsOf(upTo(10), 1024).data());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{2 * 4096 + 20 * 4096 + 1000, before.rlim_max};  // room for twenty rows and a part of the next
  setrlimit(RLIMIT_FSIZE, &small);
  for (int i = 0; i < 2; ++i) rows->store(upTo(100), rowsOf(upTo(100), 1024).data());
  setrlimit(RLIMIT_FSIZE, &before);
  QVERIFY(store.takeWarning());
  rows->store(upTo(100), rowsOf(upTo(100), 1024).data());  // off
  QVERIFY(!store.takeWarning());
  const Count count = countRows(*rows, upTo(100), 1024);
  QCOMPARE(count.present, 20);
  QCOMPARE(count.wrong, 0);
}

void TestFeatureStore::theRunsShareOfTheDiskIsLeftAlone() {
  fs::create_directories(folder_);
  FeatureStore store(folder_, kMany, kMany << 10);  // a petabyte is to stay free
  store.open(keyOf("w"), 20, 5)->store(upTo(20), rowsOf(upTo(20), 5).data());
  const auto warning = store.takeWarning();
  QVERIFY(warning && warning->message.find("disk is full") != std::string::npos);
  QVERIFY(fs::is_empty(folder_));
}

void TestFeatureStore::anOffStoreHasNothing() {
  FeatureStore store{fs::path()};
  const auto rows = store.open(keyOf("w"), 20, 5);
  rows->store(upTo(20), rowsOf(upTo(20), 5).data());
  QCOMPARE(countRows(*rows, upTo(20), 5).present, 0);
  store.clear();
  QVERIFY(store.entries().empty() && store.bytes() == 0 && !store.takeWarning());
}

void TestFeatureStore::theEnvironmentSaysWhere() {
  const auto at = [](const char* own, const char* cache, const char* limit) {
    qputenv("PALIMPSEST_FEATURE_CACHE", own);
    qputenv("XDG_CACHE_HOME", cache);
    qputenv("PALIMPSEST_FEATURE_CACHE_LIMIT", limit);
    return FeatureStore::placeFromEnvironment();
  };
  const QByteArray user = qgetenv("HOME"), cache = qgetenv("XDG_CACHE_HOME");
  qputenv("HOME", "/u");
  QCOMPARE(at("", "", "").folder, fs::path("/u/.cache/palimpsest/features"));
  QCOMPARE(at("", "relative", "").folder, fs::path("/u/.cache/palimpsest/features"));  // the specification says to ignore it
  QCOMPARE(at("", "/c", "").folder, fs::path("/c/palimpsest/features"));
  QCOMPARE(at("/own", "/c", "").folder, fs::path("/own"));
  QVERIFY(at("off", "/c", "").folder.empty());
  QCOMPARE(at("", "/c", "").limit_bytes, FeatureStore::kDefaultLimit);
  QCOMPARE(at("", "/c", "1000").limit_bytes, std::uint64_t{1000});
  for (const char* wrong : {"4 GiB", "-1", "99999999999999999999999"}) {
    const auto place = at("", "/c", wrong);
    QCOMPARE(place.limit_bytes, FeatureStore::kDefaultLimit);
    QCOMPARE(place.issues.size(), std::size_t{1});
    QVERIFY(!hasErrors(place.issues));
  }
  for (const char* name : {"PALIMPSEST_FEATURE_CACHE", "PALIMPSEST_FEATURE_CACHE_LIMIT", "XDG_CACHE_HOME", "HOME"}) qunsetenv(name);
  QVERIFY(FeatureStore::placeFromEnvironment().folder.empty());
  qputenv("HOME", user);
  if (!cache.isEmpty()) qputenv("XDG_CACHE_HOME", cache);
}

QTEST_GUILESS_MAIN(TestFeatureStore)
#include "tst_feature_store.moc"
