// One clock for all plots of a window: a plot asks for a frame when its data moved, and is painted at the next tick
// if anybody can see it. At most 30 frames/s; 10 when a frame cost more than 16 ms twice in a row, which is said aloud.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QTimer>
#include <vector>

namespace palimpsest {

// Something that can be painted anew. `paintFrame` runs on the window's thread.
class Framed {
 public:
  virtual ~Framed() = default;
  virtual bool wantsFrame() const = 0;  // visible and dirty
  virtual void paintFrame() = 0;
};

class FrameClock : public QObject {
  Q_OBJECT
 public:
  explicit FrameClock(QObject* parent = nullptr);
  void request(Framed* view);  // until the next frame; forget() before it dies
  void forget(Framed* view);
  bool throttled() const { return throttled_; }
  int framesPerSecond() const { return throttled_ ? 10 : 30; }
  double worstFrameMs() const { return worst_ms_; }  // since the start; what one plot held the window's thread for

 Q_SIGNALS:
  void throttledChanged(bool throttled);

 private:
  void tick();
  void judge(double frame_ms);
  QTimer timer_;
  QElapsedTimer since_frame_;
  std::vector<Framed*> waiting_;
  double frame_ms_ = 0, worst_ms_ = 0;
  int slow_ = 0, quick_ = 0;
  bool throttled_ = false;
};

}  // namespace palimpsest
