// Numbers events and hands them to the sinks, on the engine's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/protocol/sink.h"

namespace palimpsest {

class Bus {
 public:
  void add(Sink* sink) { sinks_.push_back(sink); }  // borrowed; the record goes in front: it is the truth
  void addFirst(Sink* sink) { sinks_.insert(sinks_.begin(), sink); }
  void setNext(std::uint64_t seq) { next_ = seq; }
  std::uint64_t next() const { return next_; }

  template <typename E>
  void emit(E what) {
    using namespace std::chrono;
    const Event event{next_, duration_cast<microseconds>(system_clock::now().time_since_epoch()).count(), std::move(what)};
    ++next_;
    for (Sink* sink : sinks_) sink->on(event);
  }

 private:
  std::vector<Sink*> sinks_;
  std::uint64_t next_ = 0;
};

}  // namespace palimpsest
