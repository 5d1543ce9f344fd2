#include <zlib.h>

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include "engine/data/dataset.h"
#include "engine/protocol/error.h"

using namespace palimpsest;

namespace {

void write(const QString& path, const QByteArray& bytes) {
  QFile file(path);
  QVERIFY(file.open(QIODevice::WriteOnly));
  QCOMPARE(file.write(bytes), bytes.size());
}

QByteArray number(quint32 value) {
  QByteArray bytes(4, 0);
  qToBigEndian(value, bytes.data());
  return bytes;
}

// Pixel i of image k is k * 10 + i.
QByteArray idxImages(int count, int rows, int columns) {
  QByteArray bytes =
      QByteArray("\0\0\x08\x03", 4) + number(quint32(count)) + number(quint32(rows)) + number(quint32(columns));
  for (int k = 0; k < count; ++k)
    for (int i = 0; i < rows * columns; ++i) bytes.append(char(k * 10 + i));
  return bytes;
}

QByteArray idxLabels(const std::vector<int>& labels) {
  QByteArray bytes = QByteArray("\0\0\x08\x01", 4) + number(quint32(labels.size()));
  for (const int label : labels) bytes.append(char(label));
  return bytes;
}

QByteArray gzipped(const QByteArray& bytes) {
  QTemporaryDir folder;
  const QByteArray path = folder.filePath(QStringLiteral("z.gz")).toLocal8Bit();
  gzFile file = gzopen(path.constData(), "wb");
  gzwrite(file, bytes.constData(), unsigned(bytes.size()));
  gzclose(file);
  QFile back(QString::fromLocal8Bit(path));
  return back.open(QIODevice::ReadOnly) ? back.readAll() : QByteArray();
}

struct IdxFolder {
  QTemporaryDir folder;
  QString file(const char* name) const { return folder.filePath(QString::fromLatin1(name)); }
  std::string spec() const { return "idx:" + folder.path().toStdString(); }
  IdxFolder() {
    write(file("train-images-idx3-ubyte.gz"), gzipped(idxImages(5, 2, 3)));
    write(file("train-labels.idx1-ubyte"), idxLabels({0, 1, 0, 1, 0}));
    write(file("t10k-images-idx3-ubyte"), idxImages(2, 2, 3));
    write(file("t10k-labels.idx1-ubyte.gz"), gzipped(idxLabels({1, 0})));
  }
};

// Record k of class c: pixels red k, green k + 1, blue k + 2.
QByteArray cifarRecord(int k, const QByteArray& labels) {
  return labels + QByteArray(1024, char(k)) + QByteArray(1024, char(k + 1)) + QByteArray(1024, char(k + 2));
}

struct CifarFolder {
  QTemporaryDir folder;
  QString file(const char* name) const { return folder.filePath(QString::fromLatin1(name)); }
  std::string spec(const char* kind) const { return std::string(kind) + ":" + folder.path().toStdString(); }
};

Issues issuesOf(const std::string& spec) {
  try {
    openDataset(spec);
  } catch (const BadInput& problem) {
    return problem.issues;
  }
  return {};
}

bool mentions(const Issues& issues, const char* text) {
  return std::any_of(issues.begin(), issues.end(),
                     [&](const Issue& issue) { return lineOf(issue).find(text) != std::string::npos; });
}

}  // namespace

class ByteSourcesTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void idxFilesAreReadPlainAndCompressed() {
    const IdxFolder files;
    const Dataset data = openDataset(files.spec());
    QCOMPARE(data.train->size(), 5);
    QCOMPARE(data.test->size(), 2);
    QCOMPARE(data.class_names.size(), std::size_t{2});
    QCOMPARE(data.train->label(3), 1);
    const Image image = data.train->image(4);
    QCOMPARE(image.width, 3);
    QCOMPARE(image.height, 2);
    QCOMPARE(image.channels, 1);
    QCOMPARE(image.pixels, (std::vector<std::uint8_t>{40, 41, 42, 43, 44, 45}));
    QVERIFY(!data.train->name(4).empty());
  }

  void damagedIdxFilesAreRefused_data() {
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("says");
    const QByteArray images = idxImages(5, 2, 3), packed = gzipped(images), name = "train-images-idx3-ubyte.gz";
    QByteArray wrong_sum = packed;
    wrong_sum[packed.size() - 6] = char(wrong_sum[packed.size() - 6] + 1);
    QTest::newRow("truncated") << name << images.left(30) << QByteArray("expected 46 bytes, found 30");
    QTest::newRow("truncated archive") << name << packed.left(packed.size() / 2) << QByteArray("trunc");
    QTest::newRow("damaged archive") << name << wrong_sum << QByteArray("damaged");
    QTest::newRow("header only") << name << images.left(7) << QByteArray("within its header");
    QTest::newRow("empty") << name << QByteArray() << QByteArray("within its header");
    QTest::newRow("too long") << name << images + "x" << QByteArray("goes on");
    QTest::newRow("labels instead") << name << idxLabels({0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1})
                                    << QByteArray("3 dimensions");
    QTest::newRow("a huge claim") << name << QByteArray("\0\0\x08\x03\xff\xff\xff\xff\0\0\x10\0\0\0\x10\0", 16)
                                  << QByteArray("announces");
    QTest::newRow("one label too few") << QByteArray("train-labels.idx1-ubyte") << idxLabels({0, 1, 0, 1})
                                       << QByteArray("5 images, but 4 labels");
    QTest::newRow("a gap in the labels") << QByteArray("train-labels.idx1-ubyte") << idxLabels({0, 3, 0, 3, 0})
                                         << QByteArray("class 2 has no training image");
    QTest::newRow("a class without test images") << QByteArray("train-labels.idx1-ubyte") << idxLabels({0, 1, 2, 1, 0})
                                                 << QByteArray("class 2 has no test image");
  }
  void damagedIdxFilesAreRefused() {
    QFETCH(QByteArray, name);
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, says);
    const IdxFolder files;
    write(files.file(name.constData()), bytes);
    const Issues issues = issuesOf(files.spec());
    QVERIFY2(mentions(issues, says.constData()), issues.empty() ? "accepted" : lineOf(issues.front()).c_str());
  }

  void everyMissingFileIsNamed() {
    const IdxFolder files;
    QFile::remove(files.file("train-labels.idx1-ubyte"));
    QFile::remove(files.file("t10k-images-idx3-ubyte"));
    const Issues issues = issuesOf(files.spec());
    QCOMPARE(issues.size(), std::size_t{2});
    QVERIFY(mentions(issues, "train-labels") && mentions(issues, "t10k-images"));
    QVERIFY(mentions(issuesOf("fashion-mnist:/nowhere"), "dataset-fashion-mnist"));
  }

  void limitsTakeTheFirstOfEachClass() {
    const IdxFolder files;
    const Dataset data = openDataset(files.spec(), 2, 1);
    QCOMPARE(data.train->size(), 4);
    QCOMPARE(data.train->name(2), openDataset(files.spec()).train->name(2));
    QCOMPARE(data.train->label(3), 1);
    QCOMPARE(data.test->size(), 2);
    QVERIFY(data.fingerprint != openDataset(files.spec()).fingerprint);
    QVERIFY(data.fingerprint == openDataset(files.spec(), 2, 1).fingerprint);
    QVERIFY_EXCEPTION_THROWN(openDataset(files.spec(), -1, 0), BadInput);
  }

  void indicesGoClassByClass() {
    const IdxFolder files;
    const Dataset data = openDataset(files.spec());
    QCOMPARE(indicesOf(*data.train, {1, 0}), (std::vector<std::int64_t>{1, 3, 0, 2, 4}));
    QCOMPARE(indicesOf(*data.train, {}), std::vector<std::int64_t>{});
  }

  void oneByteMoreOrLessChangesTheFingerprint() {
    const IdxFolder files;
    const std::string before = openDataset(files.spec()).fingerprint;
    QByteArray images = idxImages(2, 2, 3);
    images[20] = char(images[20] + 1);
    write(files.file("t10k-images-idx3-ubyte"), images);
    QVERIFY(openDataset(files.spec()).fingerprint != before);
  }

  void cifar10IsReadFromItsBatches() {
    const CifarFolder files;
    write(files.file("data_batch_1.bin"), cifarRecord(10, "\1") + cifarRecord(20, QByteArray(1, 0)));
    write(files.file("data_batch_2.bin"), cifarRecord(30, "\1"));
    write(files.file("test_batch.bin"), cifarRecord(40, "\1") + cifarRecord(50, QByteArray(1, 0)));
    write(files.file("batches.meta.txt"), "airplane\r\nautomobile\n\n");
    const Dataset data = openDataset(files.spec("cifar10"));
    QCOMPARE(data.train->size(), 3);
    QCOMPARE(data.class_names, (std::vector<std::string>{"airplane", "automobile"}));
    QCOMPARE(data.train->label(2), 1);
    const Image image = data.train->image(2);
    QCOMPARE(image.channels, 3);
    QCOMPARE(image.width, 32);
    QCOMPARE((std::vector<int>{image.pixels[0], image.pixels[1], image.pixels[2]}), (std::vector<int>{30, 31, 32}));
  }

  void cifar100UsesTheFineLabel() {
    const CifarFolder files;
    write(files.file("train.bin"), cifarRecord(10, "\7\1") + cifarRecord(20, QByteArray("\7\0", 2)));
    write(files.file("test.bin"), cifarRecord(40, QByteArray("\7\0", 2)) + cifarRecord(50, "\7\1"));
    const Dataset data = openDataset(files.spec("cifar100"));
    QCOMPARE(data.train->label(0), 1);
    QCOMPARE(data.train->label(1), 0);
    QCOMPARE(data.class_names[1], std::string("class 1"));
    QCOMPARE(int(data.test->image(1).pixels[0]), 50);
  }

  void cifarFilesOfTheWrongSizeAreRefused() {
    const CifarFolder files;
    write(files.file("train.bin"), cifarRecord(10, "\7\1").left(3000));
    write(files.file("test.bin"), QByteArray());
    const Issues issues = issuesOf(files.spec("cifar100"));
    QCOMPARE(issues.size(), std::size_t{2});
    QVERIFY(mentions(issues, "multiple of 3074 bytes, found 3000"));
    write(files.file("train.bin"), cifarRecord(10, "\7\1"));
    QVERIFY(mentions(issuesOf(files.spec("cifar10")), "write cifar100:DIR"));
    QVERIFY(mentions(issuesOf("cifar10:"), "the folder is missing"));
    QVERIFY(mentions(issuesOf("cifar10:/nowhere"), "does not exist"));
  }

  void unknownKindsAreRefusedWithTheNearestName() {
    QVERIFY(mentions(issuesOf("cifar-10:/x"), "cifar10"));
    QCOMPARE(issuesOf("").size(), std::size_t{1});
    QVERIFY(knownDatasets().size() >= 7);
  }

  void cifar100sFirstTwentyClassesOpenWhereTheyAre() {
    const QString folder = QStringLiteral(PALIMPSEST_SOURCE_DIR "/../shared/data/cifar100-20");
    if (!QDir(folder).exists()) QSKIP("the CIFAR-100 subset is not on this machine");
    const Dataset data = openDataset("cifar100:" + folder.toStdString());
    QCOMPARE(data.class_names.size(), std::size_t{20});
    QCOMPARE(data.class_names[0], std::string("apple"));
    QCOMPARE(data.train->size(), 2000);
    QCOMPARE(data.test->size(), 1000);
    QCOMPARE(indicesOf(*data.train, {3}).size(), std::size_t{100});
  }

  void fashionMnistOpensWhereItIsInstalled() {
    const auto known = knownDatasets();
    if (!known.front().available) QSKIP("Fashion-MNIST is not on this machine");
    const Dataset data = openDataset("fashion-mnist", 3, 2);
    QCOMPARE(data.class_names.size(), std::size_t{10});
    QCOMPARE(data.train->size(), 30);
    QCOMPARE(data.test->size(), 20);
    QCOMPARE(data.class_names[std::size_t(data.train->label(0))], std::string("Ankle boot"));
    QCOMPARE(data.train->image(0).width, 28);
  }
};

QTEST_APPLESS_MAIN(ByteSourcesTest)
#include "tst_byte_sources.moc"
