// Scenes for a class: small JSON files, each one picture of a run, a sentence and a question. Read as people write them: every
// problem of a file is listed with its line, and a file with a problem is not shown.
#pragma once

#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include "engine/protocol/issue.h"
#include "engine/protocol/param.h"

namespace palimpsest {

struct TeachingScene {
  std::string title, run, view = "accuracy", caption, question, reveal;
  int task = 0;
  bool predict = false;
  static auto fields() {
    using S = TeachingScene;
    return std::tuple{
        Field{"title", &S::title, {.doc = "In a few words; large, at the top."}},
        Field{"run", &S::run, {.doc = "Folder of a recording that comes with the program; empty: the run in focus."}},
        Field{"view", &S::view, {.choices = "accuracy|matrix|prompts", .doc = "What is shown of it."}},
        Field{"task", &S::task, {.min = 0, .max = 1000, .unit = "tasks", .doc = "How much of the run is shown at first: so many tasks learned; 0: all."}},
        Field{"caption", &S::caption, {.doc = "What is to be seen, in a sentence or two."}},
        Field{"question", &S::question, {.doc = "For the audience; stays until it is answered."}},
        Field{"reveal", &S::reveal, {.doc = "The answer. The rest of the run is shown with it."}},
        Field{"predict", &S::predict, {.doc = "The audience draws the curve it expects before it is revealed; accuracy only."}}};
  }
  bool hides() const { return !reveal.empty() || predict; }  // something comes at the second press of Space
};

// Of one file; every problem has "FILE:LINE" as its path. Nothing is thrown.
struct SceneFile {
  TeachingScene scene;
  Issues issues;  // an error: the scene is not to be shown
};
SceneFile readScene(const std::filesystem::path& file);

struct SceneList {
  std::vector<TeachingScene> scenes;  // good ones, in the order of their files' names
  Issues issues;                      // of all files
};
// All *.json of a folder; one that is not there has no scenes.
SceneList readScenes(const std::filesystem::path& folder);

}  // namespace palimpsest
