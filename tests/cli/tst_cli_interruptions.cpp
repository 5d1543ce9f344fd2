// Killed, interrupted, out of disk: nothing is lost, and what is resumed ends as if nothing had happened.
// PALIMPSEST_KILLS=10 in the environment kills ten times instead of three.
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <QDir>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRandomGenerator>
#include <QTemporaryDir>
#include <QTest>
#include <QThread>

#include "cli_process.h"
#include "engine/record/run_folder.h"

namespace {

QJsonObject resultsOf(const QString& folder) {
  QJsonObject results = QJsonDocument::fromJson(readFile(folder + QStringLiteral("/results.json"))).object();
  for (const char* key : {"seconds", "peak_rss_bytes"}) results.remove(QLatin1String(key));
  return results;
}

// Every step's loss, in order, without the steps that were lost and done again.
std::vector<std::pair<std::int64_t, double>> lossesOf(const QString& folder) {
  std::vector<std::pair<std::int64_t, double>> losses;
  for (const palimpsest::Event& event : palimpsest::record::effectiveEvents(folder.toStdString()))
    if (const auto* step = std::get_if<palimpsest::StepMeasured>(&event.what))
      losses.emplace_back(step->global_step, step->loss);
  return losses;
}

// The first line of events.jsonl whose number is not its place; -1 when there is none.
qsizetype firstGap(const QString& folder) {
  const QByteArrayList lines = readFile(folder + QStringLiteral("/events.jsonl")).split('\n');
  for (qsizetype i = 0; i + 1 < lines.size(); ++i)
    if (QJsonDocument::fromJson(lines[i])[QLatin1String("seq")].toInteger(-1) != i) return i;
  return lines.last().isEmpty() ? -1 : lines.size() - 1;
}

QStringList longerRun(const QString& recipe, const QString& folder) {
  return tinyRun(recipe, folder) + QStringList{QStringLiteral("--set"),
                                               QStringLiteral("phases.0.epochs=3"),
                                               QStringLiteral("--set"),
                                               QStringLiteral("phases.0.batch=4"),
                                               QStringLiteral("--checkpoint-seconds"),
                                               QStringLiteral("0.2")};
}

QStringList resume(const QString& folder) { return {QStringLiteral("resume"), folder}; }

}  // namespace

class TestCliInterruptions : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase();
  void killedAtARandomMoment_data();
  void killedAtARandomMoment();
  void killedAgainAndAgain();
  void interruptedByCtrlC();
  void aSecondCtrlCKills();
  void aTornLastLineIsNoObstacle();
  void aFinishedRunIsNotRunAgain();
  void outOfDisk();

 private:
  void expectSameAsReference(const QString& folder);
  QString path(const QString& name) const { return folder_.filePath(name); }
  QTemporaryDir folder_;
  QString reference_;
  qsizetype steps_ = 0;  // of the reference
};

void TestCliInterruptions::initTestCase() {
  reference_ = path(QStringLiteral("reference"));
  const Ended ended = cli(longerRun(QStringLiteral("finetune"), reference_));
  QVERIFY2(ended.status == 0, qPrintable(ended.err));
  QCOMPARE(firstGap(reference_), -1);
  steps_ = stepsRecorded(reference_);
  QVERIFY(steps_ > 100);
  QCOMPARE(qsizetype(lossesOf(reference_).size()), steps_);
}

void TestCliInterruptions::expectSameAsReference(const QString& folder) {
  QCOMPARE(firstGap(folder), -1);
  QCOMPARE(resultsOf(folder), resultsOf(reference_));
  QVERIFY(lossesOf(folder) == lossesOf(reference_));
}

void TestCliInterruptions::killedAtARandomMoment_data() {
  QTest::addColumn<double>("part");
  const int kills = std::max(3, qEnvironmentVariableIntValue("PALIMPSEST_KILLS"));
  for (int i = 0; i < kills; ++i) {
    const double part = (i + QRandomGenerator::global()->generateDouble()) / kills;  // spread over the whole run
    QTest::newRow(qPrintable(QString::number(part, 'f', 4))) << part;
  }
}

void TestCliInterruptions::killedAtARandomMoment() {
  QFETCH(double, part);
  const QString folder = path(QStringLiteral("killed-%1").arg(part));
  CliProcess process(longerRun(QStringLiteral("finetune"), folder));
  if (!waitForSteps(process, folder, 1 + qsizetype(part * steps_ * 0.98)))
    QSKIP("the run was over before it could be killed");
  QThread::usleep(QRandomGenerator::global()->bounded(5000));
  process.signal(SIGKILL);
  QCOMPARE(process.wait().status, -1);
  const Ended resumed = cli(resume(folder));
  QVERIFY2(resumed.status == 0, qPrintable(resumed.err));
  expectSameAsReference(folder);
}

void TestCliInterruptions::killedAgainAndAgain() {
  const QString folder = path(QStringLiteral("unlucky"));
  qsizetype kills = 0;
  for (QStringList command = longerRun(QStringLiteral("finetune"), folder); kills < 4; command = resume(folder)) {
    CliProcess process(command);
    if (!waitForSteps(process, folder, stepsRecorded(folder) + steps_ / 5)) break;
    process.signal(SIGKILL);
    process.wait();
    ++kills;
  }
  QVERIFY(kills >= 2);
  const Ended resumed = cli(resume(folder));
  QVERIFY2(resumed.status == 0, qPrintable(resumed.err));
  expectSameAsReference(folder);
}

void TestCliInterruptions::interruptedByCtrlC() {
  const QString folder = path(QStringLiteral("interrupted"));
  CliProcess process(longerRun(QStringLiteral("finetune"), folder));
  QVERIFY(waitForSteps(process, folder, steps_ / 3));
  process.signal(SIGINT);
  const Ended ended = process.wait();
  QVERIFY2(ended.status == 130, qPrintable(ended.err));
  QVERIFY2(ended.err.contains(QStringLiteral("palimpsest-cli resume ") + folder), qPrintable(ended.err));
  const Ended resumed = cli(resume(folder));
  QVERIFY2(resumed.status == 0, qPrintable(resumed.err));
  expectSameAsReference(folder);
}

void TestCliInterruptions::aSecondCtrlCKills() {
  const QString folder = path(QStringLiteral("impatient"));
  CliProcess process(longerRun(QStringLiteral("finetune"), folder));
  QVERIFY(waitForSteps(process, folder, steps_ / 3));
  process.signal(SIGSTOP);  // so that both arrive before the program can end in good order
  process.signal(SIGINT);
  process.signal(SIGCONT);
  QThread::msleep(2);
  process.signal(SIGINT);
  const int status = process.wait().status;
  QVERIFY2(status == -1 || status == 130, qPrintable(QString::number(status)));  // it may have been faster
  QCOMPARE(cli(resume(folder)).status, 0);
  expectSameAsReference(folder);
}

void TestCliInterruptions::aTornLastLineIsNoObstacle() {
  const QString folder = path(QStringLiteral("torn"));
  CliProcess process(longerRun(QStringLiteral("finetune"), folder));
  QVERIFY(waitForSteps(process, folder, steps_ / 2));
  process.signal(SIGKILL);
  process.wait();
  const QByteArray events = readFile(folder + QStringLiteral("/events.jsonl"));
  writeFile(folder + QStringLiteral("/events.jsonl"), events + "{\"seq\":");
  QCOMPARE(cli({QStringLiteral("report"), folder, QStringLiteral("--out"), path(QStringLiteral("torn.html"))}).status,
           0);
  const Ended resumed = cli(resume(folder));
  QVERIFY2(resumed.status == 0, qPrintable(resumed.err));
  expectSameAsReference(folder);
}

void TestCliInterruptions::aFinishedRunIsNotRunAgain() {
  const QByteArray before = readFile(reference_ + QStringLiteral("/events.jsonl"));
  const Ended ended = cli(resume(reference_));
  QVERIFY2(ended.status == 0 || ended.status == 2, qPrintable(ended.err));

  QVERIFY(readFile(reference_ + QStringLiteral("/events.jsonl")).startsWith(before));
}

// A small file system fills up under the run; where mounting is not allowed, a limit on the size of files does.
void TestCliInterruptions::outOfDisk() {
  const QString disk = path(QStringLiteral("disk"));
  const QString folder = disk + QStringLiteral("/run");
  QDir().mkpath(disk);
  const bool mounted = mount("tmpfs", qPrintable(disk), "tmpfs", 0, "size=20m") == 0;
  const auto limited = [] {
    const rlimit limit{30000, 30000};
    setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
  };
  Ended ended;
  {
    CliProcess process(longerRun(QStringLiteral("finetune"), folder), mounted ? std::function<void()>{} : limited);
    if (mounted && waitForSteps(process, folder, steps_ / 3)) {
      QFile ballast(disk + QStringLiteral("/ballast"));
      QVERIFY(ballast.open(QIODevice::WriteOnly | QIODevice::Unbuffered));
      for (qsizetype block = 1 << 20; block >= 1; block /= 4)
        while (ballast.write(QByteArray(block, '\0')) == block) {
        }
    }
    ended = process.wait();
  }
  QFile::remove(disk + QStringLiteral("/ballast"));
  const Ended resumed = cli(resume(folder));
  const qsizetype gap = firstGap(folder);
  const QJsonObject results = resultsOf(folder);
  if (mounted) umount(qPrintable(disk));
  QVERIFY2(ended.status == 1, qPrintable(ended.err));
  QVERIFY2(ended.err.contains(QStringLiteral("palimpsest-cli resume")), qPrintable(ended.err));
  QVERIFY2(resumed.status == 0, qPrintable(resumed.err));
  QCOMPARE(gap, -1);
  QCOMPARE(results, resultsOf(reference_));
}

QTEST_GUILESS_MAIN(TestCliInterruptions)
#include "tst_cli_interruptions.moc"
