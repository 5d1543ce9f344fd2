#include "widgets/views/frame_clock.h"

#include <algorithm>

namespace palimpsest {

namespace {
constexpr int kFrameMs = 33, kThrottledMs = 100;
constexpr double kSlowFrameMs = 16, kQuickFrameMs = 8;
constexpr double kSliceMs = 8;      // then input goes first
constexpr int kQuickFramesToRecover = 10;
}  // namespace

FrameClock::FrameClock(QObject* parent) : QObject(parent) {
  timer_.setSingleShot(true);
  timer_.setTimerType(Qt::PreciseTimer);
  connect(&timer_, &QTimer::timeout, this, &FrameClock::tick);
}

void FrameClock::request(Framed* view) {
  if (std::find(waiting_.begin(), waiting_.end(), view) == waiting_.end()) waiting_.push_back(view);
  if (timer_.isActive()) return;
  const qint64 interval = throttled_ ? kThrottledMs : kFrameMs;
  const qint64 due = since_frame_.isValid() ? interval - since_frame_.elapsed() : 0;
  timer_.start(int(std::clamp<qint64>(due, 0, interval)));
}

void FrameClock::forget(Framed* view) { std::erase(waiting_, view); }

// Paints for one slice; what is left goes on after the events that came in meanwhile, still as part of this frame.
void FrameClock::tick() {
  QElapsedTimer slice;
  slice.start();
  while (!waiting_.empty() && double(slice.nsecsElapsed()) * 1e-6 < kSliceMs) {
    Framed* view = waiting_.front();
    waiting_.erase(waiting_.begin());
    if (!view->wantsFrame()) continue;
    QElapsedTimer one;
    one.start();
    view->paintFrame();
    worst_ms_ = std::max(worst_ms_, double(one.nsecsElapsed()) * 1e-6);
  }
  frame_ms_ += double(slice.nsecsElapsed()) * 1e-6;
  if (!waiting_.empty()) {
    timer_.start(0);
    return;
  }
  judge(frame_ms_);
  frame_ms_ = 0;
  since_frame_.restart();
}

void FrameClock::judge(double frame_ms) {
  slow_ = frame_ms > kSlowFrameMs ? slow_ + 1 : 0;
  quick_ = frame_ms < kQuickFrameMs ? quick_ + 1 : 0;
  const bool throttled = throttled_ ? quick_ < kQuickFramesToRecover : slow_ >= 2;
  if (throttled == throttled_) return;
  throttled_ = throttled;
  Q_EMIT throttledChanged(throttled);
}

}  // namespace palimpsest
