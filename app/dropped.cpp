#include "app/dropped.h"

#include <algorithm>

#include "app/backbone_panel.h"
#include "engine/data/dataset.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/pilot_config.h"
#include "engine/record/run_folder.h"

namespace palimpsest {

namespace {
namespace fs = std::filesystem;


bool holdsRuns(const fs::path& folder) {
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder, unreadable))
    if (entry.is_directory(unreadable) && record::isRun(entry.path())) return true;
  return false;
}

bool holdsFolders(const fs::path& folder) {
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder, unreadable))
    if (entry.is_directory(unreadable)) return true;
  return false;
}

void lookAtImages(Dropped& dropped) {
  dropped.kind = Dropped::Kind::ImageFolder;
  dropped.data = "folder:" + dropped.path.string();
  const Dataset data = openDataset(dropped.data);
  dropped.classes = int(data.class_names.size());
  dropped.train_images = data.train->size();
  dropped.test_images = data.test->size();
}

void lookAtJson(Dropped& dropped) {
  dropped.content = record::readJsonFile(dropped.path);
  if (record::isPilotConfig(dropped.content)) dropped.kind = Dropped::Kind::PilotConfig;
  else if (dropped.content.find("phases") || dropped.content.find("head")) dropped.kind = Dropped::Kind::Recipe;
  else dropped.issues.push_back(error(dropped.path.string(), "this JSON file is neither a recipe nor a configuration of PILOT", "a recipe has phases and a head, a configuration model_name, init_cls and increment"));
}

void look(Dropped& dropped) {
  const fs::path& path = dropped.path;
  if (record::isRun(path)) dropped.kind = Dropped::Kind::Run;
  else if (fs::is_directory(path) && holdsRuns(path)) dropped.kind = Dropped::Kind::SharedFolder;
  else if (fs::is_directory(path) && holdsFolders(path)) lookAtImages(dropped);
  else if (fs::is_regular_file(path) && record::isRun(path.parent_path())) {
    dropped.kind = Dropped::Kind::Run;  // a file of a run stands for it
    dropped.path = path.parent_path();
  } else if (path.extension() == ".json") lookAtJson(dropped);
  else if (BackbonePanel::takes(QString::fromStdString(path.string()))) dropped.kind = Dropped::Kind::Weights;
  else dropped.issues.push_back(error(path.string(), "Palimpsest does not know what this is", "drop a run's folder, a folder with one folder of images for each class, a weights file, a recipe or a configuration of PILOT"));
}
}  // namespace

Dropped lookAt(const fs::path& path) {
  Dropped dropped;
  dropped.path = path;
  try {
    look(dropped);
  } catch (const BadInput& bad) {
    dropped.issues = bad.issues;
  } catch (const std::exception& failed) {
    dropped.issues.push_back(error(path.string(), failed.what()));
  }
  return dropped;
}

std::string suggestedScenario(int classes) {
  const int tasks = std::max(1, std::min(classes / 2, classes >= 40 ? 10 : 5));
  const int increment = std::max(1, classes / tasks);
  const int first = std::max(1, classes - increment * (tasks - 1));
  return "cil:init=" + std::to_string(first) + ",increment=" + std::to_string(increment) + ",order=1993";
}

}  // namespace palimpsest
