// Every recipe that ships, trained for a moment, as a file: what the file says is what the model says.
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <spdlog/spdlog.h>
#include <torch/script.h>

#include <algorithm>
#include <fstream>

#include "engine/data/transform.h"
#include "engine/engine.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"
#include "engine/weights/tensors.h"

using namespace palimpsest;
namespace fs = std::filesystem;

namespace {

RunPlan planOf(const std::string& recipe) {
  RunPlan plan{loadRecipe(recipe), {}};
  plan.options.data = "shapes:classes=6,train=12,test=6,side=16,seed=3";
  plan.options.scenario = "cil:init=2,increment=2,order=1993";
  plan.options.backbone = "new:image=16,patch=4,width=32,depth=5,heads=4,seed=1";
  plan.options.input_range = "imagenet";
  plan.options.test_transform = "pilot";
  plan.options.epochs = 1;
  plan.options.threads = 2;
  plan.options.device = "cpu";
  // Sizes for a network of width 32 and two dozen images a task.
  if (Value* phase = plan.recipe.at("phases.0"); phase && phase->find("batch")) (*phase)["batch"] = 8;
  if (Value* width = plan.recipe.at("head.projection"); width && width->asInt() > 0) *width = 300;
  if (Value* pool = plan.recipe.at("prompts.0.pool"); pool && pool->find("total")) (*pool)["total"] = 12;
  return plan;
}

// Of one half of what was thrown, for a test's message.
template <typename F>
QString problemOf(const F& body) {
  try {
    body();
  } catch (const BadInput& bad) {
    QStringList all;
    for (const Issue& issue : bad.issues) all << QString::fromStdString(issue.path + " " + issue.message);
    return all.join(QLatin1Char('\n'));
  } catch (const Error& problem) {
    return QString::fromStdString(problem.code) + QLatin1Char(' ') + QString::fromUtf8(problem.what());
  }
  return {};
}

}  // namespace

class TestExport : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  fs::path at(const std::string& name) const { return fs::path(dir_.path().toStdString()) / name; }

  // Each recipe runs once.
  fs::path finished(const std::string& recipe) {
    const fs::path folder = at(recipe);
    if (!fs::exists(folder)) {
      const RunOutcome outcome = Run::start(planOf(recipe), folder, {})->wait();
      if (outcome.state != "done") qFatal("%s: %s %s", recipe.c_str(), outcome.state.c_str(), (outcome.issues.empty() ? outcome.message : outcome.issues[0].message).c_str());
    }
    return folder;
  }
  ExportRequest requestOf(const std::string& recipe, const std::string& out, const std::string& format = "torchscript") {
    return {.run_folder = finished(recipe), .out = at(out), .format = format};
  }

 private Q_SLOTS:
  void initTestCase() {
    spdlog::set_level(spdlog::level::err);
    qputenv("PALIMPSEST_FEATURE_CACHE", "off");
  }

  void theFileSaysWhatTheModelSays_data() {
    QTest::addColumn<QString>("recipe");
    QTest::addColumn<QString>("refusal");
    // Of variants those that compute what the recipe itself does not.
    const QStringList variants{QStringLiteral("l2p.pilot"), QStringLiteral("sapc.sparsemax"), QStringLiteral("coda-prompt.pilot"), QStringLiteral("ranpac.pilot"), QStringLiteral("fecam.pilot"),
                               QStringLiteral("vpt-deep.per-task"), QStringLiteral("aper-adapter.lora"), QStringLiteral("aper-adapter.prefix"), QStringLiteral("mos.no-ensemble")};
    for (const NamedRecipe& recipe : bundledRecipes()) {
      const QString name = QString::fromStdString(recipe.name);
      const bool oracle = name.endsWith(QStringLiteral("-oracle"));
      if (oracle || variants.contains(name) || !name.contains(QLatin1Char('.'))) QTest::newRow(recipe.name.c_str()) << name << (oracle ? QStringLiteral("is told the task") : QString());
    }
  }
  void theFileSaysWhatTheModelSays() {
    QFETCH(QString, recipe);
    QFETCH(QString, refusal);
    const std::string name = recipe.toStdString();
    for (const ExportFormat& format : exportFormats()) {
      const auto request = requestOf(name, name + format.ending, format.name);
      ExportedModel found;
      const QString problem = problemOf([&] { found = exportModel(request); });
      QVERIFY2(refusal.isEmpty() ? problem.isEmpty() : problem.contains(refusal), qPrintable(problem));
      QCOMPARE(fs::exists(request.out), refusal.isEmpty());
      if (!refusal.isEmpty()) continue;
      QCOMPARE(found.images, 36);
      QCOMPARE(found.changed, 0);
      QCOMPARE(found.classes, 6);
      QCOMPARE(found.tasks, 3);
      QVERIFY(found.largest_difference < 1e-3);
      QCOMPARE(found.bytes, fs::file_size(request.out));
    }
  }

  // Nothing of ours is asked here: what somebody else finds in the file.
  void anybodyCanReadTheFile() {
    const auto request = requestOf("simplecil", "anybody.pt");
    exportModel(request);
    torch::jit::ExtraFilesMap extra{{"palimpsest.json", ""}};
    torch::jit::Module module = torch::jit::load(request.out.string(), torch::kCPU, extra);
    const Value facts = record::parseJson(extra.at("palimpsest.json"), "palimpsest.json");
    const Value header = record::readJsonFile(record::Paths(request.run_folder).run());
    const auto classes = module.attr("classes").toList();
    QCOMPARE(classes.size(), std::size_t{6});
    for (std::size_t label = 0; label < 6; ++label) {  // columns are in the order in which classes were learned
      const auto cls = static_cast<std::size_t>(header.at("class_order." + std::to_string(label))->asInt());
      QCOMPARE(QString::fromStdString(classes.get(label).toStringRef()), QString::fromStdString(header.at("class_names." + std::to_string(cls))->asString()));
      QCOMPARE(facts.at("classes." + std::to_string(label))->asString(), classes.get(label).toStringRef());
    }
    QCOMPARE(module.attr("image_size").toInt(), std::int64_t{16});
    QCOMPARE(QString::fromStdString(facts.at("input.range")->asString()), QStringLiteral("0..1"));
    QCOMPARE(facts.at("input.steps")->asArray().size(), std::size_t{2});
    const torch::Tensor images = torch::rand({11, 3, 16, 16});
    const torch::Tensor together = module.forward({images}).toTensor();
    QCOMPARE(together.sizes().vec(), (std::vector<std::int64_t>{11, 6}));
    for (std::int64_t i = 0; i < 11; ++i) QVERIFY(torch::allclose(module.forward({images.narrow(0, i, 1)}).toTensor(), together.narrow(0, i, 1), 1e-4, 1e-5));
    QVERIFY(module.named_buffers().size() > 0);
  }

  // SimpleCIL by hand, from the tensors alone.
  void tensorsAreThereByName() {
    const auto request = requestOf("simplecil", "tensors.safetensors", "safetensors");
    exportModel(request);
    const TensorFile file = readTensorFile(request.out);
    QVERIFY(file.tensors.contains("backbone.blocks.0.attn.qkv.weight"));
    const Value facts = record::parseJson(file.metadata.at("palimpsest"), "metadata");
    QCOMPARE(facts.at("recipe.name")->asString(), std::string("simplecil"));
    QVERIFY(std::ranges::any_of(file.tensors, [](const auto& item) { return item.first.starts_with("head."); }));
  }

  void imagesThatWereKeptStayHere() {
    const auto request = requestOf("replay", "replay-tensors.safetensors", "safetensors");
    exportModel(request);
    for (const auto& [name, tensor] : readTensors(request.out)) QVERIFY2(!name.starts_with("memory."), name.c_str());
  }

  void theRangeIsALine() {
    for (const char* range : {"0..1", "-1..1", "imagenet", "clip"}) {
      const Transform transform({"plain", false, 1, range});
      for (const int byte : {0, 1, 77, 128, 255}) {
        Image pixel{1, 1, 3, std::vector<std::uint8_t>(3, static_cast<std::uint8_t>(byte))};
        Rng rng(1);
        float out[3];
        transform(pixel, rng, out);
        for (int channel = 0; channel < 3; ++channel) {
          const Transform::Line line = transform.line(channel);
          QVERIFY(std::abs(line.shift + line.scale * static_cast<float>(byte) / 255.0f - out[channel]) < 1e-5f);
        }
      }
    }
  }

  void badRequestsAreRefusedWhole() {
    const auto folder = finished("simplecil");
    std::ofstream(at("taken.pt")) << "mine";
    const auto refused = [&](ExportRequest request) { return problemOf([&] { exportModel(request); }); };
    const QString both = refused({.run_folder = folder, .out = at("taken.pt"), .format = "tensorflow"});
    QVERIFY(both.contains(QStringLiteral("no format \"tensorflow\"")) && both.contains(QStringLiteral("already there")));
    QVERIFY(refused({.run_folder = at("nowhere"), .out = at("x.pt")}).contains(QStringLiteral("holds no run")));
    QVERIFY(refused({.run_folder = folder, .out = at("")}).contains(QStringLiteral("is a folder")));
    QVERIFY(!refused({.run_folder = folder, .out = at("no/such/folder/x.pt")}).isEmpty());
    QVERIFY(!refused({.run_folder = folder, .out = at("no/such/folder/x.safetensors"), .format = "safetensors"}).isEmpty());
    QFile taken(QString::fromStdString(at("taken.pt").string()));
    QVERIFY(taken.open(QIODevice::ReadOnly));
    QCOMPARE(taken.readAll(), QByteArray("mine"));
    QVERIFY(QDir(dir_.path()).entryList({QStringLiteral("*.part")}).isEmpty());
    ExportRequest again{.run_folder = folder, .out = at("taken.pt"), .overwrite = true};
    QCOMPARE(exportModel(again).changed, 0);
  }

  void dataThatChangedSinceAreNoticed() {
    const fs::path folder = at("moved");
    fs::copy(finished("simplecil"), folder, fs::copy_options::recursive);
    QFile file(QString::fromStdString((folder / "run.json").string()));
    QVERIFY(file.open(QIODevice::ReadWrite));
    QByteArray text = file.readAll();
    text.replace("seed=3", "seed=4");
    file.resize(0);
    file.seek(0);
    file.write(text);
    file.close();
    QVERIFY(problemOf([&] { exportModel({.run_folder = folder, .out = at("moved.pt")}); }).contains(QStringLiteral("not those that the run began with")));
  }
};

QTEST_GUILESS_MAIN(TestExport)
#include "tst_export.moc"
