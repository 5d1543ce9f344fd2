// The arrangements of the window, each for one question. Their numbers are stored: new ones go to the end.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace palimpsest {

enum class Perspective { Learn, Run, Compare, Pipeline, Prompts, Embedding, Accuracy, Present };
constexpr int kPerspectives = 8;

inline std::optional<Perspective> perspectiveNamed(std::string_view name) {
  constexpr std::array<std::string_view, kPerspectives> names{"learn", "run", "compare", "pipeline", "prompts", "embedding", "accuracy", "present"};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return Perspective(i);
  return std::nullopt;
}

}  // namespace palimpsest
