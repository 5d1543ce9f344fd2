// Contact sheets and the program's own figures, as a person gets them from a shell.
#include <QDir>
#include <QImage>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

#include "cli_process.h"

namespace {

constexpr int kColumn = 166;  // pixels left of the first picture

QStringList words(const QString& text) { return text.split(QLatin1Char(' '), Qt::SkipEmptyParts); }

// Different colours in a part of a picture.
qsizetype coloursIn(const QImage& picture, const QRect& part) {
  QSet<QRgb> seen;
  for (int y = part.top(); y <= part.bottom(); ++y)
    for (int x = part.left(); x <= part.right(); ++x) seen.insert(picture.pixel(x, y));
  return seen.size();
}

}  // namespace

class TestCliPictures : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void aSheetShowsEveryClassAndItsName_data();
  void aSheetShowsEveryClassAndItsName();
  void aSheetOfAFolderOfPhotographs();
  void sheetsOfDomainsDiffer();
  void everyMistakeOfASheetIsTold();
  void benchMeasuresPretraining();
  void benchRefusesWhatItCannotMeasure();

 private:
  QString path(const char* name) const { return folder_.filePath(QLatin1String(name)); }
  QTemporaryDir folder_;
};

void TestCliPictures::aSheetShowsEveryClassAndItsName_data() {
  QTest::addColumn<QString>("data");
  QTest::newRow("shapes") << QStringLiteral("shapes:classes=8,relations=yes");
  QTest::newRow("world") << QStringLiteral("world:classes=5,side=40");
}

void TestCliPictures::aSheetShowsEveryClassAndItsName() {
  QFETCH(QString, data);
  const QString file = path("sheets/new/sheet.png");
  const Ended ended =
      cli(words(QStringLiteral("sheet --data %1 --classes 5 --images 3 --side 48 --out %2").arg(data, file)));
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  QVERIFY(ended.err.contains(QStringLiteral("5 classes")));
  const QImage picture(file);
  QCOMPARE(picture.width() - kColumn, 3 * 52 + 8);
  for (int row = 0; row < 5; ++row) {
    const int top = 38 + row * 52;
    QVERIFY(coloursIn(picture, {12, top, 150, 48}) > 4);  // letters
    for (int column = 0; column < 3; ++column)
      QVERIFY(coloursIn(picture, {kColumn + 2 + column * 52, top + 2, 44, 44}) > 5);
    QCOMPARE(coloursIn(picture, {kColumn + 3 * 52, top, 8, 48}), 1);  // nothing beyond the last picture
  }
  QVERIFY(QFile::remove(file));
}

void TestCliPictures::aSheetOfAFolderOfPhotographs() {
  const QString data = path("photographs");
  for (const char* split : {"train", "test"})
    for (const char* name : {"cats <&>", "dogs"}) {
      const QString folder = data + QLatin1Char('/') + QLatin1String(split) + QLatin1Char('/') + QLatin1String(name);
      QVERIFY(QDir().mkpath(folder));
      QImage image(40, 20, QImage::Format_RGB32);
      image.fill(*name == 'c' ? QColor(200, 30, 40) : QColor(10, 120, 220));
      QVERIFY(image.save(folder + QStringLiteral("/1.png")));
    }
  const QString file = path("photographs.png");
  const Ended ended = cli({QStringLiteral("sheet"), QStringLiteral("--data"), QStringLiteral("folder:") + data,
                           QStringLiteral("--split"), QStringLiteral("test"), QStringLiteral("--out"), file});
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  const QImage picture(file);
  QCOMPARE(picture.pixelColor(kColumn + 32, 38 + 32), QColor(200, 30, 40));
  QCOMPARE(picture.pixelColor(kColumn + 32, 38 + 68 + 32), QColor(10, 120, 220));
  QCOMPARE(picture.pixelColor(kColumn + 32, 38 + 5), QColor(255, 255, 255));  // wider than high: room above
}

void TestCliPictures::sheetsOfDomainsDiffer() {
  QSet<QByteArray> pictures;
  for (const char* domain : {"plain", "photo", "sketch", "inverted", "blurred"}) {
    const QString file = path("domain.png");
    const Ended ended = cli(words(QStringLiteral("sheet --data shapes:domain=%1 --classes 2 --images 2 --out %2")
                                      .arg(QLatin1String(domain), file)));
    QVERIFY2(ended.status == 0, qPrintable(ended.err));
    pictures.insert(readFile(file));
  }
  QCOMPARE(pictures.size(), 5);
}

void TestCliPictures::everyMistakeOfASheetIsTold() {
  const Ended ended = cli(words(QStringLiteral(
      "sheet --data shapes:domain=foto --classes 0 --images many --side 9999 --split both --nonsense 3")));
  QCOMPARE(ended.status, 2);
  QVERIFY2(ended.err.contains(QStringLiteral("--nonsense")), qPrintable(ended.err));
  const Ended values =
      cli(words(QStringLiteral("sheet --data shapes:domain=foto --classes 0 --images many --side 9999 --split both")));
  QCOMPARE(values.status, 2);
  for (const char* part : {"domain=photo?", "--classes", "--images", "--side", "--split", "--out: is missing"})
    QVERIFY2(values.err.contains(QLatin1String(part)), qPrintable(values.err));
  QVERIFY(values.err.contains(QStringLiteral("Nothing was started")) && values.out.isEmpty());
  const Ended large = cli(words(
      QStringLiteral("sheet --data shapes:classes=720 --classes 720 --side 1024 --out %1").arg(path("large.png"))));
  QCOMPARE(large.status, 2);
  QVERIFY2(large.err.contains(QStringLiteral("fewer --classes")), qPrintable(large.err));
  QVERIFY(!QFile::exists(path("large.png")));
  const Ended folder = cli(words(QStringLiteral("sheet --data shapes --out %1").arg(folder_.path())));
  QCOMPARE(folder.status, 2);
  QVERIFY2(folder.err.contains(QStringLiteral("is a folder")), qPrintable(folder.err));
}

void TestCliPictures::benchMeasuresPretraining() {
  const QStringList command =
      words(QStringLiteral("bench pretrain --images 64 --train 1 --threads 1 --backbone "
                           "new:image=28,patch=7,width=32,depth=2,heads=2,seed=1"));
  const Ended ended = cli(command + QStringList{QStringLiteral("--json")});
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  const QJsonObject json = QJsonDocument::fromJson(ended.out.toUtf8()).object();
  const QJsonArray drawn = json[QLatin1String("generator")].toArray();
  QCOMPARE(drawn.size(), 4);
  for (const QJsonValue& row : drawn) QVERIFY(row[QLatin1String("images_per_second")].toDouble() > 0);  // however slow the machine
  const QJsonObject trained = json[QLatin1String("training")].toObject();
  QCOMPARE(trained[QLatin1String("images")].toInt(), 256);
  QCOMPARE(trained[QLatin1String("steps")].toInt(), 2);  // of 128 images
  QCOMPARE(trained[QLatin1String("threads")].toInt(), 1);
  QVERIFY(trained[QLatin1String("images_per_second")].toDouble() > 0);
  const double waiting = trained[QLatin1String("waiting_percent")].toDouble(-1);
  QVERIFY(waiting >= 0);
  QCOMPARE(trained[QLatin1String("held")].toBool(), waiting < trained[QLatin1String("limit_percent")].toDouble());

  const Ended text = cli(command);
  QVERIFY2(text.status == 0 && text.out.contains(QStringLiteral("Waiting for data:")), qPrintable(text.err + text.out));
}

void TestCliPictures::benchRefusesWhatItCannotMeasure() {
  const Ended ended = cli(words(QStringLiteral("bench pretrain --images 0 --train x --threads -1")));
  QCOMPARE(ended.status, 2);
  for (const char* part : {"--images", "--train", "--threads"})
    QVERIFY2(ended.err.contains(QLatin1String(part)), qPrintable(ended.err));
  for (const char* command : {"bench", "bench pretran"}) {
    const Ended other = cli(words(QLatin1String(command)));
    QCOMPARE(other.status, 2);
    QVERIFY2(other.err.contains(QStringLiteral("palimpsest-cli bench pretrain")), qPrintable(other.err));
  }
}

QTEST_GUILESS_MAIN(TestCliPictures)
#include "tst_cli_pictures.moc"
