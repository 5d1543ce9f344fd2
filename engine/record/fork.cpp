#include "engine/record/fork.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>

#include "engine/protocol/error.h"
#include "engine/record/checkpoint_file.h"
#include "engine/record/descriptor.h"
#include "engine/record/json.h"
#include "engine/record/run_header.h"

namespace palimpsest::record {
namespace {

namespace fs = std::filesystem;

struct Source {
  Value run;                     // run.json
  std::vector<Event> events;     // effective ones
  std::map<std::uint64_t, CheckpointSaved> told;  // also those that a later resume superseded
  int tasks = 0;
};

Source read(const fs::path& folder) {
  Reader reader(folder);
  Source source;
  source.run = reader.run();
  for (auto batch = reader.poll(); !batch.empty(); batch = reader.poll())
    for (Event& event : batch) {
      if (const auto* resumed = std::get_if<RunResumed>(&event.what)) {
        const auto from = static_cast<std::uint64_t>(std::max<std::int64_t>(resumed->from_seq, 0));
        while (!source.events.empty() && source.events.back().seq >= from) source.events.pop_back();
      }
      if (const auto* saved = std::get_if<CheckpointSaved>(&event.what)) source.told[event.seq] = *saved;
      if (const auto* started = std::get_if<RunStarted>(&event.what)) source.tasks = started->tasks;
      source.events.push_back(std::move(event));
    }
  return source;
}

// Place of the event that ended the task; nullopt when it has not ended.
std::optional<std::size_t> endOf(const Source& source, int task) {
  for (std::size_t i = source.events.size(); i-- > 0;)
    if (const auto* ended = std::get_if<TaskEnded>(&source.events[i].what); ended && ended->task == task) return i;
  return std::nullopt;
}

// Checkpoints of tasks' ends by the event that each was taken at.
std::map<std::int64_t, fs::path> taskEnds(const fs::path& folder) {
  std::map<std::int64_t, fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(Paths(folder).checkpoints(), ignored))
    if (entry.path().extension() == ".safetensors")
      if (const auto mark = checkpointMark(entry.path()); mark && mark->at_task_end) found[mark->seq] = entry.path();
  return found;
}

// The checkpoint is taken right after the event that ends the task. Empty when it is gone.
fs::path checkpointAt(const std::map<std::int64_t, fs::path>& ends, const Event& task_ended) {
  const auto found = ends.find(static_cast<std::int64_t>(task_ended.seq) + 1);
  if (found == ends.end()) return {};
  const auto mark = checkpointMark(found->second);
  return mark && mark->next_task == std::get<TaskEnded>(task_ended.what).task + 1 ? found->second : fs::path();
}

void refuseFixed(const Value& run, const RunOptions& wanted, Issues& issues) {
  Issues unreadable;  // an option that this version does not know was not changed either
  const Value* written = run.find("options");
  const Value had(valuesOf(readParams<RunOptions>(written ? *written : Value(), "options", unreadable))), now(valuesOf(wanted));
  for (const std::string& name : fixedInForks())
    if (!(*had.find(name) == *now.find(name)))
      issues.push_back(error(name, "cannot be changed in a fork: " + had.find(name)->text() + " is what the shared past was learned with, " + now.find(name)->text() + " is asked for",
                             "start a new run instead"));
}

void refusePlace(const fs::path& destination, Issues& issues) {
  std::error_code ignored;
  if (fs::exists(destination, ignored) && !(fs::is_directory(destination, ignored) && fs::is_empty(destination, ignored)))
    issues.push_back(error(destination.string(), isRun(destination) ? "already holds a run" : "is already there", "choose another folder"));
}

void refuseTask(const Source& source, const fs::path& folder, int task, std::optional<std::size_t> end, Issues& issues) {
  const std::string name = "task " + std::to_string(task + 1);
  if (!end) return issues.push_back(error(folder.string(), name + " has not been finished", "fork after a finished task"));
  if (task + 1 >= source.tasks) issues.push_back(error(folder.string(), name + " is the last one: nothing would come after it", "fork after an earlier task"));
  if (checkpointAt(taskEnds(folder), source.events[*end]).empty())
    issues.push_back(error(folder.string(), "the checkpoint of the end of " + name + " is not there any more",
                           "of checkpoints larger than 256 MB only those of the newest two tasks stay; choose one of these"));
}

// The first event says whose past this is now: the fork's, under its own recipe and seed.
void adopt(Event& first, const ForkPlan& plan) {
  auto* started = std::get_if<RunStarted>(&first.what);
  if (!started) return;
  const Value *name = plan.recipe.find("name"), *title = plan.recipe.find("title");
  if (name) started->recipe = name->asString();
  started->title = title && !title->asString().empty() ? title->asString() : started->recipe;
  started->seed = plan.options.seed;
}

// Up to the task's end and its checkpoint, numbered from 0 without a gap. What earlier resumes had superseded is not
// among them, so a resume supersedes nothing but itself.
std::vector<Event> pastOf(Source& source, std::size_t end, const fs::path& checkpoint, const ForkPlan& plan) {
  std::vector<Event> past(std::make_move_iterator(source.events.begin()), std::make_move_iterator(source.events.begin() + static_cast<std::ptrdiff_t>(end) + 1));
  const TaskEnded ended = std::get<TaskEnded>(past.back().what);
  const auto told = source.told.find(past.back().seq + 1);
  CheckpointSaved saved{ended.task + 1, ended.global_step, 0, {}, 0};  // killed before it could tell of it
  if (told != source.told.end()) saved = told->second;
  saved.file = checkpoint.filename().string();
  std::error_code ignored;
  saved.bytes = static_cast<std::int64_t>(fs::file_size(checkpoint, ignored));
  past.push_back({0, past.back().at_us, saved});
  for (std::size_t i = 0; i < past.size(); ++i) {
    past[i].seq = i;
    if (auto* resumed = std::get_if<RunResumed>(&past[i].what)) resumed->from_seq = static_cast<std::int64_t>(i);
  }
  adopt(past.front(), plan);
  return past;
}

void writeEvents(const std::vector<Event>& events, const fs::path& file) {
  Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  const auto fail = [&](int problem) { throwWriteError(problem, "\"" + file.string() + "\" could not be written", "Free some space or choose another folder."); };
  if (!out) fail(errno);
  std::string text;
  for (const Event& event : events) {
    text += eventLine(event) + "\n";
    if (text.size() < 1 << 20 && &event != &events.back()) continue;
    if (const int problem = writeAll(out.get(), text)) fail(problem);
    text.clear();
  }
  if (::fsync(out.get()) != 0 || !out.close()) fail(errno);
}

void linkBlobs(const std::vector<Event>& events, const Paths& from, const Paths& to) {
  std::error_code ignored;
  for (const Event& event : events)
    std::visit(
        [&](const auto& e) {
          if constexpr (requires { e.blob; }) {
            const fs::path name = fs::path(e.blob).filename();  // a record is no reason to write elsewhere
            if (name.empty() || !fs::is_regular_file(from.blobs() / name, ignored) || fs::exists(to.blobs() / name, ignored)) return;
            linkOrCopy(from.blobs() / name, to.blobs() / name);
          }
        },
        event.what);
}

bool sameEpochs(const Value& a, const Value& b) {
  for (int phase = 0;; ++phase) {
    const std::string path = "phases." + std::to_string(phase);
    if (!a.at(path) && !b.at(path)) return true;
    const Value *one = a.at(path + ".epochs"), *other = b.at(path + ".epochs");
    if (one && other && !(*one == *other)) return false;
  }
}

// run.json's recipe has the epochs that --epochs asked for written out. When the recipe's were changed since, the option
// would put the old ones back.
RunOptions optionsOf(const Value& run, const ForkPlan& plan) {
  RunOptions options = plan.options;
  const Value *epochs = run.at("options.epochs"), *recipe = run.find("recipe");
  if (epochs && recipe && epochs->asInt() == options.epochs && !sameEpochs(*recipe, plan.recipe)) options.epochs = 0;
  return options;
}

Value headerOf(const Value& source, const std::string& name, const ForkPlan& plan) {
  Value run = source;  // whole, so that what a newer version wrote stays
  run["recipe"] = plan.recipe;
  run["options"] = Value(valuesOf(optionsOf(source, plan)));
  run["seed"] = plan.options.seed;
  run["forked_from"] = Value::Object{{"run", name}, {"task", plan.after_task}};
  return run;
}

// Beside its place until all of it but run.json is there.
class Making {
 public:
  explicit Making(const fs::path& destination) : paths_(destination.string() + "." + std::to_string(::getpid()) + ".tmp") {
    std::error_code problem;
    fs::remove_all(paths_.folder, problem);
    for (const fs::path& folder : {paths_.blobs(), paths_.checkpoints()}) {
      fs::create_directories(folder, problem);
      if (problem) throwWriteError(problem.value(), "The folder \"" + destination.string() + "\" could not be made", "Choose another folder.");
    }
  }
  ~Making() {
    std::error_code ignored;
    if (!paths_.folder.empty()) fs::remove_all(paths_.folder, ignored);
  }
  const Paths& paths() const { return paths_; }
  void moveTo(const fs::path& destination) {
    std::error_code problem;
    fs::rename(paths_.folder, destination, problem);
    if (problem) throwWriteError(problem.value(), "The folder \"" + destination.string() + "\" could not be made", "Choose another folder.");
    paths_.folder.clear();
  }

 private:
  Paths paths_;
};

}  // namespace

const std::vector<std::string>& fixedInForks() {
  static const std::vector<std::string> names = {"data", "limit_train", "limit_test", "held_out", "scenario", "backbone", "image_size", "position_resize", "input_range", "test_transform"};
  return names;
}

ForkPlan forkPlanOf(const fs::path& source, int after_task) {
  const RunHeader header = runHeader(Reader(source).run());
  Issues unreadable;
  return {after_task, header.recipe, readParams<RunOptions>(header.options, "options", unreadable)};
}

std::vector<int> forkPoints(const fs::path& folder) {
  const Source source = read(folder);
  const auto ends = taskEnds(folder);
  std::vector<int> tasks;
  for (int task = 0; task + 1 < source.tasks; ++task)
    if (const auto end = endOf(source, task); end && !checkpointAt(ends, source.events[*end]).empty()) tasks.push_back(task);
  return tasks;
}

void forkRun(const fs::path& folder, const ForkPlan& plan, const fs::path& destination) {
  Issues issues;
  refusePlace(destination, issues);
  if (!isRun(folder)) issues.push_back(error(folder.string(), "holds no run (there is no run.json)", "name the folder of a run"));
  if (!plan.recipe.isObject()) issues.push_back(error("recipe", "is missing"));
  Source source;
  std::optional<std::size_t> end;
  if (isRun(folder)) {
    source = read(folder);
    end = endOf(source, plan.after_task);
    refuseTask(source, folder, plan.after_task, end, issues);
    refuseFixed(source.run, plan.options, issues);
  }
  if (hasErrors(issues)) throw BadInput(std::move(issues));

  const fs::path checkpoint = checkpointAt(taskEnds(folder), source.events[*end]);
  const std::string name = fs::weakly_canonical(folder).filename().string();
  const std::vector<Event> past = pastOf(source, *end, checkpoint, plan);
  Making making(destination);
  linkBlobs(past, Paths(folder), making.paths());
  placeCheckpoint(checkpoint, making.paths().checkpoints() / checkpoint.filename(), static_cast<std::int64_t>(past.back().seq));
  writeEvents(past, making.paths().events());
  making.moveTo(destination);
  try {
    writeFileAtomically(Paths(destination).run(), toJson(headerOf(source.run, name, plan), 2) + "\n");
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(destination, ignored);
    throw;
  }
}

}  // namespace palimpsest::record
