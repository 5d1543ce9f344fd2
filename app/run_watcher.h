// Runs that this process only watches: the recording that plays until there is something better, and run folders,
// finished or being written by another process.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QThreadPool>
#include <QTimer>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/shared_folder.h"
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

  // Follows a folder that others write runs into, on this machine or over a network: runs that are going on and those
  // that begin from now on appear by themselves. Looks every two seconds, on a thread of its own. A run there that falls
  // silent is not called interrupted, since no lock can be trusted over a network; the list says for how long it has been.
  void watchFolder(const std::filesystem::path& folder);
  void leaveFolder(const std::filesystem::path& folder);  // its runs stay in the list
  std::vector<std::filesystem::path> watchedFolders() const;
  void setQuiet(std::chrono::milliseconds quiet) { quiet_ = quiet; }  // silence that is worth a word

 Q_SIGNALS:
  void opened(palimpsest::RunData* run);
  void appeared(palimpsest::RunData* run);  // by itself, in a watched folder
  void recordingStarted(palimpsest::RunData* run);
  void recordingMissing();
  void problem(const palimpsest::Issue& issue);

 private:
  void show(const std::filesystem::path& recording, std::vector<Event> events);
  RunData* listed(const std::filesystem::path& folder) const;
  RunData* watch(const std::filesystem::path& folder, bool shared);
  void lookForDeadWriters();
  void lookIntoFolders();
  void looked(const std::filesystem::path& folder, SharedLook look);

  struct Watched {
    std::unique_ptr<FolderFeed> feed;
    bool moved = true;    // events came since the last look
    bool gone = false;    // the folder is not there
    bool trusted = true;  // the lock can tell that nobody writes
    QElapsedTimer silent{};
  };
  void judge(RunData& run, Watched& watched);
  struct Shared {
    std::set<std::string> known;
    bool first = true, looking = false, readable = true;
  };
  RunListModel& runs_;
  RunData* recording_ = nullptr;
  std::unique_ptr<ReplayFeed> player_;
  std::map<RunData*, Watched> watched_;
  std::map<std::filesystem::path, Shared> shared_;
  std::chrono::milliseconds quiet_{40000};
  QTimer look_, look_into_;
  QThreadPool disk_;
};

// "from L2P after T2" for the run.json of a fork; else empty.
QString originText(const RunListModel& runs, const Value& run);

}  // namespace palimpsest
