// Settings of runs side by side: what differs, what is found, and how long it takes.
#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QTest>

#include "tests/widgets/compared_runs.h"
#include "widgets/models/settings_diff.h"

using namespace palimpsest;
using test::Compared;

namespace {

QStringList names(const QAbstractItemModel& model) {
  QStringList out;
  for (int row = 0; row < model.rowCount(); ++row) out << model.index(row, 0).data().toString();
  return out;
}

}  // namespace

class TestSettingsDiff : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void onlyDifferencesAreShownUntilASwitchShowsAll() {
    SettingsDiff diff;
    SettingsFilter filter;
    filter.setSourceModel(&diff);
    QAbstractItemModelTester tester(&diff, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QAbstractItemModelTester filtered(&filter, QAbstractItemModelTester::FailureReportingMode::QtTest);
    diff.setRuns({Compared().figures(), Compared{.seed = 2, .epochs = 20}.figures()});
    QCOMPARE(names(filter), (QStringList{QStringLiteral("seed"), QStringLiteral("phases.0.epochs")}));
    QCOMPARE(diff.differences(), 2);
    filter.setOnlyDifferences(false);
    QCOMPARE(filter.rowCount(), diff.rowCount());
    QVERIFY(names(filter).contains(QStringLiteral("options.data")));
    QVERIFY(!names(filter).contains(QStringLiteral("doc")));
    diff.setRuns({});
    QCOMPARE(diff.rowCount(), 0);
  }

  void provenanceComesFirst() {
    SettingsDiff diff;
    diff.setRuns({Compared().figures(), Compared{.hash = "0000", .order = {3, 2, 1, 0}}.figures()});
    const QStringList rows = names(diff).mid(0, diff.provenanceRows());
    for (const char* name : {"backbone hash", "class order", "seed", "evaluation", "data fingerprint", "version"}) QVERIFY(rows.contains(QLatin1String(name)));
    QVERIFY(diff.index(0, 1).data(SettingsDiff::DiffersRole).toBool());
    QVERIFY(diff.index(0, 1).data(SettingsDiff::ProvenanceRole).toBool());
  }

  void whatIsNotAsInMostRunsStandsOut() {
    SettingsDiff diff;
    diff.setRuns({Compared{.epochs = 20}.figures(), Compared{.seed = 2}.figures(), Compared{.seed = 3}.figures()});
    const int row = int(names(diff).indexOf(QStringLiteral("phases.0.epochs")));
    QVERIFY(diff.index(row, 1).data(SettingsDiff::OddRole).toBool());
    QVERIFY(!diff.index(row, 2).data(SettingsDiff::OddRole).toBool());
  }

  void namesAndValuesAreSearched() {
    SettingsDiff diff;
    SettingsFilter filter;
    filter.setSourceModel(&diff);
    filter.setOnlyDifferences(false);
    diff.setRuns({Compared().figures(), Compared{.transform = "pilot"}.figures()});
    filter.setSearch(QStringLiteral("EPOCHS"));
    QCOMPARE(names(filter), (QStringList{QStringLiteral("options.epochs"), QStringLiteral("phases.0.epochs")}));
    filter.setSearch(QStringLiteral(" pilot "));
    QCOMPARE(names(filter), QStringList{QStringLiteral("options.train_transform")});
    filter.setSearch(QStringLiteral("no such thing"));
    QCOMPARE(filter.rowCount(), 0);
  }

  void aColumnSortsNumbersAsNumbers() {
    SettingsDiff diff;
    SettingsFilter filter;
    filter.setSourceModel(&diff);
    filter.setOnlyDifferences(false);
    diff.setRuns({Compared{.epochs = 100}.figures()});
    filter.setSearch(QStringLiteral("phases.0"));
    filter.sort(1);
    QCOMPARE(names(filter), (QStringList{QStringLiteral("phases.0.batch"), QStringLiteral("phases.0.epochs"), QStringLiteral("phases.0.use")}));
    filter.sort(0);
    QCOMPARE(names(filter).front(), QStringLiteral("phases.0.use"));
  }

  void aRunWithoutSettingsHasEmptyCells() {
    SettingsDiff diff;
    const auto run = Compared{.seed = 2}.run();
    diff.setRuns({Compared().figures(), figuresOf(*run, nullptr)});
    QCOMPARE(diff.index(0, 2).data().toString(), QString(QChar(0x2013)));
    QVERIFY(diff.index(0, 2).data(Qt::ToolTipRole).toString().contains(QStringLiteral("not known")));
  }

  void aHundredAndSeventeenParametersOfTwentyRunsTakeMilliseconds() {
    std::vector<RunFigures> runs;
    for (int seed = 0; seed < 20; ++seed) {
      RunFigures run = Compared{.seed = seed}.figures();
      auto known = std::make_shared<KnownHeader>(*run.header);
      for (int i = 0; i < 117; ++i) known->header.options["parameter_" + std::to_string(i)] = i % 3 ? i : seed;
      run.header = known;
      runs.push_back(run);
    }
    SettingsDiff diff;
    SettingsFilter filter;
    filter.setSourceModel(&diff);
    QElapsedTimer timer;
    timer.start();
    diff.setRuns(runs);
    qInfo("117 parameters of 20 runs: %.2f ms", double(timer.nsecsElapsed()) / 1e6);
    QCOMPARE(filter.rowCount(), 39 + 1);  // every third one, and the seed
    QVERIFY(timer.elapsed() < 2000);
  }
};

QTEST_MAIN(TestSettingsDiff)
#include "tst_settings_diff.moc"
