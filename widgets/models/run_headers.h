// run.json of every run in the list that has begun, read away from the window's thread. Forgotten when a run leaves.
// Window's thread.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <map>
#include <memory>
#include <string>

#include "engine/record/run_header.h"
#include "widgets/models/run_list.h"

namespace palimpsest {

// A header with what is asked of it again and again worked out once.
struct KnownHeader {
  record::RunHeader header;
  std::string identity;  // record::identityOf
};

class RunHeaders : public QObject {
  Q_OBJECT
 public:
  explicit RunHeaders(RunListModel& runs, QObject* parent = nullptr);  // borrowed
  ~RunHeaders() override;  // waits for what is being read
  // nullptr: not read yet, or it cannot be read.
  std::shared_ptr<const KnownHeader> of(const RunData* run) const;
  QString problem(const RunData* run) const;  // empty: none so far
  bool loading(const RunData* run) const;     // it will come, with a signal

 Q_SIGNALS:
  void changed();  // some run's header or problem is known now

 private:
  struct Entry {
    std::shared_ptr<const KnownHeader> header;
    QString problem;
    quint64 ticket = 0;  // a run at the same address may have left meanwhile
    bool loading = false;
  };
  void ask();  // for every run that has none yet
  void read(RunData* run);
  void store(const RunData* run, quint64 ticket, std::shared_ptr<const KnownHeader> header, const QString& problem);
  RunListModel& runs_;
  std::map<const RunData*, Entry> entries_;
  quint64 tickets_ = 0;
  QThreadPool disk_;
};

}  // namespace palimpsest
