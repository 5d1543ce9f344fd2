#include "engine/data/procedural/world.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>

#include "engine/data/procedural/arrangement.h"
#include "engine/data/procedural/contour.h"
#include "engine/data/procedural/drawn_split.h"
#include "engine/data/procedural/fractal.h"
#include "engine/data/procedural/glyph.h"
#include "engine/data/procedural/pattern.h"
#include "engine/data/procedural/solid.h"

namespace palimpsest {
namespace {

constexpr float kTurn = 2 * std::numbers::pi_v<float>;

// Draws stand in statements of their own: the order in which arguments are evaluated is the compiler's choice.

// What all images of a class share.
struct Concept {
  std::string name;
  std::unique_ptr<const Motif> motif;
  std::optional<Pattern> inside;  // engraved into the motif
  float inside_low = 0.3f;
  float hue = 0, other_hue = 0;
  bool own_hues = false;  // most coloured images of the class keep near them
  bool fills = false;     // a texture: no background to stand before
  float upright = 0.25f;  // radians of rotation to either side
};

// Families take turns, so that every count of classes has its share of each.
enum class Family { Outline, Textured, Superformula, Fractal, Glyph, Solid, Pattern, Arrangement, TexturedSolid, Star };
constexpr int kFamilies = 10;
constexpr const char* kFamilyNames[] = {"outline", "textured contour", "superformula", "fractal",        "glyph",
                                        "solid",   "pattern",          "arrangement",  "textured solid", "star"};

std::unique_ptr<const Motif> motifOf(Family family, Rng& rng) {
  using Kind = Contour::Kind;
  using Fill = Contour::Fill;
  switch (family) {
    case Family::Outline:
      return std::make_unique<Contour>(Kind::Harmonics, Fill::Outline, rng);
    case Family::Textured:
      return std::make_unique<Contour>(Kind::Harmonics, Fill::Solid, rng);
    case Family::Superformula:
      return std::make_unique<Contour>(Kind::Superformula, chance(rng, 0.5) ? Fill::Bands : Fill::Solid, rng);
    case Family::Fractal:
      return std::make_unique<Fractal>(rng);
    case Family::Glyph:
      return std::make_unique<Glyph>(rng);
    case Family::Solid:
    case Family::TexturedSolid:
      return std::make_unique<Solid>(rng);
    case Family::Pattern:
      return std::make_unique<Pattern>(static_cast<Pattern::Kind>(pick(rng, 0, Pattern::kKinds - 1)), rng);
    case Family::Arrangement:
      return std::make_unique<Arrangement>(rng);
    case Family::Star:
      return std::make_unique<Contour>(Kind::Star, static_cast<Fill>(pick(rng, 0, 2)), rng);
  }
  return nullptr;
}

Concept conceptOf(std::uint64_t seed, int label) {
  Rng rng = rngOf(seed, Purpose::World, 0, label);
  const auto family = static_cast<Family>(label % kFamilies);
  Concept made;
  made.name = std::string(kFamilyNames[label % kFamilies]) + " " + std::to_string(label / kFamilies);
  made.motif = motifOf(family, rng);
  if (family == Family::Textured || family == Family::TexturedSolid ||
      (family == Family::Superformula && chance(rng, 0.3)))
    made.inside.emplace(static_cast<Pattern::Kind>(pick(rng, 0, Pattern::kKinds - 1)), rng);
  made.inside_low = between(rng, 0.0f, 0.4f);
  made.hue = between(rng, 0, 1);
  made.other_hue = between(rng, 0, 1);
  made.own_hues = chance(rng, 0.4);
  made.fills = family == Family::Pattern;
  made.upright = chance(rng, 0.75) ? 0.25f : 0.8f;
  return made;
}

struct Palette {
  Colour background, colour, other;
  bool grey = true;
};

Palette greyPalette(Rng& rng) {
  const auto grey = [](float value) { return Colour{value, value, value}; };
  const double style = rng.uniform();
  float back = between(rng, 0, 0.05f), front = between(rng, 0.5f, 1);  // bright on black, as scans and plots are
  if (style > 0.72) {
    back = between(rng, 0, 1);
    front = back > 0.5f ? back - between(rng, 0.3f, 0.5f) : back + between(rng, 0.3f, 0.5f);
  }
  if (style > 0.9) std::tie(back, front) = std::pair{between(rng, 0.8f, 1), between(rng, 0, 0.4f)};
  return {grey(back), grey(front), grey(mix(back, front, between(rng, 0.05f, 0.35f))), true};
}

Palette colourPalette(const Concept& what, Rng& rng) {
  const bool own = what.own_hues && chance(rng, 0.75);
  const float hue = own ? what.hue + between(rng, -0.05f, 0.05f) : between(rng, 0, 1);
  const float other = own ? what.other_hue + between(rng, -0.05f, 0.05f) : between(rng, 0, 1);
  Palette out{.grey = false};
  for (int attempt = 0; attempt < 6; ++attempt) {  // until the motif can be told from the background
    const float saturation = between(rng, 0.25f, 1), value = between(rng, 0.4f, 1);
    out.colour = fromHsv(hue, saturation, value);
    const double style = rng.uniform();
    const float tint = between(rng, 0.1f, 0.9f), level = between(rng, 0.1f, 0.95f), edge = between(rng, 0, 0.12f);
    if (style < 0.3) out.background = fromHsv(other, tint, edge);
    else if (style < 0.45) out.background = fromHsv(other, 0.15f * tint, 1 - edge);
    else out.background = fromHsv(other, tint, level);
    if (std::abs(out.colour.luminance() - out.background.luminance()) > 0.22f) break;
  }
  const float toward = between(rng, 0.05f, 0.5f);
  const float saturation = between(rng, 0.2f, 1), value = between(rng, 0.1f, 0.6f);
  const Colour back = chance(rng, 0.5) ? out.background : fromHsv(other, saturation, value);
  out.other = {mix(back.r, out.colour.r, toward), mix(back.g, out.colour.g, toward), mix(back.b, out.colour.b, toward)};
  return out;
}

void drawBackground(Canvas& canvas, bool black, Rng& rng) {
  const double style = rng.uniform();
  const float amount = between(rng, 0.05f, black ? 0.1f : 0.3f);
  if (style < 0.25) canvas.shadeLinear(between(rng, 0, kTurn), amount);
  else if (style < 0.45) canvas.shadeNoise(canvas.side() * between(rng, 0.12f, 0.4f), amount, rng);
}

// A bar from edge to edge, so that no single place of a motif decides.
void occlude(Canvas& canvas, Rng& rng) {
  Layer layer(canvas.side());
  const Placement::Pose pose{
      .scale = 1, .angle = between(rng, 0, kTurn), .shift = {between(rng, -0.8f, 0.8f), between(rng, -0.8f, 0.8f)}};
  const Placement at(pose, canvas.side());
  const float half = between(rng, 0.05f, 0.16f), grey = between(rng, 0, 1);
  for (int y = 0, i = 0; y < layer.side; ++y)
    for (int x = 0; x < layer.side; ++x, ++i)
      layer.cover[i] = coverageOf(std::abs(at.motifAt(x, y).x) - half, at.pixel());
  canvas.blend(layer, {grey, grey, grey}, {});
}

void finish(Canvas& canvas, bool grey, Rng& rng) {
  const float light = between(rng, 0, kTurn), amount = between(rng, 0.02f, 0.15f);
  if (chance(rng, 0.35)) canvas.shadeLinear(light, amount);
  if (chance(rng, 0.25)) canvas.blur();
  const float contrast = between(rng, 0.85f, 1.1f), brightness = between(rng, -0.05f, 0.05f);
  if (chance(rng, 0.5)) canvas.gain(contrast, brightness);
  if (chance(rng, 0.5)) canvas.addNoise(between(rng, 0.005f, 0.06f), !grey, rng);
}

Placement::Pose poseOf(const Concept& what, Rng& rng) {
  Placement::Pose pose;
  pose.scale = what.fills ? 1 : between(rng, 0.72f, 1.15f);
  pose.angle = between(rng, -what.upright, what.upright);
  pose.stretch = std::exp(between(rng, -0.2f, 0.2f));
  pose.shear = between(rng, -0.12f, 0.12f);
  pose.shift.x = between(rng, -0.14f, 0.14f);
  pose.shift.y = between(rng, -0.14f, 0.14f);
  return pose;
}

Image drawConcept(const Concept& what, int side, Rng rng) {
  const bool grey = chance(rng, 0.55);
  const Palette palette = grey ? greyPalette(rng) : colourPalette(what, rng);
  Canvas canvas(side, palette.background);
  drawBackground(canvas, palette.background.luminance() < 0.12f, rng);
  const Placement at(poseOf(what, rng), side);
  Layer layer(side);
  what.motif->draw(at, rng, layer);
  if (what.inside) what.inside->engrave(at, rng, layer, what.inside_low);
  canvas.blend(layer, palette.colour, palette.other);
  if (chance(rng, 0.08)) occlude(canvas, rng);
  finish(canvas, palette.grey, rng);
  return canvas.image();
}

}  // namespace

WorldSize worldSizeFrom(SpecOptions& options, const WorldSize& defaults, int most_classes) {
  WorldSize size;
  size.classes = static_cast<int>(options.integer("classes", defaults.classes, 2, most_classes));
  size.train = static_cast<int>(options.integer("train", defaults.train, 1, 1'000'000));
  size.test = static_cast<int>(options.integer("test", defaults.test, 1, 1'000'000));
  size.side = static_cast<int>(options.integer("side", defaults.side, 8, 512));
  size.seed =
      static_cast<std::uint64_t>(options.integer("seed", static_cast<std::int64_t>(defaults.seed), 0, 4294967295LL));
  return size;
}

std::vector<float> worldMotif(std::uint64_t seed, int label, int side, std::uint64_t jitter) {
  const Concept what = conceptOf(seed, label);
  const Placement at(Placement::Pose{}, side);
  Rng rng = rngOf(jitter, Purpose::World, 3);
  Layer layer(side);
  what.motif->draw(at, rng, layer);
  if (what.inside) what.inside->engrave(at, rng, layer, what.inside_low);
  for (std::size_t i = 0; i < layer.cover.size(); ++i) layer.cover[i] *= layer.tone[i];
  return layer.cover;
}

Dataset makeWorld(const WorldSize& size) {
  auto concepts = std::make_shared<std::vector<Concept>>();
  concepts->reserve(size.classes);
  Dataset data{.title = "Formula-driven world"};
  for (int label = 0; label < size.classes; ++label) {
    concepts->push_back(conceptOf(size.seed, label));
    data.class_names.push_back(concepts->back().name);
  }
  const auto split = [&](const char* name, int per_class, int key) {
    return std::make_shared<DrawnSplit>(name, size.classes, per_class, [=](int label, std::int64_t number) {
      return drawConcept((*concepts)[label], size.side, rngOf(size.seed, Purpose::World, key, label, number));
    });
  };
  data.train = split("train", size.train, 1);
  data.test = split("test", size.test, 2);
  return data;
}

}  // namespace palimpsest
