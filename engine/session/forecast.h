// How long a run still takes, from what an image of each kind of work has cost so far.
#pragma once

#include <cstdint>
#include <map>

namespace palimpsest {

enum class Work { Train, Look };  // with and without backward passes

class Forecast {
 public:
  void plan(Work work, int task, std::int64_t images) { left_[{task, work}] += images; }
  void done(Work work, int task, std::int64_t images, double seconds);
  double secondsLeft(int first_task, int last_task) const;  // negative while nothing is known
  double fraction(double seconds_so_far) const;             // of the run, 0 to 1
  double rate() const { return rate_; }                     // images per second, lately

 private:
  double cost(Work work) const;  // seconds per image; negative when unknown
  std::map<std::pair<int, Work>, std::int64_t> left_;
  double seconds_[2] = {0, 0};
  double images_[2] = {0, 0};
  double rate_ = 0;
};

}  // namespace palimpsest
