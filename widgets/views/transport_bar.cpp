#include "widgets/views/transport_bar.h"

#include <QAction>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QToolButton>

#include "widgets/style/palette.h"
#include "widgets/views/transport_icons.h"

namespace palimpsest {

namespace {

QAction* actionOf(QObject* parent, const QString& name, const QString& text, const QKeySequence& key, const QString& what) {
  auto* action = new QAction(text, parent);
  action->setObjectName(name);
  action->setShortcut(key);
  action->setShortcutContext(Qt::WindowShortcut);
  action->setToolTip(key.isEmpty() ? what : QStringLiteral("%1 (%2)").arg(what, key.toString(QKeySequence::NativeText)));
  action->setStatusTip(what);
  return action;
}

}  // namespace

TransportBar::TransportBar(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("transportBar"));
  setAccessibleName(tr("Transport"));
  run_action_ = actionOf(this, QStringLiteral("run"), tr("Run"), QKeySequence(Qt::CTRL | Qt::Key_R), tr("Start a run with the settings of the inspector"));
  pause_action_ = actionOf(this, QStringLiteral("pause"), tr("Pause"), QKeySequence(Qt::CTRL | Qt::Key_Space), tr("Pause after the present step"));
  step_action_ = actionOf(this, QStringLiteral("step"), tr("Step"), QKeySequence(Qt::Key_Period), tr("Do one training step and pause again"));
  stop_action_ = actionOf(this, QStringLiteral("stop"), tr("Stop"), QKeySequence(Qt::CTRL | Qt::Key_Period), tr("Save a checkpoint and end the run; it can be resumed later"));
  auto* menu = new QMenu(this);
  const std::pair<Pause, QString> kinds[] = {{Pause::AfterStep, tr("After this step")}, {Pause::AfterEpoch, tr("After this epoch")}, {Pause::AfterTask, tr("After this task")}};
  for (const auto& [when, text] : kinds) {
    auto* action = menu->addAction(text);
    pause_kinds_ << action;
    connect(action, &QAction::triggered, this, [this, when = when] {
      ask(when == Pause::AfterStep ? tr("pausing after this step…") : when == Pause::AfterEpoch ? tr("pausing after this epoch…") : tr("pausing after this task…"));
      Q_EMIT pauseRequested(when);
    });
  }
  connect(run_action_, &QAction::triggered, this, &TransportBar::runRequested);
  connect(pause_action_, &QAction::triggered, this, [this] {
    const bool resumes = run_ && run_->state() == RunData::State::Paused;
    ask(resumes ? tr("resuming…") : tr("pausing after this step…"));
    if (resumes) Q_EMIT resumeRequested();
    else Q_EMIT pauseRequested(Pause::AfterStep);
  });
  connect(step_action_, &QAction::triggered, this, [this] {
    ask(tr("one step…"));
    Q_EMIT stepRequested();
  });
  connect(stop_action_, &QAction::triggered, this, [this] {
    ask(tr("stopping…"));
    Q_EMIT stopRequested();
  });

  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(4, 2, 4, 2);
  row->setSpacing(4);
  for (QAction* action : {run_action_, pause_action_, step_action_, stop_action_}) {
    auto* button = new QToolButton(this);
    button->setObjectName(action->objectName() + QStringLiteral("Button"));
    button->setDefaultAction(action);
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    button->setFocusPolicy(Qt::TabFocus);
    row->addWidget(button);
    addAction(action);
    if (action == pause_action_) pause_button_ = button;
  }
  pause_button_->setMenu(menu);
  pause_button_->setPopupMode(QToolButton::MenuButtonPopup);
  // Wide enough for "Resume", so that the bar does not move when the word changes.
  const int words = std::max(fontMetrics().horizontalAdvance(tr("Resume")), fontMetrics().horizontalAdvance(tr("Pause")));
  pause_button_->setMinimumWidth(words + 62);
  pending_ = new QLabel(this);
  pending_->setObjectName(QStringLiteral("pending"));
  pending_->setForegroundRole(QPalette::PlaceholderText);
  row->addWidget(pending_);
  row->addStretch();
  reicon();
  refresh();
}

void TransportBar::setRun(RunData* run, bool controllable) {
  controllable_ = controllable;
  if (run != run_) {
    if (run_) run_->disconnect(this);
    run_ = run;
    if (run) {
      connect(run, &RunData::stateChanged, this, &TransportBar::refresh);
      connect(run, &QObject::destroyed, this, &TransportBar::refresh);
    }
  }
  refresh();
}

void TransportBar::ask(const QString& pending) { pending_->setText(pending); }

// Follows the run's state and nothing else; what was asked for is no longer pending once the state has moved.
void TransportBar::refresh() {
  using State = RunData::State;
  pending_->clear();
  const bool ours = run_ && controllable_ && !run_->recording;
  const State state = run_ ? run_->state() : State::Done;
  const bool paused = ours && state == State::Paused, running = ours && state == State::Running;
  pause_action_->setText(paused ? tr("Resume") : tr("Pause"));
  pause_action_->setToolTip(paused ? tr("Go on with the run (%1)").arg(pause_action_->shortcut().toString(QKeySequence::NativeText))
                                   : tr("Pause after the present step (%1); the arrow offers epoch and task").arg(pause_action_->shortcut().toString(QKeySequence::NativeText)));
  pause_action_->setIcon(transportIcon(paused ? Sign::Resume : Sign::Pause));
  pause_action_->setEnabled(paused || running);
  for (QAction* kind : pause_kinds_) kind->setEnabled(running);
  step_action_->setEnabled(paused);
  stop_action_->setEnabled(paused || running || (ours && (state == State::Preparing || state == State::Queued)));
  const QString said = !run_ ? tr("no run") : tr("%1: %2").arg(run_->title(), paused ? tr("paused") : running ? tr("running") : tr("not running"));
  if (said != accessibleDescription()) setAccessibleDescription(said);
}

void TransportBar::reicon() {
  run_action_->setIcon(transportIcon(Sign::Run));
  step_action_->setIcon(transportIcon(Sign::Step));
  stop_action_->setIcon(transportIcon(Sign::Stop));
}

void TransportBar::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::PaletteChange && event->type() != QEvent::StyleChange) return;
  if (pause_button_) {
    const QString pending = pending_->text();
    reicon();
    refresh();
    pending_->setText(pending);
  }
}

}  // namespace palimpsest
