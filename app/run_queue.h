// Runs that wait, one after another. Kept in a file, so that a comparison which was cut short can go on next time.
// Knows nothing of engines: whoever runs takes the next entry.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/engine.h"

namespace palimpsest {

struct QueuedRun {
  QString id;       // of its RunData; the folder's name
  QString title;    // of the recipe, for people
  RunPlan plan;
  std::filesystem::path folder;
  bool resume = false;  // goes on with what the folder holds; the plan then only helps to tell how long it will take
  double done = 0;      // part that lies behind, 0 to 1: a fork
  QString origin{};     // of a fork, for people: "from L2P after T2"
};

class RunQueue : public QObject {
  Q_OBJECT
 public:
  // Reads what an earlier session left behind (a few kilobytes); it lies aside until somebody decides.
  explicit RunQueue(std::filesystem::path file, QObject* parent = nullptr);
  ~RunQueue() override;  // waits until the last state is on the disk

  const std::deque<QueuedRun>& waiting() const { return waiting_; }
  bool empty() const { return waiting_.empty(); }
  void add(QueuedRun run);
  void addFirst(QueuedRun run);
  bool remove(const QString& id);
  // The run stands at place `to` afterwards, counted from 0 and cut to what there is. False when nothing moved.
  bool move(const QString& id, int to);
  void clear();
  std::optional<QueuedRun> takeNext();

  const std::deque<QueuedRun>& aside() const { return aside_; }
  const Issues& loadIssues() const { return load_issues_; }  // a file that cannot be read is a problem, not a crash
  std::deque<QueuedRun> takeAside();

 Q_SIGNALS:
  void changed();
  void problem(const palimpsest::Issue& issue);

 private:
  void load();
  void saveSoon();
  const std::filesystem::path file_;
  std::deque<QueuedRun> waiting_, aside_;
  Issues load_issues_;
  QThreadPool disk_;  // one thread: later states overwrite earlier ones
};

}  // namespace palimpsest
