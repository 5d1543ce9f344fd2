#include "cli_process.h"

#include <signal.h>

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QProcessEnvironment>
#include <QThread>

CliProcess::CliProcess(const QStringList& arguments, const std::function<void()>& in_child) {
  process_.setStandardOutputFile(files_.filePath(QStringLiteral("out")));
  process_.setStandardErrorFile(files_.filePath(QStringLiteral("err")));
  process_.setStandardInputFile(QProcess::nullDevice());
  process_.setWorkingDirectory(files_.path());
  // Already prepared (see prepareProcess): the program need not load its libraries twice. What the thread settings
  // would be is the same.
  auto environment = QProcessEnvironment::systemEnvironment();
  environment.insert(QStringLiteral("OMP_WAIT_POLICY"), QStringLiteral("passive"));
  environment.insert(QStringLiteral("OPENBLAS_NUM_THREADS"), QStringLiteral("1"));
  environment.insert(QStringLiteral("PALIMPSEST_PREPARED"), QStringLiteral("1"));
  process_.setProcessEnvironment(environment);
  if (in_child) process_.setChildProcessModifier(in_child);
  process_.start(QStringLiteral(PALIMPSEST_CLI), arguments);
  process_.waitForStarted();
}

CliProcess::~CliProcess() {
  if (process_.state() == QProcess::NotRunning) return;
  process_.kill();
  process_.waitForFinished();
}

bool CliProcess::running() { return process_.state() != QProcess::NotRunning && !process_.waitForFinished(1); }

void CliProcess::signal(int number) {
  if (process_.processId() > 0) ::kill(static_cast<pid_t>(process_.processId()), number);
}

Ended CliProcess::wait(int limit_ms) {
  Ended ended;
  const bool finished = process_.state() == QProcess::NotRunning || process_.waitForFinished(limit_ms);
  if (finished && process_.exitStatus() == QProcess::NormalExit) ended.status = process_.exitCode();
  ended.out = QString::fromUtf8(readFile(files_.filePath(QStringLiteral("out"))));
  ended.err = QString::fromUtf8(readFile(files_.filePath(QStringLiteral("err"))));
  return ended;
}

Ended cli(const QStringList& arguments) { return CliProcess(arguments).wait(); }

QStringList tinyOptions() {
  return {QStringLiteral("--data"),     QStringLiteral("shapes:classes=6,train=40,test=20,side=16"),
          QStringLiteral("--backbone"), QStringLiteral("new:image=16,patch=8,width=32,depth=2,heads=2,seed=1"),
          QStringLiteral("--threads"),  QStringLiteral("1")};
}

QStringList tinyRun(const QString& recipe, const QString& folder) {
  return QStringList{QStringLiteral("run"), QStringLiteral("--recipe"), recipe, QStringLiteral("--out"), folder} +
         tinyOptions();
}

QByteArray readFile(const QString& path) {
  QFile file(path);
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void writeFile(const QString& path, const QByteArray& content) {
  QDir().mkpath(QFileInfo(path).path());
  QFile file(path);
  if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
    qFatal("cannot write %s", qPrintable(path));
}

qsizetype stepsRecorded(const QString& folder) {
  return readFile(folder + QStringLiteral("/events.jsonl")).count("\"step_measured\"");
}

bool waitForSteps(CliProcess& process, const QString& folder, qsizetype steps) {
  QElapsedTimer clock;
  clock.start();
  while (stepsRecorded(folder) < steps) {
    if (!process.running() || clock.elapsed() > 300000) return false;
    QThread::msleep(1);
  }
  return true;
}
