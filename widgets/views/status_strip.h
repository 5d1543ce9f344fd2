// Where the run in focus is: "T3/5 epoch 2/3 step 31/63", two ETAs, speed, memory, device, issues, last save.
#pragma once

#include <QPointer>
#include <QWidget>

#include "widgets/models/run_data.h"
#include "widgets/views/frame_clock.h"

class QLabel;
class QProgressBar;
class QToolButton;

namespace palimpsest {

class StatusStrip : public QWidget {
  Q_OBJECT
 public:
  explicit StatusStrip(FrameClock& frames, QWidget* parent = nullptr);
  void setRun(RunData* run);
  RunData* run() const { return run_; }
  void setIssueCount(int errors, int warnings);  // of the whole window; the run's own are counted where this was not said
  QString where() const;  // the first field, for the window's title

 Q_SIGNALS:
  void issuesClicked();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void refresh();
  void showIssues();
  FrameClock& frames_;
  QPointer<RunData> run_;
  int errors_ = -1, warnings_ = 0;
  QProgressBar* progress_;
  QLabel *where_, *left_, *speed_, *memory_, *device_, *rate_, *saved_;
  QToolButton* issues_;
};

}  // namespace palimpsest
