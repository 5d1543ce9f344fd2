// How long the window's thread was away from its event loop, at worst. Time that the thread was ready to run but the
// machine gave it no processor is counted apart: other programs cause it, not the window.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <algorithm>
#include <fstream>
#include <string>

namespace palimpsest {

class Heartbeat : public QObject {
 public:
  Heartbeat() : schedstat_("/proc/self/task/" + std::to_string(syscall(SYS_gettid)) + "/schedstat") {
    timer_.setTimerType(Qt::PreciseTimer);
    connect(&timer_, &QTimer::timeout, this, &Heartbeat::beat);
    timer_.start(1);
    clock_.start();
    last_queued_ns_ = queuedNs();
  }
  double worstMs() const { return double(worst_ns_) / 1e6; }     // work and waiting of the thread itself
  double worstGapMs() const { return double(worst_gap_ns_) / 1e6; }  // with the time in which others had the processor
  int beats() const { return beats_; }

 private:
  // Nanoseconds this thread has spent ready to run, without a processor (Linux, second figure of schedstat).
  qint64 queuedNs() const {
    std::ifstream in(schedstat_);
    qint64 ran = 0, queued = 0;
    in >> ran >> queued;
    return queued;
  }
  void beat() {
    const qint64 gap = clock_.nsecsElapsed(), queued = queuedNs();
    clock_.restart();
    worst_gap_ns_ = std::max(worst_gap_ns_, gap);
    worst_ns_ = std::max(worst_ns_, gap - (queued - last_queued_ns_));
    last_queued_ns_ = queued;
    ++beats_;
  }
  const std::string schedstat_;
  QTimer timer_;
  QElapsedTimer clock_;
  qint64 worst_ns_ = 0, worst_gap_ns_ = 0, last_queued_ns_ = 0;
  int beats_ = 0;
};

}  // namespace palimpsest
