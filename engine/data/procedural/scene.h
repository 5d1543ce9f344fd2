// What the classes of `shapes` are: one object, or two and how they stand to each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/procedural/canvas.h"

namespace palimpsest {

enum class Texture { Plain, Striped, Dotted, Checkered, Noisy, Gradient };
enum class Size { Any, Small, Medium, Large };  // Any: the class leaves it open
enum class Relation { LeftOf, RightOf, Above, Below, Inside };

struct Thing {
  int shape = 0;  // position in NamedShape::names()
  Texture texture = Texture::Plain;
  int colour = 0;  // position in colourNames()
  Size size = Size::Any;
};

struct Scene {
  Thing first;
  std::optional<Thing> second;  // without texture
  Relation relation = Relation::LeftOf;
};

const std::vector<std::string>& colourNames();
const char* textureName(Texture texture);
const char* sizeName(Size size);              // "" for what nobody mentions: Any and Medium
const char* relationName(Relation relation);  // "left of"
Colour nominalColour(int colour);
// The same with its hue, saturation and value moved a little.
Colour variedColour(int colour, Rng& rng);

// Without relations: shape x texture x colour, "red striped star"; at most 720. With them classes take turns, at most
// 2,880: the even ones are size x texture x colour x shape, "small striped red star"; the odd ones have a second
// object, "small striped red star left of blue ring". Of those each two neighbours show the same objects the other
// way round. More classes keep the ones there were.
std::vector<Scene> scenesOf(int classes, bool relations, std::uint64_t seed);
std::string nameOf(const Scene& scene, bool relations);

inline constexpr int kMostPlainScenes = 720, kMostRelationScenes = 2880;
inline constexpr std::uint64_t kShapesKey = 0x736861706573;  // keeps the streams apart from those of `world`

}  // namespace palimpsest
