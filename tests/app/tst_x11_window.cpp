// The program itself on a real X server (Xvfb): it starts, opens its window, takes a picture of it and ends.
#include <QImage>
#include <QProcess>
#include <QSet>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

class TestX11Window : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void theProgramOpensItsWindow_data();
  void theProgramOpensItsWindow();
};

void TestX11Window::theProgramOpensItsWindow_data() {
  QTest::addColumn<QString>("theme");
  QTest::addColumn<QString>("scale");
  QTest::newRow("light") << QStringLiteral("light") << QStringLiteral("1");
  QTest::newRow("dark, twice the size") << QStringLiteral("dark") << QStringLiteral("2");
}

void TestX11Window::theProgramOpensItsWindow() {
  QFETCH(const QString, theme);
  QFETCH(const QString, scale);
  const QString xvfb = QStandardPaths::findExecutable(QStringLiteral("xvfb-run"));
  if (xvfb.isEmpty()) QSKIP("xvfb-run is not installed");
  QTemporaryDir dir;
  const QString picture = dir.filePath(QStringLiteral("window.png"));
  QProcess program;
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("xcb"));
  environment.insert(QStringLiteral("QT_SCALE_FACTOR"), scale);
  environment.insert(QStringLiteral("HOME"), dir.path());  // settings of its own
  environment.insert(QStringLiteral("XDG_CONFIG_HOME"), dir.path());
  program.setProcessEnvironment(environment);
  program.setProcessChannelMode(QProcess::MergedChannels);
  program.start(xvfb, {QStringLiteral("-a"), QStringLiteral("-s"), QStringLiteral("-screen 0 2880x1800x24"),
                       QStringLiteral(PALIMPSEST_BINARY_DIR "/app/palimpsest"), QStringLiteral("--theme"), theme, QStringLiteral("--runs"),
                       dir.filePath(QStringLiteral("runs")), QStringLiteral("--screenshot"), picture, QStringLiteral("--after"), QStringLiteral("2")});
  QVERIFY(program.waitForStarted());
  QVERIFY(program.waitForFinished(60000));
  const QByteArray said = program.readAll();
  QVERIFY2(program.exitStatus() == QProcess::NormalExit && program.exitCode() == 0, said.constData());
  const QImage image(picture);
  QVERIFY2(!image.isNull(), said.constData());
  QVERIFY(image.width() >= 1000 * scale.toInt() && image.height() >= 600 * scale.toInt());
  QSet<QRgb> colours;
  for (int y = 0; y < image.height(); y += 3)
    for (int x = 0; x < image.width(); x += 3) colours.insert(image.pixel(x, y));
  QVERIFY(colours.size() > 20);  // something is drawn
  QCOMPARE(qGray(image.pixel(image.width() / 2, image.height() / 2)) > 128, theme == QStringLiteral("light"));
}

QTEST_GUILESS_MAIN(TestX11Window)
#include "tst_x11_window.moc"
