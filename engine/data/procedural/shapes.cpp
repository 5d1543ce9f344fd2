// Streams without files: a class is a shape, a texture and a colour; pose, light and background vary.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>

#include "engine/data/procedural/drawn_split.h"
#include "engine/data/procedural/named_shape.h"
#include "engine/data/procedural/pattern.h"
#include "engine/data/procedural/world.h"

namespace palimpsest {
namespace {

constexpr std::uint64_t kShapesKey = 0x736861706573;  // keeps the streams apart from those of `world`

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
enum Texture { Plain, Striped, Dotted, Checkered, Noisy, Gradient };
constexpr std::array<const char*, 6> kTextures{"plain", "striped", "dotted", "checkered", "noisy", "gradient"};

struct Kind {
  int shape, texture, colour;
};

// Blocks of twelve classes hold every shape once; each shape goes through its own shuffle of texture and colour.
std::vector<Kind> kindsOf(int classes, std::uint64_t seed) {
  const int shapes = static_cast<int>(NamedShape::names().size());
  constexpr int pairs = static_cast<int>(kColours.size() * kTextures.size());
  std::vector<std::vector<int>> order(shapes);
  for (int shape = 0; shape < shapes; ++shape) {
    for (int pair = 0; pair < pairs; ++pair) order[shape].push_back(pair);
    Rng rng = rngOf(seed, Purpose::World, kShapesKey, shape);
    rng.shuffle(order[shape]);
  }
  std::vector<Kind> kinds;
  for (int i = 0; i < classes; ++i) {
    const int pair = order[i % shapes][i / shapes];
    kinds.push_back({i % shapes, pair % static_cast<int>(kTextures.size()), pair / static_cast<int>(kTextures.size())});
  }
  return kinds;
}

// What the images of all classes are drawn from; immutable.
struct Workshop {
  std::vector<NamedShape> shapes;
  std::vector<std::optional<Pattern>> textures;
};

Workshop makeWorkshop(std::uint64_t seed) {
  Workshop shop;
  for (int i = 0; i < static_cast<int>(NamedShape::names().size()); ++i) shop.shapes.emplace_back(i);
  constexpr std::array<std::optional<Pattern::Kind>, 6> kinds{std::nullopt,          Pattern::Kind::Stripes,
                                                              Pattern::Kind::Dots,   Pattern::Kind::Checks,
                                                              Pattern::Kind::Clouds, std::nullopt};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    Rng rng = rngOf(seed, Purpose::World, kShapesKey, 1000 + i);
    if (kinds[i]) shop.textures.emplace_back(Pattern(*kinds[i], rng));
    else shop.textures.emplace_back();
  }
  return shop;
}

// A brightness ramp across the motif.
void engraveRamp(const Placement& at, Rng& rng, Layer& layer) {
  const float angle = between(rng, 0, 6.2832f), c = std::cos(angle), s = std::sin(angle);
  for (int y = 0, i = 0; y < layer.side; ++y)
    for (int x = 0; x < layer.side; ++x, ++i) {
      const Point p = at.motifAt(x, y);
      layer.tone[i] = std::clamp(0.5f + 0.6f * (c * p.x + s * p.y), 0.0f, 1.0f);
    }
}

Colour backgroundFor(Colour front, Rng& rng) {
  Colour back{};
  for (int attempt = 0; attempt < 8; ++attempt) {
    const float level = between(rng, 0, 1), hue = between(rng, 0, 1),
                tint = chance(rng, 0.6) ? 0 : between(rng, 0, 0.35f);
    back = fromHsv(hue, tint, level);
    if (std::abs(back.luminance() - front.luminance()) > 0.25f) break;
  }
  return back;
}

Image drawShape(const Workshop& shop, const Kind& kind, int side, Rng rng) {
  const NamedColour& named = kColours[kind.colour];
  const float hue = named.hue + between(rng, -6.0f, 6.0f) / 360,
              saturation = named.saturation * between(rng, 0.85f, 1.15f);
  const Colour front =
      fromHsv(hue, std::min(saturation, 1.0f), std::min(named.value * between(rng, 0.85f, 1.15f), 1.0f));
  Canvas canvas(side, backgroundFor(front, rng));
  const double style = rng.uniform();
  const float amount = between(rng, 0.05f, 0.2f), angle = between(rng, 0, 6.2832f);
  if (style < 0.25) canvas.shadeLinear(angle, amount);
  else if (style < 0.5) canvas.shadeNoise(side * 0.15f, amount, rng);

  Placement::Pose pose;
  pose.scale = between(rng, 0.45f, 0.85f);
  pose.angle = between(rng, -0.35f, 0.35f);
  pose.stretch = std::exp(between(rng, -0.12f, 0.12f));
  pose.shift.x = between(rng, -0.2f, 0.2f);
  pose.shift.y = between(rng, -0.2f, 0.2f);
  const Placement at(pose, side);
  Layer layer(side);
  shop.shapes[kind.shape].draw(at, rng, layer);
  if (shop.textures[kind.texture]) shop.textures[kind.texture]->engrave(at, rng, layer, 0);
  if (kind.texture == Gradient) engraveRamp(at, rng, layer);
  canvas.blend(layer, front, {front.r * 0.35f, front.g * 0.35f, front.b * 0.35f});
  if (chance(rng, 0.1)) canvas.blur();
  canvas.gain(between(rng, 0.85f, 1.1f), 0);
  canvas.addNoise(between(rng, 0, 0.05f), true, rng);
  return canvas.image();
}

}  // namespace

Dataset makeShapes(const WorldSize& size) {
  const auto shop = std::make_shared<const Workshop>(makeWorkshop(size.seed));
  const auto kinds = std::make_shared<const std::vector<Kind>>(kindsOf(size.classes, size.seed));
  Dataset data{.title = "Shapes"};
  for (const Kind& kind : *kinds)
    data.class_names.push_back(std::string(kColours[kind.colour].name) + " " + kTextures[kind.texture] + " " +
                               NamedShape::names()[kind.shape]);
  const auto split = [&](const char* name, int per_class, int key) {
    return std::make_shared<DrawnSplit>(name, size.classes, per_class, [=](int label, std::int64_t number) {
      return drawShape(*shop, (*kinds)[label], size.side,
                       rngOf(size.seed, Purpose::World, kShapesKey, key, label, number));
    });
  };
  data.train = split("train", size.train, 1);
  data.test = split("test", size.test, 2);
  return data;
}

}  // namespace palimpsest
