// Runs that this process only watches: the recording that plays until there is something better, and run folders,
// finished or being written by another process.
#pragma once

#include <QObject>
#include <QThreadPool>
#include <QTimer>
#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "widgets/feed/run_feed.h"
#include "widgets/models/run_list.h"

namespace palimpsest {

class RunWatcher : public QObject {
  Q_OBJECT
 public:
  explicit RunWatcher(RunListModel& runs, QObject* parent = nullptr);  // borrowed
  ~RunWatcher() override;

  // Plays the first recording under `recordings`; without one, recordingMissing().
  void playRecording(const std::filesystem::path& recordings);
  void endRecording();  // takes it out of the list: somebody has runs of their own now
  RunData* recording() const { return recording_; }
  void togglePlaying();

  // Shows a run's folder and follows it while it grows. One that is in the list already is only opened() again.
  void open(const std::filesystem::path& folder);
  void release(RunData& run);  // stops watching: the engine takes over, or the run leaves the list

 Q_SIGNALS:
  void opened(palimpsest::RunData* run);
  void recordingStarted(palimpsest::RunData* run);
  void recordingMissing();
  void problem(const palimpsest::Issue& issue);

 private:
  void show(const std::filesystem::path& recording, std::vector<Event> events);
  void watch(const std::filesystem::path& folder);
  void lookForDeadWriters();

  struct Watched {
    std::unique_ptr<FolderFeed> feed;
    bool moved = true;  // events came since the last look
  };
  RunListModel& runs_;
  RunData* recording_ = nullptr;
  std::unique_ptr<ReplayFeed> player_;
  std::map<RunData*, Watched> watched_;
  QTimer look_;
  QThreadPool disk_;
};

}  // namespace palimpsest
