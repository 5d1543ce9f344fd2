// A run on a thread of its own: the boundary at which everything is caught, told and recorded.
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "engine/device/memory.h"
#include "engine/device/process.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/results.h"
#include "engine/record/run_header.h"
#include "engine/session/checkpoints.h"
#include "engine/session/prepare.h"
#include "engine/session/session.h"

namespace palimpsest {

Value Session::results(const std::string& state) const {
  record::ResultInputs in;
  in.recipe = plan.recipe.find("name")->asString();
  in.state = state;
  in.tasks = tasks();
  in.seed = plan.options.seed;
  in.class_order = scenario.class_order;
  in.matrix = matrix;
  for (std::size_t c = 0; c < class_counts.size(); ++c)
    if (class_counts[c] > 0) in.per_class.push_back({static_cast<int>(c), class_hits[c], class_counts[c]});
  in.seconds_total = total_before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - stretch_).count();
  in.seconds_train = seconds.train;
  in.seconds_evaluate = seconds.evaluate;
  in.seconds_data = seconds.data;
  in.peak_rss_bytes = peakRssBytes();
  in.trainable_parameters = const_cast<Session*>(this)->trainableParameters();
  in.stored_bytes = const_cast<Session*>(this)->storedBytes();
  in.evaluation = evaluationProtocol(*this);
  in.batch = evaluationBatch(*this);
  in.device = device.str();
  in.threads = threads();
  return record::resultsOf(in);
}

namespace {

RunStarted startOf(const Session& session) {
  RunStarted told;
  told.recipe = session.plan.recipe.find("name")->asString();
  const Value* title = session.plan.recipe.find("title");
  told.title = title && !title->asString().empty() ? title->asString() : told.recipe;
  told.data = session.plan.options.data;
  told.scenario = session.plan.options.scenario;
  told.backbone = session.model.loaded().name;
  told.device = session.device.str();
  told.version = programVersion();
  told.tasks = session.tasks();
  told.threads = threads();
  told.seed = session.plan.options.seed;
  told.class_order = session.scenario.class_order;
  told.class_names = session.data.class_names;
  for (int task = 0; task < session.tasks(); ++task) {
    told.task_sizes.push_back(static_cast<int>(session.scenario.tasks[static_cast<std::size_t>(task)].classes.size()));
    told.train_images.push_back(static_cast<int>(session.trainIndices(task).size()));
    told.test_images.push_back(static_cast<int>(session.testIndices(task).size()));
  }
  return told;
}

std::shared_ptr<spdlog::logger> runLog(const std::filesystem::path& folder) {
  auto sinks = spdlog::default_logger()->sinks();
  sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(record::Paths(folder).log().string()));
  auto log = std::make_shared<spdlog::logger>(folder.filename().string(), sinks.begin(), sinks.end());
  log->flush_on(spdlog::level::info);
  return log;
}

class RunThread final : public Run {
 public:
  RunThread(std::optional<RunPlan> plan, std::filesystem::path folder, std::vector<Sink*> sinks, Priority priority)
      : plan_(std::move(plan)), folder_(std::move(folder)), priority_(priority) {
    for (Sink* sink : sinks) sinks_.push_back(sink);
    thread_ = std::thread([this] { main(); });
  }
  ~RunThread() override {
    post({Command::What::Stop});
    if (thread_.joinable()) thread_.join();
  }
  void post(Command command) override { mailbox_.post(command); }
  bool finished() const override { return finished_; }
  RunOutcome wait() override {
    if (thread_.joinable()) thread_.join();
    return outcome_;
  }

 private:
  void main();
  void prepareAndRun();
  void open(Session& session);
  void resumeFrom(Session& session);
  void end(const std::string& state);
  void fail(const std::string& code, const std::string& message, const std::string& hint);
  void refuse(const Issues& issues);

  std::optional<RunPlan> plan_;  // none: resume
  const std::filesystem::path folder_;
  const Priority priority_;
  std::vector<Sink*> sinks_;
  Mailbox mailbox_;
  std::unique_ptr<record::Writer> writer_;
  std::unique_ptr<Session> session_;
  Bus early_;  // before there is a session
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  RunOutcome outcome_;
  std::atomic<bool> finished_ = false;
  std::thread thread_;
};

void RunThread::main() {
  for (Sink* sink : sinks_) early_.add(sink);
  try {
    prepareAndRun();
  } catch (const StopRequested&) {  // its checkpoint is saved
    end("stopped");
  } catch (const BadInput& refused) {
    session_ && session_->record ? fail(refused.code, refused.what(), refused.hint) : refuse(refused.issues);
  } catch (const Error& problem) {
    fail(problem.code, problem.what(), problem.hint);
  } catch (const c10::Error& problem) {
    const std::string text = problem.what_without_backtrace();
    const bool memory = text.find("out of memory") != std::string::npos || text.find("can't allocate memory") != std::string::npos;
    fail(memory ? "out-of-memory" : "torch", text, memory ? "Use a smaller batch or smaller images; what was learned until the last checkpoint is safe."
                                                          : "What was learned until the last checkpoint is safe. If this repeats, please report it with run.log.");
  } catch (const std::bad_alloc&) {
    fail("out-of-memory", "There is not enough memory to go on.", "Use a smaller batch or fewer images; what was learned until the last checkpoint is safe.");
  } catch (const std::exception& problem) {
    fail("internal", problem.what(), "What was learned until the last checkpoint is safe. Please report this with run.log.");
  } catch (...) {
    fail("internal", "Something unexpected ended the run.", "What was learned until the last checkpoint is safe.");
  }
  session_.reset();
  writer_.reset();
  finished_ = true;
}

void RunThread::prepareAndRun() {
  const bool resuming = !plan_;
  Issues issues;
  if (resuming) {
    if (!record::isRun(folder_)) return refuse({error(folder_.string(), "holds no run (there is no run.json)", "name the folder of a run")});
    const record::RunHeader header = record::runHeader(record::readJsonFile(record::Paths(folder_).run()));
    plan_ = RunPlan{header.recipe, readParams<RunOptions>(header.options, "options", issues)};
  }
  session_ = prepare(*plan_, folder_, resuming, issues);
  if (!session_) return refuse(issues);
  if (priority_ == Priority::Background) lowerThreadPriority();
  open(*session_);
  for (const Issue& issue : issues) session_->bus.emit(IssueRaised{issue.severity == Severity::Error ? "error" : "warning", issue.path, issue.message, issue.hint});
  session_->log->info("{}: {} tasks of {} on {}, {} threads", session_->plan.recipe.find("name")->asString(), session_->tasks(), session_->data.title, session_->device.str(), threads());
  runTasks(*session_);
  end("done");
}

// The writer is made last: a plan that was refused leaves nothing behind.
void RunThread::open(Session& session) {
  const bool resuming = record::isRun(folder_);
  if (resuming) {
    Issues issues = strayed(record::runHeader(record::readJsonFile(record::Paths(folder_).run())), session);
    if (hasErrors(issues)) throw BadInput(std::move(issues));
  }
  writer_ = resuming ? record::Writer::append(folder_) : record::Writer::create(folder_, headerOf(session));
  session.record = writer_.get();
  session.log = runLog(folder_);
  const record::FeatureStore::Place place = record::FeatureStore::placeFromEnvironment();
  for (const Issue& issue : place.issues) session.log->warn("{}: {}", issue.path, issue.message);
  session.store = std::make_unique<record::FeatureStore>(place.folder, place.limit_bytes);
  session.bus.add(writer_.get());
  for (Sink* sink : sinks_) session.bus.add(sink);
  session.bus.setNext(writer_->nextSeq());
  session.mailbox = &mailbox_;
  if (resuming) resumeFrom(session);
  else session.bus.emit(startOf(session));
}

// Why a fork cannot begin: `found` is what is wrong with the oldest checkpoint, its past; empty: there is none.
Issues unfit(Issues found) {
  for (Issue& issue : found) issue.message = "the model at the fork does not fit the changed recipe: " + issue.message;
  if (found.empty()) found.push_back(error("checkpoints", "the checkpoint of the model at the fork is gone"));
  found.front().hint = "fork again and leave the parts as they are: epochs, learning rates and other settings of phases may change";
  return found;
}

void RunThread::resumeFrom(Session& session) {
  if (session.bus.next() == 0) return session.bus.emit(startOf(session));
  Issues found;
  for (const auto& file : checkpointsOf(folder_)) {
    try {
      session.restore(file);
      session.log->info("resumed from {}", file.filename().string());
      return;
    } catch (const BadInput& damaged) {
      session.log->warn("{} is damaged and left alone: {}", file.filename().string(), damaged.what());
      found = damaged.issues;
    }
  }
  // The past of a fork was learned with other settings: beginning anew with the present ones would be another run.
  if (record::runHeader(record::readJsonFile(record::Paths(folder_).run())).forked_from.isObject()) throw BadInput(unfit(std::move(found)));
  session.bus.emit(RunResumed{1});  // killed before the first checkpoint: all of it again
}

void RunThread::end(const std::string& state) {
  outcome_.state = state;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  if (session_ && session_->record) writer_->writeResults(session_->results(state));
  (session_ ? session_->bus : early_).emit(RunEnded{state, seconds});
}

void RunThread::refuse(const Issues& issues) {
  outcome_.state = "refused";
  outcome_.issues = issues;
  for (const Issue& issue : issues) early_.emit(IssueRaised{issue.severity == Severity::Error ? "error" : "warning", issue.path, issue.message, issue.hint});
  early_.emit(RunEnded{"refused", 0});
}

void RunThread::fail(const std::string& code, const std::string& message, const std::string& hint) {
  outcome_.state = "failed";
  outcome_.code = code;
  outcome_.message = message;
  outcome_.hint = hint;
  spdlog::error("{}: {}", code, message);
  try {
    (session_ ? session_->bus : early_).emit(RunFailed{code, message, hint});
    end("failed");
  } catch (const std::exception& problem) {
    spdlog::error("the failure could not be recorded: {}", problem.what());
  }
}

}  // namespace

std::unique_ptr<Run> Run::start(RunPlan plan, std::filesystem::path folder, std::vector<Sink*> sinks, Priority priority) {
  return std::make_unique<RunThread>(std::move(plan), std::move(folder), std::move(sinks), priority);
}

std::unique_ptr<Run> Run::resume(std::filesystem::path folder, std::vector<Sink*> sinks, Priority priority) {
  return std::make_unique<RunThread>(std::nullopt, std::move(folder), std::move(sinks), priority);
}

Issues check(const RunPlan& plan, const std::filesystem::path& folder) {
  Issues issues;
  prepare(plan, folder, false, issues);
  return issues;
}

}  // namespace palimpsest
