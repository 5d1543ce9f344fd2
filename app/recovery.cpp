#include "app/recovery.h"

#include <QFile>
#include <QSettings>

#include "app/background.h"

namespace palimpsest {

namespace {
constexpr int kMostOffers = 3;  // the newest; older ones are in the folder
const QString kKept = QStringLiteral("recovery/kept");

// A run that somebody chose to keep as it is stays quiet until it moves again.
QString stampOf(const FoundRun& run) { return QStringLiteral("%1@%2").arg(run.id).arg(run.last_us); }
}  // namespace

Recovery::Recovery(Workspace& workspace, NoticeArea& notices, QObject* parent)
    : QObject(parent), workspace_(workspace), notices_(notices) {
  disk_.setMaxThreadCount(1);
}

Recovery::~Recovery() { disk_.waitForDone(); }

QString Recovery::sentence(const FoundRun& run) {
  return tr("%1, task %2, step %3").arg(run.title).arg(run.task + 1).arg(run.step);
}

void Recovery::look() {
  for (const Issue& issue : workspace_.launcher().queue().loadIssues()) Q_EMIT workspace_.problem(issue);
  if (!workspace_.launcher().queue().aside().empty()) offerWaiting();
  inBackground(disk_, this, [runs = workspace_.runsFolder()] { return scanRuns(runs); },
               [this](const std::vector<FoundRun>& found) { offer(found); });
}

void Recovery::offer(const std::vector<FoundRun>& found) {
  const QStringList kept = QSettings().value(kKept).toStringList();
  int offered = 0;
  for (const FoundRun& run : found) {
    const bool cut_short = run.state == FoundRun::State::Stopped || run.state == FoundRun::State::Interrupted;
    const bool listed = workspace_.runs().find(run.id) != nullptr;  // opened or begun in the meantime
    if (!cut_short || listed || kept.contains(stampOf(run)) || offered == kMostOffers) continue;
    offerRun(run);
    ++offered;
  }
  Q_EMIT looked(offered);
}

void Recovery::offerRun(const FoundRun& run) {
  const QString key = QStringLiteral("recover_") + run.id;
  Notice notice;
  notice.kind = Notice::Kind::Note;
  notice.text = run.state == FoundRun::State::Stopped ? tr("Stopped earlier: %1. It can go on where it stood.").arg(sentence(run))
                                                      : tr("Recovered: %1. Everything until its last checkpoint is safe.").arg(sentence(run));
  notice.remedies = {
      {tr("Resume"), [this, folder = run.folder] { workspace_.resumeFolder(folder); }},
      {tr("Keep"), [run] {
         QStringList kept = QSettings().value(kKept).toStringList();
         kept << stampOf(run);
         while (kept.size() > 200) kept.removeFirst();
         QSettings().setValue(kKept, kept);
       }},
      {tr("Discard..."), [this, run] {
         Q_EMIT discardRequested(sentence(run), QString::fromStdString(run.folder.string()));
       }}};
  notices_.show(key, std::move(notice));
}

void Recovery::offerWaiting() {
  RunLauncher& launcher = workspace_.launcher();
  QStringList names;
  for (const QueuedRun& run : launcher.queue().aside()) names << run.title;
  Notice notice;
  notice.text = names.size() == 1 ? tr("One run of the last time was still waiting: %1.").arg(names.front())
                                  : tr("%1 runs of the last time were still waiting: %2.").arg(names.size()).arg(names.join(QStringLiteral(", ")));
  notice.remedies = {{tr("Run them"), [&launcher] { launcher.restoreWaiting(); }},
                     {tr("Forget them"), [&launcher] { launcher.queue().takeAside(); }}};
  notice.closable = true;
  notices_.show(QStringLiteral("waiting"), std::move(notice));
}

void Recovery::discard(const QString& folder) {
  if (QFile::moveToTrash(folder)) return;
  notices_.show(QStringLiteral("discard"), {Notice::Kind::Failure, tr("%1 could not be moved to the trash. It is as it was.").arg(folder), {}});
}

}  // namespace palimpsest
