// The line that a terminal shows while a run goes on.
#include <QTest>

#include "app/cli/progress_view.h"

using namespace palimpsest;

class TestProgressView : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void clockReadsLikeAClock_data();
  void clockReadsLikeAClock();
  void theBarShowsBothEstimates();
  void theBarNeverFillsTheTerminalsLine();
  void aResumedRunKnowsItsTasks();

 private:
  static Progress halfway() {
    return {.stage = "training",
            .task = 2,
            .epoch = 1,
            .epochs = 5,
            .images_per_second = 52.4,
            .task_seconds_left = 12,
            .run_seconds_left = 100,
            .fraction = 0.43};
  }
};

void TestProgressView::clockReadsLikeAClock_data() {
  QTest::addColumn<double>("seconds");
  QTest::addColumn<QString>("text");
  QTest::newRow("unknown") << -1.0 << QStringLiteral("-:--");
  QTest::newRow("no number") << std::nan("") << QStringLiteral("-:--");
  QTest::newRow("nothing") << 0.0 << QStringLiteral("0:00");
  QTest::newRow("rounded") << 59.6 << QStringLiteral("1:00");
  QTest::newRow("minutes") << 75.0 << QStringLiteral("1:15");
  QTest::newRow("hours") << 3700.0 << QStringLiteral("1:01:40");
}

void TestProgressView::clockReadsLikeAClock() {
  QFETCH(double, seconds);
  QFETCH(QString, text);
  QCOMPARE(QString::fromStdString(cli::clockText(seconds)), text);
}

void TestProgressView::theBarShowsBothEstimates() {
  cli::Console console;
  cli::ProgressView view(console, "l2p");
  view.apply({0, 0, RunStarted{.tasks = 5}});
  view.apply({1, 0, halfway()});
  const QString bar = QString::fromStdString(view.barText(200));
  for (const char* part :
       {"l2p", "task 3/5", "43 %", "task 0:12", "run 1:40", "52 images/s", "training 2/5", "[##########-"})
    QVERIFY2(bar.contains(QLatin1String(part)), qPrintable(bar));
}

void TestProgressView::theBarNeverFillsTheTerminalsLine() {
  cli::Console console;
  cli::ProgressView view(console, "l2p");
  view.apply({0, 0, halfway()});
  for (int columns = 1; columns < 200; ++columns)
    QVERIFY(int(view.barText(columns).size()) <= std::max(columns - 1, 1));
}

void TestProgressView::aResumedRunKnowsItsTasks() {
  cli::Console console;
  cli::ProgressView view(console, "l2p");
  view.catchUp({{0, 0, RunStarted{.tasks = 7}}});
  view.apply({9, 0, halfway()});
  QVERIFY(view.barText(200).find("task 3/7") != std::string::npos);
}

QTEST_GUILESS_MAIN(TestProgressView)
#include "tst_progress_view.moc"
