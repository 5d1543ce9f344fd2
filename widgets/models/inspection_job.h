// One question to the engine at a time (Inspectors), on a thread of its own; what comes of it comes back on the window's.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <atomic>
#include <functional>
#include <memory>

#include "engine/protocol/inspect.h"
#include "engine/protocol/value.h"

namespace palimpsest {

class InspectionJob : public QObject {
  Q_OBJECT
 public:
  using Ask = std::function<Value(const InspectOptions&)>;  // blocks, throws; another thread
  explicit InspectionJob(QObject* parent = nullptr);
  ~InspectionJob() override;  // cancels and waits until the engine next tells how far it is

  bool running() const { return stop_ != nullptr; }
  // False, and nothing happens, while one is under way. The options' progress is replaced.
  bool start(Ask ask, InspectOptions options);
  void cancel();  // takes effect when the engine next tells how far it is; cancelled() comes at once

 Q_SIGNALS:
  void progressed(int done, int of);
  void answered(const palimpsest::Value& answer);
  void failed(const QString& message);
  void cancelled();

 private:
  QThreadPool pool_;
  std::shared_ptr<std::atomic<bool>> stop_;  // of the question under way; nullptr: none
};

}  // namespace palimpsest
