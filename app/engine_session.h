// One run of this process: its thread, its tail, its feed. Clicks become commands; what comes of them is seen in
// RunData once the answering event has arrived, never before. Nothing here makes the window wait: starting, waiting
// and taking down happen on the session's own thread.
#pragma once

#include <QObject>
#include <QTimer>
#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "app/engine_api.h"
#include "engine/protocol/tail.h"
#include "widgets/feed/run_feed.h"
#include "widgets/models/run_data.h"

namespace palimpsest {

class EngineSession : public QObject {
  Q_OBJECT
 public:
  EngineSession(const EngineApi& api, RunData& data, QObject* parent = nullptr);  // both borrowed
  // Asks a run that still goes on to stop and waits for it: a last resort. Call stop() and wait for ended() instead.
  ~EngineSession() override;

  void start(RunPlan plan, std::filesystem::path folder);
  void resume(std::filesystem::path folder);  // what the record holds is shown again first
  void post(Command command);                 // kept until there is a run to take it
  void stop() { post({Command::What::Stop}); }
  bool underWay() const { return under_way_; }
  RunData& data() const { return data_; }

 Q_SIGNALS:
  // Once, when the run's thread has gone and its last event has been shown.
  void ended(const palimpsest::RunOutcome& outcome);

 private:
  using Begin = std::function<std::unique_ptr<Run>()>;
  struct ForgetAtExit {
    EngineSession& session;
    ~ForgetAtExit();
  };
  void launch(std::filesystem::path folder, Begin begin);
  void keep(const Begin& begin);  // the keeper's thread
  void returned(const RunOutcome& outcome);
  void finish();
  void endItself();

  // Counts what the run has said, so that the end of a session waits for exactly the last of it.
  struct Counter final : Sink {
    void on(const Event& event) override {
      if (std::holds_alternative<RunEnded>(event.what)) ended.store(true);
      said.store(static_cast<std::int64_t>(event.seq));
    }
    std::atomic<std::int64_t> said = -1;
    std::atomic<bool> ended = false;
  };

  const EngineApi& api_;
  RunData& data_;
  Tail tail_;
  Counter counter_;
  std::int64_t shown_ = -1;  // seq of the last event that data_ has taken
  std::unique_ptr<LiveFeed> feed_;
  std::thread keeper_;
  bool under_way_ = false;
  RunOutcome outcome_;
  QTimer last_events_;  // the run has returned, its last event is still on the way

  std::mutex mutex_;  // guards both below
  Run* run_ = nullptr;
  std::vector<Command> waiting_;
};

}  // namespace palimpsest
