#include "widgets/models/inspection_job.h"

#include <exception>

namespace palimpsest {

namespace {
struct Cancelled {};
}  // namespace

InspectionJob::InspectionJob(QObject* parent) : QObject(parent) { pool_.setMaxThreadCount(1); }

InspectionJob::~InspectionJob() {
  if (stop_) *stop_ = true;
  pool_.waitForDone();
}

bool InspectionJob::start(Ask ask, InspectOptions options) {
  if (running()) return false;
  stop_ = std::make_shared<std::atomic<bool>>(false);
  // Only one that is still the question under way may speak: a cancelled one has been answered for already.
  const auto say = [this, stop = stop_](auto what) {
    QMetaObject::invokeMethod(this, [this, stop, what] { if (stop_ == stop) what(); }, Qt::QueuedConnection);
  };
  options.progress = [this, say, stop = stop_](int done, int of) {
    if (*stop) throw Cancelled();
    say([this, done, of] { Q_EMIT progressed(done, of); });
  };
  pool_.start([this, say, ask = std::move(ask), options] {
    const auto finish = [this, say](auto what) { say([this, what] { stop_ = nullptr; what(); }); };
    try {
      const Value answer = ask(options);
      finish([this, answer] { Q_EMIT answered(answer); });
    } catch (const Cancelled&) {
    } catch (const std::exception& wrong) {
      finish([this, text = QString::fromUtf8(wrong.what())] { Q_EMIT failed(text); });
    } catch (...) {
      finish([this] { Q_EMIT failed(tr("The engine failed without saying why.")); });
    }
  });
  return true;
}

void InspectionJob::cancel() {
  if (!stop_) return;
  *stop_ = true;
  stop_ = nullptr;
  Q_EMIT cancelled();
}

}  // namespace palimpsest
