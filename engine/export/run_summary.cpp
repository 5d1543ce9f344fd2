#include "engine/export/run_summary.h"

#include <algorithm>
#include <cmath>

#include "engine/protocol/error.h"
#include "engine/record/json.h"

namespace palimpsest::report {
namespace {

std::string nameOf(const Severity severity) { return severity == Severity::Error ? "error" : "warning"; }

// A fold over the events of one run.
class Fold {
 public:
  explicit Fold(RunSummary& out) : out_(out) {}

  void apply(const Event& event) {
    if (out_.started_us == 0) out_.started_us = event.at_us;
    std::visit([this](const auto& what) { take(what); }, event.what);
  }

  void finish() {
    place(out_.loss, loss_tasks_);
    for (std::size_t j = 0; j < out_.probed.size(); ++j) place(out_.probed[j], probe_tasks_[j]);
    for (std::size_t t = 0; t < begins_.size(); ++t) out_.task_steps.push_back(begins_[t]);
    if (!begins_.empty()) out_.task_steps.push_back(begins_.back() + lengthOf(static_cast<int>(begins_.size()) - 1));
  }

 private:
  void take(const RunStarted& e) {
    out_.recipe = e.recipe;
    out_.title = e.title;
    out_.scenario = e.scenario;
    out_.tasks = e.tasks;
    out_.task_sizes = e.task_sizes;
    out_.train_images = e.train_images;
    out_.test_images = e.test_images;
    if (out_.header.data.empty()) out_.header.data = e.data;
    if (out_.header.backbone.empty()) out_.header.backbone = e.backbone;
    if (out_.header.class_order.empty()) out_.header.class_order = e.class_order;
    if (out_.header.device.empty()) out_.header.device = e.device;
  }
  void take(const RunResumed& e) {
    out_.state.clear();
    out_.failure.clear();
    step_ = e.global_step;
  }
  void take(const TaskStarted& e) {
    if (e.task < 0 || static_cast<std::size_t>(e.task) > begins_.size()) return;
    begins_.resize(static_cast<std::size_t>(e.task));
    planned_.resize(begins_.size());
    begins_.push_back(step_);
    planned_.push_back(0);
  }
  void take(const PhaseStarted& e) {
    if (!planned_.empty()) planned_.back() += std::int64_t{std::max(e.epochs, 0)} * std::max(e.steps, 0);
  }
  void take(const StepMeasured& e) {
    step_ = e.global_step + 1;
    out_.loss.push_back({0, e.global_step, e.loss});
    loss_tasks_.push_back(e.task);
  }
  void take(const EpochEnded& e) { step_ = std::max(step_, e.global_step); }
  void take(const Probed& e) {
    if (e.on_task < 0 || e.on_task > 100000 || e.count <= 0) return;
    const auto task = static_cast<std::size_t>(e.on_task);
    if (out_.probed.size() <= task) {
      out_.probed.resize(task + 1);
      probe_tasks_.resize(task + 1);
    }
    out_.probed[task].push_back({0, e.global_step, 100.0 * e.hits / e.count});
    probe_tasks_[task].push_back(e.task);
  }
  void take(const Evaluated& e) { out_.matrix.set(e.after_task, e.on_task, e.hits, e.count); }
  void take(const TaskEnded& e) {
    step_ = std::max(step_, e.global_step);
    out_.seconds += e.seconds;
    if (!begins_.empty() && static_cast<std::size_t>(e.task) + 1 == begins_.size())
      planned_.back() = step_ - begins_.back();
  }
  void take(const Progress& e) { out_.peak_rss_bytes = std::max(out_.peak_rss_bytes, e.rss_bytes); }
  void take(const IssueRaised& e) {
    out_.issues.push_back(
        {e.severity == nameOf(Severity::Error) ? Severity::Error : Severity::Warning, e.path, e.message, e.hint});
  }
  void take(const RunFailed& e) {
    out_.failure = e.message;
    out_.hint = e.hint;
  }
  void take(const RunEnded& e) { out_.state = e.state; }
  template <typename E>
  void take(const E&) {}  // for instruments, not for reports

  std::int64_t lengthOf(int task) const {
    const auto t = static_cast<std::size_t>(task);
    if (t + 1 < begins_.size()) return begins_[t + 1] - begins_[t];
    return std::max(planned_[t], step_ - begins_[t]);
  }

  void place(std::vector<Point>& points, const std::vector<int>& tasks) const {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const int task = tasks[i];
      if (task < 0 || static_cast<std::size_t>(task) >= begins_.size()) {
        points[i].at = std::nan("");
        continue;
      }
      const auto length = static_cast<double>(std::max<std::int64_t>(lengthOf(task), 1));
      points[i].at =
          task +
          std::clamp(static_cast<double>(points[i].step - begins_[static_cast<std::size_t>(task)]) / length, 0.0, 1.0);
    }
  }

  RunSummary& out_;
  std::int64_t step_ = 0;                       // next step of the run
  std::vector<std::int64_t> begins_, planned_;  // per task: its first step, the steps that it will have
  std::vector<int> loss_tasks_;
  std::vector<std::vector<int>> probe_tasks_;
};

// What only results.json knows; and the matrix, should the events be gone.
void readResults(const Value& results, RunSummary& out) {
  const auto seconds = [&](const char* key) {
    const Value* value = results.at(std::string("seconds.") + key);
    return value ? value->asDouble() : 0.0;
  };
  const auto whole = [&](const char* key, std::int64_t fallback) {
    const Value* value = results.find(key);
    return value ? value->asInt(fallback) : fallback;
  };
  if (seconds("total") > 0) out.seconds = seconds("total");
  out.train_seconds = seconds("train");
  out.evaluate_seconds = seconds("evaluate");
  out.data_seconds = seconds("data");
  out.peak_rss_bytes = whole("peak_rss_bytes", out.peak_rss_bytes);
  out.trainable_parameters = whole("trainable_parameters", 0);
  out.stored_bytes = whole("stored_bytes", 0);
  if (const Value* batch = results.at("protocol.batch")) out.batch = static_cast<int>(batch->asInt());
  if (const Value* kind = results.at("protocol.evaluation")) out.header.evaluation = kind->asString();
  const Value* hits = results.find("hits");
  const Value* counts = results.find("counts");
  if (out.matrix.stages() > 0 || !hits || !counts) return;
  const auto& rows = hits->asArray();
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < rows[i].asArray().size() && j < counts->asArray().size(); ++j)
      out.matrix.set(static_cast<int>(i), static_cast<int>(j), rows[i].asArray()[j].asInt(),
                     counts->asArray()[j].asInt());
  if (out.tasks == 0) out.tasks = static_cast<int>(whole("tasks", out.matrix.tasks()));
  if (const Value* state = results.find("state"); state && out.state.empty()) out.state = state->asString();
}

std::string text(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value ? value->asString() : std::string();
}

}  // namespace

RunSummary summarise(const std::filesystem::path& folder) {
  RunSummary out;
  const bool written = record::isBeingWritten(folder);  // first: a run that ends meanwhile is then seen as ended
  record::Reader reader(folder);
  out.folder = std::filesystem::absolute(folder).lexically_normal();
  if (!out.folder.has_filename()) out.folder = out.folder.parent_path();
  out.header = record::runHeader(reader.run());
  Fold fold(out);
  for (const Event& event : record::effectiveEvents(reader)) fold.apply(event);
  fold.finish();
  out.issues.insert(out.issues.begin(), reader.issues().begin(), reader.issues().end());
  if (const auto results = reader.results()) readResults(*results, out);
  else if (std::filesystem::exists(record::Paths(folder).results()))
    out.issues.push_back(warning("results.json", "cannot be read and is left out", "the figures come from the events"));
  if (out.recipe.empty()) out.recipe = text(out.header.recipe, "name");
  if (out.title.empty()) out.title = text(out.header.recipe, "title");
  if (out.title.empty()) out.title = out.recipe;
  out.paper = text(out.header.recipe, "paper");
  if (out.scenario.empty()) out.scenario = text(out.header.options, "scenario");
  else if (!out.header.options.find("scenario")) out.header.options["scenario"] = out.scenario;
  out.tasks = std::max(out.tasks, out.matrix.stages());
  if (out.state.empty() || out.state == "running") out.state = written ? "running" : "interrupted";
  return out;
}

}  // namespace palimpsest::report
