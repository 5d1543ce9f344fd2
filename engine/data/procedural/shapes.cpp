// Streams without files: a class is what there is to see (scene.h); pose, light and background vary.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>

#include "engine/data/procedural/caption.h"
#include "engine/data/procedural/drawn_split.h"
#include "engine/data/procedural/named_shape.h"
#include "engine/data/procedural/pattern.h"
#include "engine/data/procedural/world.h"

namespace palimpsest {
namespace {

// Splits of several domains behind each other.
class DomainSplits final : public Split {
 public:
  explicit DomainSplits(std::vector<std::shared_ptr<const Split>> domains) : domains_(std::move(domains)) {}
  std::int64_t size() const override { return each() * static_cast<std::int64_t>(domains_.size()); }
  int label(std::int64_t index) const override { return of(index).label(index % each()); }
  Image image(std::int64_t index) const override { return of(index).image(index % each()); }
  std::string name(std::int64_t index) const override { return of(index).name(index % each()); }
  std::string caption(std::int64_t index) const override { return of(index).caption(index % each()); }
  int domain(std::int64_t index) const override { return static_cast<int>(index / each()); }

 private:
  std::int64_t each() const { return domains_.front()->size(); }
  const Split& of(std::int64_t index) const { return *domains_[static_cast<std::size_t>(index / each())]; }
  std::vector<std::shared_ptr<const Split>> domains_;
};

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

float distance(Colour a, Colour b) { return std::abs(a.r - b.r) + std::abs(a.g - b.g) + std::abs(a.b - b.b); }

Colour backgroundFor(Colour front, const Colour* other, Rng& rng) {
  Colour back{};
  for (int attempt = 0; attempt < (other ? 24 : 8); ++attempt) {
    const float level = between(rng, 0, 1), hue = between(rng, 0, 1),
                tint = chance(rng, 0.6) ? 0 : between(rng, 0, 0.35f);
    back = fromHsv(hue, tint, level);
    const bool clear = std::abs(back.luminance() - front.luminance()) > 0.25f;
    if (clear && (!other || distance(back, *other) > 0.6f)) break;
  }
  return back;
}

// A placed object. Lengths are those of Placement::Pose.
struct Placed {
  Thing thing;
  Colour front;
  Placement::Pose pose;
};

float scaleOf(Size size, bool alone, Rng& rng) {
  if (size == Size::Any) return between(rng, 0.45f, 0.85f);
  if (size == Size::Medium) return between(rng, 0.34f, 0.4f);
  if (size == Size::Small) return alone ? between(rng, 0.34f, 0.46f) : between(rng, 0.25f, 0.3f);
  return alone ? between(rng, 0.7f, 0.88f) : between(rng, 0.46f, 0.53f);
}

void turnAndStretch(Placement::Pose& pose, Rng& rng) {
  pose.angle = between(rng, -0.35f, 0.35f);
  pose.stretch = std::exp(between(rng, -0.12f, 0.12f));
}

void placeAlone(Placed& one, Rng& rng) {
  one.pose.scale = scaleOf(one.thing.size, true, rng);
  turnAndStretch(one.pose, rng);
  const float room = one.thing.size == Size::Any ? 0.2f : 0.85f * (1 - one.pose.scale);
  one.pose.shift.x = between(rng, -room, room);
  one.pose.shift.y = between(rng, -room, room);
}

// Along one axis from low to high without touching, anywhere across it.
void placeInARow(Placed& low, Placed& high, bool upright, Rng& rng) {
  for (Placed* placed : {&low, &high}) {
    placed->pose.scale = scaleOf(placed->thing.size, false, rng);
    turnAndStretch(placed->pose, rng);
  }
  const float a = low.pose.scale, b = high.pose.scale, spare = std::max(0.0f, 2 - 2 * a - 2 * b);
  const float gap = spare * between(rng, 0.1f, 0.6f), edge = (spare - gap) * between(rng, 0.1f, 0.9f);
  const auto set = [&](Placed& placed, float along) {
    const float room = std::min(0.3f, 1 - placed.pose.scale), across = between(rng, -room, room);
    placed.pose.shift = upright ? Point{across, along} : Point{along, across};
  };
  set(low, -1 + edge + a);
  set(high, -1 + edge + 2 * a + gap + b);
}

void placeInside(Placed& inner, Placed& outer, Rng& rng) {
  outer.pose.scale = between(rng, 0.78f, 0.92f);
  turnAndStretch(outer.pose, rng);
  outer.pose.shift.x = between(rng, -0.08f, 0.08f);
  outer.pose.shift.y = between(rng, -0.08f, 0.08f);
  inner.pose.scale = outer.pose.scale * between(rng, 0.34f, 0.4f);
  turnAndStretch(inner.pose, rng);
  inner.pose.shift.x = outer.pose.shift.x + between(rng, -0.04f, 0.04f);
  inner.pose.shift.y = outer.pose.shift.y + between(rng, -0.04f, 0.04f);
}

void place(std::vector<Placed>& placed, const Scene& scene, Rng& rng) {
  if (!scene.second) return placeAlone(placed[0], rng);
  if (scene.relation == Relation::Inside) return placeInside(placed[0], placed[1], rng);
  const bool upright = scene.relation == Relation::Above || scene.relation == Relation::Below;
  const bool first_is_low = scene.relation == Relation::LeftOf || scene.relation == Relation::Above;
  placeInARow(placed[first_is_low ? 0 : 1], placed[first_is_low ? 1 : 0], upright, rng);
}

void drawThing(const Workshop& shop, const Placed& placed, Canvas& canvas, std::vector<float>& cover, Rng& rng) {
  const Placement at(placed.pose, canvas.side());
  const auto texture = static_cast<std::size_t>(placed.thing.texture);
  const Colour front = placed.front;
  Layer layer(canvas.side());
  shop.shapes[placed.thing.shape].draw(at, rng, layer);
  if (shop.textures[texture]) shop.textures[texture]->engrave(at, rng, layer, 0);
  if (placed.thing.texture == Texture::Gradient) engraveRamp(at, rng, layer);
  canvas.blend(layer, front, {front.r * 0.35f, front.g * 0.35f, front.b * 0.35f});
  for (std::size_t i = 0; i < cover.size(); ++i) cover[i] = std::max(cover[i], layer.cover[i]);
}

// What the caption of an image has to know of it.
struct Drawing {
  Image image;
  float scale = 0;  // of the first object
  Colour background;
};

Drawing drawScene(const Workshop& shop, const Scene& scene, int side, Domain domain, Rng rng, Rng style_rng) {
  std::vector<Placed> placed{{scene.first, variedColour(scene.first.colour, rng), {}}};
  if (scene.second) placed.push_back({*scene.second, variedColour(scene.second->colour, rng), {}});
  const Colour background = backgroundFor(placed[0].front, scene.second ? &placed[1].front : nullptr, rng);
  Canvas canvas(side, background);
  const double style = rng.uniform();
  const float amount = between(rng, 0.05f, 0.2f), angle = between(rng, 0, 6.2832f);
  if (style < 0.25) canvas.shadeLinear(angle, amount);
  else if (style < 0.5) canvas.shadeNoise(side * 0.15f, amount, rng);

  place(placed, scene, rng);
  std::vector<float> cover(static_cast<std::size_t>(side) * side);
  for (auto one = placed.rbegin(); one != placed.rend(); ++one) drawThing(shop, *one, canvas, cover, rng);
  showIn(domain, canvas, cover, style_rng);
  if (chance(rng, 0.1)) canvas.blur();
  canvas.gain(between(rng, 0.85f, 1.1f), 0);
  canvas.addNoise(between(rng, 0, 0.05f), true, rng);
  return {canvas.image(), placed[0].pose.scale, background};
}

Depicted depictedIn(const Drawing& drawing, Scene scene, Domain domain) {
  if (scene.first.size == Size::Any)
    scene.first.size = drawing.scale < 0.56f ? Size::Small : drawing.scale > 0.74f ? Size::Large : Size::Any;
  const float light = drawing.background.luminance();
  std::string background = light < 0.25f ? "dark" : light > 0.75f ? "light" : "";
  if (domain == Domain::Sketch) background.clear();
  constexpr std::array<const char*, 5> styles{"", "photographed", "sketched", "in inverted colours", "out of focus"};
  return {scene, background, styles[static_cast<std::size_t>(domain)]};
}

// Makes splits of one domain; what they need lives as long as they do.
struct Drawer {
  std::shared_ptr<const Workshop> shop;
  std::shared_ptr<const std::vector<Scene>> scenes;
  WorldSize size;

  std::shared_ptr<const Split> split(const std::string& name, int per_class, int key, Domain domain) const {
    const auto stream = [seed = size.seed, key](int part, int label, std::int64_t number) {
      return part ? rngOf(seed, Purpose::World, kShapesKey, key, label, number, part)
                  : rngOf(seed, Purpose::World, kShapesKey, key, label, number);
    };
    const auto draw = [self = *this, domain, stream](int label, std::int64_t number) {
      return drawScene(*self.shop, (*self.scenes)[label], self.size.side, domain, stream(0, label, number),
                       stream(1, label, number));
    };
    const auto caption = [own = scenes, domain, stream, draw](int label, std::int64_t number) {
      Rng rng = stream(2, label, number);
      return captionOf(depictedIn(draw(label, number), (*own)[label], domain), rng);
    };
    return std::make_shared<DrawnSplit>(
        name, size.classes, per_class, [draw](int label, std::int64_t number) { return draw(label, number).image; },
        caption);
  }
};

}  // namespace

ShapesStyle shapesStyleFrom(SpecOptions& options) {
  ShapesStyle style;
  style.relations = options.choice("relations", {"no", "yes"}) == 1;
  const int only = options.choice("domain", domainNames());
  std::vector<int> domains = options.several("domains", domainNames());
  options.exclude("domain", "domains");
  if (domains.empty()) domains.push_back(only);
  style.domains.clear();
  for (const int domain : domains) style.domains.push_back(static_cast<Domain>(domain));
  return style;
}

Dataset makeShapes(const WorldSize& size, const ShapesStyle& style) {
  const Drawer drawer{std::make_shared<const Workshop>(makeWorkshop(size.seed)),
                      std::make_shared<const std::vector<Scene>>(scenesOf(size.classes, style.relations, size.seed)),
                      size};
  Dataset data{.title = "Shapes"};
  for (const Scene& scene : *drawer.scenes) data.class_names.push_back(nameOf(scene, style.relations));
  const auto split = [&](const std::string& name, int per_class, int key) -> std::shared_ptr<const Split> {
    if (style.domains.size() == 1) return drawer.split(name, per_class, key, style.domains.front());
    std::vector<std::shared_ptr<const Split>> parts;
    for (const Domain domain : style.domains)
      parts.push_back(drawer.split(nameOf(domain) + " " + name, per_class, key, domain));
    return std::make_shared<DomainSplits>(std::move(parts));
  };
  if (style.domains.size() > 1)
    for (const Domain domain : style.domains) data.domain_names.push_back(nameOf(domain));
  data.train = split("train", size.train, 1);
  data.test = split("test", size.test, 2);
  return data;
}

}  // namespace palimpsest
