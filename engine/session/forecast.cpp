#include "engine/session/forecast.h"

#include <algorithm>

namespace palimpsest {

// Recent work counts more: what an image costs changes when other programs take the processor.
void Forecast::done(Work work, int task, std::int64_t images, double seconds) {
  auto& left = left_[{task, work}];
  left = std::max<std::int64_t>(0, left - images);
  constexpr double kForget = 0.98;
  const auto kind = static_cast<std::size_t>(work);
  seconds_[kind] = seconds_[kind] * kForget + seconds;
  images_[kind] = images_[kind] * kForget + static_cast<double>(images);
  if (seconds > 0) rate_ = rate_ == 0 ? static_cast<double>(images) / seconds : 0.9 * rate_ + 0.1 * static_cast<double>(images) / seconds;
}

double Forecast::cost(Work work) const {
  const auto kind = static_cast<std::size_t>(work);
  if (images_[kind] > 0) return seconds_[kind] / images_[kind];
  const auto other = 1 - kind;  // a step forward and back costs about three forward passes
  if (images_[other] > 0) return seconds_[other] / images_[other] * (work == Work::Train ? 3.0 : 1.0 / 3.0);
  return -1;
}

double Forecast::secondsLeft(int first_task, int last_task) const {
  double total = 0;
  for (const auto& [key, images] : left_) {
    if (key.first < first_task || key.first > last_task || images == 0) continue;
    if (cost(key.second) < 0) return -1;
    total += static_cast<double>(images) * cost(key.second);
  }
  return total;
}

double Forecast::fraction(double seconds_so_far) const {
  const double left = secondsLeft(0, 1 << 30);
  return left < 0 || seconds_so_far + left <= 0 ? 0 : seconds_so_far / (seconds_so_far + left);
}

}  // namespace palimpsest
