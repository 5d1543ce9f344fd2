// At the start of the program: runs that were cut short and runs that were left waiting are offered, never resumed or
// deleted by themselves.
#pragma once

#include <QObject>
#include <QThreadPool>
#include <vector>

#include "app/notice_bar.h"
#include "app/run_scan.h"
#include "app/workspace.h"

namespace palimpsest {

class Recovery : public QObject {
  Q_OBJECT
 public:
  Recovery(Workspace& workspace, NoticeArea& notices, QObject* parent = nullptr);
  ~Recovery() override;
  void look();  // reads the runs' folder in the background, then offers
  void discard(const QString& folder);  // to the desktop's trash; says so when that is not possible
  static QString sentence(const FoundRun& run);  // "L2P, task 3, step 211"

 Q_SIGNALS:
  void looked(int offered);
  // Somebody wants a run gone: the window asks once more, then calls discard().
  void discardRequested(const QString& sentence, const QString& folder);

 private:
  void offer(const std::vector<FoundRun>& found);
  void offerRun(const FoundRun& run);
  void offerWaiting();
  Workspace& workspace_;
  NoticeArea& notices_;
  QThreadPool disk_;
};

}  // namespace palimpsest
