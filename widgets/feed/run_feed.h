// Brings one run's events to the window's thread, whole and in order, at most once a frame (30/s). Live, finished,
// growing and replayed runs differ only in the class behind this interface. Lives on the window's thread.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "engine/protocol/event.h"
#include "engine/protocol/tail.h"
#include "engine/record/run_folder.h"

namespace palimpsest {

class RunFeed : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;
 Q_SIGNALS:
  void batch(const std::vector<palimpsest::Event>& events);
  void rewound();   // the next batch starts again at seq 0: models forget everything
  void caughtUp();  // everything that there is for now has been sent, after the batch that completed it
  void problem(const palimpsest::Issue& issue);
};

// A run of this process: drains its Tail; what the Tail has forgotten is read from the record, a slice a frame.
class LiveFeed final : public RunFeed {
  Q_OBJECT
 public:
  LiveFeed(Tail& tail, std::filesystem::path folder, QObject* parent = nullptr);
  ~LiveFeed() override;  // after this the engine cannot reach us

 private:
  void arm();
  void drain();
  void fillGap(std::uint64_t until);
  void giveUpGap(std::uint64_t until, const std::string& why);
  void send(std::vector<Event> events);
  Tail& tail_;
  std::filesystem::path folder_;
  QTimer frame_;
  QElapsedTimer since_sent_;
  std::unique_ptr<record::Reader> reader_;  // while there is a gap
  std::vector<Event> found_;                // for the gap, not sent yet
  int fruitless_ = 0;                       // frames in which the record had nothing new for the gap
  std::uint64_t next_ = 0;
};

// A run folder, finished or being written by another process: reads slices of a few milliseconds and goes on as it
// grows, also after run_ended, because a resumed run grows again. When the folder goes away it says so once and keeps
// looking; when it is there again it is told from the start, because it may hold another run.
class FolderFeed final : public RunFeed {
  Q_OBJECT
 public:
  explicit FolderFeed(const std::filesystem::path& folder, QObject* parent = nullptr);  // throws BadInput
  const Value& run() const { return reader_.run(); }

 Q_SIGNALS:
  void gone();
  void back();  // followed by rewound()

 private:
  void poll();
  bool look();  // whether there is a folder to read
  void send();
  record::Reader reader_;
  std::filesystem::path folder_;
  QTimer frame_;
  QElapsedTimer since_sent_;
  std::vector<Event> read_;  // not sent yet
  bool behind_ = true, gone_ = false;
  std::size_t reported_issues_ = 0;
};

// A recording played at a multiple of its own speed, again and again: what the window shows before the first run.
// Pauses longer than two seconds (played time) are shortened to that; so long it also rests at the end.
class ReplayFeed final : public RunFeed {
  Q_OBJECT
 public:
  // `events`: all events of the recording. Starts paused.
  ReplayFeed(std::vector<Event> events, double speed, QObject* parent = nullptr);
  void setPlaying(bool playing);
  bool playing() const { return frame_.isActive(); }
  void setSpeed(double speed);
  double speed() const { return speed_; }
  void seek(double fraction);  // 0..1 of the played time; backwards by rewound() and one batch
  double fraction() const;
  double seconds() const { return due_s_.empty() ? 0 : due_s_.back(); }  // played time of one round

 private:
  void advance();
  void schedule();
  void rewind();
  void sendDue();
  std::vector<Event> events_;
  std::vector<double> due_s_;  // played time at which each is due
  double speed_, clock_s_ = 0;
  std::size_t next_ = 0;
  QTimer frame_;
  QElapsedTimer since_frame_;
};

}  // namespace palimpsest
