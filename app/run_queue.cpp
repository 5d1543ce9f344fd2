#include "app/run_queue.h"

#include <algorithm>

#include "app/background.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"

namespace palimpsest {

namespace {
constexpr int kFormat = 1;

Value entryOf(const QueuedRun& run) {
  Value entry;
  entry["id"] = run.id.toStdString();
  entry["title"] = run.title.toStdString();
  entry["folder"] = run.folder.string();
  entry["resume"] = run.resume;
  if (run.done > 0) entry["done"] = run.done;
  if (!run.origin.isEmpty()) entry["origin"] = run.origin.toStdString();
  entry["recipe"] = run.plan.recipe;
  entry["options"] = Value(valuesOf(run.plan.options));
  return entry;
}

std::optional<QueuedRun> runOf(const Value& entry, const std::string& path, Issues& issues) {
  const Value* folder = entry.find("folder");
  const Value* recipe = entry.find("recipe");
  const Value* options = entry.find("options");
  if (!folder || !recipe || !options) {
    issues.push_back(warning(path, "a waiting run is incomplete and was left out"));
    return std::nullopt;
  }
  QueuedRun run;
  run.folder = folder->asString();
  run.id = QString::fromStdString(run.folder.filename().string());
  run.plan.recipe = *recipe;
  run.plan.options = readParams<RunOptions>(*options, path, issues);
  if (const Value* title = entry.find("title")) run.title = QString::fromStdString(title->asString());
  if (const Value* resume = entry.find("resume")) run.resume = resume->asBool();
  if (const Value* done = entry.find("done")) run.done = done->asDouble();
  if (const Value* origin = entry.find("origin")) run.origin = QString::fromStdString(origin->asString());
  return run;
}
}  // namespace

RunQueue::RunQueue(std::filesystem::path file, QObject* parent) : QObject(parent), file_(std::move(file)) {
  disk_.setMaxThreadCount(1);
  load();
}

RunQueue::~RunQueue() { disk_.waitForDone(); }

void RunQueue::add(QueuedRun run) {
  waiting_.push_back(std::move(run));
  saveSoon();
}

void RunQueue::addFirst(QueuedRun run) {
  waiting_.push_front(std::move(run));
  saveSoon();
}

bool RunQueue::remove(const QString& id) {
  if (std::erase_if(waiting_, [&](const QueuedRun& run) { return run.id == id; }) == 0) return false;
  saveSoon();
  return true;
}

bool RunQueue::move(const QString& id, int to) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const QueuedRun& run) { return run.id == id; });
  if (found == waiting_.end()) return false;
  const auto from = found - waiting_.begin(), place = std::clamp<std::ptrdiff_t>(to, 0, std::ptrdiff_t(waiting_.size()) - 1);
  if (from == place) return false;
  if (from < place) std::rotate(found, found + 1, waiting_.begin() + place + 1);
  else std::rotate(waiting_.begin() + place, found, found + 1);
  saveSoon();
  return true;
}

void RunQueue::clear() {
  waiting_.clear();
  saveSoon();
}

std::optional<QueuedRun> RunQueue::takeNext() {
  if (waiting_.empty()) return std::nullopt;
  QueuedRun next = std::move(waiting_.front());
  waiting_.pop_front();
  saveSoon();
  return next;
}

void RunQueue::saveSoon() {
  Value state;
  state["format"] = kFormat;
  Value::Array waiting;
  for (const QueuedRun& run : waiting_) waiting.push_back(entryOf(run));
  for (const QueuedRun& run : aside_) waiting.push_back(entryOf(run));
  state["waiting"] = Value(std::move(waiting));
  const auto write = [file = file_, state = std::move(state)]() -> Issues {
    try {
      std::filesystem::create_directories(file.parent_path());
      record::writeFileAtomically(file, record::toJson(state, 2));
      return {};
    } catch (const std::exception& failed) {
      return {warning(file.string(), std::string("The queue could not be saved: ") + failed.what(),
                      "Runs go on, but those that wait will not be offered again next time.")};
    }
  };
  inBackground(disk_, this, write, [this](const Issues& issues) {
    for (const Issue& issue : issues) Q_EMIT problem(issue);
  });
  Q_EMIT changed();
}

void RunQueue::load() try {
  if (!std::filesystem::exists(file_)) return;
  const Value state = record::readJsonFile(file_);
  const Value* runs = state.find("waiting");
  if (!runs) return;
  for (const Value& entry : runs->asArray())
    if (auto run = runOf(entry, file_.string(), load_issues_)) aside_.push_back(std::move(*run));
} catch (const BadInput& bad) {
  load_issues_ = bad.issues;
}

std::deque<QueuedRun> RunQueue::takeAside() {
  std::deque<QueuedRun> runs = std::move(aside_);
  aside_.clear();
  saveSoon();
  return runs;
}

}  // namespace palimpsest
