// What a thing dropped on the window is, by looking into it. Any thread; nothing is thrown.
#pragma once

#include <QString>
#include <filesystem>

#include "engine/protocol/issue.h"
#include "engine/protocol/value.h"

namespace palimpsest {

struct Dropped {
  enum class Kind { Run, SharedFolder, Recipe, PilotConfig, Weights, ImageFolder, Unknown };
  Kind kind = Kind::Unknown;
  std::filesystem::path path;
  Value content;          // of a recipe or a configuration
  std::string data;       // of a folder of images: what --data would say
  int classes = 0;        // of it
  std::int64_t train_images = 0, test_images = 0;
  Issues issues;          // why it is of no use, or what is wrong with it
};

// Blocks: reads JSON files whole and lists folders of images.
Dropped lookAt(const std::filesystem::path& path);

// Tasks that a data set is cut into unless somebody knows better: of two classes or more, about five, ten from forty
// classes on; the first takes what is left over.
std::string suggestedScenario(int classes);

}  // namespace palimpsest
