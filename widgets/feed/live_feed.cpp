#include <QElapsedTimer>
#include <exception>
#include <utility>

#include "widgets/feed/run_feed.h"

namespace palimpsest {
namespace {

constexpr int kFrameMs = 33;
constexpr int kSliceMs = 4;          // longest stretch of reading on the window's thread
constexpr int kBreathMs = 4;         // and as long for everything else
constexpr std::size_t kSlice = 256;  // events between two looks at the clock
constexpr int kPatience = 90;        // frames (3 s) to wait for the record to reach what the Tail still knows

}  // namespace

LiveFeed::LiveFeed(Tail& tail, std::filesystem::path folder, QObject* parent)
    : RunFeed(parent), tail_(tail), folder_(std::move(folder)) {
  frame_.setSingleShot(true);
  since_sent_.start();
  connect(&frame_, &QTimer::timeout, this, &LiveFeed::drain);
  tail_.setDoorbell([this] { QMetaObject::invokeMethod(this, &LiveFeed::arm, Qt::QueuedConnection); });
}

LiveFeed::~LiveFeed() { tail_.setDoorbell({}); }

void LiveFeed::arm() {
  if (!frame_.isActive()) frame_.start(kFrameMs);
}

void LiveFeed::drain() {
  std::vector<Event> events = tail_.take(next_);
  if (events.empty()) return;
  if (events.front().seq > next_) {
    fillGap(events.front().seq);
    // The tail is asked again: by then it may have forgotten more.
    frame_.start(fruitless_ > 0 ? kFrameMs : kBreathMs);
    return;
  }
  reader_.reset();
  fruitless_ = 0;
  next_ = events.back().seq + 1;
  send(std::exchange(found_, {}));
  send(std::move(events));
  Q_EMIT caughtUp();
}

void LiveFeed::send(std::vector<Event> events) {
  since_sent_.restart();
  if (!events.empty()) Q_EMIT batch(events);
}

void LiveFeed::fillGap(std::uint64_t until) {
  ++fruitless_;
  try {
    if (!reader_) reader_ = std::make_unique<record::Reader>(folder_);
    QElapsedTimer clock;
    clock.start();
    while (next_ < until && !clock.hasExpired(kSliceMs)) {
      const std::vector<Event> slice = reader_->poll(kSlice);
      if (slice.empty()) break;
      fruitless_ = 0;
      for (const Event& event : slice) {
        if (event.seq < next_) continue;
        next_ = event.seq + 1;
        found_.push_back(event);
      }
    }
  } catch (const std::exception& e) {
    return giveUpGap(until, e.what());
  }
  if (since_sent_.hasExpired(kFrameMs)) send(std::exchange(found_, {}));
  if (next_ < until && fruitless_ > kPatience) giveUpGap(until, "it ends before them");
}

void LiveFeed::giveUpGap(std::uint64_t until, const std::string& why) {
  send(std::exchange(found_, {}));
  const std::uint64_t missing = until - next_;
  next_ = until;
  reader_.reset();
  fruitless_ = 0;
  Q_EMIT problem(
      warning(folder_.string(),
              "Curves miss " + std::to_string(missing) + " events that could not be read from the record: " + why,
              "The run goes on, and the record is not changed. Open the run's folder again when it has ended."));
}

}  // namespace palimpsest
