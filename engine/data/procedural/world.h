// The worlds that need no files. `world` is for pre-training: formula-driven classes in the spirit of FractalDB and
// Visual Atoms. `shapes` is for streams: named shapes, textures and colours, alone and in pairs, none of which is a
// class of `world`. An image is a pure function of (seed, class, split, number in the class), so nothing is stored.
#pragma once

#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/procedural/domain.h"
#include "engine/data/spec_options.h"

namespace palimpsest {

struct WorldSize {
  int classes = 0, train = 0, test = 0;  // images per class
  int side = 0;
  std::uint64_t seed = 0;
};

// Reads classes=N,train=M,test=K,side=S,seed=Q; what is absent is as in `defaults`.
WorldSize worldSizeFrom(SpecOptions& options, const WorldSize& defaults, int most_classes);

struct ShapesStyle {
  bool relations = false;                         // sizes and second objects are part of the classes
  std::vector<Domain> domains = {Domain::Plain};  // at least one, none twice; several: the data set names its domains
};
// Reads relations=yes|no and either domain=plain|photo|sketch|inverted|blurred or domains=photo+sketch+...
ShapesStyle shapesStyleFrom(SpecOptions& options);

Dataset makeWorld(const WorldSize& size);
// The same size with another domain shows the same scenes. Several domains lie behind each other in the splits, each
// what it is alone: `size.train` and `size.test` count images of each class in each of them. Images have captions.
Dataset makeShapes(const WorldSize& size, const ShapesStyle& style = {});

// The motif of one class of `world` by itself, in a neutral pose: how much light each pixel gets, [side, side]. Equal
// `jitter` varies two classes alike, so that they can be compared.
std::vector<float> worldMotif(std::uint64_t seed, int label, int side, std::uint64_t jitter);

inline constexpr WorldSize kWorldDefaults{256, 1000, 20, 28, 1};
inline constexpr WorldSize kShapesDefaults{20, 100, 50, 32, 1};
inline constexpr int kMostWorldClasses = 100'000;

}  // namespace palimpsest
