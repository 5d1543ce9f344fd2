// Cutting a stream of events anywhere gives the same state, for every model that reads one: the recordings that come with the
// program, and scripted runs that fail and are resumed. The cuts are at every landmark, and at random between them.
#include <QAbstractItemModelTester>
#include <QIcon>
#include <QTest>
#include <cmath>

#include "engine/protocol/random.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"
#include "tests/support/story.h"
#include "widgets/models/accuracy_matrix_model.h"
#include "widgets/models/cursor.h"
#include "widgets/models/run_list.h"
#include "widgets/views/run_curves.h"

using namespace palimpsest;
using test::events;

namespace {

QString number(double value) { return QString::number(value, 'g', 17); }

QString written(const Series& series) {
  QString out = QStringLiteral("%1 points:").arg(series.size());
  for (std::size_t i = 0; i < series.size(); ++i) out += QStringLiteral(" %1 %2").arg(number(series.x(i)), number(series.y(i)));
  for (const double at : series.breaks()) out += QStringLiteral(" break %1").arg(number(at));
  return out;
}

// Events as JSON: every field that one has, and every one that is added.
template <class E>
QStringList written(const std::vector<E>& kept) {
  QStringList out;
  for (const E& event : kept) out << QString::fromStdString(record::eventLine({0, 0, event}));
  return out;
}

// Everything public of a run.
QStringList written(const RunData& run) {
  QStringList out{run.id(), run.title(), QString::number(int(run.state())), QString::number(run.started()), QString::number(run.step()), number(run.secondsRun()),
                  number(run.secondsSinceCheckpoint()), QString::number(run.lastEndedTask()), statusText(run)};
  out << written(std::vector<RunStarted>{run.start()}) << written(std::vector<Progress>{run.progress()}) << written(std::vector<RunFailed>{run.failure()});
  for (const TaskBand& band : run.bands())
    out << QStringLiteral("band %1 %2 %3 %4 %5 %6").arg(band.task).arg(number(band.from), number(band.to)).arg(band.ended).arg(band.label, band.classes);
  for (const Issue& issue : run.issues()) out << QString::fromStdString(lineOf(issue));
  for (const double at : run.seams()) out << QStringLiteral("seam ") + number(at);
  for (const double at : run.taskStarts()) out << QStringLiteral("start ") + number(at);
  const AccuracyMatrix& matrix = run.matrix();
  for (int after = 0; after < matrix.tasks(); ++after)
    for (int on = 0; on < matrix.tasks(); ++on) out << (matrix.at(after, on) ? number(*matrix.at(after, on)) : QStringLiteral("-"));
  for (int stage = 0; stage < matrix.stages(); ++stage)
    out << QStringLiteral("%1 %2").arg(matrix.top1(stage) ? number(*matrix.top1(stage)) : QString(), matrix.forgetting(stage) ? number(*matrix.forgetting(stage)) : QString());
  out << written(run.loss()) << written(run.accuracySoFar()) << written(run.probedSoFar()) << written(accuracyByTask(run)) << written(meanForgetting(run, true)) << written(meanForgetting(run, false));
  for (int task = 0; task < matrix.tasks(); ++task) {
    out << written(run.taskAccuracy(task)) << written(run.taskProbed(task)) << written(run.taskForgetting(task)) << written(run.taskForgettingProbed(task)) << written(accuracyOfTask(run, task)) << written(forgettingOfTask(run, task));
    for (const std::string& blob : {run.prototypesAfter(task), run.predictionsAfter(task), run.featuresAfter(task), run.keysAfter(task, 0), run.keysAfter(task, 1)})
      out << QString::fromStdString(blob);
  }
  out << written(run.promptUse()) << written(run.promptHealth()) << written(run.collapses()) << written(run.inferred()) << written(run.measured()) << written(run.endedTasks()) << written(run.probes());
  return out;
}

QStringList written(const QAbstractItemModel& model, const QList<int>& roles) {
  QStringList out{QStringLiteral("%1 x %2").arg(model.rowCount()).arg(model.columnCount())};
  for (int row = 0; row < model.rowCount(); ++row)
    for (int column = 0; column < model.columnCount(); ++column)
      for (const int role : roles) {
        const QVariant value = model.index(row, column).data(role);
        QString text = value.toString();
        for (const QVariant& item : value.toList()) text += QLatin1Char(' ') + item.toString();
        out << text;
      }
  for (const Qt::Orientation side : {Qt::Horizontal, Qt::Vertical})
    for (int i = 0; i < (side == Qt::Horizontal ? model.columnCount() : model.rowCount()); ++i) out << model.headerData(i, side).toString() << model.headerData(i, side, Qt::ToolTipRole).toString();
  return out;
}

// All models over one run, told in parts.
class Readers {
 public:
  Readers() : run_(runs_.add(std::make_unique<RunData>(QStringLiteral("r")))) {
    matrix_.setRun(run_);
    cursor_.setRun(run_);
  }
  void tell(const std::vector<Event>& story, std::size_t from, std::size_t to) {
    run_->apply({story.begin() + std::ptrdiff_t(from), story.begin() + std::ptrdiff_t(to)});
  }
  QStringList all() const {
    const QList<int> roles{Qt::DisplayRole, Qt::ToolTipRole, Qt::AccessibleTextRole, Qt::BackgroundRole, Qt::ForegroundRole, Qt::CheckStateRole,
                           AccuracyMatrixModel::AccuracyRole, RunListModel::ColourRole, RunListModel::SparklineRole};
    return written(*run_) + written(matrix_, roles) + written(runs_, roles) + QStringList{QString::number(cursor_.task()), number(cursor_.step())};
  }

 private:
  RunListModel runs_;
  RunData* run_;
  AccuracyMatrixModel matrix_;
  Cursor cursor_;
};

QString firstDifference(const QStringList& is, const QStringList& should_be) {
  for (int i = 0; i < std::min(is.size(), should_be.size()); ++i)
    if (is[i] != should_be[i]) return QStringLiteral("line %1: %2 instead of %3").arg(i).arg(is[i].left(300), should_be[i].left(300));
  return is.size() == should_be.size() ? QString() : QStringLiteral("%1 lines instead of %2").arg(is.size()).arg(should_be.size());
}

std::vector<Event> troubled() {
  return events(
      "start 3; task 0; steps 20; probe 0 5/10; eval 0 0 90/100; endtask 0; checkpoint; task 1; steps 7; checkpoint; loss nan; steps 5; probe 0 2/10; "
      "issue warning disk; endtask 1; end stopped; resume; steps 13; probe 0 7/10; probe 1 7/10; prompts 3,4; eval 1 0 80/100; eval 1 1 85/100; endtask 1; "
      "checkpoint; task 2; steps 9; eval 2 0 10/100; fail out-of-memory; endtask 2; end failed; resume; task 2; steps 20; probe 2 9/10; eval 2 0 82/100; "
      "eval 2 1 75/100; eval 2 2 88/100; endtask 2; checkpoint; pause; continue; end done");
}

// Stopped and resumed twice at the same place, paused at the end: what a person with little patience makes.
std::vector<Event> impatient() {
  return events("start 2; task 0; checkpoint; steps 3; end stopped; resume; steps 4; end stopped; resume; steps 5; probe 0 3/10; pause; continue; eval 0 0 9/10; endtask 0; "
                "checkpoint; task 1; loss nan; loss nan; progress 0.7; issue error backbone; pause");
}

// A recording that was killed in its last third and went on from the last task's end: its own events again, numbered on.
std::vector<Event> killed(const std::vector<Event>& whole) {
  std::size_t safe = 0;
  for (std::size_t i = 0; i < whole.size() * 2 / 3; ++i)
    if (std::holds_alternative<TaskEnded>(whole[i].what)) safe = i + 1;
  std::vector<Event> out(whole.begin(), whole.begin() + std::ptrdiff_t(whole.size() * 5 / 6));
  for (std::size_t i = 0; i < out.size(); ++i) out[i].seq = i;
  const auto* ended = safe > 0 ? std::get_if<TaskEnded>(&whole[safe - 1].what) : nullptr;
  RunResumed resumed;
  resumed.from_seq = std::int64_t(safe);
  resumed.task = ended ? ended->task + 1 : 0;
  resumed.global_step = ended ? ended->global_step : 0;
  out.push_back({out.size(), out.back().at_us + 1, resumed});
  for (std::size_t i = safe; i < whole.size(); ++i) out.push_back({out.size(), whole[i].at_us, whole[i].what});
  return out;
}

}  // namespace

class FoldsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() { QLocale::setDefault(QLocale::c()); }

  void cuttingAtEveryLandmarkGivesTheSameState_data() {
    QTest::addColumn<std::vector<Event>>("story");
    QTest::newRow("a run with troubles") << troubled();
    QTest::newRow("an impatient person") << impatient();
    QTest::newRow("an empty run") << std::vector<Event>{};
    int recordings = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(PALIMPSEST_SOURCE_DIR) / "resources/recordings")) {
      if (!record::isRun(entry.path())) continue;
      const std::vector<Event> whole = record::effectiveEvents(entry.path());
      const std::string name = entry.path().filename().string();
      QTest::newRow(name.c_str()) << whole;
      QTest::newRow((name + ", killed and resumed").c_str()) << killed(whole);
      ++recordings;
    }
    QVERIFY(recordings > 0);
  }

  void cuttingAtEveryLandmarkGivesTheSameState() {
    QFETCH(std::vector<Event>, story);
    Readers once;
    once.tell(story, 0, story.size());
    const QStringList whole = once.all();
    int cuts = 0;
    for (std::size_t cut = 0; cut <= story.size(); ++cut) {
      const bool landmark = cut == 0 || cut == story.size() || std::visit([](const auto& e) { return !std::decay_t<decltype(e)>::kSample; }, story[cut].what);
      if (!landmark) continue;
      Readers twice;
      twice.tell(story, 0, cut);
      twice.all();  // whoever looks in between changes nothing
      twice.tell(story, cut, story.size());
      const QString difference = firstDifference(twice.all(), whole);
      QVERIFY2(difference.isEmpty(), qPrintable(QStringLiteral("cut before event %1: %2").arg(cut).arg(difference)));
      ++cuts;
    }
    qInfo("%d cuts of %d events", cuts, int(story.size()));
  }

  void anySlicesGiveTheSameState() {
    Rng rng(11);
    for (const std::vector<Event>& story : {troubled(), impatient(), killed(troubled())}) {
      Readers once;
      once.tell(story, 0, story.size());
      const QStringList whole = once.all();
      for (int round = 0; round < 30; ++round) {
        Readers often;
        for (std::size_t at = 0; at < story.size();) {
          const std::size_t end = std::min(story.size(), at + rng.below(7));
          often.tell(story, at, end);
          at = end;
        }
        const QString difference = firstDifference(often.all(), whole);
        QVERIFY2(difference.isEmpty(), qPrintable(difference));
      }
    }
  }

  // The seams and the time that was lost are all that tells a resumed run from one that was left alone.
  void aKilledRecordingEndsLikeTheWholeOne() {
    const std::vector<Event> whole = record::effectiveEvents(std::filesystem::path(PALIMPSEST_SOURCE_DIR) / "resources/recordings/finetune");
    RunData left_alone(QStringLiteral("r")), resumed(QStringLiteral("r"));
    left_alone.apply(whole);
    resumed.apply(killed(whole));
    QCOMPARE(resumed.seams().size(), std::size_t(1));
    QCOMPARE(resumed.step(), left_alone.step());
    QCOMPARE(written(resumed.loss()), written(left_alone.loss()));
    QCOMPARE(written(resumed.accuracySoFar()), written(left_alone.accuracySoFar()));
    QCOMPARE(written(resumed.probedSoFar()), written(left_alone.probedSoFar()));
    for (int task = 0; task < left_alone.matrix().tasks(); ++task) QCOMPARE(written(resumed.taskForgetting(task)), written(left_alone.taskForgetting(task)));
    QCOMPARE(written(resumed.endedTasks()), written(left_alone.endedTasks()));
  }
};

QTEST_MAIN(FoldsTest)
#include "tst_folds.moc"
