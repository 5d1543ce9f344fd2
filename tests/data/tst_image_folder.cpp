#include <QDir>
#include <QFile>
#include <QImage>
#include <QTemporaryDir>
#include <QtTest>

#include "engine/data/dataset.h"
#include "engine/data/sources.h"
#include "engine/protocol/error.h"

using namespace palimpsest;

namespace {

struct Folder {
  QTemporaryDir root;
  QString at(const char* path) const { return root.filePath(QString::fromLatin1(path)); }
  std::string spec() const { return "folder:" + root.path().toStdString(); }
  void image(const char* path, QRgb colour, int width = 6, int height = 5) const {
    QDir().mkpath(QFileInfo(at(path)).path());
    QImage picture(width, height, QImage::Format_RGB32);
    picture.fill(colour);
    QVERIFY(picture.save(at(path)));
  }
  void text(const char* path, const QByteArray& bytes) const {
    QDir().mkpath(QFileInfo(at(path)).path());
    QFile file(at(path));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
  }
};

void fill(const Folder& folder, const char* test) {
  folder.image("train/zebra/b.png", qRgb(10, 20, 30));
  folder.image("train/zebra/a.png", qRgb(40, 50, 60));
  folder.image("train/10/x.jpg", qRgb(200, 100, 50), 16, 16);
  folder.image("train/9/x.png", qRgb(1, 1, 1));
  for (const char* name : {"zebra", "10", "9"})
    folder.image((std::string(test) + "/" + name + "/t.png").c_str(), qRgb(0, 0, 0));
}

Issues issuesOf(const std::string& spec, int limit = 0) {
  try {
    openDataset(spec, limit, limit);
  } catch (const BadInput& problem) {
    return problem.issues;
  }
  return {};
}

bool mentions(const Issues& issues, const char* path, const char* text) {
  return std::any_of(issues.begin(), issues.end(), [&](const Issue& issue) {
    return issue.path.find(path) != std::string::npos && issue.message.find(text) != std::string::npos;
  });
}

}  // namespace

class ImageFolderTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void classesAndFilesAreInByteOrder_data() {
    QTest::addColumn<QByteArray>("test");
    for (const char* name : {"test", "val", "validation"}) QTest::newRow(name) << QByteArray(name);
  }
  void classesAndFilesAreInByteOrder() {
    QFETCH(QByteArray, test);
    const Folder folder;
    fill(folder, test.constData());
    const Dataset data = openDataset(folder.spec());
    QCOMPARE(data.class_names, (std::vector<std::string>{"10", "9", "zebra"}));
    QCOMPARE(data.train->size(), 4);
    QCOMPARE(data.test->size(), 3);
    QCOMPARE(data.train->name(2), std::string("zebra/a.png"));
    QCOMPARE(data.train->label(2), 2);
    const Image image = data.train->image(2);
    QCOMPARE(image.width, 6);
    QCOMPARE(image.height, 5);
    QCOMPARE((std::vector<int>{image.pixels[0], image.pixels[1], image.pixels[2]}), (std::vector<int>{40, 50, 60}));
    QVERIFY(std::abs(int(data.train->image(0).pixels[0]) - 200) < 4);
  }

  void filesOfSubfoldersComeAfterThoseOfTheClass() {
    const Folder folder;
    fill(folder, "test");
    folder.image("train/zebra/0/first.png", qRgb(0, 0, 0));
    folder.text("train/zebra/notes.txt", "not an image");
    folder.text("train/.hidden/x", "");
    const Dataset data = openDataset(folder.spec());
    QCOMPARE(data.train->size(), 5);
    QCOMPARE(data.train->name(4), std::string("zebra/0/first.png"));
  }

  void everythingWrongIsListedByName() {
    const Folder folder;
    fill(folder, "test");
    folder.text("train/9/broken.jpg", "this is text");
    folder.text("train/9/empty.png", "");
    folder.text("train/9/other.webp", "RIFF");
    QFile whole(folder.at("train/zebra/b.png"));
    QVERIFY(whole.open(QIODevice::ReadOnly));
    const QByteArray bytes = whole.readAll();
    folder.text("test/zebra/cut.png", bytes.left(bytes.size() / 2));
    folder.image("train/only/x.png", qRgb(0, 0, 0));
    folder.text("train/void/readme.txt", "");
    folder.text("test/void/readme.txt", "");
    const Issues issues = issuesOf(folder.spec());
    QVERIFY(mentions(issues, "train/9/broken.jpg", "neither JPEG nor PNG"));
    QVERIFY(mentions(issues, "train/9/empty.png", "empty"));
    QVERIFY(mentions(issues, "train/9/other.webp", "only JPEG and PNG"));
    QVERIFY(mentions(issues, "test/zebra/cut.png", ""));
    QVERIFY(mentions(issues, "test/only", "in train only"));
    QVERIFY(mentions(issues, "train/void", "no JPEG or PNG"));
    QVERIFY(mentions(issues, "test/void", "no JPEG or PNG"));
    QCOMPARE(issues.size(), std::size_t{7});
  }

  void ofManyFilesTheEndsTell() {
    const Folder folder;
    fill(folder, "test");
    Issues issues;
    openFolder(folder.root.path().toStdString(), 0, 0, issues, 0);
    QCOMPARE(issues.size(), std::size_t{0});
    for (const char* name : {"train/zebra/b.png", "train/10/x.jpg"}) {
      QFile file(folder.at(name));
      QVERIFY(file.resize(file.size() - 12));  // less than the image itself
    }
    folder.text("train/9/text.png", "nothing to see");
    openFolder(folder.root.path().toStdString(), 0, 0, issues, 0);
    QVERIFY(mentions(issues, "train/10/x.jpg", "Premature"));
    QVERIFY(mentions(issues, "train/9/text.png", "neither"));
  }

  void limitsSpareWhatLiesBeyondThem() {
    const Folder folder;
    fill(folder, "test");
    folder.text("train/zebra/z.png", "broken, but never used");
    QCOMPARE(issuesOf(folder.spec()).size(), std::size_t{1});
    QCOMPARE(issuesOf(folder.spec(), 2).size(), std::size_t{0});
    QCOMPARE(openDataset(folder.spec(), 1, 0).train->size(), 3);
  }

  void aFolderWithoutSplitsIsExplained() {
    const Folder folder;
    QCOMPARE(issuesOf(folder.spec()).size(), std::size_t{2});
    QCOMPARE(issuesOf("folder:/nowhere").size(), std::size_t{1});
    QCOMPARE(issuesOf("folder").size(), std::size_t{1});
    QDir().mkpath(folder.at("train"));
    QDir().mkpath(folder.at("test"));
    QVERIFY(mentions(issuesOf(folder.spec()), "train", "no folder of a class"));
  }

  void theFingerprintSeesNamesAndSizes() {
    const Folder folder, same;
    fill(folder, "test");
    fill(same, "test");
    const std::string before = openDataset(folder.spec()).fingerprint;
    QCOMPARE(openDataset(same.spec()).fingerprint, before);
    QVERIFY(QFile::rename(folder.at("train/zebra/b.png"), folder.at("train/zebra/c.png")));
    QVERIFY(openDataset(folder.spec()).fingerprint != before);
  }

  void domainsLieBetweenSplitAndClass() {
    const Folder folder;
    for (const char* split : {"train", "test"})
      for (const char* place : {"sketch/cat", "sketch/dog", "photo/cat", "photo/dog"})
        for (const char* name : {"1.png", "2.png"})
          folder.image((std::string(split) + "/" + place + "/" + name).c_str(), qRgb(1, 2, 3));
    folder.image("train/photo/emu/1.png", qRgb(7, 8, 9));
    folder.image("test/photo/emu/1.png", qRgb(7, 8, 9));
    const Dataset data = openDataset("domains:" + folder.root.path().toStdString());
    QCOMPARE(data.domain_names, (std::vector<std::string>{"photo", "sketch"}));
    QCOMPARE(data.class_names, (std::vector<std::string>{"cat", "dog", "emu"}));
    QCOMPARE(data.train->size(), 9);
    QCOMPARE(data.test->size(), 9);
    QCOMPARE(data.train->name(4), std::string("photo/emu/1.png"));
    QCOMPARE(int(data.train->image(4).pixels[0]), 7);
    const std::vector<int> domains{0, 0, 0, 0, 0, 1, 1, 1, 1}, labels{0, 0, 1, 1, 2, 0, 0, 1, 1};
    for (int i = 0; i < 9; ++i) {
      QCOMPARE(data.train->domain(i), domains[std::size_t(i)]);
      QCOMPARE(data.train->label(i), labels[std::size_t(i)]);
    }
    const Dataset limited = openDataset("domains:" + folder.root.path().toStdString(), 1, 0);
    QCOMPARE(limited.train->size(), 5);  // one of each class in each domain
    QCOMPARE(limited.train->domain(3), 1);
    QVERIFY(limited.fingerprint != data.fingerprint);
  }

  void splitsThatDifferInDomainsOrTheirClassesAreRefused() {
    const Folder folder;
    for (const char* path :
         {"train/photo/cat/1.png", "test/photo/dog/1.png", "train/sketch/cat/1.png", "test/paint/cat/1.png"})
      folder.image(path, qRgb(0, 0, 0));
    QDir().mkpath(folder.at("train/void"));
    QDir().mkpath(folder.at("test/void"));
    const Issues issues = issuesOf("domains:" + folder.root.path().toStdString());
    QVERIFY(mentions(issues, "test/sketch", "the domain is in train only"));
    QVERIFY(mentions(issues, "train/paint", "the domain is in test only"));
    QVERIFY(mentions(issues, "test/photo/cat", "the class is in train only"));
    QVERIFY(mentions(issues, "train/photo/dog", "the class is in test only"));
    QVERIFY(mentions(issues, "train/void", "no folder of a class"));
    QCOMPARE(issues.size(), std::size_t{5});
    QCOMPARE(issuesOf("domains:/nowhere").size(), std::size_t{1});
    QCOMPARE(issuesOf("domains").size(), std::size_t{1});
  }

  void clothesOpenWhereTheyAre() {
    const QString path = QStringLiteral(PALIMPSEST_SOURCE_DIR "/../shared/data/clothing-small");
    if (!QDir(path).exists()) QSKIP("the clothing images are not on this machine");
    const Dataset data = openDataset("folder:" + path.toStdString(), 3, 2);
    QCOMPARE(data.class_names.size(), std::size_t{10});
    QCOMPARE(data.class_names.front(), std::string("dress"));
    QCOMPARE(data.train->size(), 30);
    QCOMPARE(data.test->size(), 20);
    QCOMPARE(data.train->image(0).channels, 3);
  }
};

QTEST_GUILESS_MAIN(ImageFolderTest)
#include "tst_image_folder.moc"
