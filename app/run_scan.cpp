#include "app/run_scan.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"

namespace palimpsest {

namespace {
// The last events tell all that is asked here, and a long run has tens of megabytes of them.
constexpr std::streamoff kTailBytes = 256 * 1024;

std::string endOf(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const std::streamoff size = in.tellg();
  const std::streamoff from = std::max<std::streamoff>(0, size - kTailBytes);
  in.seekg(from);
  std::string text(static_cast<std::size_t>(size - from), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (from == 0) return text;
  const std::size_t line = text.find('\n');  // the first line is probably cut
  return line == std::string::npos ? std::string() : text.substr(line + 1);
}

FoundRun::State stateOf(const std::string& ended) {
  if (ended == "done") return FoundRun::State::Done;
  if (ended == "failed") return FoundRun::State::Failed;
  return FoundRun::State::Stopped;
}

void note(FoundRun& run, const Event& event) {
  run.last_us = event.at_us;
  std::visit(overloaded{
                 [&](const RunStarted& e) { run.title = QString::fromStdString(e.title); },
                 [&](const RunResumed& e) {
                   run.task = e.task;
                   run.step = e.global_step;
                   run.state = FoundRun::State::Interrupted;
                 },
                 [&](const TaskStarted& e) { run.task = e.task; },
                 [&](const StepMeasured& e) {
                   run.task = e.task;
                   run.step = e.global_step;
                 },
                 [&](const EpochEnded& e) { run.step = e.global_step; },
                 [&](const TaskEnded& e) { run.step = e.global_step; },
                 [&](const RunEnded& e) { run.state = stateOf(e.state); },
                 [](const auto&) {},
             },
             event.what);
}
}  // namespace

std::optional<FoundRun> scanRun(const std::filesystem::path& folder) try {
  if (!record::isRun(folder)) return std::nullopt;
  const record::Paths paths(folder);
  FoundRun run;
  run.folder = folder;
  run.id = QString::fromStdString(folder.filename().string());
  const Value start = record::readJsonFile(paths.run());
  if (const Value* title = start.at("recipe.title")) run.title = QString::fromStdString(title->asString());
  const std::string text = endOf(paths.events());
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = text.find('\n', from);
    if (end == std::string::npos) break;  // torn
    if (auto event = record::parseEvent(std::string_view(text).substr(from, end - from))) note(run, *event);
    from = end + 1;
  }
  if (run.title.isEmpty()) run.title = run.id;
  std::error_code ignored;
  run.hasCheckpoint = !std::filesystem::is_empty(paths.checkpoints(), ignored) && !ignored;
  if (record::isBeingWritten(folder)) run.state = FoundRun::State::BeingWritten;
  return run;
} catch (const std::exception&) {
  return std::nullopt;  // damaged: opening it says why
}

std::vector<FoundRun> scanRuns(const std::filesystem::path& runs) {
  std::vector<FoundRun> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(runs, error))
    if (entry.is_directory(error))
      if (auto run = scanRun(entry.path())) found.push_back(std::move(*run));
  std::sort(found.begin(), found.end(), [](const FoundRun& a, const FoundRun& b) { return a.last_us > b.last_us; });
  return found;
}

}  // namespace palimpsest
