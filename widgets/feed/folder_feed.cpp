#include <exception>
#include <iterator>
#include <utility>

#include "widgets/feed/run_feed.h"

namespace palimpsest {
namespace {

constexpr int kFrameMs = 33;
constexpr int kSliceMs = 4;   // longest stretch of reading on the window's thread
constexpr int kBreathMs = 4;  // and as long for everything else
constexpr int kIdleMs = 250;
constexpr std::size_t kSlice = 256;  // events between two looks at the clock

}  // namespace

FolderFeed::FolderFeed(const std::filesystem::path& folder, QObject* parent)
    : RunFeed(parent), reader_(folder), folder_(folder) {
  connect(&frame_, &QTimer::timeout, this, &FolderFeed::poll);
  since_sent_.start();
  frame_.start(0);
}

// An open file can be read although its folder is gone, so that has to be asked for. One stat() a look.
bool FolderFeed::look() {
  const bool there = record::isRun(folder_);
  if (!there && !gone_) {
    gone_ = true;
    send();
    Q_EMIT problem(warning(folder_.string(), "The run's folder is not there any more.", "What was read is still shown. When the folder comes back, the run goes on."));
    Q_EMIT gone();
  }
  if (!there || !gone_) return there;
  try {
    reader_ = record::Reader(folder_);
  } catch (const std::exception&) {
    return false;  // half of it is there
  }
  gone_ = false;
  behind_ = true;
  read_.clear();
  reported_issues_ = 0;
  Q_EMIT back();
  Q_EMIT rewound();
  return true;
}

void FolderFeed::poll() {
  if (!behind_ && !look()) return frame_.start(kIdleMs);
  QElapsedTimer clock;
  clock.start();
  bool at_end = false;
  try {
    while (!at_end && !clock.hasExpired(kSliceMs)) {
      std::vector<Event> slice = reader_.poll(kSlice);
      at_end = slice.empty();
      std::move(slice.begin(), slice.end(), std::back_inserter(read_));
    }
  } catch (const std::exception& e) {
    frame_.stop();
    send();
    Q_EMIT problem(warning(folder_.string(), std::string("Reading the run stopped: ") + e.what(),
                           "What was read is shown, and the folder is not changed. Open it again."));
    return;
  }
  const bool grew = !read_.empty();
  if (at_end || since_sent_.hasExpired(kFrameMs)) send();
  for (; reported_issues_ < reader_.issues().size(); ++reported_issues_)
    Q_EMIT problem(reader_.issues()[reported_issues_]);
  frame_.start(at_end ? kIdleMs : kBreathMs);
  if (at_end && (grew || behind_)) Q_EMIT caughtUp();
  behind_ = !at_end;
}

void FolderFeed::send() {
  since_sent_.restart();
  if (read_.empty()) return;
  const std::vector<Event> events = std::exchange(read_, {});
  Q_EMIT batch(events);
}

}  // namespace palimpsest
