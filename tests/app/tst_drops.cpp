// Whatever is dropped on the window is recognised by what is in it, and what is of no use says why.
#include <QDir>
#include <QFile>
#include <QImage>
#include <QTemporaryDir>
#include <QTest>

#include "app/dropped.h"
#include "app/readers.h"
#include "engine/protocol/options.h"
#include "engine/record/run_folder.h"
#include "engine/record/run_header.h"

using namespace palimpsest;


class TestDrops : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void init() { dir_ = std::make_unique<QTemporaryDir>(); }
  void runsAreKnownByTheirFolderAndByAnyFileInIt();
  void aFolderOfRunsIsFollowed();
  void recipesAndConfigurationsAreToldApart();
  void weightsAreKnownByTheirNames();
  void foldersOfImagesAreCounted();
  void brokenImagesAreNamed();
  void theRestSaysWhatWouldDo_data();
  void theRestSaysWhatWouldDo();
  void streamsAreSuggestedForAnyNumberOfClasses();
  void imagesOfARunComeFromItsData();
  void aClassThatWasDeletedIsAMissingPicture();
  void tensorsThatCannotBeReadSayWhy();

 private:
  QString path(const char* name) const { return dir_->filePath(QLatin1String(name)); }
  Dropped look(const char* name) const { return lookAt(path(name).toStdString()); }
  void write(const char* name, const QByteArray& text) const {
    QFile file(path(name));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(text);
  }
  void makePets(int classes) const;
  void makeRunOnPets(const char* name, int limit_test = 0);
  std::unique_ptr<QTemporaryDir> dir_;
};

void TestDrops::makePets(int classes) const {
  QImage picture(8, 8, QImage::Format_RGB32);
  for (const char* split : {"train", "test"})
    for (int cls = 0; cls < classes; ++cls) {
      const QString folder = path("pets") + QStringLiteral("/%1/class%2").arg(QLatin1String(split)).arg(cls);
      QVERIFY(QDir().mkpath(folder));
      for (int i = 0; i < 3; ++i) {
        picture.fill(QColor(60 * cls, 10 * i, 0));
        QVERIFY(picture.save(folder + QStringLiteral("/%1.png").arg(i)));
      }
    }
}

void TestDrops::runsAreKnownByTheirFolderAndByAnyFileInIt() {
  record::Writer::create(path("run").toStdString(), record::runJson({}));
  QCOMPARE(look("run").kind, Dropped::Kind::Run);
  const Dropped by_file = look("run/run.json");
  QCOMPARE(by_file.kind, Dropped::Kind::Run);
  QCOMPARE(by_file.path, std::filesystem::path(path("run").toStdString()));
}

void TestDrops::aFolderOfRunsIsFollowed() {
  QVERIFY(QDir().mkpath(path("shared")));
  record::Writer::create(path("shared/a").toStdString(), record::runJson({}));
  QCOMPARE(look("shared").kind, Dropped::Kind::SharedFolder);
}

void TestDrops::recipesAndConfigurationsAreToldApart() {
  write("recipe.json", R"({"name":"mine","head":{"use":"linear"},"phases":[]})");
  write("l2p.json", R"({"model_name":"l2p","init_cls":10,"increment":10})");
  write("other.json", R"({"a":1})");
  write("torn.json", R"({"a":)");
  QCOMPARE(look("recipe.json").kind, Dropped::Kind::Recipe);
  QCOMPARE(look("l2p.json").kind, Dropped::Kind::PilotConfig);
  for (const char* name : {"other.json", "torn.json"}) {
    QCOMPARE(look(name).kind, Dropped::Kind::Unknown);
    QVERIFY(hasErrors(look(name).issues));
  }
}

void TestDrops::weightsAreKnownByTheirNames() {
  write("vit.safetensors", "");
  QCOMPARE(look("vit.safetensors").kind, Dropped::Kind::Weights);
}

void TestDrops::foldersOfImagesAreCounted() {
  makePets(3);
  const Dropped pets = look("pets");
  QCOMPARE(pets.kind, Dropped::Kind::ImageFolder);
  QCOMPARE(pets.classes, 3);
  QCOMPARE(pets.train_images, std::int64_t(9));
  QVERIFY(pets.issues.empty());
}

void TestDrops::brokenImagesAreNamed() {
  makePets(2);
  write("pets/train/class0/1.png", "no picture");
  const Dropped pets = look("pets");
  QVERIFY(hasErrors(pets.issues));
  QVERIFY(pets.issues.front().message.find("1.png") != std::string::npos || pets.issues.front().path.find("1.png") != std::string::npos);
}

void TestDrops::theRestSaysWhatWouldDo_data() {
  QTest::addColumn<QString>("name");
  QTest::newRow("a text") << QStringLiteral("notes.txt");
  QTest::newRow("an empty folder") << QStringLiteral("empty");
  QTest::newRow("nothing at all") << QStringLiteral("gone");
}

void TestDrops::theRestSaysWhatWouldDo() {
  QFETCH(QString, name);
  write("notes.txt", "hello");
  QDir().mkpath(path("empty"));
  const Dropped dropped = lookAt(dir_->filePath(name).toStdString());
  QCOMPARE(dropped.kind, Dropped::Kind::Unknown);
  QVERIFY(hasErrors(dropped.issues));
  QVERIFY(!dropped.issues.front().hint.empty());
}

void TestDrops::streamsAreSuggestedForAnyNumberOfClasses() {
  QCOMPARE(suggestedScenario(10), std::string("cil:init=2,increment=2,order=1993"));
  QCOMPARE(suggestedScenario(100), std::string("cil:init=10,increment=10,order=1993"));
  QCOMPARE(suggestedScenario(7), std::string("cil:init=3,increment=2,order=1993"));
  QCOMPARE(suggestedScenario(1), std::string("cil:init=1,increment=1,order=1993"));
  QCOMPARE(suggestedScenario(3), std::string("cil:init=3,increment=3,order=1993"));
}

void TestDrops::makeRunOnPets(const char* name, int limit_test) {
  RunOptions options;
  options.data = "folder:" + path("pets").toStdString();
  options.limit_test = limit_test;
  record::RunHeader header;
  header.options = Value(valuesOf(options));
  record::Writer::create(path(name).toStdString(), record::runJson(header));
}

void TestDrops::imagesOfARunComeFromItsData() {
  makePets(2);
  makeRunOnPets("run");
  const Picture picture = readPicture(path("run").toStdString(), 4);
  QVERIFY2(picture.problem.isEmpty(), qPrintable(picture.problem));
  QCOMPARE(picture.image.size(), QSize(8, 8));
  QCOMPARE(picture.image.pixelColor(3, 3), QColor(60, 10, 0));
  QVERIFY(!readPicture(path("run").toStdString(), 99).problem.isEmpty());
  QVERIFY(!readPicture(path("nowhere").toStdString(), 0).problem.isEmpty());
}

void TestDrops::aClassThatWasDeletedIsAMissingPicture() {
  makePets(2);
  makeRunOnPets("run");
  QVERIFY(readPicture(path("run").toStdString(), 0).problem.isEmpty());
  QVERIFY(QDir(path("pets/test/class0")).removeRecursively());
  const Picture picture = readPicture(path("run").toStdString(), 1);  // the data set is open already
  QCOMPARE(picture.image.isNull(), !picture.problem.isEmpty());  // kept in memory, or said to be gone
  QVERIFY(readPicture(path("run").toStdString(), 4).problem.isEmpty());
  QVERIFY(QDir(path("pets")).removeRecursively());
  makeRunOnPets("later", 7);  // another reading of the same data
  QVERIFY(!readPicture(path("later").toStdString(), 1).problem.isEmpty());
}

void TestDrops::tensorsThatCannotBeReadSayWhy() {
  write("damaged.safetensors", "no tensors");
  for (const char* name : {"damaged.safetensors", "gone.safetensors"}) {
    const Blob blob = readBlob(path(name).toStdString());
    QVERIFY(blob.tensors.empty());
    QVERIFY(!blob.problem.isEmpty());
  }
}

QTEST_GUILESS_MAIN(TestDrops)
#include "tst_drops.moc"
