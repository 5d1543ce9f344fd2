// English captions for drawn scenes: twelve ways to say it for one object and twelve for two, with synonyms.
#pragma once

#include <string>

#include "engine/data/procedural/scene.h"

namespace palimpsest {

struct Depicted {
  Scene scene;             // Size::Any for a size that is neither small nor large
  std::string background;  // "dark", "light", "grey", "coloured"; empty: not worth a word
  std::string style;       // appended after a comma, such as "out of focus"; may be empty
};

// Three words in ten are replaced by a synonym. Objects of a pair come in either order, with the relation turned
// accordingly, and with all of their attributes; a "plain" texture may go without saying. Three captions in ten of a
// single object leave out a part of its attributes.
std::string captionOf(const Depicted& picture, Rng& rng);

}  // namespace palimpsest
