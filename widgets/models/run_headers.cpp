#include "widgets/models/run_headers.h"

#include <exception>

#include "engine/record/run_folder.h"
#include "engine/record/run_settings.h"

namespace palimpsest {

RunHeaders::RunHeaders(RunListModel& runs, QObject* parent) : QObject(parent), runs_(runs) {
  disk_.setMaxThreadCount(1);
  connect(&runs, &QAbstractItemModel::rowsInserted, this, &RunHeaders::ask);
  connect(&runs, &QAbstractItemModel::modelReset, this, &RunHeaders::ask);
  connect(&runs, &RunListModel::runChanged, this, [this](RunData* run) { read(run); });
  connect(&runs, &QAbstractItemModel::rowsAboutToBeRemoved, this, [this](const QModelIndex&, int first, int last) {
    for (int row = first; row <= last; ++row) entries_.erase(runs_.at(row));
  });
  ask();
}

RunHeaders::~RunHeaders() { disk_.waitForDone(); }

void RunHeaders::ask() {
  for (int row = 0; row < runs_.rowCount(); ++row) read(runs_.at(row));
}

// Only a run that has begun has its run.json; a queued one is asked again when its first event arrives.
void RunHeaders::read(RunData* run) {
  if (!run || !run->started() || entries_.contains(run)) return;
  Entry& entry = entries_[run];
  entry.ticket = ++tickets_;
  const std::filesystem::path folder = run->source();
  if (folder.empty()) {
    entry.problem = tr("The run has no folder, so its settings are not known.");
    Q_EMIT changed();
    return;
  }
  entry.loading = true;
  disk_.start([this, run, folder, ticket = entry.ticket] {
    std::shared_ptr<KnownHeader> known;
    QString problem;
    try {
      known = std::make_shared<KnownHeader>();
      known->header = record::runHeader(record::Reader(folder).run());
      known->identity = record::identityOf(known->header);
    } catch (const std::exception& e) {
      known.reset();
      problem = tr("run.json cannot be read (%1). The curves are not touched by that.").arg(QString::fromUtf8(e.what()));
    }
    QMetaObject::invokeMethod(this, [this, run, ticket, known, problem] { store(run, ticket, known, problem); });
  });
}

void RunHeaders::store(const RunData* run, quint64 ticket, std::shared_ptr<const KnownHeader> header, const QString& problem) {
  const auto found = entries_.find(run);
  if (found == entries_.end() || found->second.ticket != ticket) return;
  found->second = {std::move(header), problem, ticket, false};
  Q_EMIT changed();
}

std::shared_ptr<const KnownHeader> RunHeaders::of(const RunData* run) const {
  const auto found = entries_.find(run);
  return found == entries_.end() ? nullptr : found->second.header;
}

QString RunHeaders::problem(const RunData* run) const {
  const auto found = entries_.find(run);
  return found == entries_.end() ? QString() : found->second.problem;
}

bool RunHeaders::loading(const RunData* run) const {
  const auto found = entries_.find(run);
  return found != entries_.end() && found->second.loading;
}

}  // namespace palimpsest
