// Frozen features across runs: taken from the disk where everything they depend on is the same, computed anew elsewhere.
#include <QTemporaryDir>
#include <QTest>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <fstream>

#include "engine/engine.h"
#include "engine/session/batches.h"
#include "engine/session/prepare.h"
#include "engine/session/session.h"

using namespace palimpsest;

namespace {

RunOptions tiny() {
  RunOptions options;
  options.data = "shapes:classes=4,train=12,test=6,side=16,seed=3";
  options.scenario = "cil:init=2,increment=2,order=1993";
  options.backbone = "new:image=16,patch=8,width=32,depth=2,heads=2,seed=1";
  options.threads = 1;
  options.device = "cpu";
  return options;
}

// Features of the first task's training images. A network whose weights are all zero cannot have computed what another one did.
Tensor featuresOf(const RunOptions& options, const QTemporaryDir& folder, bool dead) {
  Issues issues;
  auto session = prepare({loadRecipe("simplecil"), options}, {}, false, issues);
  if (!session) return {};
  session->store = std::make_unique<record::FeatureStore>(folder.path().toStdString());
  const torch::NoGradGuard no_graph;
  if (dead)
    for (Tensor& parameter : session->model.backbone()->parameters()) parameter.zero_();
  const auto& images = session->trainIndices(0);
  fillCache(*session, session->observed_frozen, *session->data.train, images, session->test_transform, 0);
  return session->observed_frozen.rows(images);
}

}  // namespace

class TestFeatureCache : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { spdlog::set_level(spdlog::level::warn); }

  void theNetworkIsNotAskedTwice() {
    const QTemporaryDir folder;
    const Tensor first = featuresOf(tiny(), folder, false);
    QVERIFY(first.abs().sum().item<double>() > 0);
    QVERIFY(torch::equal(featuresOf(tiny(), folder, true), first));
  }

  void whateverIsDifferentMisses_data() {
    QTest::addColumn<QByteArray>("what");
    for (const char* name : {"images", "weights", "range", "transform", "threads"}) QTest::newRow(name) << QByteArray(name);
  }

  void whateverIsDifferentMisses() {
    QFETCH(QByteArray, what);
    const QTemporaryDir folder;
    const Tensor first = featuresOf(tiny(), folder, false);
    RunOptions other = tiny();
    if (what == "images") other.data = "shapes:classes=4,train=12,test=6,side=16,seed=4";
    if (what == "weights") other.backbone = "new:image=16,patch=8,width=32,depth=2,heads=2,seed=2";
    if (what == "range") other.input_range = "imagenet";
    if (what == "transform") other.test_transform = "pilot";
    if (what == "threads") other.threads = 2;
    QVERIFY(!torch::equal(featuresOf(other, folder, true), first));
    QVERIFY(torch::equal(featuresOf(tiny(), folder, true), first));
  }

  void whatWasDamagedIsComputedAnew() {
    const QTemporaryDir folder;
    const Tensor first = featuresOf(tiny(), folder, false);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path().toStdString())) {
      if (!entry.is_regular_file()) continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      const auto size = static_cast<std::streamoff>(entry.file_size());
      for (std::streamoff at = size / 2; at < size; at += 64) {
        file.seekp(at);
        file.put('\x55');
      }
    }
    QVERIFY(torch::equal(featuresOf(tiny(), folder, false), first));
  }
};

QTEST_GUILESS_MAIN(TestFeatureCache)
#include "tst_feature_cache.moc"
