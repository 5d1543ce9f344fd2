// Whole runs from the command line: what they print, what they leave behind, and that they can be repeated.
#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QScopeGuard>
#include <QTemporaryDir>
#include <QTest>

#include "cli_process.h"
#include "engine/record/run_folder.h"

namespace {

// results.json without what a clock and a machine decide.
QJsonObject resultsOf(const QString& folder) {
  QJsonObject results = QJsonDocument::fromJson(readFile(folder + QStringLiteral("/results.json"))).object();
  for (const char* key : {"seconds", "peak_rss_bytes"}) results.remove(QLatin1String(key));
  return results;
}

std::vector<double> lossesOf(const QString& folder) {
  std::vector<double> all;
  for (const palimpsest::Event& event : palimpsest::record::effectiveEvents(folder.toStdString()))
    if (const auto* step = std::get_if<palimpsest::StepMeasured>(&event.what)) all.push_back(step->loss);
  return all;
}

}  // namespace

class TestCliRuns : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void init() { folder_ = std::make_unique<QTemporaryDir>(); }
  void aRunPrintsItsTableAndSaysWhereItIs();
  void progressIsOneLinePerEpochWithoutATerminal();
  void theSameCommandTwiceGivesTheSameResults_data();
  void theSameCommandTwiceGivesTheSameResults();
  void anotherSeedGivesAnotherRun();
  void theDefaultFolderIsTheFirstFreeOne();
  void settingsReachTheRecipe();
  void compareWritesAllItsFiles();
  void aControlIsComparedWithItsRecipe();
  void aControlIsARunOfItsOwn();
  void reportsReadATornRun();
  void runsAreListed();
  void featuresAreWritten();
  void aTrainedModelIsExported();
  void theCommandOfACardMakesTheSameWeights_data();
  void theCommandOfACardMakesTheSameWeights();
  void weightsAreAddedListedAssessedAndForgotten();

 private:
  QString path(const char* name) const { return folder_->filePath(QLatin1String(name)); }
  std::unique_ptr<QTemporaryDir> folder_;
};

void TestCliRuns::aRunPrintsItsTableAndSaysWhereItIs() {
  const Ended ended = cli(tinyRun(QStringLiteral("simplecil"), path("run")));
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  for (const char* word : {"after task", "average", "last", "forgetting"})
    QVERIFY2(ended.out.contains(QLatin1String(word)), qPrintable(ended.out));
  QVERIFY(ended.err.contains(path("run")));
  const QJsonObject results = resultsOf(path("run"));
  QCOMPARE(results[QLatin1String("state")].toString(), QStringLiteral("done"));
  QCOMPARE(results[QLatin1String("top1")].toArray().size(), 3);
  QVERIFY(ended.out.contains(QString::number(results[QLatin1String("last")].toDouble(), 'f', 2)));
  for (const char* file : {"run.json", "events.jsonl", "results.json", "run.log"})
    QVERIFY2(QFile::exists(path("run/") + QLatin1String(file)), file);
}

void TestCliRuns::progressIsOneLinePerEpochWithoutATerminal() {
  const Ended ended = cli(tinyRun(QStringLiteral("finetune"), path("run")) +
                          QStringList{QStringLiteral("--set"), QStringLiteral("phases.0.epochs=3")});
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  QCOMPARE(ended.err.count(QStringLiteral(" epoch ")), 3 * 3);
  QCOMPARE(ended.err.count(QStringLiteral(" learned in ")), 3);
  QVERIFY(!ended.err.contains(QLatin1Char('\r')) && !ended.err.contains(QLatin1Char('\x1b')));
}

void TestCliRuns::theSameCommandTwiceGivesTheSameResults_data() {
  QTest::addColumn<QString>("recipe");
  for (const char* recipe : {"finetune", "no-prompt", "simplecil", "l2p", "joint"})
    QTest::newRow(recipe) << QString::fromLatin1(recipe);
}

void TestCliRuns::theSameCommandTwiceGivesTheSameResults() {
  QFETCH(QString, recipe);
  QCOMPARE(cli(tinyRun(recipe, path("a"))).status, 0);
  QCOMPARE(cli(tinyRun(recipe, path("b"))).status, 0);
  QVERIFY(!resultsOf(path("a")).isEmpty());
  QCOMPARE(resultsOf(path("a")), resultsOf(path("b")));
}

void TestCliRuns::anotherSeedGivesAnotherRun() {
  const auto losses = [&](const char* name, const char* seed) {
    if (cli(tinyRun(QStringLiteral("finetune"), path(name)) +
            QStringList{QStringLiteral("--seed"), QLatin1String(seed)})
            .status != 0)
      return std::vector<double>{};
    return lossesOf(path(name));
  };
  const auto one = losses("one", "1"), same = losses("same", "1"), two = losses("two", "2");
  QVERIFY(!one.empty() && one.size() == two.size());
  QVERIFY(one == same);
  QVERIFY(one != two);
}

void TestCliRuns::theDefaultFolderIsTheFirstFreeOne() {
  CliProcess process(QStringList{QStringLiteral("run"), QStringLiteral("--recipe"), QStringLiteral("simplecil")} +
                     tinyOptions());
  const Ended ended = process.wait();
  QVERIFY2(ended.status == 0 && ended.err.contains(QStringLiteral("runs/simplecil-1")), qPrintable(ended.err));
}

void TestCliRuns::settingsReachTheRecipe() {
  const QStringList settings{QStringLiteral("--set"), QStringLiteral("phases.0.epochs=1"),
                             QStringLiteral("--phases.0.lr"), QStringLiteral("0.125")};
  QCOMPARE(cli(tinyRun(QStringLiteral("finetune"), path("run")) + settings).status, 0);
  const QJsonObject run = QJsonDocument::fromJson(readFile(path("run/run.json"))).object();
  const QJsonObject phase = run[QLatin1String("recipe")][QLatin1String("phases")][0].toObject();
  QCOMPARE(phase[QLatin1String("epochs")].toInt(), 1);
  QCOMPARE(phase[QLatin1String("lr")].toDouble(), 0.125);
}

void TestCliRuns::compareWritesAllItsFiles() {
  const QStringList arguments{QStringLiteral("compare"),
                              QStringLiteral("--recipes"),
                              QStringLiteral("finetune,simplecil"),
                              QStringLiteral("--out"),
                              path("out"),
                              QStringLiteral("--set"),
                              QStringLiteral("finetune:phases.0.epochs=1")};
  const Ended ended = cli(arguments + tinyOptions());
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  for (const char* file : {"compare.json", "compare.csv", "compare.tex", "report.html", "accuracy.png",
                           "forgetting.png", "loss.png", "runs/finetune/results.json", "runs/simplecil/results.json"})
    QVERIFY2(QFileInfo(path("out/") + QLatin1String(file)).size() > 0, file);
  for (const char* name : {"finetune", "simplecil"})
    QVERIFY2(ended.out.contains(QLatin1String(name)), qPrintable(ended.out));
  QVERIFY(QJsonDocument::fromJson(readFile(path("out/compare.json"))).isObject());
  QCOMPARE(resultsOf(path("out/runs/finetune"))[QLatin1String("class_order")],
           resultsOf(path("out/runs/simplecil"))[QLatin1String("class_order")]);
}

// Settings of the recipe concern its controls as well, so that one word is all that differs; and a control can be set
// alone.
void TestCliRuns::aControlIsComparedWithItsRecipe() {
  const Ended ended =
      cli(QStringLiteral("compare --recipes simplecil,l2p --control random,no-prompt --set l2p:phases.0.epochs=1 "
                         "--set l2p+random:phases.0.lr=0.125 --limit-train 8 --out")
              .split(QLatin1Char(' ')) +
          QStringList{path("out")} + tinyOptions());
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  QCOMPARE(QDir(path("out/runs")).entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name),
           (QStringList{QStringLiteral("l2p"), QStringLiteral("l2p+no-prompt"), QStringLiteral("l2p+random"),
                        QStringLiteral("simplecil")}));
  const auto recipe = [&](const char* name) {
    const QByteArray run = readFile(path("out/runs/") + QLatin1String(name) + QStringLiteral("/run.json"));
    return QJsonDocument::fromJson(run).object()[QLatin1String("recipe")].toObject();
  };
  const auto select = [&](const char* name) {
    return recipe(name)[QLatin1String("prompts")].toArray()[0].toObject()[QLatin1String("select")].toObject();
  };
  QCOMPARE(select("l2p")[QLatin1String("test")].toString(), QStringLiteral("instance"));
  QCOMPARE(select("l2p+random")[QLatin1String("test")].toString(), QStringLiteral("random"));
  QVERIFY(!recipe("l2p+no-prompt").contains(QLatin1String("prompts")));
  for (const char* name : {"l2p", "l2p+random", "l2p+no-prompt"}) {
    const QJsonObject phase = recipe(name)[QLatin1String("phases")].toArray()[0].toObject();
    QCOMPARE(phase[QLatin1String("epochs")].toInt(), 1);
    QCOMPARE(phase[QLatin1String("lr")].toDouble() == 0.125, QLatin1String(name) == QLatin1String("l2p+random"));
  }
}

void TestCliRuns::aControlIsARunOfItsOwn() {
  const Ended ended =
      cli(tinyRun(QStringLiteral("l2p"), path("run")) +
          QStringLiteral("--control shared-prompt --limit-train 8 --set phases.0.epochs=1").split(QLatin1Char(' ')));
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  const QJsonObject run = QJsonDocument::fromJson(readFile(path("run/run.json"))).object();
  const QJsonObject recipe = run[QLatin1String("recipe")].toObject();
  QCOMPARE(recipe[QLatin1String("name")].toString(), QStringLiteral("l2p+shared-prompt"));
  QCOMPARE(recipe[QLatin1String("title")].toString(), QStringLiteral("L2P, shared-prompt"));
}

void TestCliRuns::reportsReadATornRun() {
  QCOMPARE(cli(tinyRun(QStringLiteral("finetune"), path("run"))).status, 0);
  const QByteArray events = readFile(path("run/events.jsonl"));
  writeFile(path("run/events.jsonl"), events.left(events.size() - events.size() / 3));  // somewhere inside a line
  const Ended ended = cli({QStringLiteral("report"), path("run"), QStringLiteral("--out"), path("report.html")});
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  QVERIFY(readFile(path("report.html")).contains("<svg"));
}

void TestCliRuns::runsAreListed() {
  QCOMPARE(cli(tinyRun(QStringLiteral("simplecil"), path("deep/er/run"))).status, 0);
  const Ended ended = cli({QStringLiteral("list"), QStringLiteral("runs"), folder_->path(), QStringLiteral("--json")});
  QCOMPARE(ended.status, 0);
  const QJsonArray rows = QJsonDocument::fromJson(ended.out.toUtf8()).array();
  QCOMPARE(rows.size(), 1);
  QCOMPARE(rows[0][QLatin1String("recipe")].toString(), QStringLiteral("simplecil"));
  QCOMPARE(rows[0][QLatin1String("state")].toString(), QStringLiteral("done"));
  QCOMPARE(rows[0][QLatin1String("last")].toDouble(), resultsOf(path("deep/er/run"))[QLatin1String("last")].toDouble());
}

void TestCliRuns::aTrainedModelIsExported() {
  QCOMPARE(cli(tinyRun(QStringLiteral("simplecil"), path("run"))).status, 0);
  const Ended done = cli({QStringLiteral("export"), path("run"), QStringLiteral("--out"), path("model.pt"), QStringLiteral("--json")});
  QVERIFY2(done.status == 0, qPrintable(done.err));
  const QJsonObject said = QJsonDocument::fromJson(done.out.toUtf8()).object();
  QCOMPARE(said[QLatin1String("changed_predictions")].toInt(-1), 0);
  QVERIFY(said[QLatin1String("checked_images")].toInt() > 0);
  QCOMPARE(said[QLatin1String("bytes")].toInteger(), QFileInfo(path("model.pt")).size());
  const Ended again = cli({QStringLiteral("export"), path("run"), QStringLiteral("--out"), path("model.pt"), QStringLiteral("--format"), QStringLiteral("onxn")});
  QCOMPARE(again.status, 2);
  QVERIFY2(again.err.contains(QStringLiteral("already there")) && again.err.contains(QStringLiteral("no format")), qPrintable(again.err));
  QCOMPARE(cli({QStringLiteral("export"), path("run"), QStringLiteral("--out"), path("model.safetensors"), QStringLiteral("--format"), QStringLiteral("safetensors")}).status, 0);
}

void TestCliRuns::featuresAreWritten() {
  const Ended ended = cli(QStringList{QStringLiteral("features"), QStringLiteral("--split"), QStringLiteral("train"),
                                      QStringLiteral("--out"), path("f.safetensors"), QStringLiteral("--json")} +
                          tinyOptions());
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  const QJsonObject summary = QJsonDocument::fromJson(ended.out.toUtf8()).object();
  QCOMPARE(summary[QLatin1String("images")].toInt(), 6 * 40);
  QCOMPARE(summary[QLatin1String("width")].toInt(), 32);
  const QByteArray file = readFile(path("f.safetensors"));
  QVERIFY(file.contains("\"features\"") && file.contains("\"labels\""));
  QVERIFY(file.size() > 6 * 40 * (32 * 4 + 8));
}

void TestCliRuns::theCommandOfACardMakesTheSameWeights_data() {
  QTest::addColumn<QString>("objective");
  QTest::newRow("distilled") << QStringLiteral("distilled --phases.1.warmup_steps 5 --phases.1.batch 16");
  QTest::newRow("supervised") << QStringLiteral("supervised --phases.0.batch 16 --half --assess world:classes=5,train=12,test=1,side=16,seed=3");
}

void TestCliRuns::theCommandOfACardMakesTheSameWeights() {
  QFETCH(QString, objective);
  QDir().mkpath(path("first"));
  QDir().mkpath(path("second"));
  QStringList command = QStringLiteral("pretrain --data world:classes=40,train=40,test=1,side=28 --threads 1 --seed 3 --backbone "
                                       "new:image=28,patch=14,width=32,depth=2,heads=2,seed=7 --objective %1").arg(objective).split(QLatin1Char(' '));
  if (!objective.contains(QStringLiteral("--assess"))) command << QStringLiteral("--assess") << QStringLiteral("none");
  const Ended ended = cli(command + QStringList{QStringLiteral("--run"), path("first/run"), QStringLiteral("--out"), path("first/w.safetensors")});
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  const QString card = QString::fromUtf8(readFile(path("first/w.md")));
  QCOMPARE(card.contains(QStringLiteral("nearest mean | ridge")), objective.contains(QStringLiteral("--assess")));
  const QString line = card.mid(card.indexOf(QStringLiteral("palimpsest-cli pretrain"))).section(QLatin1Char('\n'), 0, 0);
  QStringList again = line.split(QLatin1Char(' ')).mid(1);
  again.replaceInStrings(QRegularExpression(QStringLiteral("^w\\.safetensors$")), path("second/w.safetensors"));
  again << QStringLiteral("--run") << path("second/run") << QStringLiteral("--assess") << QStringLiteral("none");
  const Ended repeated = cli(again);
  QVERIFY2(repeated.status == 0, qPrintable(line + repeated.err));
  QVERIFY(stepsRecorded(path("first/run")) >= 100);
  QCOMPARE(lossesOf(path("second/run")), lossesOf(path("first/run")));
  QCOMPARE(readFile(path("second/w.safetensors")), readFile(path("first/w.safetensors")));

  command.replaceInStrings(QRegularExpression(QStringLiteral("^new:.*")), path("first/w.safetensors"));
  const Ended further = cli(command + QStringList{QStringLiteral("--run"), path("third"), QStringLiteral("--out"), path("further.safetensors")});
  QVERIFY2(further.status == 0, qPrintable(further.err));
  QVERIFY(readFile(path("further.md")).contains(line.toUtf8()));  // the first half of the story
}

void TestCliRuns::weightsAreAddedListedAssessedAndForgotten() {
  qputenv("PALIMPSEST_DATA", path("data").toUtf8());
  const auto forget = qScopeGuard([] { qunsetenv("PALIMPSEST_DATA"); });
  const QString file = QStringLiteral(PALIMPSEST_SOURCE_DIR "/tests/weights/recorded/vit.pth");
  const auto listed = [] { return cli({QStringLiteral("list"), QStringLiteral("backbones")}).out; };
  QCOMPARE(cli({QStringLiteral("backbone"), QStringLiteral("add"), file}).status, 0);
  QVERIFY2(listed().contains(QStringLiteral("added")), qPrintable(listed()));
  const Ended assessed = cli(QStringLiteral("backbone assess --backbone vit --data shapes:classes=5,train=12,test=4,side=16 --threads 1 --random-features 50 --json").split(QLatin1Char(' ')));
  QVERIFY2(assessed.status == 0, qPrintable(assessed.err));
  const QJsonObject figures = QJsonDocument::fromJson(assessed.out.toUtf8()).object();
  QCOMPARE(figures[QLatin1String("test_images")].toInt(), 20);
  QVERIFY(figures[QLatin1String("nearest_mean")].toDouble() > 0);
  QCOMPARE(cli({QStringLiteral("backbone"), QStringLiteral("remove"), QStringLiteral("vit")}).status, 0);
  QVERIFY(!listed().contains(QStringLiteral("added")));
  QCOMPARE(cli({QStringLiteral("backbone"), QStringLiteral("remove"), QStringLiteral("vit")}).status, 2);
  QCOMPARE(cli({QStringLiteral("backbone"), QStringLiteral("add"), path("nowhere.pth"), file + QStringLiteral("x")}).err.count(QStringLiteral("is no file")), 2);
  QCOMPARE(cli({QStringLiteral("backbone")}).status, 2);
}

QTEST_GUILESS_MAIN(TestCliRuns)
#include "tst_cli_runs.moc"
