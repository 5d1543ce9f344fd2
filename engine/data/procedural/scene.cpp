#include "engine/data/procedural/scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "engine/data/procedural/named_shape.h"

namespace palimpsest {
namespace {

struct NamedColour {
  const char* name;
  float hue, saturation, value;
};
constexpr std::array<NamedColour, 10> kColours{{{"red", 0, 0.85f, 0.85f},
                                                {"orange", 0.08f, 0.9f, 0.95f},
                                                {"yellow", 0.155f, 0.85f, 0.95f},
                                                {"green", 0.33f, 0.75f, 0.65f},
                                                {"cyan", 0.5f, 0.75f, 0.85f},
                                                {"blue", 0.62f, 0.85f, 0.85f},
                                                {"purple", 0.76f, 0.7f, 0.65f},
                                                {"pink", 0.92f, 0.4f, 0.97f},
                                                {"white", 0, 0, 0.97f},
                                                {"brown", 0.07f, 0.65f, 0.45f}}};
constexpr std::array<const char*, 6> kTextures{"plain", "striped", "dotted", "checkered", "noisy", "gradient"};
constexpr int kPairs = static_cast<int>(kColours.size() * kTextures.size());

int shapes() { return static_cast<int>(NamedShape::names().size()); }

// Blocks of twelve classes hold every shape once; each shape goes through its own shuffle of texture and colour, and
// of size where that counts.
class Singles {
 public:
  Singles(bool sizes, std::uint64_t seed) : order_(shapes()) {
    for (int shape = 0; shape < shapes(); ++shape) {
      for (int pair = 0; pair < kPairs * (sizes ? 2 : 1); ++pair) order_[shape].push_back(pair);
      Rng rng = rngOf(seed, Purpose::World, kShapesKey, shape + (sizes ? 3000 : 0));
      rng.shuffle(order_[shape]);
    }
    sizes_ = sizes;
  }
  Scene at(int i) const {
    const int choice = order_[i % shapes()][i / shapes()], pair = choice % kPairs;
    Scene scene;
    scene.first = {i % shapes(), static_cast<Texture>(pair % static_cast<int>(kTextures.size())),
                   pair / static_cast<int>(kTextures.size())};
    if (sizes_) scene.first.size = choice < kPairs ? Size::Small : Size::Large;
    return scene;
  }

 private:
  std::vector<std::vector<int>> order_;
  bool sizes_;
};

bool farApart(int a, int b) {
  const Colour first = nominalColour(a), second = nominalColour(b);
  return std::abs(first.r - second.r) + std::abs(first.g - second.g) + std::abs(first.b - second.b) > 0.75f;
}

// Two objects that can be told apart; beside, above or inside each other in turn.
Scene drawPair(int number, Rng& rng) {
  const auto holds = [](int shape) { return NamedShape::names()[shape] != "crescent"; };  // something inside it
  const bool nested = number % 3 == 2;
  Scene scene;
  do scene.first.shape = pick(rng, 0, shapes() - 1);
  while (nested && !holds(scene.first.shape));
  scene.first.texture = static_cast<Texture>(pick(rng, 0, static_cast<int>(kTextures.size()) - 1));
  scene.first.colour = pick(rng, 0, static_cast<int>(kColours.size()) - 1);
  scene.first.size = nested || chance(rng, 0.5) ? Size::Small : Size::Large;
  Thing second{.size = nested ? Size::Large : Size::Medium};
  do second.shape = pick(rng, 0, shapes() - 1);
  while (second.shape == scene.first.shape || (nested && !holds(second.shape)));
  do second.colour = pick(rng, 0, static_cast<int>(kColours.size()) - 1);
  while (!farApart(scene.first.colour, second.colour));
  scene.second = second;
  scene.relation = nested ? Relation::Inside : number % 3 ? Relation::Above : Relation::LeftOf;
  return scene;
}

// The same objects the other way round: left becomes right; what was inside is now around.
Scene turned(Scene scene) {
  if (scene.relation == Relation::LeftOf) scene.relation = Relation::RightOf;
  else if (scene.relation == Relation::Above) scene.relation = Relation::Below;
  else {
    std::swap(scene.first.shape, scene.second->shape);
    std::swap(scene.first.colour, scene.second->colour);
  }
  return scene;
}

}  // namespace

const std::vector<std::string>& colourNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const NamedColour& colour : kColours) out.emplace_back(colour.name);
    return out;
  }();
  return names;
}

const char* textureName(Texture texture) { return kTextures[static_cast<std::size_t>(texture)]; }

const char* sizeName(Size size) { return size == Size::Small ? "small" : size == Size::Large ? "large" : ""; }

const char* relationName(Relation relation) {
  constexpr std::array<const char*, 5> names{"left of", "right of", "above", "below", "inside"};
  return names[static_cast<std::size_t>(relation)];
}

Colour nominalColour(int colour) {
  const NamedColour& named = kColours[colour];
  return fromHsv(named.hue, named.saturation, named.value);
}

Colour variedColour(int colour, Rng& rng) {
  const NamedColour& named = kColours[colour];
  const float hue = named.hue + between(rng, -6.0f, 6.0f) / 360,
              saturation = named.saturation * between(rng, 0.85f, 1.15f);
  return fromHsv(hue, std::min(saturation, 1.0f), std::min(named.value * between(rng, 0.85f, 1.15f), 1.0f));
}

std::vector<Scene> scenesOf(int classes, bool relations, std::uint64_t seed) {
  const Singles singles(relations, seed);
  std::vector<Scene> scenes;
  std::set<std::string> names;
  for (int label = 0; label < classes; ++label) {
    if (!relations) scenes.push_back(singles.at(label));
    else if (label % 2 == 0) scenes.push_back(singles.at(label / 2));
    else if (label % 4 == 3) scenes.push_back(turned(scenes[label - 2]));
    else {
      const int number = label / 4;
      Rng rng = rngOf(seed, Purpose::World, kShapesKey, 4000, number);
      Scene scene = drawPair(number, rng);
      while (names.contains(nameOf(scene, true)) || names.contains(nameOf(turned(scene), true)))
        scene = drawPair(number, rng);
      names.insert(nameOf(scene, true));
      names.insert(nameOf(turned(scene), true));
      scenes.push_back(scene);
    }
  }
  return scenes;
}

std::string nameOf(const Scene& scene, bool relations) {
  const Thing& thing = scene.first;
  const std::string colour = colourNames()[thing.colour], shape = NamedShape::names()[thing.shape];
  if (!relations) return colour + " " + textureName(thing.texture) + " " + shape;
  std::string name = std::string(sizeName(thing.size)) + " " + textureName(thing.texture) + " " + colour + " " + shape;
  if (!scene.second) return name;
  const Thing& second = *scene.second;
  const std::string size = sizeName(second.size);
  return name + " " + relationName(scene.relation) + " " + (size.empty() ? "" : size + " ") +
         colourNames()[second.colour] + " " + NamedShape::names()[second.shape];
}

}  // namespace palimpsest
