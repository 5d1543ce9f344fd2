#include "widgets/models/scene.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <sstream>

#include "engine/protocol/error.h"
#include "engine/record/json.h"

namespace palimpsest {

namespace {

constexpr std::size_t kLongestTitle = 70, kLongestText = 320, kLargestFile = 64 * 1024;

// The line on which each member of the outermost object begins. The text is good JSON, so strings are all there is to skip.
std::map<std::string, int> linesOfMembers(const std::string& text) {
  std::map<std::string, int> lines;
  int line = 1, depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    line += c == '\n';
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    std::size_t end = i + 1;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    std::size_t after = end + 1;
    while (after < text.size() && std::isspace(static_cast<unsigned char>(text[after]))) ++after;
    if (depth == 1 && after < text.size() && text[after] == ':') lines.emplace(text.substr(i + 1, end - i - 1), line);
    i = end;
  }
  return lines;
}

Issues conflicts(const TeachingScene& scene) {
  Issues issues;
  const auto atMost = [&](const char* key, const std::string& text, std::size_t most) {
    if (text.size() > most)
      issues.push_back(error(key, "has " + std::to_string(text.size()) + " letters; what is read from the last row has " + std::to_string(most) + " at most"));
  };
  if (scene.title.empty()) issues.push_back(error("title", "is missing", "Say in a few words what the scene is about."));
  if (scene.caption.empty()) issues.push_back(error("caption", "is missing", "Say in a sentence what is to be seen."));
  atMost("title", scene.title, kLongestTitle);
  for (const auto& [key, text] : {std::pair{"caption", &scene.caption}, {"question", &scene.question}, {"reveal", &scene.reveal}}) atMost(key, *text, kLongestText);
  if (scene.run.find_first_of("/\\") != std::string::npos || scene.run.find("..") != std::string::npos)
    issues.push_back(error("run", "is a path", "Give the name of a folder of resources/recordings."));
  if (scene.predict && scene.view != "accuracy") issues.push_back(error("predict", "goes with the accuracy view only"));
  if (scene.predict && scene.task == 0) issues.push_back(error("task", "is 0, so nothing is left to predict", "Say after how many tasks the curve stops."));
  return issues;
}

std::optional<std::string> contentOf(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text(kLargestFile + 1, '\0');
  in.read(text.data(), std::streamsize(text.size()));
  text.resize(std::size_t(in.gcount()));
  return text;
}

}  // namespace

SceneFile readScene(const std::filesystem::path& file) {
  SceneFile out;
  const std::string name = file.filename().string();
  const auto text = contentOf(file);
  if (!text || text->size() > kLargestFile) {
    out.issues = {error(name, text ? "is larger than 64 kB: this is no scene" : "cannot be read")};
    return out;
  }
  Issues found;
  std::map<std::string, int> lines;
  try {
    const Value value = record::parseJson(*text, name);
    if (!value.isObject()) found = {error("", "must be an object, as in {\"title\": ...}")};
    else {
      lines = linesOfMembers(*text);
      out.scene = readParams<TeachingScene>(value, "", found);
      for (Issue& issue : conflicts(out.scene))
        if (std::none_of(found.begin(), found.end(), [&](const Issue& known) { return known.path == issue.path; })) found.push_back(std::move(issue));
    }
  } catch (const BadInput& bad) {  // says its own line
    out.issues = bad.issues;
    return out;
  }
  for (Issue& issue : found) {
    const auto line = lines.find(issue.path);
    const std::string where = name + ":" + std::to_string(line == lines.end() ? 1 : line->second);
    out.issues.push_back({issue.severity, where, issue.path.empty() ? issue.message : issue.path + " " + issue.message, issue.hint});
  }
  return out;
}

SceneList readScenes(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder, missing))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  SceneList out;
  for (const auto& file : files) {
    SceneFile read = readScene(file);
    if (!hasErrors(read.issues)) out.scenes.push_back(std::move(read.scene));
    out.issues.insert(out.issues.end(), read.issues.begin(), read.issues.end());
  }
  return out;
}

}  // namespace palimpsest
