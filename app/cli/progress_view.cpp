#include "app/cli/progress_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace palimpsest::cli {
namespace {

constexpr int kBarWidth = 24;

double percent(double fraction) { return 100 * fraction; }

}  // namespace

std::string clockText(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "-:--";
  const auto whole = static_cast<long>(std::lround(seconds));
  const long hours = whole / 3600, minutes = whole / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60)
                   : fmt::format("{}:{:02}", minutes, whole % 60);
}

ProgressView::ProgressView(Console& console, std::string label) : console_(console), label_(std::move(label)) {}

ProgressView::~ProgressView() { console_.bar({}); }

void ProgressView::apply(const Event& event) {
  std::visit([this](const auto& what) { on(what); }, event.what);
}

void ProgressView::catchUp(const std::vector<Event>& before) {
  for (const Event& event : before) {
    if (const auto* started = std::get_if<RunStarted>(&event.what)) tasks_ = started->tasks;
    if (const auto* phase = std::get_if<PhaseStarted>(&event.what)) on(*phase);
    if (const auto* evaluated = std::get_if<Evaluated>(&event.what)) on(*evaluated);
  }
}

std::string ProgressView::barText(int columns) const {
  const Progress now =
      progress_.value_or(Progress{.stage = "starting", .task_seconds_left = -1, .run_seconds_left = -1});
  const double fraction = std::clamp(now.fraction, 0.0, 1.0);
  const int filled = static_cast<int>(std::lround(fraction * kBarWidth));
  std::string text = fmt::format("{}  task {}/{}  [{}{}]  {:.0f} %", label_, now.task + 1, std::max(tasks_, 1),
                                 std::string(filled, '#'), std::string(kBarWidth - filled, '-'), percent(fraction));
  text += fmt::format("  task {}  run {}", clockText(now.task_seconds_left), clockText(now.run_seconds_left));
  if (now.images_per_second > 0) text += fmt::format("  {:.0f} images/s", now.images_per_second);
  text += "  " + now.stage;
  if (now.epochs > 0) text += fmt::format(" {}/{}", std::min(now.epoch + 1, now.epochs), now.epochs);
  // One column stays free: a full line would wrap and could not be redrawn in place.
  return text.substr(0, static_cast<std::size_t>(std::max(columns - 1, 1)));
}

void ProgressView::on(const RunStarted& event) {
  tasks_ = event.tasks;
  matrix_ = AccuracyMatrix(event.tasks);
  console_.line(fmt::format("[{}] {}: {} tasks, {} classes, {} on {} ({} threads), seed {}", label_, event.data,
                            event.tasks, event.class_order.size(), event.backbone, event.device, event.threads,
                            event.seed));
}

void ProgressView::on(const RunResumed& event) {
  matrix_.forgetFrom(event.task);
  console_.line(
      fmt::format("[{}] goes on in task {}, epoch {}, step {}", label_, event.task + 1, event.epoch + 1, event.step));
}

void ProgressView::on(const PhaseStarted& event) { epochs_ = event.epochs; }

void ProgressView::on(const EpochEnded& event) {
  if (console_.interactive()) return;  // the bar says it
  const double accuracy = event.count > 0 ? double(event.hits) / event.count : 0;
  console_.line(fmt::format("{} epoch {}/{}: loss {:.4f}, training accuracy {:.1f} %, {:.1f} s{}", lead(event.task),
                            event.epoch + 1, std::max(epochs_, event.epoch + 1), event.loss, percent(accuracy),
                            event.seconds, estimates()));
}

void ProgressView::on(const Evaluated& event) { matrix_.set(event.after_task, event.on_task, event.hits, event.count); }

void ProgressView::on(const TaskEnded& event) {
  std::string line = fmt::format("{} learned in {:.1f} s", lead(event.task), event.seconds);
  if (const auto seen = matrix_.top1(event.task))
    line += fmt::format("; accuracy on all classes seen {:.2f} %", percent(*seen));
  std::string by_task;
  for (int j = 0; j <= event.task; ++j)
    if (const auto cell = matrix_.at(event.task, j))
      by_task += fmt::format("{}{:.1f}", by_task.empty() ? "" : " ", percent(*cell));
  if (event.task > 0 && !by_task.empty()) line += " (by task: " + by_task + ")";
  console_.line(line);
}

void ProgressView::on(const Progress& event) {
  progress_ = event;
  console_.bar(barText(console_.columns()));
}

void ProgressView::on(const IssueRaised& event) {
  if (event.severity == "warning") console_.line(lineOf(warning(event.path, event.message, event.hint)));
}

std::string ProgressView::lead(int task) const {
  return fmt::format("[{}] task {}/{}", label_, task + 1, std::max(tasks_, task + 1));
}

std::string ProgressView::estimates() const {
  if (!progress_ || progress_->run_seconds_left < 0) return {};
  return fmt::format(" (task {} left, run {} left)", clockText(progress_->task_seconds_left),
                     clockText(progress_->run_seconds_left));
}

}  // namespace palimpsest::cli
