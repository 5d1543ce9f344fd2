// The networks that a name stands for: added, listed, forgotten, refused when they have changed; and how good their
// features are.
#include <QTemporaryDir>
#include <QTest>
#include <fstream>

#include "engine/engine.h"
#include "engine/protocol/error.h"
#include "engine/record/run_folder.h"

using namespace palimpsest;
namespace fs = std::filesystem;

namespace {

constexpr const char* kTiny = "new:image=16,patch=8,width=32,depth=2,heads=2,seed=1";

RunOptions tiny() {
  RunOptions options;
  options.data = "shapes:classes=4,train=60,test=25,side=16,seed=3";
  options.scenario = "cil:init=4,order=natural";
  options.backbone = kTiny;
  options.threads = 1;
  options.device = "cpu";
  return options;
}

const fs::path kRecorded = fs::path(PALIMPSEST_SOURCE_DIR) / "tests" / "weights" / "recorded";

Issues refusal(const std::function<void()>& what) {
  try {
    what();
  } catch (const BadInput& bad) {
    return bad.issues;
  }
  return {};
}

const BackboneInfo* named(const std::vector<BackboneInfo>& list, const std::string& name) {
  for (const BackboneInfo& info : list)
    if (info.name == name) return &info;
  return nullptr;
}

}  // namespace

class TestKnownBackbones : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void init() {
    folder_ = std::make_unique<QTemporaryDir>();
    qputenv("PALIMPSEST_DATA", folder_->filePath(QStringLiteral("data")).toUtf8());
  }

  void addedWeightsAreListedAndCanBeRun() {
    const fs::path file = copyOf("vit.pth", "mine.pth");
    const BackboneInfo info = addBackbone(file);
    QCOMPARE(info.name, std::string("mine"));
    QCOMPARE(info.sha256.size(), std::size_t{64});
    QVERIFY(!info.bundled && info.problem.empty() && info.parameters > 0);
    const auto list = knownBackbones();
    QVERIFY(named(list, "micro") && named(list, "micro")->bundled);
    QVERIFY(named(list, "mine"));
    QCOMPARE(named(list, "mine")->file, file.string());
    AssessRequest request{.options = tiny(), .random_features = 0};
    request.options.backbone = "mine";
    request.options.image_size = info.image_size;
    QVERIFY(assess(request).nearest_mean > 0);
  }

  void aNameIsGivenOnce() {
    addBackbone(copyOf("vit.pth", "micro.pth"));
    QVERIFY(named(knownBackbones(), "micro-2"));  // "micro" is the program's
    addBackbone(fs::path(folder_->path().toStdString()) / "micro.pth");
    QCOMPARE(knownBackbones().size(), std::size_t{2});  // the same file again is the same entry
  }

  void aFileThatIsNoNetworkIsRefusedAndNotListed() {
    const fs::path file = fs::path(folder_->path().toStdString()) / "notes.safetensors";
    std::ofstream(file) << "not weights at all";
    QVERIFY(!refusal([&] { addBackbone(file); }).empty());
    QVERIFY(!refusal([&] { addBackbone(folder_->path().toStdString()); }).empty());
    QCOMPARE(knownBackbones().size(), std::size_t{1});
  }

  void whatWasForgottenIsGoneAndItsFileStays() {
    const fs::path file = copyOf("vit.pth", "mine.pth");
    addBackbone(file);
    const Issues issues = refusal([] { removeBackbone("mien"); });
    QCOMPARE(issues.size(), std::size_t{1});
    QVERIFY(issues.front().hint.find("mine") != std::string::npos);
    removeBackbone("mine");
    QVERIFY(!named(knownBackbones(), "mine"));
    QVERIFY(fs::exists(file));
  }

  void aNameStandsForTheWeightsThatWereAdded() {
    const fs::path file = copyOf("vit.pth", "mine.pth");
    addBackbone(file);
    fs::copy_file(kRecorded / "vit_hf.bin", file, fs::copy_options::overwrite_existing);
    QVERIFY(!named(knownBackbones(), "mine")->problem.empty());
    AssessRequest request{.options = tiny(), .random_features = 0};
    request.options.backbone = "mine";
    const Issues issues = refusal([&] { assess(request); });
    QVERIFY(!issues.empty() && issues.front().message.find("changed") != std::string::npos);
    fs::remove(file);
    QVERIFY(named(knownBackbones(), "mine")->problem.find("gone") != std::string::npos);
  }

  void aDamagedListIsReportedAndLeftAlone() {
    addBackbone(copyOf("vit.pth", "mine.pth"));
    const fs::path list = fs::path(folder_->path().toStdString()) / "data" / "backbones.json";
    for (const char* text : {"{", "[]", R"({"format": 99, "backbones": []})", R"({"format": 1, "backbones": [{"name": 3}]})"}) {
      std::ofstream(list, std::ios::trunc) << text;
      QVERIFY(!refusal([] { knownBackbones(); }).empty());
      QVERIFY(!refusal([&] { addBackbone(copyOf("vit.pth", "other.pth")); }).empty());
      std::ifstream kept(list);
      QCOMPARE(std::string(std::istreambuf_iterator<char>(kept), {}), std::string(text));
    }
  }

  void theNearestMeanIsSimpleCilsAccuracy() {
    const fs::path folder = fs::path(folder_->path().toStdString()) / "run";
    QCOMPARE(Run::start({loadRecipe("simplecil"), tiny()}, folder, {})->wait().state, std::string("done"));
    const auto results = record::Reader(folder).results();
    const Assessment found = assess({.options = tiny(), .random_features = 200});
    QCOMPARE(found.nearest_mean, results->find("last")->asDouble());
    QCOMPARE(found.test_images, 100);
    QCOMPARE(found.train_images, 240);
    QVERIFY(found.ridge > 25);  // chance
  }

  void theTestSplitIsNotReadWhereItMustNotBe() {
    const Assessment found = assess({.options = tiny(), .training_split_only = true, .random_features = 50});
    QCOMPARE(found.train_images, 200);
    QCOMPARE(found.test_images, 40);
    RunOptions few = tiny();
    few.limit_train = 5;
    QVERIFY(!refusal([&] { assess({.options = few, .training_split_only = true, .random_features = 0}); }).empty());
  }

  void anAssessmentCanBeStopped() {
    int calls = 0;
    QVERIFY_THROWS_EXCEPTION(Error, assess({.options = tiny()}, [&](std::int64_t done, std::int64_t of) {
                               ++calls;
                               return done <= 0 || of <= 0;
                             }));
    QCOMPARE(calls, 1);
  }

 private:
  fs::path copyOf(const char* recorded, const char* name) {
    const fs::path file = fs::path(folder_->path().toStdString()) / name;
    fs::copy_file(kRecorded / recorded, file, fs::copy_options::overwrite_existing);
    return file;
  }
  std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(TestKnownBackbones)
#include "tst_known_backbones.moc"
