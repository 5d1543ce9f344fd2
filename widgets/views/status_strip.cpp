#include "widgets/views/status_strip.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "widgets/models/run_list.h"
#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {

StatusStrip::StatusStrip(FrameClock& frames, QWidget* parent) : QWidget(parent), frames_(frames), progress_(new QProgressBar(this)), issues_(new QToolButton(this)) {
  setObjectName(QStringLiteral("statusStrip"));
  setAccessibleName(tr("Status"));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(8, 2, 8, 2);
  row->setSpacing(14);
  progress_->setObjectName(QStringLiteral("progress"));
  progress_->setAccessibleName(tr("Progress of the run"));
  progress_->setRange(0, 1000);
  progress_->setTextVisible(false);
  progress_->setFixedSize(120, 10);
  row->addWidget(progress_);
  const std::pair<QLabel**, const char*> fields[] = {{&where_, "where"}, {&left_, "left"}, {&speed_, "speed"}, {&memory_, "memory"}, {&device_, "device"}, {&saved_, "saved"}, {&rate_, "rate"}};
  for (const auto& [label, name] : fields) {
    *label = new QLabel(this);
    (*label)->setObjectName(QLatin1String(name));
    (*label)->setTextFormat(Qt::PlainText);
    row->addWidget(*label);
    if (*label == where_) (*label)->setMinimumWidth(120);
  }
  row->addStretch();
  issues_->setObjectName(QStringLiteral("issues"));
  issues_->setAutoRaise(true);
  issues_->setFocusPolicy(Qt::TabFocus);
  row->addWidget(issues_);
  saved_->setToolTip(tr("Age of the last checkpoint: what could be lost"));
  rate_->setToolTip(tr("A frame took longer than 16 ms twice in a row: the plots are painted ten times a second for now. No data are lost."));
  speed_->setToolTip(tr("Images through the network, lately"));
  memory_->setToolTip(tr("Memory of the process; on an accelerator, what it holds there"));
  connect(issues_, &QToolButton::clicked, this, &StatusStrip::issuesClicked);
  connect(&frames, &FrameClock::throttledChanged, this, &StatusStrip::refresh);
  refresh();
}

void StatusStrip::setRun(RunData* run) {
  if (run == run_) return;
  if (run_) run_->disconnect(this);
  run_ = run;
  if (run) {
    connect(run, &RunData::changed, this, &StatusStrip::refresh);
    connect(run, &RunData::stateChanged, this, &StatusStrip::refresh);
    connect(run, &QObject::destroyed, this, &StatusStrip::refresh);
  }
  refresh();
}

void StatusStrip::setIssueCount(int errors, int warnings) {
  errors_ = errors;
  warnings_ = warnings;
  showIssues();
}

QString StatusStrip::where() const {
  if (!run_) return tr("no run");
  using State = RunData::State;
  if (run_->state() != State::Running && run_->state() != State::Paused) return statusText(*run_);
  const Progress& p = run_->progress();
  QString text = tr("T%1/%2").arg(p.task + 1).arg(run_->start().tasks);
  if (p.stage == "training" && p.epochs > 0) text += tr(" epoch %1/%2").arg(std::min(p.epoch + 1, p.epochs)).arg(p.epochs);
  else if (p.stage == "evaluation") text += tr(" evaluation");
  else if (p.stage == "statistics") text += tr(" statistics");
  if (p.steps > 0) text += tr(" step %1/%2").arg(p.step).arg(p.steps);
  return run_->state() == State::Paused ? tr("%1, paused").arg(text) : text;
}

void StatusStrip::refresh() {
  const bool live = run_ && (run_->state() == RunData::State::Running || run_->state() == RunData::State::Paused);
  const Progress progress = run_ ? run_->progress() : Progress();
  const double fraction = !run_ ? 0 : run_->state() == RunData::State::Done ? 1 : std::clamp(progress.fraction, 0.0, 1.0);
  progress_->setValue(int(std::lround(1000 * fraction)));
  progress_->setVisible(run_);
  const auto say = [](QLabel* label, const QString& text) {
    if (label->text() != text) label->setText(text);
    label->setVisible(!text.isEmpty());
  };
  say(where_, where());
  QString left;
  if (live && progress.run_seconds_left >= 0)
    left = progress.task_seconds_left >= 0 ? tr("task %1, run %2 left").arg(style::duration(progress.task_seconds_left), style::duration(progress.run_seconds_left))
                                           : tr("run %1 left").arg(style::duration(progress.run_seconds_left));
  say(left_, left);
  say(speed_, live ? style::rate(progress.images_per_second) : QString());
  const std::int64_t held = progress.device_bytes > 0 ? progress.device_bytes : progress.rss_bytes;
  say(memory_, run_ && held > 0 ? style::bytes(held) : QString());
  say(device_, run_ ? QString::fromStdString(run_->start().device) : QString());
  const double age = run_ ? run_->secondsSinceCheckpoint() : -1;
  say(saved_, live && age >= 0 && !run_->recording ? (age < 90 ? tr("saved %1 s ago").arg(int(age)) : tr("saved %1 min ago").arg(int(age / 60))) : QString());
  say(rate_, frames_.throttled() ? tr("%1 frames/s").arg(frames_.framesPerSecond()) : QString());
  showIssues();
  QStringList parts;
  for (const QLabel* label : {where_, left_, speed_, memory_, device_, saved_})
    if (!label->text().isEmpty()) parts << label->text();
  const QString text = parts.join(QStringLiteral("; "));
  if (text != accessibleDescription()) setAccessibleDescription(text);
}

void StatusStrip::showIssues() {
  int errors = errors_, warnings = warnings_;
  if (errors_ < 0) {
    errors = warnings = 0;
    for (const Issue& issue : run_ ? run_->issues() : Issues()) ++(issue.severity == Severity::Error ? errors : warnings);
  }
  QStringList parts;
  if (errors > 0) parts << tr("errors: %1").arg(errors);
  if (warnings > 0) parts << tr("warnings: %1").arg(warnings);
  issues_->setText(parts.isEmpty() ? tr("no issues") : parts.join(QStringLiteral(", ")));
  QPalette colours = palette();
  if (!parts.isEmpty()) colours.setColor(QPalette::ButtonText, errors > 0 ? style::error() : style::warning());
  issues_->setPalette(colours);
}

void StatusStrip::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) showIssues();
}

}  // namespace palimpsest
