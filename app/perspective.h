// The arrangements of the window, each for one question. Their numbers are stored: new ones go to the end.
#pragma once

#include <array>

namespace palimpsest {

enum class Perspective { Learn, Run, Compare, Pipeline, Prompts, Embedding, Accuracy, Present };
constexpr int kPerspectives = 8;

}  // namespace palimpsest
