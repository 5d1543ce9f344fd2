// How a network of a given backbone sees images: the options of a run where they say something, else what the weights
// were trained with.
#pragma once

#include <string>

#include "engine/data/transform.h"
#include "engine/protocol/options.h"
#include "engine/weights/backbone.h"

namespace palimpsest {

inline std::string rangeOf(const RunOptions& options, const LoadedBackbone& backbone) {
  return options.input_range == "default" ? backbone.input_range : options.input_range;
}

inline Transform transformOf(const RunOptions& options, const LoadedBackbone& backbone, bool train) {
  TransformSpec spec;
  spec.name = train ? options.train_transform : options.test_transform;
  spec.train = train;
  spec.side = backbone.shape.image;
  spec.range = rangeOf(options, backbone);
  return Transform(spec);
}

}  // namespace palimpsest
