// Styles in which the same scene can be shown, for domain-incremental streams: what is drawn stays, how it looks
// changes.
#pragma once

#include <string>
#include <vector>

#include "engine/data/procedural/canvas.h"

namespace palimpsest {

enum class Domain { Plain, Photo, Sketch, Inverted, Blurred };
const std::vector<std::string>& domainNames();  // in the order of the enumeration
const std::string& nameOf(Domain domain);

// Changes the picture in place; Plain leaves it alone. `cover`: [side, side], how much of each pixel is object.
void showIn(Domain domain, Canvas& canvas, const std::vector<float>& cover, Rng& rng);

}  // namespace palimpsest
