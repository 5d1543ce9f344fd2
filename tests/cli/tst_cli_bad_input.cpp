// Broken data, weights, recipes and folders: a clear message, exit status 2, nothing started, nothing written.
#include <sys/mount.h>

#include <QBuffer>
#include <QDir>
#include <QImage>
#include <QTemporaryDir>
#include <QTest>
#include <QtEndian>

#include "cli_process.h"

namespace {

QByteArray bigEndian(quint32 value) {
  QByteArray bytes(4, '\0');
  qToBigEndian(value, bytes.data());
  return bytes;
}

// `count` grey images of 8 x 8, labels 0, 1, 0, 1, ...
QByteArray idxImages(int count) {
  return bigEndian(0x803) + bigEndian(quint32(count)) + bigEndian(8) + bigEndian(8) + QByteArray(count * 64, '\x40');
}
QByteArray idxLabels(int count) {
  QByteArray labels;
  for (int i = 0; i < count; ++i) labels.append(char(i % 2));
  return bigEndian(0x801) + bigEndian(quint32(count)) + labels;
}

void writeIdx(const QString& folder) {
  writeFile(folder + QStringLiteral("/train-images-idx3-ubyte"), idxImages(20));
  writeFile(folder + QStringLiteral("/train-labels-idx1-ubyte"), idxLabels(20));
  writeFile(folder + QStringLiteral("/t10k-images-idx3-ubyte"), idxImages(10));
  writeFile(folder + QStringLiteral("/t10k-labels-idx1-ubyte"), idxLabels(10));
}

QByteArray picture(const char* format) {
  QImage image(12, 10, QImage::Format_RGB32);
  image.fill(Qt::darkCyan);
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  image.save(&buffer, format);
  return bytes;
}

void cut(const QString& file, qsizetype bytes) { writeFile(file, readFile(file).chopped(bytes)); }

QByteArray littleEndian(quint64 value) {
  QByteArray bytes(8, '\0');
  qToLittleEndian(value, bytes.data());
  return bytes;
}

QString bundledWeights() { return QStringLiteral(PALIMPSEST_SOURCE_DIR "/resources/weights/micro.safetensors"); }

// The bundled weights with their header changed; the tensors' bytes stay where they are.
void writeWeights(const QString& file, const std::function<void(QByteArray& header)>& change) {
  const QByteArray all = readFile(bundledWeights());
  const auto length = qFromLittleEndian<quint64>(all.constData());
  QByteArray header = all.mid(8, qsizetype(length));
  change(header);
  writeFile(file, littleEndian(quint64(header.size())) + header + all.mid(8 + qsizetype(length)));
}

QStringList words(const QString& text) { return text.split(QLatin1Char(' '), Qt::SkipEmptyParts); }

}  // namespace

class TestCliBadInput : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void init();
  void missingDataFolder();
  void truncatedIdx();
  void idxWithFewerLabelsThanImages();
  void cifarOfTheWrongSize();
  void imageFolderWithAnEmptyClassAndABrokenJpeg();
  void unknownDataset();
  void weightsThatAreBroken_data();
  void weightsThatAreBroken();
  void unknownBackboneSuggestsTheNearest();
  void recipeWithAnUnknownKey();
  void recipeThatIsNoJson();
  void valuesOutOfRange_data();
  void valuesOutOfRange();
  void aFolderInUse();
  void aFolderThatCannotBeMade();
  void tooLittleSpace();
  void oneBadRecipeStopsTheWholeComparison();
  void instrumentsNeedARun();
  void everyBadNumberOfAWhatIfIsListed_data();
  void everyBadNumberOfAWhatIfIsListed();

 private:
  // Runs, and expects exit status 2, every fragment on standard error, nothing on standard output and no folder.
  void refuses(const QStringList& arguments, const QStringList& fragments);
  QString path(const char* name) const { return folder_->filePath(QLatin1String(name)); }
  QStringList runOn(const QString& data) const {
    return words(
        QStringLiteral("run --recipe simplecil --scenario cil:init=1,increment=1,order=natural --out %1 --data %2")
            .arg(path("run"), data));
  }
  std::unique_ptr<QTemporaryDir> folder_;
};

void TestCliBadInput::init() { folder_ = std::make_unique<QTemporaryDir>(); }

void TestCliBadInput::refuses(const QStringList& arguments, const QStringList& fragments) {
  const Ended ended = cli(arguments);
  for (const QString& fragment : fragments)
    QVERIFY2(ended.err.contains(fragment),
             qPrintable(QStringLiteral("\"%1\" is not in:\n%2").arg(fragment, ended.err)));
  QVERIFY2(ended.status == 2, qPrintable(QStringLiteral("status %1:\n%2").arg(ended.status).arg(ended.err)));
  QVERIFY(ended.err.contains(QStringLiteral("Nothing was started")));
  QVERIFY(ended.out.isEmpty());
  QVERIFY(!QFile::exists(path("run")));
}

void TestCliBadInput::missingDataFolder() {
  for (const char* kind : {"idx", "cifar10", "cifar100", "folder", "fashion-mnist"})
    refuses(runOn(QLatin1String(kind) + QLatin1Char(':') + path("nowhere")), {path("nowhere")});
}

void TestCliBadInput::truncatedIdx() {
  writeIdx(path("idx"));
  cut(path("idx/train-images-idx3-ubyte"), 100);
  refuses(runOn(QStringLiteral("idx:") + path("idx")), {QStringLiteral("train-images-idx3-ubyte")});
}

void TestCliBadInput::idxWithFewerLabelsThanImages() {
  writeIdx(path("idx"));
  writeFile(path("idx/t10k-labels-idx1-ubyte"), idxLabels(9));
  refuses(runOn(QStringLiteral("idx:") + path("idx")), {QStringLiteral("t10k"), QStringLiteral("9 labels")});
}

void TestCliBadInput::cifarOfTheWrongSize() {
  writeFile(path("cifar/train.bin"), QByteArray(3074 * 4 - 1, '\1'));
  writeFile(path("cifar/test.bin"), QByteArray(3074 * 2, '\1'));
  refuses(runOn(QStringLiteral("cifar100:") + path("cifar")), {QStringLiteral("train.bin")});
}

void TestCliBadInput::imageFolderWithAnEmptyClassAndABrokenJpeg() {
  for (const char* file : {"train/cat/1", "train/dog/1", "test/cat/1", "test/dog/1"})
    writeFile(path("pets/") + QLatin1String(file) + QStringLiteral(".png"), picture("png"));
  QDir().mkpath(path("pets/train/emu"));
  QDir().mkpath(path("pets/test/emu"));
  writeFile(path("pets/train/dog/2.jpg"), QByteArrayLiteral("\xff\xd8\xff\xe0 this is no JPEG"));
  refuses(runOn(QStringLiteral("folder:") + path("pets")), {QStringLiteral("emu"), QStringLiteral("2.jpg")});
}

void TestCliBadInput::unknownDataset() {
  refuses(runOn(QStringLiteral("fashion-mnits")), {QStringLiteral("fashion-mnist")});
}

void TestCliBadInput::weightsThatAreBroken_data() {
  QTest::addColumn<QString>("kind");
  QTest::addColumn<QString>("message");
  QTest::newRow("a missing tensor") << QStringLiteral("missing") << QStringLiteral("blocks.0.attn.qkv.weight");
  QTest::newRow("a wrong shape") << QStringLiteral("shape") << QStringLiteral("blocks.0.attn.qkv.weight");
  QTest::newRow("a header longer than the file") << QStringLiteral("header") << QStringLiteral("header");
  QTest::newRow("half a file") << QStringLiteral("half") << QStringLiteral("broken.safetensors");
  QTest::newRow("an empty file") << QStringLiteral("empty") << QStringLiteral("broken.safetensors");
  QTest::newRow("a picture") << QStringLiteral("picture") << QStringLiteral("broken.safetensors");
}

void TestCliBadInput::weightsThatAreBroken() {
  if (!QFile::exists(bundledWeights())) QSKIP("the bundled weights are not there");
  QFETCH(QString, kind);
  QFETCH(QString, message);
  const QString file = path("broken.safetensors");
  const QByteArray all = readFile(bundledWeights());
  if (kind == QLatin1String("missing"))
    writeWeights(file, [](QByteArray& header) {
      header.replace("\"blocks.0.attn.qkv.weight\"", "\"blocks.0.attn.qkv.wight\"");
    });
  else if (kind == QLatin1String("shape"))
    writeWeights(file, [](QByteArray& header) {
      const qsizetype at =
          header.indexOf('[', header.indexOf("\"shape\"", header.indexOf("\"blocks.0.attn.qkv.weight\"")));
      header.replace(at, header.indexOf(']', at) - at + 1, "[" + QByteArray::number(3 * 128 * 128) + "]");
    });
  else if (kind == QLatin1String("header")) writeFile(file, littleEndian(quint64(all.size()) + 1) + all.mid(8));
  else if (kind == QLatin1String("half")) writeFile(file, all.left(all.size() / 2));
  else if (kind == QLatin1String("empty")) writeFile(file, {});
  else writeFile(file, picture("png"));
  refuses(words(QStringLiteral("run --recipe simplecil --data shapes:classes=4,train=4,test=4 --backbone %1 --out %2")
                    .arg(file, path("run"))),
          {message});
}

void TestCliBadInput::unknownBackboneSuggestsTheNearest() {
  refuses(
      words(QStringLiteral("run --recipe simplecil --data shapes:classes=4,train=4,test=4 --backbone micor --out %1")
                .arg(path("run"))),
      {QStringLiteral("micro")});
}

void TestCliBadInput::recipeWithAnUnknownKey() {
  writeFile(path("mine.json"),
            R"({"name": "mine", "head": {"use": "linear"}, "phases": [{"use": "sgd", "epoch": 3}]})");
  const QStringList fragments{QStringLiteral("phases.0.epoch"), QStringLiteral("did you mean \"epochs\"")};
  refuses(QStringList{QStringLiteral("run"), QStringLiteral("--recipe"), path("mine.json"), QStringLiteral("--out"),
                      path("run")} +
              tinyOptions(),
          fragments);
  const Ended checked = cli({QStringLiteral("check"), path("mine.json")});
  QCOMPARE(checked.status, 2);
  for (const QString& fragment : fragments) QVERIFY2(checked.err.contains(fragment), qPrintable(checked.err));
}

void TestCliBadInput::recipeThatIsNoJson() {
  writeFile(path("mine.json"), "{\"name\": \"mine\",\n \"phases\": [}");
  refuses({QStringLiteral("run"), QStringLiteral("--recipe"), path("mine.json"), QStringLiteral("--out"), path("run")},
          {QStringLiteral("mine.json"), QStringLiteral("line 2")});
}

void TestCliBadInput::valuesOutOfRange_data() {
  QTest::addColumn<QString>("options");
  QTest::addColumn<QString>("message");
  const auto row = [](const char* options, const char* message) {
    QTest::newRow(options) << QString::fromLatin1(options) << QString::fromLatin1(message);
  };
  row("--limit-train -1", "--limit-train");
  row("--seed -3", "--seed");
  row("--threads 100000", "--threads");
  row("--probe-every 0", "--probe-every");
  row("--device cuda:99", "device");
  row("--device gpu", "device");
  row("--image-size 15", "image");  // not a multiple of the patch
  row("--scenario cil:init=0,increment=2", "init");
  row("--scenario cil:init=7,increment=2", "init");  // six classes
  row("--scenario cil:init=2,incremnt=2", "increment");
  row("--set phases.0.epochs=0", "phases.0.epochs");
  row("--set phases.0.optimizer=sdg", "sgd");
}

void TestCliBadInput::valuesOutOfRange() {
  QFETCH(QString, options);
  QFETCH(QString, message);
  refuses(tinyRun(QStringLiteral("finetune"), path("run")) + words(options), {message});
}

void TestCliBadInput::aFolderInUse() {
  const QStringList again = tinyRun(QStringLiteral("simplecil"), path("first"));
  QCOMPARE(cli(again).status, 0);
  const QByteArray before = readFile(path("first/events.jsonl"));
  refuses(again, {path("first"), QStringLiteral("resume")});
  QCOMPARE(readFile(path("first/events.jsonl")), before);
  refuses(QStringList{QStringLiteral("compare"), QStringLiteral("--recipes"), QStringLiteral("simplecil"),
                      QStringLiteral("--out"), path("first")} +
              tinyOptions(),
          {QStringLiteral("in use")});
}

void TestCliBadInput::aFolderThatCannotBeMade() {
  writeFile(path("file"), "a file");
  refuses(tinyRun(QStringLiteral("simplecil"), path("file/run")), {path("file/run")});
}

void TestCliBadInput::tooLittleSpace() {
  QDir().mkpath(path("small"));
  if (mount("tmpfs", qPrintable(path("small")), "tmpfs", 0, "size=64k") != 0)
    QSKIP("needs the right to mount a small file system");
  const Ended ended = cli(tinyRun(QStringLiteral("finetune"), path("small/run")));
  const bool made = QFile::exists(path("small/run"));
  umount(qPrintable(path("small")));
  QVERIFY2(ended.status == 2 && ended.err.contains(QStringLiteral("free")), qPrintable(ended.err));
  QVERIFY(!made);
}

void TestCliBadInput::oneBadRecipeStopsTheWholeComparison() {
  writeFile(path("mine.json"), R"({"name": "mine", "head": {"use": "linaer"}, "phases": [{"use": "sgd"}]})");
  refuses(QStringList{QStringLiteral("compare"), QStringLiteral("--recipes"),
                      QStringLiteral("simplecil,") + path("mine.json"), QStringLiteral("--out"), path("run")} +
              tinyOptions(),
          {QStringLiteral("did you mean \"linear\"")});
}

void TestCliBadInput::instrumentsNeedARun() {
  QDir().mkpath(path("empty"));
  for (const char* command : {"diagnose", "what-if --top-k 2", "invariance", "transfer"})
    for (const QString& folder : {path("empty"), path("nowhere")})
      refuses(words(QLatin1String(command)) + QStringList{folder}, {folder, QStringLiteral("holds no run")});
}

void TestCliBadInput::everyBadNumberOfAWhatIfIsListed_data() {
  QTest::addColumn<QString>("options");
  QTest::addColumn<QStringList>("messages");
  const auto row = [](const char* options, const QStringList& messages) {
    QTest::newRow(options) << QString::fromLatin1(options) << messages;
  };
  row("--mask 3,x --force -1 --top-k 0",
      {QStringLiteral("--mask: \"x\""), QStringLiteral("--force: \"-1\""), QStringLiteral("--top-k: \"0\"")});
  row("--mask 1,,2", {QStringLiteral("--mask: \"\"")});
  row("--mask 1,2, --mask 2.5", {QStringLiteral("--mask: \"\""), QStringLiteral("--mask: \"2.5\"")});
  row("--swap 0-4,1:x", {QStringLiteral("\"0-4\" is not of the form A:B"), QStringLiteral("--swap: \"x\"")});
  row("--reinitialise 99999999999 --layer -1", {QStringLiteral("--reinitialise"), QStringLiteral("--layer: \"-1\"")});
  row("--temperature nan --after-task 0 --images many",
      {QStringLiteral("--temperature: \"nan\""), QStringLiteral("--after-task: \"0\""),
       QStringLiteral("--images: \"many\"")});
  row("--temperature 0 --threads -2", {QStringLiteral("--temperature: \"0\""), QStringLiteral("--threads")});
  row("--layer 1", {QStringLiteral("nothing to change")});
  row("--maks 3", {QStringLiteral("did you mean \"--mask\"")});
}

void TestCliBadInput::everyBadNumberOfAWhatIfIsListed() {
  QFETCH(QString, options);
  QFETCH(QStringList, messages);
  refuses(QStringList{QStringLiteral("what-if"), path("nowhere")} + words(options), messages);
}

QTEST_GUILESS_MAIN(TestCliBadInput)
#include "tst_cli_bad_input.moc"
