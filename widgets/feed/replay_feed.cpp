#include <algorithm>
#include <cmath>

#include "widgets/feed/run_feed.h"

namespace palimpsest {
namespace {

constexpr int kFrameMs = 33;
constexpr double kLongestPause = 2;     // seconds of played time
constexpr double kLongestFrame = 0.25;  // a window that was held up goes on from where it was

}  // namespace

ReplayFeed::ReplayFeed(std::vector<Event> events, double speed, QObject* parent)
    : RunFeed(parent), events_(std::move(events)), speed_(std::clamp(speed, 1e-3, 1e6)) {
  schedule();
  frame_.setInterval(kFrameMs);
  connect(&frame_, &QTimer::timeout, this, &ReplayFeed::advance);
}

void ReplayFeed::schedule() {
  due_s_.clear();
  double due = 0;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const double pause = i == 0 ? 0 : double(events_[i].at_us - events_[i - 1].at_us) / 1e6 / speed_;
    due += std::clamp(pause, 0.0, kLongestPause);  // clocks may have jumped, also backwards
    due_s_.push_back(due);
  }
}

void ReplayFeed::setPlaying(bool playing) {
  if (playing == this->playing()) return;
  if (!playing || events_.empty()) return frame_.stop();
  since_frame_.start();
  frame_.start();
}

// What has been shown stays shown: the clock moves to the same place between the same two events.
void ReplayFeed::setSpeed(double speed) {
  const double before = next_ > 0 ? due_s_[next_ - 1] : 0;
  const double rest = (clock_s_ - before) * speed_;
  speed_ = std::clamp(speed, 1e-3, 1e6);
  schedule();
  clock_s_ = (next_ > 0 ? due_s_[next_ - 1] : 0) + std::min(rest / speed_, kLongestPause);
}

double ReplayFeed::fraction() const {
  return seconds() > 0 ? std::clamp(clock_s_ / seconds(), 0.0, 1.0) : next_ > 0 ? 1.0 : 0.0;
}

void ReplayFeed::seek(double fraction) {
  if (events_.empty() || std::isnan(fraction)) return;
  const double to = std::clamp(fraction, 0.0, 1.0) * seconds();
  if (next_ > 0 && to < due_s_[next_ - 1]) rewind();
  clock_s_ = to;
  sendDue();
}

void ReplayFeed::advance() {
  const double passed = std::min(double(since_frame_.nsecsElapsed()) / 1e9, kLongestFrame);
  since_frame_.start();
  if (clock_s_ > seconds() + kLongestPause) rewind();
  else clock_s_ += passed;
  sendDue();
}

void ReplayFeed::rewind() {
  clock_s_ = 0;
  next_ = 0;
  Q_EMIT rewound();
}

void ReplayFeed::sendDue() {
  const auto end = std::upper_bound(due_s_.begin() + std::ptrdiff_t(next_), due_s_.end(), clock_s_);
  const auto stop = std::size_t(end - due_s_.begin());
  if (stop == next_) return;
  const std::vector<Event> events(events_.begin() + std::ptrdiff_t(next_), events_.begin() + std::ptrdiff_t(stop));
  next_ = stop;
  Q_EMIT batch(events);
  if (next_ == events_.size()) Q_EMIT caughtUp();
}

}  // namespace palimpsest
