// What a person may ask of a running engine. Posted from any thread, read by the engine between two steps; the
// answer is an event (run_paused, run_continued, run_ended), never a return value.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace palimpsest {

enum class Pause { AfterStep, AfterEpoch, AfterTask };

struct Command {
  enum class What { Pause, Resume, Step, Stop };
  What what = What::Pause;
  Pause when = Pause::AfterStep;  // for Pause
};

class Mailbox {
 public:
  void post(Command command) {
    const std::lock_guard lock(mutex_);
    commands_.push_back(command);
    arrived_.notify_one();
  }
  std::optional<Command> poll() {  // at once
    const std::lock_guard lock(mutex_);
    return next();
  }
  Command wait() {  // blocks until there is one
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return !commands_.empty(); });
    return *next();
  }

 private:
  std::optional<Command> next() {
    if (commands_.empty()) return std::nullopt;
    const Command command = commands_.front();
    commands_.pop_front();
    return command;
  }
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Command> commands_;
};

}  // namespace palimpsest
