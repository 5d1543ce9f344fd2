#include "app/run_notices.h"

#include <algorithm>

#include "engine/metrics/accuracy_matrix.h"

namespace palimpsest {

namespace {
const QString kRunKey = QStringLiteral("run");  // one notice for all ends: the newest counts

QString words(const std::string& s) { return QString::fromStdString(s); }
}  // namespace

RunNotices::RunNotices(Workspace& workspace, NoticeArea& notices, IssuesModel& issues, QObject* parent)
    : QObject(parent), workspace_(workspace), notices_(notices), issues_(issues) {
  connect(&workspace.launcher(), &RunLauncher::ended, this, &RunNotices::ended);
  connect(&workspace, &Workspace::problem, this, &RunNotices::add);
  connect(&workspace, &Workspace::problemsCleared, this, [this] {
    issues_.clear();
    notices_.close(QStringLiteral("problem"));
    notices_.close(kRunKey);
  });
}

void RunNotices::add(const Issue& issue) {
  issues_.add(issue);
  Notice notice;
  notice.kind = issue.severity == Severity::Error ? Notice::Kind::Failure : Notice::Kind::Warning;
  notice.text = words(issue.message);
  if (!issue.hint.empty()) notice.text += QLatin1Char(' ') + words(issue.hint);
  if (issues_.rowCount() > 1) {
    notice.text = tr("%1 problems. The latest: %2").arg(issues_.rowCount()).arg(notice.text);
  }
  notice.remedies = {{tr("Show all"), [this] { Q_EMIT issuesRequested(); }}};
  notices_.show(QStringLiteral("problem"), std::move(notice));
}

void RunNotices::ended(RunData* run, const RunOutcome& outcome) {
  finished_.push_back(run);
  for (const Issue& issue : outcome.issues) add(issue);
  if (outcome.state == "failed" || outcome.state == "refused") failed(run, outcome);
  else if (outcome.state == "stopped") stopped(run);
  if (workspace_.launcher().queue().empty()) queueDone();
}

void RunNotices::failed(RunData* run, const RunOutcome& outcome) {
  Notice notice;
  notice.kind = Notice::Kind::Failure;
  if (outcome.state == "refused") {
    notice.text = tr("%1 was not started: its settings do not fit. Nothing was written.").arg(run->title());
    notice.remedies = {{tr("Show what is wrong"), [this] { Q_EMIT issuesRequested(); }}};
    notices_.close(QStringLiteral("problem"));  // the same, said better
  } else {
    notice.text = tr("%1 failed: %2 %3").arg(run->title(), words(outcome.message), words(outcome.hint)).trimmed();
    notice.remedies = {{tr("Resume from the last checkpoint"), [this, run = QPointer<RunData>(run)] {
                          if (run) workspace_.resume(*run);
                        }}};
  }
  notices_.show(QStringLiteral("failed_") + run->id(), std::move(notice));
}

void RunNotices::stopped(RunData* run) {
  Notice notice;
  notice.text = tr("%1 was stopped. Its checkpoint is saved.").arg(run->title());
  notice.remedies.emplace_back(tr("Resume"), [this, run = QPointer<RunData>(run)] {
    if (run) workspace_.resume(*run);
  });
  if (const std::size_t waiting = workspace_.launcher().queue().waiting().size()) {
    notice.text += QLatin1Char(' ') + (waiting == 1 ? tr("One run waits.") : tr("%1 runs wait.").arg(waiting));
    notice.remedies.emplace_back(tr("Go on with the queue"), [this] { workspace_.launcher().goOn(); });
  }
  notices_.show(kRunKey, std::move(notice));
}

void RunNotices::queueDone() {
  struct Line {
    QString name;
    double last;
  };
  std::vector<Line> lines;
  for (const QPointer<RunData>& run : finished_)
    if (run && run->state() == RunData::State::Done && run->matrix().last()) lines.push_back({run->title(), 100 * *run->matrix().last()});
  finished_.clear();
  if (lines.empty()) return;
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.last > b.last; });
  QStringList ranking;
  for (const Line& line : lines) ranking << tr("%1 %2 %").arg(line.name).arg(line.last, 0, 'f', 1);
  Notice notice;
  notice.kind = Notice::Kind::Good;
  notice.text = lines.size() > 1 ? tr("Comparison done. Accuracy on all classes after the last task: %1").arg(ranking.join(QStringLiteral(", ")))
                                 : tr("Done. Accuracy on all classes after the last task: %1").arg(ranking.front());
  notice.remedies = {{tr("Export a report..."), [this] { Q_EMIT reportRequested(); }}};
  notices_.show(kRunKey, std::move(notice));
  if (lines.size() > 1) Q_EMIT comparisonEnded();
}

}  // namespace palimpsest
