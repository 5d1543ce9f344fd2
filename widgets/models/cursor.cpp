#include "widgets/models/cursor.h"

#include <algorithm>
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
  task_ = pinned_ = -1;
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
  pinned_ = -1;
  step_ = step;
  Q_EMIT moved(step_);
  settle();
}

void Cursor::setTask(int task) {
  if (!run_) return;
  for (const TaskBand& band : run_->bands())
    if (band.task == task && band.ended) {
      const bool moves = !same(band.to, step_);
      pinned_ = task;
      step_ = band.to;
      if (moves) Q_EMIT moved(step_);
      return settle();
    }
}

void Cursor::moveTask(int by) {
  if (!run_ || run_->bands().empty()) return;
  const auto& bands = run_->bands();
  std::vector<int> ended;
  for (const TaskBand& band : bands)
    if (band.ended) ended.push_back(band.task);
  // Behind how many of the ended tasks the cursor stands, and whether exactly at the end of one.
  const bool now = std::isnan(step_);
  std::size_t behind = ended.size();
  if (!now) behind = std::size_t(std::upper_bound(ended.begin(), ended.end(), task_) - ended.begin());
  const bool at_end = behind > 0 && (now ? bands.back().ended : same(bands[behind - 1].to, step_));
  if (by > 0) return now || behind >= ended.size() ? setStep(kNow) : setTask(ended[behind]);
  const std::size_t to = at_end ? behind - 1 : behind;
  if (to == 0) return setStep(bands.front().from);
  setTask(ended[to - 1]);
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
      if (band.ended && (std::isnan(step_) || band.to <= step_) && (pinned_ < 0 || band.task <= pinned_)) task = band.task;
  if (task == task_) return;
  task_ = task;
  Q_EMIT taskChanged(task);
}

}  // namespace palimpsest
