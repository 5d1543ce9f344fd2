#include <spdlog/logger.h>
#include <QAbstractItemModelTester>
#include <QIcon>
#include <QSignalSpy>
#include <QTest>
#include <ctime>
#include <thread>

#include "engine/protocol/random.h"
#include "tests/support/story.h"
#include "widgets/models/accuracy_matrix_model.h"
#include "widgets/models/issues.h"
#include "widgets/models/log.h"
#include "widgets/models/log_sink.h"
#include "widgets/models/run_data.h"
#include "widgets/models/run_list.h"
#include "widgets/style/palette.h"

using namespace palimpsest;
using test::events;
using test::Story;

namespace {

const char* const kTwoTasks =
    "start 2; task 0; steps 10; probe 0 8/10; steps 10; probe 0 9/10; prompts 5,0,3; eval 0 0 90/100; endtask 0; "
    "checkpoint;"
    "task 1; steps 10; probe 0 7/10; probe 1 6/10; steps 10; probe 0 5/10; probe 1 9/10;"
    "eval 1 0 70/100; eval 1 1 96/100; endtask 1; checkpoint; end done";

QString written(const Series& s) {
  QString out;
  for (std::size_t i = 0; i < s.size(); ++i) out += QStringLiteral("(%1 %2)").arg(s.x(i)).arg(s.y(i), 0, 'g', 17);
  return out;
}

// All that a view can see of a run, but for the progress line.
QString written(const RunData& run) {
  QStringList out{QString::number(int(run.state())),
                  run.title(),
                  QString::number(run.step()),
                  written(run.loss()),
                  written(run.accuracySoFar()),
                  written(run.probedSoFar()),
                  QString::number(run.secondsSinceCheckpoint()),
                  QString::number(run.promptUse().size()),
                  QString::fromStdString(run.failure().code)};
  for (const TaskBand& band : run.bands())
    out << QStringLiteral("%1 %2-%3 %4 %5 %6")
               .arg(band.task)
               .arg(band.from)
               .arg(band.to)
               .arg(band.ended)
               .arg(band.label, band.classes);
  for (int i = 0; i < 4; ++i) {
    out << written(run.taskAccuracy(i)) << written(run.taskProbed(i)) << written(run.taskForgetting(i)) << written(run.taskForgettingProbed(i));
    for (int j = 0; j < 4; ++j)
      out << (run.matrix().at(i, j) ? QString::number(*run.matrix().at(i, j)) : QStringLiteral("-"));
  }
  for (const double seam : run.seams()) out << QString::number(seam);
  for (const Issue& issue : run.issues()) out << QString::fromStdString(lineOf(issue));
  return out.join(QLatin1Char('\n'));
}

QString written(const std::vector<Event>& story) {
  RunData run(QStringLiteral("r"));
  run.apply(story);
  return written(run);
}

// A run that is stopped, resumed, fails inside an evaluation, and is resumed again.
std::vector<Event> troubled() {
  return events(
      "start 3; task 0; steps 20; probe 0 5/10; eval 0 0 90/100; endtask 0; checkpoint; task 1; steps 7; checkpoint; "
      "loss nan; steps 5;"
      "probe 0 2/10; issue warning disk; endtask 1; end stopped; resume; steps 13; probe 0 7/10; probe 1 7/10; prompts "
      "3,4; eval 1 0 80/100;"
      "eval 1 1 85/100; endtask 1; checkpoint; task 2; steps 9; eval 2 0 10/100; fail out-of-memory; endtask 2; end "
      "failed; resume;"
      "task 2; steps 20; probe 2 9/10; eval 2 0 82/100; eval 2 1 75/100; eval 2 2 88/100; endtask 2; checkpoint; "
      "pause; continue; end done");
}

}  // namespace

class ModelsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { QLocale::setDefault(QLocale::c()); }

  void theFoldKnowsWhatWasTold() {
    RunData run(QStringLiteral("demo"));
    QCOMPARE(run.title(), QStringLiteral("demo"));
    QVERIFY(!run.started());
    run.apply(events(kTwoTasks));
    QCOMPARE(run.title(), QStringLiteral("Learning to Prompt"));
    QCOMPARE(run.state(), RunData::State::Done);
    QCOMPARE(run.step(), 40);
    QCOMPARE(run.loss().size(), std::size_t(40));
    QCOMPARE(written(run.accuracySoFar()), QStringLiteral("(20 90)(40 83)"));
    QCOMPARE(written(run.probedSoFar()), QStringLiteral("(10 80)(20 90)(30 65)(40 70)"));
    QCOMPARE(written(run.taskAccuracy(0)), QStringLiteral("(20 90)(40 70)"));
    QCOMPARE(written(run.taskProbed(0)), QStringLiteral("(10 80)(20 90)(30 70)(40 50)"));
    QCOMPARE(written(run.taskForgetting(0)), QStringLiteral("(20 0)(40 20)"));
    QCOMPARE(written(run.taskForgettingProbed(0)), QStringLiteral("(30 20)(40 40)"));
    QCOMPARE(written(run.taskAccuracy(1)), QStringLiteral("(40 96)"));
    QCOMPARE(written(run.taskProbed(1)), QStringLiteral("(30 60)(40 90)"));
    QCOMPARE(written(run.taskForgetting(1)), QStringLiteral("(40 0)"));
    QVERIFY(run.taskAccuracy(7).empty());
    QCOMPARE(*run.matrix().at(1, 0), 0.7);
    QCOMPARE(run.promptUse().size(), std::size_t(1));
    QCOMPARE(run.taskStarts(), (std::vector<double>{0, 20}));
    QCOMPARE(run.bands()[1].to, 40.0);
    QCOMPARE(run.bands()[1].classes, QStringLiteral("class 2, class 3"));
    QCOMPARE(run.bands()[1].label, QStringLiteral("T2 class 2, class 3"));
    QVERIFY(run.secondsSinceCheckpoint() >= 0 && run.secondsSinceCheckpoint() < 1);
  }

  void theOpenTaskGrowsWithItsSteps() {
    RunData run(QStringLiteral("r"));
    run.apply(events("start 2; task 0"));
    QCOMPARE(run.bands()[0].to, run.bands()[0].from);
    run.apply({Event{2, 1, StepMeasured{0, 0, 0, 0, 0, 0.5}}, Event{3, 2, StepMeasured{0, 0, 0, 1, 1, 0.4}}});
    QCOMPARE(run.bands()[0].to, 2.0);
    QVERIFY(!run.bands()[0].ended);
  }

  void aProbeDoesNotReplaceTheExactEvaluationAtTheSameStep() {
    RunData run(QStringLiteral("r"));
    run.apply(events("start 2; task 0; steps 5; eval 0 0 80/100; endtask 0; task 1; probe 0 10/10"));
    QCOMPARE(written(run.taskAccuracy(0)), QStringLiteral("(5 80)"));
  }

  void anyCutOfTheStreamGivesTheSameState() {
    for (const std::vector<Event>& story : {events(kTwoTasks), troubled()}) {
      const QString whole = written(story);
      for (std::size_t cut = 0; cut <= story.size(); ++cut) {
        RunData run(QStringLiteral("r"));
        run.apply({story.begin(), story.begin() + std::ptrdiff_t(cut)});
        run.apply({story.begin() + std::ptrdiff_t(cut), story.end()});
        QCOMPARE(written(run), whole);
      }
      Rng rng(5);
      for (int round = 0; round < 20; ++round) {
        RunData run(QStringLiteral("r"));
        for (std::size_t at = 0; at < story.size();) {
          const std::size_t end = std::min(story.size(), at + rng.below(9));
          run.apply({story.begin() + std::ptrdiff_t(at), story.begin() + std::ptrdiff_t(end)});
          at = end;
        }
        QCOMPARE(written(run), whole);
      }
    }
  }

  void aReplayAfterAResetGivesTheSameState() {
    RunData run(QStringLiteral("r"));
    run.apply(troubled());
    run.reset();
    QCOMPARE(written(run), written(std::vector<Event>{}));
    run.apply(troubled());
    QCOMPARE(written(run), written(troubled()));
  }

  void aResumedRunForgetsWhatItLostAndKeepsASeam() {
    RunData run(QStringLiteral("r"));
    run.apply(troubled());
    // The same run without its troubles, but for the seams.
    RunData smooth(QStringLiteral("r"));
    smooth.apply(
        events("start 3; task 0; steps 20; probe 0 5/10; eval 0 0 90/100; endtask 0; checkpoint; task 1; steps 7; "
               "checkpoint; steps 13;"
               "probe 0 7/10; probe 1 7/10; prompts 3,4; eval 1 0 80/100; eval 1 1 85/100; endtask 1; checkpoint; task "
               "2; steps 20; probe 2 9/10;"
               "eval 2 0 82/100; eval 2 1 75/100; eval 2 2 88/100; endtask 2; checkpoint; pause; continue; end done"));
    QCOMPARE(run.seams(), (std::vector<double>{27, 40}));
    QVERIFY(run.failure().code.empty());
    QVERIFY(run.loss().breaks().empty());
    QString expected = written(smooth);
    expected += QStringLiteral("\n27\n40");
    const QStringList is = written(run).split(QLatin1Char('\n')), should_be = expected.split(QLatin1Char('\n'));
    for (int i = 0; i < std::min(is.size(), should_be.size()); ++i) QCOMPARE(is[i], should_be[i]);
    QCOMPARE(is.size(), should_be.size());
  }

  void aResumedTaskIsOpenAgain() {
    Story story;
    story.tell("start 2; task 0; steps 4; checkpoint; steps 4; eval 0 0 5/10; endtask 0; end failed");
    RunData run(QStringLiteral("r"));
    run.apply(story.events());
    QVERIFY(run.bands()[0].ended);
    QCOMPARE(run.state(), RunData::State::Failed);
    const std::size_t told = story.events().size();
    story.tell("resume; steps 1");
    run.apply({story.events().begin() + std::ptrdiff_t(told), story.events().end()});
    QVERIFY(!run.bands()[0].ended);
    QCOMPARE(run.bands()[0].to, 5.0);
    QCOMPARE(run.state(), RunData::State::Running);
    QVERIFY(!run.matrix().at(0, 0));
    QCOMPARE(run.loss().size(), std::size_t(5));
  }

  void statesFollowTheEvents() {
    Story story;
    RunData run(QStringLiteral("r"));
    QSignalSpy changed(&run, &RunData::stateChanged);
    run.setQueued();
    QCOMPARE(run.state(), RunData::State::Queued);
    const std::vector<std::pair<std::string, RunData::State>> chapters{
        {"start 1", RunData::State::Running},  {"pause", RunData::State::Paused},
        {"continue", RunData::State::Running}, {"end stopped", RunData::State::Stopped},
        {"resume", RunData::State::Running},   {"fail x; end failed", RunData::State::Failed}};
    for (const auto& [text, state] : chapters) {
      const std::size_t told = story.events().size();
      story.tell(text);
      run.apply({story.events().begin() + std::ptrdiff_t(told), story.events().end()});
      QCOMPARE(run.state(), state);
    }
    QCOMPARE(changed.size(), 7);
    run.setInterrupted();
    QCOMPARE(run.state(), RunData::State::Failed);
  }

  void anInterruptedRunComesBackWithItsNextEvent() {
    RunData run(QStringLiteral("r"));
    run.apply(events("start 1; task 0; steps 2"));
    run.setInterrupted();
    QCOMPARE(run.state(), RunData::State::Interrupted);
    run.apply({Event{4, 5, StepMeasured{0, 0, 0, 2, 2, 0.5}}});
    QCOMPARE(run.state(), RunData::State::Running);
  }

  void eachApplyIsAnnouncedOnce() {
    RunData run(QStringLiteral("r"));
    QSignalSpy changed(&run, &RunData::changed);
    run.apply(events(kTwoTasks));
    run.apply({});
    QCOMPARE(changed.size(), 1);
  }

  void aDamagedRecordDoesNotAskForTheWholeMemory() {
    RunData run(QStringLiteral("r"));
    run.apply({Event{0, 0, RunStarted{.tasks = 2000000000}}, Event{1, 1, Evaluated{2000000000, 2000000000, 1, 1, 0}},
               Event{2, 2, Evaluated{-1, 0, 1, 1, 0}}, Event{3, 2, Probed{0, -4, 1, 0, 0}},
               Event{4, 2, Evaluated{0, 0, 0, 0, 0}}});
    QVERIFY(run.matrix().tasks() <= 1000);
    QVERIFY(run.taskAccuracy(0).empty());
  }

  void aHundredThousandStepsAreFoldedQuickly() {
    const auto story = events("start 1; task 0; steps 100000");
    RunData run(QStringLiteral("r"));
    const std::clock_t begin = std::clock();  // of this process only: the machine may be busy with others
    run.apply(story);
    const double ms = 1000.0 * double(std::clock() - begin) / CLOCKS_PER_SEC;
    qInfo("apply() of 100,000 steps: %.2f ms", ms);
    QCOMPARE(run.loss().size(), std::size_t(100000));
    QVERIFY(ms < 300);
  }

  void theRunListShowsNamesStatesAndFigures() {
    RunListModel runs;
    QAbstractItemModelTester tester(&runs, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QSignalSpy changed(&runs, &RunListModel::runChanged);
    RunData* run = runs.add(std::make_unique<RunData>(QStringLiteral("a")));
    QCOMPARE(runs.index(0, RunListModel::Status).data().toString(), QStringLiteral("preparing"));
    run->apply(events("start 2; progress 0.625"));
    QCOMPARE(changed.size(), 1);
    QCOMPARE(runs.index(0, RunListModel::Status).data().toString(), QStringLiteral("running 62 %"));
    QCOMPARE(runs.index(0, RunListModel::LastAccuracy).data().toString(), QString());
    run->reset();
    run->apply(events(kTwoTasks));
    QCOMPARE(runs.index(0, RunListModel::Name).data().toString(), QStringLiteral("Learning to Prompt"));
    QCOMPARE(runs.index(0, RunListModel::Status).data().toString(), QStringLiteral("done"));
    QCOMPARE(runs.index(0, RunListModel::LastAccuracy).data().toString(), QStringLiteral("83.0 %"));
    QCOMPARE(runs.index(0, RunListModel::Forgetting).data().toString(), QStringLiteral("20.0 %"));
    QCOMPARE(runs.index(0, 0).data(RunListModel::RunRole).value<RunData*>(), run);
    QCOMPARE(runs.index(0, 0).data(RunListModel::SparklineRole).value<QList<double>>(), (QList<double>{90, 83}));
    QVERIFY(!runs.index(0, 0).data(Qt::DecorationRole).value<QIcon>().isNull());
    QVERIFY(runs.index(0, 0).data(Qt::ToolTipRole).toString().contains(QStringLiteral("l2p")));
    run->recording = true;
    QCOMPARE(statusText(*run), QStringLiteral("recording"));
  }

  void aRunKeepsItsColourAndAFreedColourIsUsedAgain() {
    RunListModel runs;
    QAbstractItemModelTester tester(&runs, QAbstractItemModelTester::FailureReportingMode::QtTest);
    for (int i = 0; i < 10; ++i) QCOMPARE(runs.add(std::make_unique<RunData>(QString::number(i)))->colour_slot, i);
    QPointer<RunData> third = runs.at(2);
    runs.remove(third);
    QVERIFY(!runs.find(QStringLiteral("2")));
    QVERIFY(third);  // whoever was told can still look at it
    QTRY_VERIFY(!third);
    QCOMPARE(runs.find(QStringLiteral("9"))->colour_slot, 9);
    QCOMPARE(runs.add(std::make_unique<RunData>(QStringLiteral("x")))->colour_slot, 2);
    QCOMPARE(runs.add(std::make_unique<RunData>(QStringLiteral("y")))->colour_slot, 0);
    QCOMPARE(runs.add(std::make_unique<RunData>(QStringLiteral("z")))->colour_slot, 1);
  }

  void untickingARunHidesIt() {
    RunListModel runs;
    RunData* a = runs.add(std::make_unique<RunData>(QStringLiteral("a")));
    RunData* b = runs.add(std::make_unique<RunData>(QStringLiteral("b")));
    QSignalSpy changed(&runs, &RunListModel::visibleRunsChanged);
    QVERIFY(runs.setData(runs.index(0, 0), Qt::Unchecked, Qt::CheckStateRole));
    QCOMPARE(runs.visibleRuns(), std::vector<RunData*>{b});
    runs.setVisible(a, true);
    runs.setVisible(a, true);
    QCOMPARE(runs.visibleRuns(), (std::vector<RunData*>{a, b}));
    QCOMPARE(changed.size(), 2);
  }

  void matrixCellsAppearAsTheyAreMeasured() {
    RunData run(QStringLiteral("r"));
    AccuracyMatrixModel matrix;
    QAbstractItemModelTester tester(&matrix, QAbstractItemModelTester::FailureReportingMode::QtTest);
    matrix.setRun(&run);
    QCOMPARE(matrix.rowCount(), 0);
    Story story;
    run.apply(story.tell("start 2; task 0; eval 0 0 182/200").events());
    QCOMPARE(matrix.rowCount(), 2);
    const QModelIndex first = matrix.index(0, 0);
    QCOMPARE(first.data().toString(), QStringLiteral("91.0"));
    QCOMPARE(first.data(AccuracyMatrixModel::AccuracyRole).toDouble(), 91.0);
    QVERIFY(!matrix.index(1, 0).data().isValid());
    QSignalSpy changed(&matrix, &QAbstractItemModel::dataChanged);
    run.apply({Event{9, 9, Evaluated{1, 0, 161, 200, 5}}});
    QCOMPARE(changed.size(), 1);
    QCOMPARE(changed[0][0].toModelIndex(), matrix.index(1, 0));
    QCOMPARE(changed[0][1].toModelIndex(), matrix.index(1, 0));
    QCOMPARE(matrix.index(1, 0).data(Qt::ToolTipRole).toString(),
             QStringLiteral("Task 1 after task 2: 161 of 200 images = 80.5 %"));
    const auto back = first.data(Qt::BackgroundRole).value<QColor>(),
               text = first.data(Qt::ForegroundRole).value<QColor>();
    QVERIFY(style::contrast(back, text) >= 4.5);
    run.apply({Event{10, 9, StepMeasured{}}});
    QCOMPARE(changed.size(), 1);
    matrix.setRun(nullptr);
    QCOMPARE(matrix.rowCount(), 0);
  }

  void aMatrixSurvivesItsRun() {
    AccuracyMatrixModel matrix;
    {
      RunData run(QStringLiteral("r"));
      matrix.setRun(&run);
      run.apply(events(kTwoTasks));
      QCOMPARE(matrix.rowCount(), 2);
    }
    QCOMPARE(matrix.rowCount(), 0);
  }

  void linesFromManyThreadsArriveWholeAndBounded() {
    LogModel log(nullptr, 1000);
    QAbstractItemModelTester tester(&log, QAbstractItemModelTester::FailureReportingMode::QtTest);
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 200; ++i) log.post({i, LogLine::Level::Info, QString::number(t), QString::number(i)});
      });
    for (std::thread& thread : threads) thread.join();
    QTRY_COMPARE(log.rowCount(), 600);
    std::array<int, 3> next{};
    for (int row = 0; row < log.rowCount(); ++row)
      QCOMPARE(log.line(row).text.toInt(), next[std::size_t(log.line(row).run.toInt())]++);
    for (int i = 0; i < 5000; ++i) log.post({i, LogLine::Level::Info, {}, QStringLiteral("late %1").arg(i)});
    QTRY_COMPARE(log.line(log.rowCount() - 1).text, QStringLiteral("late 4999"));
    QCOMPARE(log.rowCount(), 1000);
    QCOMPARE(log.line(0).text, QStringLiteral("late 4000"));
  }

  void theLogIsFilteredByLevelRunAndWords() {
    LogModel log;
    LogFilter filter;
    filter.setSourceModel(&log);
    log.post({0, LogLine::Level::Debug, QStringLiteral("a"), QStringLiteral("detail")});
    log.post({1, LogLine::Level::Info, QStringLiteral("a"), QStringLiteral("Epoch 3 of task 1")});
    log.post({2, LogLine::Level::Warning, QStringLiteral("b"), QStringLiteral("Loss grows in task 1")});
    QTRY_COMPARE(log.rowCount(), 3);
    QCOMPARE(filter.rowCount(), 2);
    filter.setText(QStringLiteral("TASK epoch"));
    QCOMPARE(filter.rowCount(), 1);
    filter.setText({});
    filter.setRun(QStringLiteral("b"));
    QCOMPARE(filter.rowCount(), 1);
    filter.setRun({});
    filter.setLowestLevel(LogLine::Level::Trace);
    QCOMPARE(filter.rowCount(), 3);
    filter.setLowestLevel(LogLine::Level::Error);
    QCOMPARE(filter.rowCount(), 0);
  }

  void spdlogFeedsTheLogAndOutlivesIt() {
    auto log = std::make_unique<LogModel>();
    spdlog::logger logger("run-7", std::make_shared<LogSink>(log->inbox()));
    logger.warn("only {} GB left", 2);
    QTRY_COMPARE(log->rowCount(), 1);
    QCOMPARE(log->line(0).text, QStringLiteral("only 2 GB left"));
    QCOMPARE(log->line(0).run, QStringLiteral("run-7"));
    QCOMPARE(log->line(0).level, LogLine::Level::Warning);
    log.reset();
    logger.error("nobody listens");
  }

  void errorsComeBeforeWarningsAndOnlyOnce() {
    IssuesModel issues;
    QAbstractItemModelTester tester(&issues, QAbstractItemModelTester::FailureReportingMode::QtTest);
    issues.setIssues({warning("--data", "12 classes have few images"),
                      error("head.width", "0 is below the minimum 1", "Use 1 or more.")});
    issues.add(error("seed", "must be an integer"));
    issues.add(error("seed", "must be an integer"));
    QCOMPARE(issues.rowCount(), 3);
    QCOMPARE(issues.errors(), 2);
    QCOMPARE(issues.index(0, IssuesModel::Where).data().toString(), QStringLiteral("head.width"));
    QCOMPARE(issues.index(0, IssuesModel::Remedy).data().toString(), QStringLiteral("Use 1 or more."));
    QCOMPARE(issues.index(1, 0).data(IssuesModel::PathRole).toString(), QStringLiteral("seed"));
    QVERIFY(!issues.index(2, 0).data(Qt::DecorationRole).value<QIcon>().isNull());
    issues.clear();
    QCOMPARE(issues.rowCount(), 0);
  }
};

QTEST_MAIN(ModelsTest)
#include "tst_models.moc"
