// The layers of the program, read off the #include lines: distributions that put ATen and c10 on the default include
// path would let a leak compile. Reads sources only; needs nothing that was built.
#include <QDirIterator>
#include <QFile>
#include <QHash>
#include <QRegularExpression>
#include <QSet>
#include <QTest>
#include <functional>

namespace {

const QString kRoot = QStringLiteral(PALIMPSEST_SOURCE_DIR);

QString contents(const QString& path) {
  QFile file(kRoot + QLatin1Char('/') + path);
  return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

// Files below `folder` with one of these endings, as paths from the project's root, sorted.
QStringList filesIn(const QString& folder, const QStringList& patterns) {
  QStringList files;
  for (QDirIterator at(kRoot + QLatin1Char('/') + folder, patterns, QDir::Files, QDirIterator::Subdirectories);
       at.hasNext();)
    files.append(at.next().mid(kRoot.size() + 1));
  files.sort();
  return files;
}

QStringList sourcesIn(const QString& folder) {
  return filesIn(folder, {QStringLiteral("*.h"), QStringLiteral("*.cpp")});
}

struct Include {
  QString name;
  bool angled = false;
};

QList<Include> includesOf(const QString& path) {
  static const QRegularExpression line(QStringLiteral("^\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"]"),
                                       QRegularExpression::MultilineOption);
  QList<Include> includes;
  for (auto match = line.globalMatch(contents(path)); match.hasNext();) {
    const auto found = match.next();
    includes.append({found.captured(2), found.captured(1) == QLatin1String("<")});
  }
  return includes;
}

bool isQt(const QString& name) {
  static const QRegularExpression qt(QStringLiteral("^(Qt?[A-Z0-9]\\w*(/.*)?|q[a-z]+\\.h|qcustomplot.*)$"));
  return qt.match(name).hasMatch();
}

bool isTorch(const QString& name) {
  static const QRegularExpression torch(QStringLiteral("^(torch|ATen|c10|caffe2)/"));
  return torch.match(name).hasMatch();
}

// The chain of includes by which `path` reaches something that `wanted` names; empty when it does not.
QString chainTo(const QString& path, const std::function<bool(const QString&)>& wanted, QSet<QString>& visited) {
  if (visited.contains(path)) return {};
  visited.insert(path);
  for (const Include& include : includesOf(path)) {
    if (wanted(include.name)) return path + QStringLiteral(" -> ") + include.name;
    if (include.angled || !QFile::exists(kRoot + QLatin1Char('/') + include.name)) continue;
    if (const QString rest = chainTo(include.name, wanted, visited); !rest.isEmpty())
      return path + QStringLiteral(" -> ") + rest;
  }
  return {};
}

QString chainTo(const QString& path, const std::function<bool(const QString&)>& wanted) {
  QSet<QString> visited;
  return chainTo(path, wanted, visited);
}

// Headers that some CMakeLists.txt names in a FILE_SET: CMake compiles each of them alone.
QSet<QString> headersInFileSets() {
  static const QRegularExpression set(QStringLiteral("FILE_SET\\s+HEADERS[^)]*?FILES\\s+([^)]*)\\)"));
  QSet<QString> headers;
  QStringList lists;
  for (const char* top : {"engine", "widgets", "app"})
    lists += filesIn(QLatin1String(top), {QStringLiteral("CMakeLists.txt")});
  for (const QString& list : lists) {
    const QString folder = list.left(list.size() - int(sizeof("CMakeLists.txt")) + 1);
    for (auto match = set.globalMatch(contents(list)); match.hasNext();)
      for (const QString& word :
           match.next().captured(1).split(QRegularExpression(QStringLiteral("\\s+")), Qt::SkipEmptyParts))
        headers.insert(QDir::cleanPath(folder + word));
  }
  return headers;
}

// engine/record for engine/record/json.h; engine for engine/engine.h.
QString folderOf(const QString& path) { return path.left(path.lastIndexOf(QLatin1Char('/'))); }

void expectNone(const QStringList& offenders) {
  QVERIFY2(offenders.isEmpty(), qPrintable(QLatin1Char('\n') + offenders.join(QLatin1Char('\n'))));
}

}  // namespace

class TestLayering : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void theReaderSeesIncludes();
  void engineKnowsNoQtAndNoWindow();
  void theCommandLineKnowsNoQt();
  void windowNeverReachesTorch();
  void torchFreeFoldersStayTorchFree_data();
  void torchFreeFoldersStayTorchFree();
  void protocolAndMetricsAreStdOnly();
  void widgetsKnowNoEngineAndNoApp();
  void everyPublicHeaderIsVerified();
  void filesStayReadable();
  void noMachinePathsInSources();
};

// The other tests would pass on an empty list of files.
void TestLayering::theReaderSeesIncludes() {
  QVERIFY(sourcesIn(QStringLiteral("engine")).size() > 20);
  QVERIFY(!includesOf(QStringLiteral("engine/protocol/param.h")).isEmpty());
  QVERIFY(!chainTo(QStringLiteral("engine/engine.h"), [](const QString& name) {
             return name == QLatin1String("vector");
           }).isEmpty());
  QVERIFY(headersInFileSets().contains(QStringLiteral("engine/protocol/event.h")));
  QVERIFY(isQt(QStringLiteral("QString")) && isQt(QStringLiteral("QtCore/QString")) &&
          isQt(QStringLiteral("qcustomplot.h")));
  QVERIFY(isTorch(QStringLiteral("ATen/ATen.h")) && !isTorch(QStringLiteral("engine/device/torch_compat.h")));
}

void TestLayering::engineKnowsNoQtAndNoWindow() {
  QStringList offenders;
  for (const QString& file : sourcesIn(QStringLiteral("engine")))
    for (const Include& include : includesOf(file))
      if (isQt(include.name) || include.name.startsWith(QLatin1String("widgets/")) ||
          include.name.startsWith(QLatin1String("app/")))
        offenders.append(file + QStringLiteral(" includes ") + include.name);
  expectNone(offenders);
}

void TestLayering::theCommandLineKnowsNoQt() {
  QStringList offenders;
  for (const QString& file : sourcesIn(QStringLiteral("app/cli"))) {
    const auto forbidden = [](const QString& name) { return isQt(name) || name.startsWith(QLatin1String("widgets/")); };
    if (const QString chain = chainTo(file, forbidden); !chain.isEmpty()) offenders.append(chain);
  }
  expectNone(offenders);
}

// Over any number of steps: a header of the engine that includes torch may not be included either.
void TestLayering::windowNeverReachesTorch() {
  QStringList offenders;
  for (const QString& file : sourcesIn(QStringLiteral("widgets")) + sourcesIn(QStringLiteral("app")))
    if (const QString chain = chainTo(file, isTorch); !chain.isEmpty()) offenders.append(chain);
  expectNone(offenders);
}

void TestLayering::torchFreeFoldersStayTorchFree_data() {
  QTest::addColumn<QString>("folder");
  for (const char* folder : {"protocol", "metrics", "record", "data", "memory", "scenario", "export"})
    QTest::newRow(folder) << QStringLiteral("engine/") + QLatin1String(folder);
}

void TestLayering::torchFreeFoldersStayTorchFree() {
  QFETCH(QString, folder);
  const QStringList files = sourcesIn(folder);
  QVERIFY2(!files.isEmpty(), qPrintable(folder + QStringLiteral(" is empty")));
  QStringList offenders;
  for (const QString& file : files)
    if (const QString chain = chainTo(file, [](const QString& name) { return isTorch(name) || isQt(name); });
        !chain.isEmpty())
      offenders.append(chain);
  expectNone(offenders);
}

void TestLayering::protocolAndMetricsAreStdOnly() {
  QStringList offenders;
  for (const QString& file :
       sourcesIn(QStringLiteral("engine/protocol")) + sourcesIn(QStringLiteral("engine/metrics"))) {
    for (const Include& include : includesOf(file)) {
      // Headers of the standard library have neither a folder nor an ending.
      const bool standard = include.angled && !include.name.contains(QLatin1Char('/')) &&
                            !include.name.contains(QLatin1Char('.')) && !isQt(include.name);
      const bool own = include.name.startsWith(QLatin1String("engine/protocol/")) ||
                       include.name.startsWith(QLatin1String("engine/metrics/"));
      if (!standard && !own) offenders.append(file + QStringLiteral(" includes ") + include.name);
    }
  }
  expectNone(offenders);
}

void TestLayering::widgetsKnowNoEngineAndNoApp() {
  static const QRegularExpression allowed(QStringLiteral("^engine/(protocol|metrics|record)/"));
  QStringList offenders;
  for (const QString& file : sourcesIn(QStringLiteral("widgets")))
    for (const Include& include : includesOf(file))
      if (include.name.startsWith(QLatin1String("app/")) ||
          (include.name.startsWith(QLatin1String("engine/")) && !allowed.match(include.name).hasMatch()))
        offenders.append(file + QStringLiteral(" includes ") + include.name);
  expectNone(offenders);
}

// Public: without torch, and included from another folder of engine, or from widgets, app or tests.
void TestLayering::everyPublicHeaderIsVerified() {
  const QSet<QString> verified = headersInFileSets();
  QHash<QString, QString> used_by;
  for (const char* top : {"engine", "widgets", "app"})
    for (const QString& file : sourcesIn(QLatin1String(top)))
      for (const Include& include : includesOf(file))
        if (folderOf(include.name) != folderOf(file)) used_by.insert(include.name, file);
  QStringList offenders;
  for (const QString& header : sourcesIn(QStringLiteral("engine")) + sourcesIn(QStringLiteral("widgets"))) {
    if (!header.endsWith(QLatin1String(".h")) || !used_by.contains(header) || verified.contains(header)) continue;
    if (chainTo(header, isTorch).isEmpty())
      offenders.append(header + QStringLiteral(" is in no FILE_SET but ") + used_by.value(header) +
                       QStringLiteral(" includes it"));
  }
  expectNone(offenders);
}

// Limits: 120 lines a header, 400 a source; above is printed, above twice fails.
void TestLayering::filesStayReadable() {
  // One struct per event, side by side: a table that is read by looking things up.
  const QStringList tables{QStringLiteral("engine/protocol/event.h")};
  QStringList offenders;
  for (const char* top : {"engine", "widgets", "app", "tests"}) {
    for (const QString& file : sourcesIn(QLatin1String(top))) {
      const auto lines = contents(file).count(QLatin1Char('\n'));
      const int limit = file.endsWith(QLatin1String(".h")) ? 120 : 400;
      if (lines <= limit || tables.contains(file)) continue;
      const QString text = QStringLiteral("%1 has %2 lines, the limit is %3").arg(file).arg(lines).arg(limit);
      if (lines > 2 * limit) offenders.append(text);
      else qInfo("%s", qPrintable(text));
    }
  }
  expectNone(offenders);
}

void TestLayering::noMachinePathsInSources() {
  // Written in two pieces, so that this file does not find itself.
  const QStringList forbidden{
      QStringLiteral("/wo") + QStringLiteral("rk/"), QStringLiteral("/ro") + QStringLiteral("ot/"),
      QStringLiteral("/ho") + QStringLiteral("me/"), QStringLiteral("/t") + QStringLiteral("mp/")};
  const QStringList patterns{QStringLiteral("*.h"),       QStringLiteral("*.cpp"),  QStringLiteral("CMakeLists.txt"),
                             QStringLiteral("*.cmake"),   QStringLiteral("*.json"), QStringLiteral("*.md"),
                             QStringLiteral("quickstart")};
  QStringList files;
  for (const char* top : {"engine", "widgets", "app", "tests", "packaging", "resources/recipes"})
    files += filesIn(QLatin1String(top), patterns);
  for (const char* file : {"CMakeLists.txt", "CMakePresets.json", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"})
    files += QLatin1String(file);
  QStringList offenders;
  for (const QString& file : files)
    for (const QString& path : forbidden)
      if (contents(file).contains(path) &&
          !(file.startsWith(QLatin1String("tests/")) && path.endsWith(QLatin1String("mp/"))))
        offenders.append(file + QStringLiteral(" names a path of some machine: ") + path);
  expectNone(offenders);
}

QTEST_GUILESS_MAIN(TestLayering)
#include "tst_layering.moc"
