#include "widgets/models/cursor.h"

#include <cmath>
#include <limits>

namespace palimpsest {

namespace {
constexpr double kNow = std::numeric_limits<double>::quiet_NaN();
bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
}  // namespace

Cursor::Cursor(QObject* parent) : QObject(parent), step_(kNow) {}

void Cursor::setRun(RunData* run) {
  if (run != run_) take(run);
}

void Cursor::take(RunData* run) {
  if (run_) disconnect(run_, nullptr, this, nullptr);
  run_ = run;
  if (run) {
    connect(run, &RunData::changed, this, &Cursor::settle);
    connect(run, &QObject::destroyed, this, [this] { take(nullptr); });  // the pointer is null by then
  }
  if (other_ == run_) setOther(nullptr);
  step_ = kNow;
  task_ = -1;
  sample_ = -1;
  Q_EMIT runChanged(run);
  Q_EMIT moved(step_);
  settle();
}

void Cursor::setOther(RunData* run) {
  if (run == other_ || (run && run == run_)) return;
  other_ = run;
  if (run) connect(run, &QObject::destroyed, this, [this] { Q_EMIT otherChanged(nullptr); });
  Q_EMIT otherChanged(run);
}

void Cursor::setStep(double step) {
  if (same(step, step_)) return;
  step_ = step;
  Q_EMIT moved(step_);
  settle();
}

void Cursor::setTask(int task) {
  if (!run_) return;
  for (const TaskBand& band : run_->bands())
    if (band.task == task && band.ended) return setStep(band.to);
}

void Cursor::moveTask(int by) {
  if (!run_ || run_->bands().empty()) return;
  const auto& bands = run_->bands();
  const double now = std::isnan(step_) ? bands.back().to : step_;
  double target = kNow;
  for (const TaskBand& band : bands) {
    if (by > 0 && band.to > now) return setStep(band.to);
    if (by < 0 && band.to < now) target = band.to;
  }
  setStep(by < 0 && std::isnan(target) ? bands.front().from : target);
}

void Cursor::setSample(std::int64_t sample) {
  if (sample == sample_) return;
  sample_ = sample;
  Q_EMIT sampleChanged(sample);
}

void Cursor::settle() {
  int task = -1;
  if (run_)
    for (const TaskBand& band : run_->bands())
      if (band.ended && (std::isnan(step_) || band.to <= step_)) task = band.task;
  if (task == task_) return;
  task_ = task;
  Q_EMIT taskChanged(task);
}

}  // namespace palimpsest
