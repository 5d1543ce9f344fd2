// The newest events of a live run. Never slows the engine: when full it forgets the oldest, and a reader that was
// left behind fills the gap from the record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "engine/protocol/sink.h"

namespace palimpsest {

class Tail final : public Sink {
 public:
  explicit Tail(std::size_t capacity = 65536) : capacity_(capacity) {}

  // `ring` runs on the engine's thread, at most once between two take()s. It must only post; it must not call back
  // into Tail. After setDoorbell({}) returns, no ring is running and none will.
  void setDoorbell(std::function<void()> ring);
  void on(const Event& event) override;
  // Events from seq `from` on, from any thread. A first seq above `from` means the rest was forgotten.
  std::vector<Event> take(std::uint64_t from);

 private:
  const std::size_t capacity_;
  std::mutex mutex_;  // guards all below
  std::deque<Event> events_;
  std::function<void()> ring_;
  bool rung_ = false;
};

}  // namespace palimpsest
