#include "widgets/models/run_data.h"

#include <QStringList>
#include <algorithm>
#include <cmath>

namespace palimpsest {
namespace {

const Series kNoSeries;
constexpr int kMaxTasks = 1000;  // a damaged record must not ask for the whole memory

QString text(const std::string& s) { return QString::fromStdString(s); }
double percent(int hits, int count) { return count > 0 ? 100.0 * hits / count : std::nan(""); }

QStringList namesOf(const std::vector<int>& classes, const std::vector<std::string>& names) {
  QStringList out;
  for (const int c : classes)
    out << (c >= 0 && std::size_t(c) < names.size() ? text(names[std::size_t(c)]) : QString::number(c));
  return out;
}

}  // namespace

RunData::RunData(QString id, QObject* parent) : QObject(parent), id_(std::move(id)) {}

void RunData::apply(const std::vector<Event>& events) {
  if (events.empty()) return;
  const State before = state_;
  for (const Event& event : events) take(event);
  if (state_ != before) Q_EMIT stateChanged();
  Q_EMIT changed();
}

void RunData::reset() {
  const State before = state_;
  clearFold();
  landmarks_.clear();
  loss_.clear();
  loss_seq_.clear();
  progress_ = {};
  first_us_ = last_us_ = 0;
  if (state_ != before) Q_EMIT stateChanged();
  Q_EMIT changed();
}

void RunData::clearFold() {
  state_ = State::Preparing;
  start_ = {};
  tasks_ = 0;
  matrix_ = {};
  bands_.clear();
  issues_.clear();
  failure_ = {};
  step_ = checkpoint_us_ = 0;
  evaluated_at_ = -1;
  seams_.clear();
  accuracy_.clear();
  probed_.clear();
  for (auto* all : {&task_accuracy_, &task_probed_, &task_forgetting_, &task_forgetting_probed_})
    for (auto& [task, series] : *all) series.clear();  // cleared, not erased: views hold references
  memory_.clear();
  prompt_use_.clear();
  prompt_health_.clear();
  collapses_.clear();
  inferred_.clear();
  measured_.clear();
  ended_.clear();
  probes_.clear();
  blobs_.clear();
}

void RunData::take(const Event& event) {
  if (first_us_ == 0) first_us_ = event.at_us;
  last_us_ = event.at_us;
  if (const auto* resumed = std::get_if<RunResumed>(&event.what))
    forgetSince(std::uint64_t(std::max<std::int64_t>(0, resumed->from_seq)));
  const bool sample = std::holds_alternative<StepMeasured>(event.what) || std::holds_alternative<Progress>(event.what);
  if (!sample) landmarks_.push_back({event, step_});
  if (state_ == State::Queued || state_ == State::Interrupted) state_ = started() ? State::Running : State::Preparing;
  fold(event);
  if (std::holds_alternative<StepMeasured>(event.what)) loss_seq_.push_back(event.seq);
}

void RunData::fold(const Event& event) {
  std::visit(overloaded{
                 [&](const RunResumed& e) {
                   on(e);
                   checkpoint_us_ = event.at_us;  // it stands at its checkpoint: nothing would be lost now
                 },
                 [&](const RunPaused&) { state_ = State::Paused; },
                 [&](const RunContinued&) { state_ = State::Running; },
                 [&](const Progress& e) { progress_ = e; },
                 [&](const EpochEnded& e) { reached(e.global_step); },
                 [&](const PromptUse& e) { prompt_use_.push_back(e); },
                 [&](const CheckpointSaved&) { checkpoint_us_ = event.at_us; },
                 [&](const RunFailed& e) { failure_ = e; },
                 [](const PhaseStarted&) {},
                 [](const EvaluationStarted&) {},
                 [&](const Prototypes& e) { blobs_[{"prototypes", e.task}] = e.blob; },
                 [&](const Keys& e) { blobs_[{"keys." + std::to_string(e.layer), e.task}] = e.blob; },
                 [&](const Predictions& e) { blobs_[{"predictions", e.after_task}] = e.blob; },
                 [&](const Features& e) { blobs_[{"features", e.task}] = e.blob; },
                 [&](const Inferred& e) { inferred_.push_back(e); },
                 [&](const Measured& e) { measured_.push_back(e); },
                 [&](const PromptHealth& e) { prompt_health_.push_back(e); },
                 [&](const PromptCollapse& e) {
                   collapses_.push_back(e);
                   on(IssueRaised{"warning", "prompts", e.sentence, tr("The Prompts perspective shows since when, and what forgetting is due to").toStdString()});
                 },
                 [&](const auto& e) { on(e); },
             },
             event.what);
}

void RunData::forgetSince(std::uint64_t seq) {
  const auto lost = std::lower_bound(loss_seq_.begin(), loss_seq_.end(), seq);
  loss_.truncate(std::size_t(lost - loss_seq_.begin()));
  loss_seq_.erase(lost, loss_seq_.end());
  std::erase_if(landmarks_, [&](const Landmark& mark) { return mark.event.seq >= seq; });
  clearFold();
  for (const Landmark& mark : landmarks_) {
    reached(mark.step);
    fold(mark.event);
  }
}

// Steps done; the band of the open task grows with them.
void RunData::reached(std::int64_t step) {
  step_ = std::max(step_, step);
  if (!bands_.empty() && !bands_.back().ended) bands_.back().to = std::max(bands_.back().from, double(step_));
}

void RunData::on(const RunStarted& event) {
  start_ = event;
  tasks_ = std::clamp(event.tasks, 0, kMaxTasks);
  matrix_ = AccuracyMatrix(tasks_);
  state_ = State::Running;
}

void RunData::on(const RunResumed& event) {
  step_ = event.global_step;
  // Its task is open again without more ado when its end was among the lost events.
  if (!bands_.empty() && !bands_.back().ended) bands_.back().to = std::max(bands_.back().from, double(step_));
  if (seams_.empty() || seams_.back() != double(step_)) seams_.push_back(double(step_));
  failure_ = {};
  state_ = State::Running;
}

void RunData::on(const TaskStarted& event) {
  const double from = double(step_);
  const QStringList names = namesOf(event.classes, start_.class_names);
  TaskBand band{event.task, from, from, false, tr("T%1").arg(event.task + 1), names.join(QStringLiteral(", "))};
  if (names.size() <= 2 && band.classes.size() <= 24 && !names.isEmpty()) band.label += QLatin1Char(' ') + band.classes;
  // Told again after a resume: the band that is there goes on.
  if (!bands_.empty() && bands_.back().task == event.task) {
    band.from = bands_.back().from;
    band.to = std::max(band.from, from);
    bands_.pop_back();
  }
  bands_.push_back(std::move(band));
}

void RunData::on(const TaskEnded& event) {
  ended_.push_back(event);
  reached(event.global_step);
  if (bands_.empty() || bands_.back().task != event.task) return;
  bands_.back().ended = true;
  bands_.back().to = std::max(bands_.back().from, double(event.global_step));
}

void RunData::on(const StepMeasured& event) {
  loss_.append(double(event.global_step), event.loss);
  // A stream that steps back without saying run_resumed: the later telling counts.
  if (loss_seq_.size() >= loss_.size()) loss_seq_.resize(loss_.size() - 1);
  reached(event.global_step + 1);
}

void RunData::on(const Probed& event) {
  probes_.push_back(event);
  const double x = double(event.global_step), y = percent(event.hits, event.count);
  if (event.on_task < 0 || event.on_task >= kMaxTasks) return;
  Memory& memory = memory_[event.on_task];
  memory.probe_hits = event.hits;
  memory.probe_count = event.count;
  std::int64_t hits = 0, count = 0;
  for (const auto& [task, m] : memory_) {
    hits += m.probe_hits;
    count += m.probe_count;
  }
  if (count > 0) probed_.append(x, 100.0 * double(hits) / double(count));
  const bool learning = event.task <= event.on_task;
  memory.best_probe = learning ? y : std::max(memory.best_probe, y);
  if (x == evaluated_at_ || std::isnan(y)) return;
  task_probed_[event.on_task].append(x, y);
  if (!learning) task_forgetting_probed_[event.on_task].append(x, memory.best_probe - y);
}

void RunData::on(const Evaluated& event) {
  const double x = double(event.global_step), y = percent(event.hits, event.count);
  if (std::min(event.after_task, event.on_task) < 0 || std::max(event.after_task, event.on_task) >= kMaxTasks) return;
  matrix_.set(event.after_task, event.on_task, event.hits, event.count);
  evaluated_at_ = x;
  if (const auto top1 = matrix_.top1(event.after_task)) accuracy_.append(x, 100 * *top1);
  if (std::isnan(y)) return;
  task_accuracy_[event.on_task].append(x, y);
  if (event.after_task < event.on_task) return;  // not learned yet: nothing to forget
  Memory& memory = memory_[event.on_task];
  memory.best_evaluation = std::max(memory.best_evaluation, y);
  task_forgetting_[event.on_task].append(x, memory.best_evaluation - y);
}

void RunData::on(const IssueRaised& event) {
  const bool warns = event.severity == "warning";
  issues_.push_back({warns ? Severity::Warning : Severity::Error, event.path, event.message, event.hint});
}

void RunData::on(const RunEnded& event) {
  if (event.state == "done") state_ = State::Done;
  else if (event.state == "stopped") state_ = State::Stopped;
  else if (event.state == "refused") state_ = State::Refused;
  else state_ = State::Failed;
}

void RunData::setQueued() {
  if (state_ == State::Queued) return;
  state_ = State::Queued;
  Q_EMIT stateChanged();
  Q_EMIT changed();
}

void RunData::setInterrupted() {
  if (state_ != State::Preparing && state_ != State::Running && state_ != State::Paused) return;
  state_ = State::Interrupted;
  Q_EMIT stateChanged();
  Q_EMIT changed();
}

QString RunData::title() const {
  if (!start_.title.empty()) return text(start_.title);
  return planned_title.isEmpty() ? id_ : planned_title;
}

double RunData::secondsSinceCheckpoint() const {
  return checkpoint_us_ > 0 ? std::max(0.0, double(last_us_ - checkpoint_us_) / 1e6) : -1;
}

double RunData::secondsRun() const { return std::max(0.0, double(last_us_ - first_us_) / 1e6); }

std::string RunData::blobOf(const std::string& kind, int task) const {
  const auto found = blobs_.find({kind, task});
  return found == blobs_.end() ? std::string() : found->second;
}

std::vector<double> RunData::taskStarts() const {
  std::vector<double> out;
  for (const TaskBand& band : bands_) out.push_back(band.from);
  return out;
}

namespace {
const Series& ofTask(const std::map<int, Series>& all, int task) {
  const auto found = all.find(task);
  return found == all.end() ? kNoSeries : found->second;
}
}  // namespace

const Series& RunData::taskAccuracy(int task) const { return ofTask(task_accuracy_, task); }
const Series& RunData::taskProbed(int task) const { return ofTask(task_probed_, task); }
const Series& RunData::taskForgetting(int task) const { return ofTask(task_forgetting_, task); }
const Series& RunData::taskForgettingProbed(int task) const { return ofTask(task_forgetting_probed_, task); }

}  // namespace palimpsest
