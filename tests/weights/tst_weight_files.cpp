// Files that PyTorch and numpy wrote: what is in them comes out, nothing of them is run, and damage is refused.
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/protocol/error.h"
#include "engine/weights/names.h"
#include "engine/weights/pickle.h"
#include "engine/weights/safetensors.h"

using namespace palimpsest;
namespace fs = std::filesystem;

namespace {

const fs::path kHere = fs::path(PALIMPSEST_SOURCE_DIR) / "tests/weights";
const fs::path kShared = fs::path(PALIMPSEST_SOURCE_DIR) / ".." / "shared";

std::string hexOf(std::span<const std::byte> bytes) {
  return QByteArray(reinterpret_cast<const char*>(bytes.data()), static_cast<qsizetype>(bytes.size())).toHex().toStdString();
}

// Empty when the table holds exactly what is expected.
QByteArray differenceOf(const TensorTable& table, const nlohmann::json& expected) {
  if (table.tensors.size() != expected.size())
    return QByteArray::number(qsizetype(table.tensors.size())) + " tensors instead of " + QByteArray::number(qsizetype(expected.size()));
  for (const auto& [name, wanted] : expected.items()) {
    const TensorView* tensor = table.find(name);
    if (!tensor) return QByteArray::fromStdString(name + " is missing");
    if (dtypeName(tensor->dtype) != wanted["dtype"].get<std::string>()) return QByteArray::fromStdString(name + " has another type");
    if (tensor->shape != wanted["shape"].get<Sizes>()) return QByteArray::fromStdString(name + " has the shape " + tensor->shapeText());
    if (hexOf(tensor->data) != wanted["hex"].get<std::string>()) return QByteArray::fromStdString(name + " has other values");
  }
  return {};
}

QByteArray contentOf(const fs::path& file) {
  QFile in(QString::fromStdString(file.string()));
  return in.open(QIODevice::ReadOnly) ? in.readAll() : QByteArray();
}

void overwrite(const fs::path& file, const QByteArray& bytes) { std::ofstream(file, std::ios::binary).write(bytes.data(), bytes.size()); }

// What refused the file; empty when it was read.
QByteArray refusalOf(const fs::path& file) {
  try {
    const TensorTable table = readWeights(file);
    for (const TensorView& tensor : table.tensors)  // every byte that is handed out may be touched
      for (const std::byte b : tensor.data) static_cast<void>(static_cast<volatile const std::byte&>(b));
    return {};
  } catch (const BadInput& refused) {
    QByteArray all;
    for (const Issue& issue : refused.issues) all += QByteArray::fromStdString(lineOf(issue)) + "\n";
    return all;
  }
}

bool pythonHasTorch(const QString& python) {
  QProcess process;
  process.start(python, {QStringLiteral("-c"), QStringLiteral("import torch, numpy")});
  return process.waitForFinished(60000) && process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0;
}

}  // namespace

class TestWeightFiles : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { expected_ = nlohmann::json::parse(contentOf(kHere / "recorded/expected.json").toStdString()); }
  void init() { folder_ = std::make_unique<QTemporaryDir>(); }

  void recordedFilesAreRead_data() {
    QTest::addColumn<QString>("file");
    for (const auto& [name, tensors] : expected_.items()) QTest::newRow(name.c_str()) << QString::fromStdString(name);
  }
  void recordedFilesAreRead() {
    QFETCH(QString, file);
    const TensorTable table = readWeights(kHere / "recorded" / file.toStdString());
    QCOMPARE(differenceOf(table, expected_[file.toStdString()]), QByteArray());
  }

  void filesOfThePresentTorchAreRead() {
    const QString python = QStringLiteral("/usr/bin/python3");
    if (!pythonHasTorch(python)) QSKIP("python3-torch and python3-numpy are not installed; the recorded files were read");
    const QString script = QString::fromStdString((kHere / "make_files.py").string());
    QCOMPARE(QProcess::execute(python, {script, folder_->path()}), 0);
    const auto expected = nlohmann::json::parse(contentOf(path("expected.json")).toStdString());
    QCOMPARE(expected, expected_);
    for (const auto& [name, tensors] : expected.items()) QCOMPARE(differenceOf(readWeights(path(name)), tensors), QByteArray());
    QVERIFY(!fs::exists(path("pwned")));
    const fs::path tiny = kShared / "data/vit-tiny/vit_tiny_patch16_224.safetensors";
    if (!fs::exists(tiny)) QSKIP("The weights for the round trip are not on this machine; the small files were read");
    const QString target = QString::fromStdString(path("tiny.pth").string());
    QCOMPARE(QProcess::execute(python, {script, QStringLiteral("--convert"), QString::fromStdString(tiny.string()), target}), 0);
    const TensorTable before = readSafetensors(tiny), after = readWeights(path("tiny.pth"));
    QCOMPARE(after.tensors.size(), before.tensors.size());
    for (const TensorView& tensor : before.tensors) {
      const TensorView* same = after.find(tensor.name);
      QVERIFY2(same && same->shape == tensor.shape && std::ranges::equal(same->data, tensor.data), tensor.name.c_str());
    }
  }

  void nothingInAFileIsRun() {
    const QByteArray bytes = contentOf(kHere / "recorded/evil.pth");
    QVERIFY(bytes.contains("system"));
    overwrite(path("evil.pth"), bytes);
    const TensorTable table = readWeights(path("evil.pth"));
    QCOMPARE(table.ignored, std::vector<std::string>{"evil"});
    QVERIFY(!fs::exists(path("pwned")) && !fs::exists(kHere / "recorded/pwned"));
  }

  void whatIsNoTensorIsListed() {
    const TensorTable table = readWeights(kHere / "recorded/training.pth");
    QCOMPARE(table.format, std::string("PyTorch archive"));
    QVERIFY(table.find("fc.weight") && !table.find("module.fc.weight"));
    QCOMPARE(readWeights(kHere / "recorded/script.pt").format, std::string("TorchScript archive"));
  }

  // Wherever a file is cut, it is refused with a reason, or nothing that was cut off was needed.
  void everyCutIsRefused() {
    for (const auto& [name, tensors] : expected_.items()) {
      const QByteArray bytes = contentOf(kHere / "recorded" / name);
      const qsizetype step = std::max<qsizetype>(1, bytes.size() / 150);
      for (qsizetype length = 0; length < bytes.size(); length += step) {
        overwrite(path("cut" + fs::path(name).extension().string()), bytes.left(length));
        const QByteArray reason = refusalOf(path("cut" + fs::path(name).extension().string()));
        QVERIFY2(!reason.isEmpty(), qPrintable(QStringLiteral("%1 cut at %2 was read").arg(QString::fromStdString(name)).arg(length)));
      }
    }
  }

  void noDamageBringsTheReaderDown() {
    std::mt19937 rng(7);
    int refused = 0;
    for (const auto& [name, tensors] : expected_.items()) {
      const QByteArray bytes = contentOf(kHere / "recorded" / name);
      const fs::path file = path("damaged" + fs::path(name).extension().string());
      for (int i = 0; i < 200; ++i) {
        QByteArray damaged = bytes;
        for (int flips = 0; flips < 1 + i % 4; ++flips) damaged[static_cast<qsizetype>(rng() % static_cast<unsigned>(damaged.size()))] = static_cast<char>(rng() & 0xff);
        overwrite(file, damaged);
        refused += !refusalOf(file).isEmpty();
      }
    }
    QVERIFY(refused > 100);
  }

  void impossiblePicklesAreRefused_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("reason");
    const QByteArray head("\x80\x02", 2);
    QTest::newRow("nothing") << QByteArray() << QByteArray("cut off");
    QTest::newRow("no stop") << head + "}" << QByteArray("cut off");
    QTest::newRow("empty stack") << head + "." << QByteArray("empty stack");
    QTest::newRow("no mark") << head + "t." << QByteArray("never opened");
    QTest::newRow("below the mark") << head + "}(s." << QByteArray("empty stack");
    QTest::newRow("unknown memo") << head + "h\x05." << QByteArray("never stored");
    QTest::newRow("protocol 0") << QByteArray("\x80\x00}.", 4) << QByteArray("protocol 0");
    QTest::newRow("text opcodes") << head + "I5\n." << QByteArray("opcode 73");
    QTest::newRow("a text longer than the file") << head + QByteArray("\x8d\xff\xff\xff\xff\xff\xff\xff\x0f", 9) << QByteArray("cut off");
    QTest::newRow("an odd dictionary") << head + "(Nd." << QByteArray("without a value");
    QTest::newRow("a nested pickle") << head + "ctorch.storage\n_load_from_bytes\n(t" + QByteArray("R.") << QByteArray("pickle inside");
    // [T, T, T, ...] of one long text, concatenated into ever new names
    QTest::newRow("growth") << head + QByteArray("X\x00\x10\x00\x00", 5) + QByteArray(4096, 'a') + "q\x01" + QByteArray("h\x01h\x01\x93", 5).repeated(2000) + "."
                            << QByteArray("grows beyond");
  }
  void impossiblePicklesAreRefused() {
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, reason);
    try {
      Pickle(std::span(reinterpret_cast<const std::byte*>(bytes.data()), static_cast<std::size_t>(bytes.size())));
      QFAIL("it was read");
    } catch (const Error& refused) {
      QVERIFY2(QByteArray(refused.what()).contains(reason), refused.what());
    }
  }

  void aDeepPickleTakesNoStack() {
    const QByteArray bytes = QByteArray("\x80\x02)", 3) + QByteArray(1'000'000, '\x85') + ".";
    const Pickle pickle(std::span(reinterpret_cast<const std::byte*>(bytes.data()), static_cast<std::size_t>(bytes.size())));
    QCOMPARE(pickle.nodes().size(), std::size_t(1'000'001));
  }

  void strangersAreNamed() {
    overwrite(path("text.pth"), "hello, this is no file of weights");
    QVERIFY(refusalOf(path("text.pth")).contains("no weights file that is known"));
    overwrite(path("empty.pth"), "");
    QVERIFY(!refusalOf(path("empty.pth")).isEmpty());
    QVERIFY(refusalOf(path(".")).contains("no file"));
    overwrite(path("long.safetensors"), QByteArray("\x00\x00\x00\x00\x00\x00\x00\x10{", 9));  // a header of 2^60 bytes
    QVERIFY(refusalOf(path("long.safetensors")).contains("which no safetensors file is"));
  }

 private:
  fs::path path(const std::string& name) const { return fs::path(folder_->path().toStdString()) / name; }
  std::unique_ptr<QTemporaryDir> folder_;
  nlohmann::json expected_;
};

QTEST_GUILESS_MAIN(TestWeightFiles)
#include "tst_weight_files.moc"
