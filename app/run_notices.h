// Says what became of runs, where people look, with the next step as a button; and gathers what is wrong.
#pragma once

#include <QObject>
#include <QPointer>
#include <vector>

#include "app/notice_bar.h"
#include "app/workspace.h"
#include "widgets/models/issues.h"

namespace palimpsest {

class RunNotices : public QObject {
  Q_OBJECT
 public:
  RunNotices(Workspace& workspace, NoticeArea& notices, IssuesModel& issues, QObject* parent = nullptr);

 Q_SIGNALS:
  void comparisonEnded();           // two runs or more went through the queue, and it is empty now
  void issuesRequested();
  void reportRequested();

 private:
  void ended(RunData* run, const RunOutcome& outcome);
  void failed(RunData* run, const RunOutcome& outcome);
  void stopped(RunData* run);
  void queueDone();
  void add(const Issue& issue);
  Workspace& workspace_;
  NoticeArea& notices_;
  IssuesModel& issues_;
  std::vector<QPointer<RunData>> finished_;  // since the queue was empty last
};

}  // namespace palimpsest
