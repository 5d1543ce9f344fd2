// The worlds that need no files. `world` is for pre-training: formula-driven classes in the spirit of FractalDB and
// Visual Atoms. `shapes` is for streams: named shapes, textures and colours, none of which is a class of `world`.
// An image is a pure function of (seed, class, split, number in the class), so nothing is stored.
#pragma once

#include <string>

#include "engine/data/dataset.h"
#include "engine/data/spec_options.h"

namespace palimpsest {

struct WorldSize {
  int classes = 0, train = 0, test = 0;  // images per class
  int side = 0;
  std::uint64_t seed = 0;
};

// Reads classes=N,train=M,test=K,side=S,seed=Q; what is absent is as in `defaults`.
WorldSize worldSizeFrom(const std::string& rest, const WorldSize& defaults, int most_classes, Issues& issues);

Dataset makeWorld(const WorldSize& size);
Dataset makeShapes(const WorldSize& size);

inline constexpr WorldSize kWorldDefaults{256, 1000, 20, 28, 1};
inline constexpr WorldSize kShapesDefaults{20, 100, 50, 32, 1};
inline constexpr int kMostWorldClasses = 100'000, kMostShapesClasses = 720;

}  // namespace palimpsest
