// What people are told of a pre-trained network before it is loaded, and how good its features are.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/protocol/options.h"

namespace palimpsest {

struct BackboneInfo {
  std::string name, file, architecture;  // "vit: 28 px, patch 4, width 128, depth 6, heads 4"
  std::int64_t parameters = 0;
  int image_size = 0;
  std::string input_range, sha256, licence, origin;
  bool bundled = true;  // with the program, not added by somebody
  std::string problem;  // the file is gone or has changed since it was added; empty: all is well
};

// How good a backbone's frozen features are on a data set: nearest class mean by cosine (SimpleCIL's classifier) and
// ridge regression over `random_features` fixed random ReLU features of them (RanPAC's; 0 leaves it out).
struct AssessRequest {
  RunOptions options;  // data, limits, backbone, image_size, input_range, test_transform, device, threads, eval_batch
  bool training_split_only = false;  // one in six images of the training split is held out; the test split is not read
  int random_features = 2000;
};
struct Assessment {
  double nearest_mean = 0, ridge = 0;  // percent
  std::int64_t train_images = 0, test_images = 0;
  int classes = 0;
  double seconds = 0;
};
// Called now and then on the same thread with images done and images in all; false stops with Error{"stopped"}.
using AssessProgress = std::function<bool(std::int64_t done, std::int64_t of)>;

}  // namespace palimpsest
