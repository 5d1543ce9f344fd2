#include "engine/data/procedural/caption.h"

#include <array>
#include <map>
#include <string_view>
#include <vector>

#include "engine/data/procedural/named_shape.h"

namespace palimpsest {
namespace {

// {a} and {b}: the objects, with an indefinite article; {n} and {m}: the same with "the"; {s}: the shape of {a} with
// its article; {l}: its adjectives as a list; {r}: how {a} stands to {b}; {t}: how it stands to "it"; {g}: the ground.
constexpr std::array<std::string_view, 12> kOne{"{a}",
                                                "there is {a}",
                                                "a picture of {a}",
                                                "{a} {g}",
                                                "this is {a}",
                                                "one can see {a}",
                                                "an image that shows {a}",
                                                "{g}, {a}",
                                                "{a} and nothing else",
                                                "the only thing {g} is {a}",
                                                "here is {a} {g}",
                                                "{s} that is {l}"};
constexpr std::array<std::string_view, 12> kTwo{"{a} {r} {b}",
                                                "there is {a} {r} {b}",
                                                "a picture of {a} {r} {b}",
                                                "{a} {r} {b} {g}",
                                                "{b} with {a} {t}",
                                                "{r} {b} there is {a}",
                                                "{a} and {b}, the first {r} the second",
                                                "{n} is {r} {m}",
                                                "one can see {b}, and {t} {a}",
                                                "two objects: {a} {r} {b}",
                                                "{g}, {a} {r} {b}",
                                                "{a}, which is {r} {b}"};

const std::map<std::string_view, std::vector<const char*>>& synonyms() {
  static const std::map<std::string_view, std::vector<const char*>> table{{"small", {"little", "tiny"}},
                                                                          {"large", {"big", "huge"}},
                                                                          {"plain", {"simple", "smooth"}},
                                                                          {"striped", {"banded", "stripy"}},
                                                                          {"dotted", {"spotted", "speckled"}},
                                                                          {"checkered", {"chequered", "checked"}},
                                                                          {"noisy", {"cloudy", "blotchy"}},
                                                                          {"gradient", {"shaded"}},
                                                                          {"cyan", {"turquoise"}},
                                                                          {"purple", {"violet"}},
                                                                          {"pink", {"rose"}},
                                                                          {"circle", {"disc"}},
                                                                          {"ring", {"hoop"}},
                                                                          {"ellipse", {"oval"}},
                                                                          {"diamond", {"rhombus"}},
                                                                          {"cross", {"plus sign"}},
                                                                          {"crescent", {"sickle"}},
                                                                          {"left of", {"to the left of"}},
                                                                          {"right of", {"to the right of"}},
                                                                          {"above", {"over"}},
                                                                          {"below", {"under"}},
                                                                          {"inside", {"within", "in"}},
                                                                          {"around", {"surrounding"}},
                                                                          {"light", {"bright"}},
                                                                          {"background", {"ground"}}};
  return table;
}

std::string worded(Rng& rng, std::string_view word) {
  const auto found = synonyms().find(word);
  const bool other = chance(rng, 0.3);
  if (!other || found == synonyms().end()) return std::string(word);
  return found->second[rng.below(found->second.size())];
}

std::string withArticle(const std::string& noun) {
  return (std::string_view("aeiou").find(noun.front()) == std::string_view::npos ? "a " : "an ") + noun;
}

struct Words {
  std::vector<std::string> adjectives;
  std::string noun;
  std::string all() const {
    std::string text;
    for (const std::string& adjective : adjectives) text += adjective + " ";
    return text + noun;
  }
  std::string list() const {  // "small, striped and red"
    std::string text;
    for (std::size_t i = 0; i < adjectives.size(); ++i)
      text += (i == 0 ? "" : i + 1 < adjectives.size() ? ", " : " and ") + adjectives[i];
    return text;
  }
};

// `drop`: the share of adjectives left out.
Words wordsFor(const Thing& thing, double drop, Rng& rng) {
  Words words;
  const auto add = [&](std::string_view word) {
    const std::string said = worded(rng, word);
    const bool dropped = chance(rng, drop);
    if (!dropped && !word.empty()) words.adjectives.push_back(said);
  };
  const bool unsaid = thing.texture == Texture::Plain && chance(rng, 0.5);
  add(sizeName(thing.size));
  add(unsaid ? "" : textureName(thing.texture));
  add(colourNames()[thing.colour]);
  words.noun = worded(rng, NamedShape::names()[thing.shape]);
  return words;
}

struct Order {
  const char *relation, *to_it;  // how the one named first stands to the other
};
Order orderOf(Relation relation, bool turned) {
  constexpr Order left{"left of", "to its left"}, right{"right of", "to its right"}, above{"above", "above it"},
      below{"below", "below it"}, inside{"inside", "inside it"}, around{"around", "around it"};
  switch (relation) {
    case Relation::LeftOf:
      return turned ? right : left;
    case Relation::RightOf:
      return turned ? left : right;
    case Relation::Above:
      return turned ? below : above;
    case Relation::Below:
      return turned ? above : below;
    case Relation::Inside:
      return turned ? around : inside;
  }
  return left;
}

void fill(std::string& text, std::string_view place, const std::string& words) {
  for (std::size_t at; (at = text.find(place)) != std::string::npos;) text.replace(at, place.size(), words);
}

std::string groundOf(const Depicted& picture, Rng& rng) {
  const std::string kind = worded(rng, picture.background);
  return "on " + withArticle(kind + " " + worded(rng, "background"));
}

std::string oneObject(const Depicted& picture, Rng& rng) {
  const bool short_caption = chance(rng, 0.3);
  const Words words = wordsFor(picture.scene.first, short_caption ? 0.5 : 0, rng);
  std::string text(kOne[rng.below(kOne.size())]);
  const bool no_list = words.adjectives.empty() && text.find("{l}") != std::string::npos;
  const bool no_ground = picture.background.empty() && text.find("{g}") != std::string::npos;
  if (no_list || no_ground) text = kOne[0];
  fill(text, "{a}", withArticle(words.all()));
  fill(text, "{s}", withArticle(words.noun));
  fill(text, "{l}", words.list());
  if (text.find("{g}") != std::string::npos) fill(text, "{g}", groundOf(picture, rng));
  return text;
}

std::string twoObjects(const Depicted& picture, Rng& rng) {
  const bool turn = chance(rng, 0.5);
  Words a = wordsFor(picture.scene.first, 0, rng), b = wordsFor(*picture.scene.second, 0, rng);
  if (turn) std::swap(a, b);
  const Order order = orderOf(picture.scene.relation, turn);
  std::string text(kTwo[rng.below(kTwo.size())]);
  if (picture.background.empty() && text.find("{g}") != std::string::npos) text = kTwo[0];
  fill(text, "{a}", withArticle(a.all()));
  fill(text, "{b}", withArticle(b.all()));
  fill(text, "{n}", "the " + a.all());
  fill(text, "{m}", "the " + b.all());
  fill(text, "{r}", worded(rng, order.relation));
  fill(text, "{t}", order.to_it);
  if (text.find("{g}") != std::string::npos) fill(text, "{g}", groundOf(picture, rng));
  return text;
}

}  // namespace

std::string captionOf(const Depicted& picture, Rng& rng) {
  const std::string text = picture.scene.second ? twoObjects(picture, rng) : oneObject(picture, rng);
  return picture.style.empty() ? text : text + ", " + picture.style;
}

}  // namespace palimpsest
