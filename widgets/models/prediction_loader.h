// Keeps a PredictionHistory in step with a run: reads the blobs of its tasks as they come, and forgets those of tasks that
// a resumed run does again. Window's thread.
#pragma once

#include <QObject>
#include <QPointer>
#include <QTimer>
#include <map>
#include <memory>
#include <string>

#include "widgets/feed/blob_store.h"
#include "widgets/models/prediction_history.h"
#include "widgets/models/run_data.h"

namespace palimpsest {

class PredictionLoader : public QObject {
  Q_OBJECT
 public:
  explicit PredictionLoader(BlobStore& blobs, QObject* parent = nullptr);
  void setRun(RunData* run);
  RunData* run() const { return run_; }
  // Never null. Keep a copy of the pointer for another thread: what it points to does not change any more then.
  std::shared_ptr<const PredictionHistory> history() const { return history_; }
  bool loading() const;                              // something is on its way
  const QString& problem() const { return problem_; }  // why some of it could not be read; empty: nothing was wrong
  // For a view without a picture: what is missing, and what to do.
  QString emptyText() const;

 Q_SIGNALS:
  void changed();  // gathered, at most 20 times a second

 private:
  void update();
  void take(int task, const Blob& blob);
  std::map<int, std::string> wanted() const;  // task -> file, as the run says
  BlobStore& blobs_;
  QPointer<RunData> run_;
  std::shared_ptr<PredictionHistory> history_ = std::make_shared<PredictionHistory>();
  std::map<int, std::string> taken_;
  QString problem_;
  QTimer tell_;
};

// "cat", or "class 7" where the run has no name for it; "none" for -1.
QString classNameOf(const RunData* run, int cls);

}  // namespace palimpsest
