// Run, pause, step, stop. A button changes only when the run's answering event has arrived; until then the bar says
// what was asked for.
#pragma once

#include <QPointer>
#include <QWidget>

#include "engine/protocol/command.h"
#include "widgets/models/run_data.h"

class QAction;
class QLabel;
class QToolButton;

namespace palimpsest {

class TransportBar : public QWidget {
  Q_OBJECT
 public:
  explicit TransportBar(QWidget* parent = nullptr);
  // The run in focus. `controllable`: an engine of this process runs it; others can only be watched.
  void setRun(RunData* run, bool controllable);
  RunData* run() const { return run_; }

  // For menus and the command palette; they carry the shortcuts (Ctrl+R, Ctrl+Space, `.`, Ctrl+.).
  QAction* runAction() const { return run_action_; }
  QAction* pauseAction() const { return pause_action_; }  // resumes while paused
  QAction* stepAction() const { return step_action_; }
  QAction* stopAction() const { return stop_action_; }
  QList<QAction*> pauseActions() const { return pause_kinds_; }  // after step, epoch, task

 Q_SIGNALS:
  void runRequested();
  void pauseRequested(palimpsest::Pause when);
  void resumeRequested();
  void stepRequested();
  void stopRequested();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void ask(const QString& pending);
  void refresh();
  void reicon();
  QPointer<RunData> run_;
  bool controllable_ = false;
  QAction *run_action_, *pause_action_, *step_action_, *stop_action_;
  QList<QAction*> pause_kinds_;
  QToolButton* pause_button_ = nullptr;
  QLabel* pending_ = nullptr;
};

}  // namespace palimpsest
