#include "app/run_launcher.h"

#include <QDateTime>

namespace palimpsest {

namespace {
QString titleOf(const RunPlan& plan) {
  for (const char* key : {"title", "name"})
    if (const Value* text = plan.recipe.find(key)) return QString::fromStdString(text->asString());
  return QStringLiteral("run");
}
}  // namespace

RunLauncher::RunLauncher(const EngineApi& api, RunListModel& runs, std::filesystem::path runs_folder, QObject* parent)
    : QObject(parent), api_(api), runs_(runs), runs_folder_(std::move(runs_folder)), queue_(runs_folder_ / "queue.json") {
  connect(&queue_, &RunQueue::problem, this, &RunLauncher::problem);
}

std::filesystem::path RunLauncher::freshFolder(const RunPlan& plan) const {
  const Value* name = plan.recipe.find("name");
  const QString time = QDateTime::currentDateTime().toString(QStringLiteral("yyyyMMdd-hhmmss"));
  const QString stem = QStringLiteral("%1-%2-%3")
                           .arg(QString::fromStdString(name ? name->asString() : std::string("run")), time)
                           .arg(plan.options.seed);
  QString candidate = stem;
  const auto taken = [&] {
    std::error_code ignored;
    return runs_.find(candidate) || std::filesystem::exists(runs_folder_ / candidate.toStdString(), ignored);
  };
  for (int n = 2; taken(); ++n) candidate = QStringLiteral("%1-%2").arg(stem).arg(n);
  return runs_folder_ / candidate.toStdString();
}

RunData* RunLauncher::listed(const QueuedRun& run) {
  if (RunData* known = runs_.find(run.id)) return known;
  auto data = std::make_unique<RunData>(run.id);
  data->folder = run.folder;
  data->planned_title = run.title;
  RunData* added = runs_.add(std::move(data));
  runs_.setOrigin(added, run.origin);
  return added;
}

RunData* RunLauncher::enqueue(RunPlan plan) {
  const std::filesystem::path folder = freshFolder(plan);
  QueuedRun run{QString::fromStdString(folder.filename().string()), titleOf(plan), std::move(plan), folder, false};
  RunData* data = listed(run);
  data->setQueued();
  if (queue_.empty()) held_ = false;  // what was held is gone; this was asked for afterwards
  queue_.add(std::move(run));
  startNext();
  return data;
}

RunData* RunLauncher::enqueueFork(QueuedRun fork) {
  fork.resume = true;
  RunData* data = listed(fork);
  data->setQueued();
  if (queue_.empty()) held_ = false;
  queue_.add(std::move(fork));
  startNext();
  return data;
}

void RunLauncher::setHoldAfterThis(bool hold) {
  if (hold_after_ == hold) return;
  hold_after_ = hold;
  Q_EMIT heldChanged();
}

void RunLauncher::resume(RunData& run) {
  run.setQueued();
  queue_.remove(run.id());  // it may wait already
  queue_.addFirst(QueuedRun{run.id(), run.title(), RunPlan(), run.folder, true});
  held_ = false;
  startNext();
}

void RunLauncher::restoreWaiting() {
  for (QueuedRun& run : queue_.takeAside()) {
    listed(run)->setQueued();
    queue_.add(std::move(run));
  }
  startNext();
}

void RunLauncher::post(Command command) {
  if (!session_) return;
  if (command.what == Command::What::Stop) stop_asked_ = true;
  session_->post(command);
}

void RunLauncher::goOn() {
  held_ = hold_after_ = false;
  startNext();
  Q_EMIT heldChanged();
}

void RunLauncher::dropWaiting(RunData& run) { queue_.remove(run.id()); }

void RunLauncher::startNext() {
  if (session_ || held_ || closing_) return;
  if (auto next = queue_.takeNext()) begin(std::move(*next));
}

void RunLauncher::begin(QueuedRun next) {
  RunData* data = listed(next);
  stop_asked_ = false;
  session_ = std::make_unique<EngineSession>(api_, *data);
  connect(session_.get(), &EngineSession::ended, this, &RunLauncher::sessionEnded);
  if (next.resume) session_->resume(next.folder);
  else session_->start(std::move(next.plan), next.folder);
  Q_EMIT liveChanged(data);
}

void RunLauncher::sessionEnded(const RunOutcome& outcome) {
  RunData* data = &session_->data();
  session_.release()->deleteLater();  // it is the sender
  held_ = (std::exchange(hold_after_, false) || stop_asked_) && !queue_.empty();
  Q_EMIT ended(data, outcome);
  if (closing_) {
    Q_EMIT liveChanged(nullptr);
    Q_EMIT closed();
    return;
  }
  startNext();
  if (!session_) Q_EMIT liveChanged(nullptr);
  Q_EMIT heldChanged();
}

void RunLauncher::close() {
  closing_ = true;
  if (session_) session_->stop();
  else Q_EMIT closed();
}

}  // namespace palimpsest
