#include "engine/protocol/tail.h"

namespace palimpsest {

void Tail::setDoorbell(std::function<void()> ring) {
  const std::lock_guard lock(mutex_);
  ring_ = std::move(ring);
  rung_ = false;
  if (ring_ && !events_.empty()) {
    rung_ = true;
    ring_();
  }
}

// The bell rings under the lock: that is what lets setDoorbell({}) promise that no ring is running.
void Tail::on(const Event& event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(event);
  if (events_.size() > capacity_) events_.pop_front();
  if (ring_ && !rung_) {
    rung_ = true;
    ring_();
  }
}

std::vector<Event> Tail::take(std::uint64_t from) {
  const std::lock_guard lock(mutex_);
  rung_ = false;
  if (events_.empty() || events_.back().seq < from) return {};
  // Numbers have no gap, so the place of `from` follows from the first number.
  const std::uint64_t first = events_.front().seq;
  const std::size_t skip = from > first ? static_cast<std::size_t>(from - first) : 0;
  return {events_.begin() + static_cast<std::ptrdiff_t>(skip), events_.end()};
}

}  // namespace palimpsest
