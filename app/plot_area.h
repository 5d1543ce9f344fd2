// The centre of the window: notices, the caption of a recording, and the plots of the run in focus and the ticked
// runs. One time cursor goes through all of them.
#pragma once

#include <QWidget>
#include <functional>
#include <optional>
#include <vector>

#include "app/notice_bar.h"
#include "widgets/models/run_list.h"
#include "widgets/views/caption_banner.h"
#include "widgets/views/frame_clock.h"

class QSplitter;
class QTabWidget;

namespace palimpsest {

class AccuracyPlot;
class ForgettingPlot;
class LivePlot;
class LossPlot;
class MatrixView;
class TaskPlot;

// What can be exported of one plot. Each writes the file and returns what went wrong, in words.
struct PlotExport {
  QString name, title;  // for files; for people
  std::function<std::optional<QString>(const QString& path)> image, csv;
};

class PlotArea : public QWidget {
  Q_OBJECT
 public:
  enum class Perspective { Learn, Work, Compare };
  PlotArea(RunListModel& runs, QWidget* parent = nullptr);

  void setRun(RunData* run);
  void setPerspective(Perspective perspective);
  Perspective perspective() const { return perspective_; }
  void setCursor(double step);  // of the run in focus; NaN: none
  void followAll();
  void resetSizes();
  std::vector<PlotExport> exports();
  std::vector<LivePlot*> plots() const;
  MatrixView& matrix() { return *matrix_; }
  FrameClock& frames() { return frames_; }
  NoticeArea& notices() { return *notices_; }
  CaptionBanner& caption() { return *caption_; }

 Q_SIGNALS:
  void cursorAsked(double step);  // a cell of the matrix was chosen: the time after that task
  void problem(const QString& message);

 private:
  void share(LivePlot* from, double step);
  FrameClock frames_;
  NoticeArea* notices_;
  CaptionBanner* caption_;
  QTabWidget* tabs_;
  QSplitter *rows_, *top_, *bottom_;
  AccuracyPlot* accuracy_;
  MatrixView* matrix_;
  ForgettingPlot* forgetting_;
  TaskPlot* tasks_;
  LossPlot* loss_;
  Perspective perspective_ = Perspective::Work;
  double cursor_;
};

}  // namespace palimpsest
