// Runs the real palimpsest-cli, as a shell would. Output goes to files, so a long run never waits for a reader.
#pragma once

#include <QProcess>
#include <QString>
#include <QStringList>
#include <QTemporaryDir>
#include <functional>
#include <memory>

struct Ended {
  int status = -1;  // -1: killed by a signal, or still running at the limit
  QString out, err;
};

class CliProcess {
 public:
  // `in_child` runs in the new process before the program: limits, signal dispositions.
  explicit CliProcess(const QStringList& arguments, const std::function<void()>& in_child = {});
  ~CliProcess();  // kills what is still running
  bool running();
  void signal(int number);            // SIGINT, SIGKILL, ...
  Ended wait(int limit_ms = 300000);  // generous: a busy machine is no mistake of the program

 private:
  QTemporaryDir files_;
  QProcess process_;
};

Ended cli(const QStringList& arguments);

// Options of a run that takes a second or two: drawn shapes, an untrained network of width 32 and depth 2.
QStringList tinyOptions();
// "run" with tinyOptions() into `folder`.
QStringList tinyRun(const QString& recipe, const QString& folder);

QByteArray readFile(const QString& path);
void writeFile(const QString& path, const QByteArray& content);  // makes the folder too
// Training steps in events.jsonl so far. The number of all events depends on the clock, this one does not.
qsizetype stepsRecorded(const QString& folder);
// Waits until the run in `folder` has recorded `steps` steps. False when the process ended before.
bool waitForSteps(CliProcess& process, const QString& folder, qsizetype steps);
