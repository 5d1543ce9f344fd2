// When runs that wait would begin and end, judged by finished runs of the same recipe and options. Where nothing is known
// it says so: a time that is made up is worse than none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/protocol/value.h"

namespace palimpsest {

class QueueForecast {
 public:
  // Recipes complete, with epochs as they are trained (see canonical()); options as in run.json.
  struct Finished {
    Value recipe, options;
    double seconds = 0;        // wall-clock, of the whole run
    std::int64_t images = 0;   // training images of all tasks; 0: not known
    int classes = 0;
  };
  struct Wanted {
    Value recipe, options;
    double done = 0;  // part of it that lies behind, 0 to 1: resumed runs and forks
  };
  struct Slot {
    std::optional<double> begin, end;  // seconds from now; none: not known
  };

  void setFinished(const std::vector<Finished>& runs);
  // How long it would take: the median of finished runs that differ in nothing but the seed. Without one, of those that
  // also differ in how many images of each class they learn from, in proportion to the images.
  std::optional<double> seconds(const Wanted& run) const;

  // One after another, the first after `until_free` seconds. Behind a run of unknown length nothing is known.
  static std::vector<Slot> slotsAfter(std::optional<double> until_free, const std::vector<std::optional<double>>& lengths);

 private:
  struct Kind {
    std::vector<double> per_image;
    int classes = 0;
  };
  std::map<std::string, std::vector<double>> same_;  // by recipe and options but the seed
  std::map<std::string, Kind> similar_;              // also without the limit of training images
};

// The recipe as it is trained: the option "epochs", where it is not 0, in every phase that has epochs.
Value trainedRecipe(Value recipe, const Value& options);

}  // namespace palimpsest
