// What a person or a script meets before anything runs: help, listings, the manual, checks, mistakes in the command.
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

#include "cli_process.h"
#include "engine/protocol/options.h"

class TestCliUsage : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void helpNamesEveryCommand();
  void everyOptionOfARunIsDerivedFromItsDeclaration();
  void mistakesAreRefusedWithAHint_data();
  void mistakesAreRefusedWithAHint();
  void allMistakesAreListedAtOnce();
  void listingsAreReadableByPrograms_data();
  void listingsAreReadableByPrograms();
  void theManualCoversEveryPartAndRecipe();
  void aPageOfTheManual();
  void everyBundledRecipePassesTheCheck();
  void checkListsIssuesAsJson();
  void keptFeaturesAreListedAndCleared();
};

void TestCliUsage::helpNamesEveryCommand() {
  const Ended help = cli({QStringLiteral("--help")});
  QCOMPARE(help.status, 0);
  for (const char* command : {"run", "compare", "resume", "fork", "report", "list", "docs", "check", "features", "backbone",
                              "pretrain", "sheet", "diagnose", "what-if", "invariance", "transfer", "bench"})
    QVERIFY2(help.out.contains(QLatin1String(command)), command);
  const Ended version = cli({QStringLiteral("--version")});
  QCOMPARE(version.status, 0);
  QVERIFY(version.out.contains(QStringLiteral("LibTorch")));
}

void TestCliUsage::everyOptionOfARunIsDerivedFromItsDeclaration() {
  const QString help = cli({QStringLiteral("run"), QStringLiteral("--help")}).out;
  for (const palimpsest::ParamSpec& spec : palimpsest::specsOf<palimpsest::RunOptions>()) {
    const QString flag =
        QStringLiteral("--") + QString::fromStdString(spec.name).replace(QLatin1Char('_'), QLatin1Char('-'));
    QVERIFY2(help.contains(flag), qPrintable(flag));
  }
  QVERIFY(help.contains(QStringLiteral("images per class; default 0")));
}

void TestCliUsage::mistakesAreRefusedWithAHint_data() {
  QTest::addColumn<QStringList>("words");
  QTest::addColumn<QString>("message");
  const auto row = [](const char* name, const char* words, const char* message) {
    QTest::newRow(name) << QString::fromLatin1(words).split(QLatin1Char(' '), Qt::SkipEmptyParts)
                        << QString::fromLatin1(message);
  };
  row("no command", "", "palimpsest-cli");
  row("unknown command", "rnu --recipe l2p", "did you mean \"run\"");
  row("unknown option", "run --recipe simplecil --limt-train 5", "did you mean \"--limit-train\"");
  row("unknown option of another command", "list recipes --jsno", "did you mean \"--json\"");
  row("option without value", "run --recipe", "--recipe");
  row("no recipe", "run", "--recipe: is missing");
  row("unknown recipe", "run --recipe simpelcil", "simplecil");
  row("value of the wrong type", "run --recipe simplecil --limit-train many", "--limit-train");
  row("value out of range", "run --recipe simplecil --eval-batch 0", "below the minimum 1");
  row("choice that is none", "run --recipe simplecil --input-range 0..2", "0..1");
  row("choice with a dash in front", "run --recipe simplecil --input-range -2..1", "-1..1");
  row("setting without value", "run --recipe simplecil --set head", "PATH=VALUE");
  row("setting of nothing", "run --recipe finetune --set phases.0.epoch=3", "epochs");
  row("setting in short", "run --recipe finetune --phases.0.epoch 3", "epochs");
  row("setting out of range", "run --recipe finetune --set phases.0.epochs=-1", "phases.0.epochs");
  row("setting for a recipe that is not there", "compare --recipes finetune,simplecil --set finetnue:phases.0.epochs=1",
      "did you mean \"finetune\"");
  row("unknown listing", "list recipe", "did you mean \"recipes\"");
  row("unknown topic", "docs finetunee", "did you mean \"finetune\"");
  row("runs of no folder", "list runs no-such-folder", "no-such-folder");
  row("resume without a run", "resume no-such-folder", "holds no run");
  row("fork without a run", "fork no-such-folder --after-task 1", "holds no run");
  row("report without a run", "report no-such-folder --out r.html", "no-such-folder");
  row("report without --out", "report no-such-folder", "--out: is missing");
  row("check of no file", "check no-such-recipe.json", "no-such-recipe.json");
  row("diagnosis without a folder", "diagnose", "RUN_FOLDER: is missing");
  row("diagnosis of no run", "diagnose no-such-folder", "no-such-folder: holds no run");
  row("invariance of no run", "invariance no-such-folder --images 0", "--images: \"0\" is not a whole number");
  row("what-if of no run", "what-if no-such-folder --mask 3", "no-such-folder: holds no run");
  row("what-if of nothing", "what-if no-such-folder --after-task 2", "there is nothing to change");
  row("unknown control", "run --recipe l2p --control radnom", "did you mean \"random\"");
  row("control of a recipe without prompts", "run --recipe simplecil --control random", "has no prompts");
  row("control that does not fit", "compare --recipes l2p,vpt-deep --control shared-prompt",
      "vpt-deep+shared-prompt: it has no pool");
  row("controls of recipes without prompts", "compare --recipes finetune,simplecil --control random",
      "no recipe of the comparison");
  row("setting for a control that is not there",
      "compare --recipes l2p --control random --set l2p+radnom:head.init=zeros", "did you mean \"l2p+random\"");
  row("features of no split", "features --split validation --out f.safetensors", "train, test");
  row("features without --out", "features", "--out: is missing");
}

void TestCliUsage::mistakesAreRefusedWithAHint() {
  QFETCH(QStringList, words);
  QFETCH(QString, message);
  const Ended ended = cli(words);
  QVERIFY2(ended.err.contains(message), qPrintable(ended.err));
  QCOMPARE(ended.status, 2);
  QVERIFY(ended.out.isEmpty());
}

void TestCliUsage::allMistakesAreListedAtOnce() {
  const Ended ended = cli(QStringLiteral("run --recipe finetune --limit-train x --eval-batch 0 --nonsense --set "
                                         "phases.0.epochs=-1 --data idx:no-such-folder")
                              .split(QLatin1Char(' ')));
  QCOMPARE(ended.status, 2);
  for (const char* part : {"--limit-train", "--eval-batch", "--nonsense", "phases.0.epochs", "no-such-folder"})
    QVERIFY2(ended.err.contains(QLatin1String(part)), qPrintable(ended.err));
}

void TestCliUsage::listingsAreReadableByPrograms_data() {
  QTest::addColumn<QString>("what");
  QTest::addColumn<QString>("key");
  QTest::addColumn<QString>("value");
  const auto row = [](const char* what, const char* key, const char* value) {
    QTest::newRow(what) << QString::fromLatin1(what) << QString::fromLatin1(key) << QString::fromLatin1(value);
  };
  row("recipes", "name", "simplecil");
  row("parts", "name", "sgd");
  row("controls", "name", "shared-prompt");
  row("datasets", "spec", "fashion-mnist");
  row("backbones", "name", "micro");
}

void TestCliUsage::listingsAreReadableByPrograms() {
  QFETCH(QString, what);
  QFETCH(QString, key);
  QFETCH(QString, value);
  const Ended json = cli({QStringLiteral("list"), what, QStringLiteral("--json")});
  QCOMPARE(json.status, 0);
  const QJsonArray rows = QJsonDocument::fromJson(json.out.toUtf8()).array();
  QVERIFY(std::any_of(rows.begin(), rows.end(), [&](const QJsonValue& row) { return row[key].toString() == value; }));
  const Ended text = cli({QStringLiteral("list"), what});
  QCOMPARE(text.status, 0);
  QCOMPARE(text.out.count(QLatin1Char('\n')), rows.size() + 1);
}

void TestCliUsage::theManualCoversEveryPartAndRecipe() {
  const Ended manual = cli({QStringLiteral("docs")});
  QCOMPARE(manual.status, 0);
  for (const char* what : {"parts", "recipes"})
    for (const QJsonValue& row :
         QJsonDocument::fromJson(
             cli({QStringLiteral("list"), QLatin1String(what), QStringLiteral("--json")}).out.toUtf8())
             .array())
      QVERIFY2(manual.out.contains(QLatin1Char('`') + row[QLatin1String("name")].toString() + QLatin1Char('`')),
               qPrintable(row[QLatin1String("name")].toString()));
  QVERIFY(manual.out.contains(QStringLiteral("`--limit-train`")) && manual.out.contains(QStringLiteral("`evaluated`")));
  const QJsonObject json =
      QJsonDocument::fromJson(cli({QStringLiteral("docs"), QStringLiteral("--json")}).out.toUtf8()).object();
  QVERIFY(!json[QLatin1String("parts")].toArray().isEmpty());
}

void TestCliUsage::aPageOfTheManual() {
  const Ended page = cli({QStringLiteral("docs"), QStringLiteral("sgd")});
  QCOMPARE(page.status, 0);
  QVERIFY(page.out.contains(QStringLiteral("`epochs`")) && !page.out.contains(QStringLiteral("`--limit-train`")));
}

void TestCliUsage::everyBundledRecipePassesTheCheck() {
  const auto rows = QJsonDocument::fromJson(
                        cli({QStringLiteral("list"), QStringLiteral("recipes"), QStringLiteral("--json")}).out.toUtf8())
                        .array();
  QVERIFY(rows.size() >= 5);
  for (const QJsonValue& row : rows) {
    const QString name = row[QLatin1String("name")].toString();
    if (name.contains(QLatin1Char('.'))) continue;  // variants run in tst_runs, without a process each
    const Ended ended = cli({QStringLiteral("check"), name});
    QVERIFY2(ended.status == 0 && ended.out == QStringLiteral("ok\n"), qPrintable(ended.err));
  }
}

void TestCliUsage::keptFeaturesAreListedAndCleared() {
  const QByteArray before = qgetenv("PALIMPSEST_FEATURE_CACHE");
  QTemporaryDir folder;
  qputenv("PALIMPSEST_FEATURE_CACHE", folder.filePath(QStringLiteral("features")).toUtf8());
  const QStringList data{QStringLiteral("--data"), QStringLiteral("shapes:classes=2,train=4,test=2,side=16,seed=3"), QStringLiteral("--scenario"), QStringLiteral("cil:init=2,increment=2"),
                         QStringLiteral("--backbone"), QStringLiteral("new:image=16,patch=8,width=32,depth=1,heads=2,seed=1")};
  QCOMPARE(cli(QStringList{QStringLiteral("run"), QStringLiteral("--recipe"), QStringLiteral("simplecil"), QStringLiteral("--out"), folder.filePath(QStringLiteral("run"))} + data).status, 0);
  const QJsonArray rows = QJsonDocument::fromJson(cli({QStringLiteral("cache"), QStringLiteral("--json")}).out.toUtf8()).array();
  QCOMPARE(rows.size(), 2);  // training and test images, once each
  for (const QJsonValue& row : rows) QCOMPARE(row[QLatin1String("rows")].toInt(), row[QLatin1String("of")].toInt());
  QCOMPARE(cli({QStringLiteral("cache"), QStringLiteral("--clear")}).status, 0);
  QVERIFY(QJsonDocument::fromJson(cli({QStringLiteral("cache"), QStringLiteral("--json")}).out.toUtf8()).array().isEmpty());
  qputenv("PALIMPSEST_FEATURE_CACHE", before);
}

void TestCliUsage::checkListsIssuesAsJson() {
  QTemporaryDir folder;
  const QString file = folder.filePath(QStringLiteral("r.json"));
  writeFile(file, R"({"name": "mine", "phases": [{"use": "sgd", "epoch": 2}], "haed": {"use": "linear"}})");
  const Ended ended = cli({QStringLiteral("check"), file, QStringLiteral("--json")});
  QCOMPARE(ended.status, 2);
  const QJsonObject json = QJsonDocument::fromJson(ended.out.toUtf8()).object();
  QCOMPARE(json[QLatin1String("ok")].toBool(true), false);
  QStringList paths;
  for (const QJsonValue& issue : json[QLatin1String("issues")].toArray())
    paths.append(issue[QLatin1String("path")].toString());
  QVERIFY2(paths.contains(QStringLiteral("phases.0.epoch")) && paths.contains(QStringLiteral("haed")),
           qPrintable(paths.join(QLatin1Char(' '))));
}

QTEST_GUILESS_MAIN(TestCliUsage)
#include "tst_cli_usage.moc"
