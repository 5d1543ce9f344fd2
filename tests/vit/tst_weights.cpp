// Weights files: what is written comes back, and what is malformed is refused with every reason.
#include <torch/torch.h>

#include <QTemporaryDir>
#include <QtTest>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/device/device.h"
#include "engine/device/memory.h"
#include "engine/device/process.h"
#include "engine/protocol/error.h"
#include "engine/weights/backbone.h"
#include "engine/weights/tensors.h"

using namespace palimpsest;
using torch::Tensor;

namespace {

const std::filesystem::path kShared = std::filesystem::path(PALIMPSEST_SOURCE_DIR) / ".." / "shared";

QByteArray fileOf(const QByteArray& header, qsizetype data_bytes, qint64 said_length = -1) {
  const quint64 length = said_length < 0 ? static_cast<quint64>(header.size()) : static_cast<quint64>(said_length);
  QByteArray bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(length >> (8 * i) & 0xff);
  return bytes + header + QByteArray(data_bytes, 'x');
}

QByteArray entry(const char* name, const char* dtype, const char* shape, const char* offsets) {
  return QByteArray("\"") + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

}  // namespace

class TestWeights : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void init() { folder_ = std::make_unique<QTemporaryDir>(); }

  void everyTypeAndShapeComesBack() {
    const std::vector<torch::ScalarType> types{torch::kDouble, torch::kFloat, torch::kHalf,  torch::kBFloat16,
                                               torch::kLong,   torch::kInt,   torch::kShort, torch::kChar,
                                               torch::kByte,   torch::kBool};
    NamedTensors tensors;
    for (const auto type : types) {
      const std::string name = torch::toString(type);
      tensors.emplace_back(name, torch::arange(6).view({2, 3}).to(type));
      tensors.emplace_back(name + ".scalar", torch::ones({}, type));
      tensors.emplace_back(name + ".empty", torch::empty({3, 0}, type));
    }
    tensors.emplace_back("turned", torch::arange(6).view({2, 3}).t());
    tensors.emplace_back("not finite", torch::tensor({NAN, INFINITY, -0.0f}));
    writeTensors(path("all"), tensors, {{"note", "äöü \"quoted\""}});
    const TensorFile read = readTensorFile(path("all"));
    QCOMPARE(read.tensors.size(), tensors.size());
    QCOMPARE(read.metadata.at("note"), std::string("äöü \"quoted\""));
    for (const auto& [name, tensor] : tensors) {
      const Tensor& back = read.tensors.at(name);
      QVERIFY(back.scalar_type() == tensor.scalar_type() && back.sizes() == tensor.sizes());
      const Tensor plain = tensor.contiguous();
      QVERIFY(plain.nbytes() == 0 || std::memcmp(back.data_ptr(), plain.data_ptr(), plain.nbytes()) == 0);
    }
  }

  void tensorsStartWhereTheirTypeMayStart() {
    writeTensors(path("mixed"), {{"a", torch::ones({3}, torch::kByte)}, {"b", torch::ones({1}, torch::kDouble)}});
    const TensorTable file = readSafetensors(path("mixed"));
    QCOMPARE(file.tensors.front().name, std::string("b"));
    QCOMPARE(reinterpret_cast<std::uintptr_t>(file.tensors.front().data.data()) % 8, std::uintptr_t{0});
  }

  void anEmptyFileOfTensorsIsGood() {
    writeTensors(path("none"), {});
    QVERIFY(readTensors(path("none")).empty());
  }

  // The same network as PyTorch's archive, as Hugging Face's and as JAX's, written by Python.
  void everyFormatGivesTheSameNetwork() {
    const auto recorded = std::filesystem::path(PALIMPSEST_SOURCE_DIR) / "tests/weights/recorded";
    const LoadedBackbone timm = loadBackbone((recorded / "vit.pth").string(), 0, "");
    QCOMPARE(QString::fromStdString(timm.shape.text()), QStringLiteral("4 px, patch 2, width 8, depth 2, heads 1"));
    for (const char* file : {"vit_hf.bin", "vit.npz"}) {
      const LoadedBackbone other = loadBackbone((recorded / file).string(), 0, "");
      QVERIFY2(other.warnings.empty() && other.vit->parameters().size() == timm.vit->parameters().size(), file);
      for (const auto& item : timm.vit->named_parameters())
        QVERIFY2(torch::equal(other.vit->named_parameters()[item.key()], item.value()), (item.key() + " of " + file).c_str());
    }
  }

  void aWriteThatFailsLeavesNothingBehind() {
    QVERIFY_THROWS_EXCEPTION(Error, writeTensors(path("no/such/folder"), {{"a", torch::ones({1})}}));
    QVERIFY(std::filesystem::is_empty(folder_->path().toStdString()));
  }

  void malformedFilesAreRefused_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("reason");
    const auto row = [](const char* name, const QByteArray& bytes, const char* reason) {
      QTest::newRow(name) << bytes << QByteArray(reason);
    };
    const auto one = [](const char* dtype, const char* shape, const char* offsets) {
      return "{" + entry("a", dtype, shape, offsets) + "}";
    };
    row("nothing", {}, "shorter than the 8 bytes");
    row("cut off in the length", QByteArray(5, '\1'), "shorter than the 8 bytes");
    row("header longer than the file", fileOf("{}", 0, 1000), "longer than the file");
    row("header longer than any", fileOf("{}", 0, 200'000'000), "which no safetensors file is");
    row("length near the largest number", fileOf("{}", 0, std::numeric_limits<qint64>::max()),
        "which no safetensors file is");
    row("no object", fileOf("[1]", 0), "does not begin with {");
    row("cut off in the header", fileOf("{\"a\":{\"dty", 0), "no valid JSON");
    row("garbage behind the header", fileOf("{} x", 0), "no valid JSON");
    row("zero bytes behind the header", fileOf(QByteArray("{}\0\0", 4), 0), "zero bytes");
    row("no UTF-8", fileOf("{\"\xff\":1}", 0), "no valid JSON");
    row("nested deeply", fileOf("{\"a\":[[[[[[1]]]]]]}", 0), "nested too deeply");
    row("name given twice",
        fileOf("{" + entry("a", "U8", "[1]", "[0,1]") + "," + entry("a", "U8", "[1]", "[1,2]") + "}", 2),
        "given twice");
    row("key given twice",
        fileOf("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1), "given twice");
    row("no dtype", fileOf("{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1), "lacks dtype");
    row("more keys", fileOf("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", 1),
        "other keys");
    row("type that is not supported", fileOf(one("F8_E4M3", "[1]", "[0,1]"), 1), "F8_E4M3, which is not supported");
    row("negative size", fileOf(one("U8", "[-1]", "[0,1]"), 1), "no whole number");
    row("size with a fraction", fileOf(one("U8", "[1.5]", "[0,1]"), 1), "no whole number");
    row("shape that overflows", fileOf(one("F32", "[4294967296,4294967296,4294967296]", "[0,0]"), 0),
        "larger than any memory");
    row("nine sizes", fileOf(one("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1), "at most 8 sizes");
    row("wrong size", fileOf(one("F32", "[2]", "[0,4]"), 4), "8 bytes by its shape [2], but 4 by its offsets");
    row("ends before it begins", fileOf(one("U8", "[1]", "[1,0]"), 1), "ends before it begins");
    row("hole at the front", fileOf(one("U8", "[1]", "[1,2]"), 2), "hole of 1 bytes");
    row("hole between",
        fileOf("{" + entry("a", "U8", "[1]", "[0,1]") + "," + entry("b", "U8", "[1]", "[2,3]") + "}", 3),
        "hole of 1 bytes");
    row("overlap", fileOf("{" + entry("a", "U8", "[2]", "[0,2]") + "," + entry("b", "U8", "[2]", "[1,3]") + "}", 3),
        "overlaps");
    row("bytes behind", fileOf(one("U8", "[1]", "[0,1]"), 3), "2 bytes follow the last tensor");
    row("cut off in the data", fileOf(one("U8", "[4]", "[0,4]"), 3), "1 bytes before they should");
    row("metadata that are no text", fileOf("{\"__metadata__\":{\"a\":1}}", 0), "no text");
  }
  void malformedFilesAreRefused() {
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, reason);
    std::ofstream(path("bad"), std::ios::binary).write(bytes.data(), bytes.size());
    QVERIFY2(refusal([&] { readSafetensors(path("bad")); }).contains(reason), lastRefusal_.constData());
  }

  void everyFaultOfAFileIsReported() {
    const QByteArray bytes =
        fileOf("{" + entry("a", "F99", "[1]", "[0,1]") + "," + entry("b", "F32", "[2]", "[1,2]") + "}", 2);
    std::ofstream(path("bad"), std::ios::binary).write(bytes.data(), bytes.size());
    refusal([&] { readSafetensors(path("bad")); });
    QVERIFY2(lastRefusal_.contains("\"a\"") && lastRefusal_.contains("\"b\""), lastRefusal_.constData());
  }

  void theFingerprintIsSha256() {
    std::ofstream(path("abc")) << "abc";
    QCOMPARE(sha256OfFile(path("abc")),
             std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    QVERIFY_THROWS_EXCEPTION(BadInput, sha256OfFile(path("absent")));
  }

  void aSavedBackboneComesBack() {
    LoadedBackbone made = loadBackbone("new:image=16,patch=4,width=24,depth=2,heads=3,seed=5", 0, {});
    QVERIFY(!made.vit->is_training() && !made.vit->parameters().front().requires_grad());
    saveBackbone(path("full"), made.vit, {{"input_range", "0..1"}, {"licence", "CC0"}});
    saveBackbone(path("half"), made.vit, {}, true);
    const LoadedBackbone full = loadBackbone(path("full"), 0, {}), half = loadBackbone(path("half"), 0, {});
    QVERIFY(full.shape == made.shape && half.shape == made.shape);  // three heads: only the metadata know
    QCOMPARE(full.input_range, std::string("0..1"));
    QCOMPARE(full.licence, std::string("CC0"));
    QCOMPARE(half.input_range, std::string("-1..1"));
    QCOMPARE(full.sha256, sha256OfFile(path("full")));
    QVERIFY(!full.head_weight.defined());
    for (const auto& item : made.vit->named_parameters()) {
      QVERIFY(torch::equal(full.vit->named_parameters()[item.key()], item.value()));
      QVERIFY(torch::allclose(half.vit->named_parameters()[item.key()], item.value(), 1e-3, 1e-6));
    }
    const BackboneInfo info = inspectBackbone(path("full"));
    QCOMPARE(info.architecture, std::string("vit: 16 px, patch 4, width 24, depth 2, heads 3"));
    QCOMPARE(info.parameters, parameterCount(made.vit));
  }

  void missingUnexpectedAndMisshapenTensorsAreListedTogether() {
    LoadedBackbone made = loadBackbone("new:image=8,patch=4,width=16,depth=1,heads=2", 0, {});
    NamedTensors tensors;
    for (const auto& item : made.vit->named_parameters()) {
      if (item.key() == "blocks.0.attn.proj.bias") continue;
      tensors.emplace_back(item.key(), item.key() == "norm.weight" ? torch::ones({17}) : item.value());
    }
    tensors.emplace_back("blocks.0.attn.norm.weight", torch::ones({16}));
    writeTensors(path("wrong"), tensors);
    refusal([&] { loadBackbone(path("wrong"), 0, {}); });
    for (const char* part :
         {"\"blocks.0.attn.proj.bias\" is missing", "\"norm.weight\" has the shape [17] instead of [16]",
          "\"blocks.0.attn.norm.weight\" [16] is not part"})
      QVERIFY2(lastRefusal_.contains(part), lastRefusal_.constData());
  }

  void whatCannotBeABackboneIsExplained_data() {
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<int>("image");
    QTest::addColumn<QByteArray>("reason");
    QTest::newRow("bundled, absent") << QByteArray("micro") << 0 << QByteArray("bundled weights are missing");
    QTest::newRow("file, absent") << QByteArray("/no/such.safetensors") << 0 << QByteArray("there are no weights");
    QTest::newRow("unknown setting") << QByteArray("new:widht=3") << 0 << QByteArray("width");
    QTest::newRow("no number") << QByteArray("new:width=a,depth") << 0 << QByteArray("name=integer");
    QTest::newRow("patches do not fit") << QByteArray("new:image=30,patch=4") << 0 << QByteArray("multiple of patch");
    QTest::newRow("size does not fit") << QByteArray("new:image=28,patch=4") << 30
                                       << QByteArray("30 pixels cannot be cut");
  }
  void whatCannotBeABackboneIsExplained() {
    QFETCH(QByteArray, name);
    QFETCH(int, image);
    QFETCH(QByteArray, reason);
    refusal([&] { loadBackbone(name.toStdString(), image, folder_->path().toStdString()); });
    QVERIFY2(lastRefusal_.contains(reason), lastRefusal_.constData());
  }

  void positionsOfTheSameSizeStayAndConstantsStayConstant() {
    const Tensor table = torch::randn({1, 50, 8});
    QVERIFY(torch::equal(resizedPositions(table, 1, 7), table));
    const Tensor resized = resizedPositions(torch::full({1, 50, 8}, 3.0), 1, 5);
    QCOMPARE(resized.sizes().vec(), (std::vector<std::int64_t>{1, 26, 8}));
    QVERIFY(torch::allclose(resized, torch::full_like(resized, 3.0)));
    QVERIFY(torch::equal(resizedPositions(table, 1, 5).select(1, 0), table.select(1, 0)));
  }

  // The squares 0 to 64 on a 3 x 3 grid, as PyTorch's own interpolation gives them in Python.
  void bothConventionsOfInterpolationAreTimms() {
    const Tensor table = torch::cat({torch::zeros({1, 1, 1}), torch::arange(9.0).square().to(torch::kFloat).view({1, 9, 1})}, 1);
    const auto gridOf = [&](int grid, PositionResize how) { return resizedPositions(table, 1, grid, how).slice(1, 1).flatten(); };
    const auto near = [](const Tensor& got, std::vector<float> want) { return torch::allclose(got, torch::tensor(want), 1e-5, 1e-5); };
    QVERIFY(near(gridOf(2, PositionResize::Timm06), {1.430755615f, 6.522369385f, 32.39736938f, 53.18075562f}));
    QVERIFY(near(gridOf(2, PositionResize::Timm1), {2.871166468f, 8.197848320f, 30.28452492f, 47.04452515f}));
    QVERIFY(near(gridOf(4, PositionResize::Timm06).slice(0, 0, 4), {-0.686861515f, -0.564096928f, 0.911753178f, 2.677096128f}));
    QVERIFY(near(gridOf(4, PositionResize::Timm1).slice(0, 0, 4), {-0.506014705f, -0.228327483f, 1.267337203f, 3.043328285f}));
    QVERIFY(positionResizeNamed("timm06") == PositionResize::Timm06 && positionResizeNamed("timm1") == PositionResize::Timm1);
  }

  void positionsAreInterpolatedAsTimmDoes() {
    const auto small = kShared / "data/vit-tiny/vit_tiny_patch16_112.safetensors";
    if (!std::filesystem::exists(small)) QSKIP("The recorded reference tensors are not on this machine");
    const LoadedBackbone own = loadBackbone(small.string(), 0, {});
    const LoadedBackbone resized =
        loadBackbone((kShared / "data/vit-tiny/vit_tiny_patch16_224.safetensors").string(), 112, {});
    QVERIFY(own.shape == resized.shape);
    QVERIFY(torch::allclose(resized.vit->positions(), own.vit->positions(), 1e-5, 1e-6));
    QCOMPARE(own.head_weight.sizes().vec(), (std::vector<std::int64_t>{1000, 192}));
  }

  void devicesAreNamedOrRefused() {
    Issues issues;
    QVERIFY(resolveDevice("cpu", issues).is_cpu() && issues.empty());
    resolveDevice("auto", issues);
    QVERIFY(issues.empty());
    QCOMPARE(devices().front(), std::string("cpu"));
    for (const char* wrong : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:999"}) {
      issues.clear();
      QVERIFY(resolveDevice(wrong, issues).is_cpu());
      QCOMPARE(issues.size(), std::size_t{1});
    }
  }

  void memoryAndDiskAreRead() {
    QVERIFY(rssBytes() > 1'000'000 && peakRssBytes() >= rssBytes() / 2 && availableBytes() > 0);
    QVERIFY(freeDiskBytes(path("not/yet/there")) > 0);
    QVERIFY(cores() >= 1);
    setThreads(1);
    QCOMPARE(threads(), 1);
    setThreads(0);
    QCOMPARE(threads(), cores());
  }

 private:
  std::string path(const char* name) const { return (folder_->path().toStdString() + "/") + name; }
  static std::int64_t parameterCount(const vit::Vit& net) {
    std::int64_t count = 0;
    for (const Tensor& p : net->parameters()) count += p.numel();
    return count;
  }
  template <typename F>
  QByteArray refusal(const F& body) {
    lastRefusal_ = "nothing was refused";
    try {
      body();
    } catch (const BadInput& e) {
      lastRefusal_ = e.what();
    }
    return lastRefusal_;
  }
  std::unique_ptr<QTemporaryDir> folder_;
  QByteArray lastRefusal_;
};

QTEST_APPLESS_MAIN(TestWeights)
#include "tst_weights.moc"
