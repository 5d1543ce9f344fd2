// The centre of the window: notices, the caption of a recording, and below them the page of the perspective. Its own page
// holds the plots of the run in focus and the ticked runs; other pages are handed in.
#pragma once

#include <QStackedWidget>
#include <QWidget>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "app/notice_bar.h"
#include "app/perspective.h"
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

// Asks for as much room as the page that is shown, not as the largest.
class PageStack final : public QStackedWidget {
 public:
  using QStackedWidget::QStackedWidget;
  QSize sizeHint() const override { return currentWidget() ? currentWidget()->sizeHint() : QSize(); }
  QSize minimumSizeHint() const override { return currentWidget() ? currentWidget()->minimumSizeHint() : QSize(); }
};

class PlotArea : public QWidget {
  Q_OBJECT
 public:
  PlotArea(RunListModel& runs, QWidget* parent = nullptr);

  void setRun(RunData* run);
  void addPage(Perspective perspective, QWidget* page);  // takes it over
  QWidget* page(Perspective perspective) const;          // nullptr: the plots
  void setPerspective(Perspective perspective);
  Perspective perspective() const { return perspective_; }
  void setCursor(double step);  // of the run in focus; NaN: none
  void followAll();
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
  void resetSizes();
  void share(LivePlot* from, double step);
  FrameClock frames_;
  NoticeArea* notices_;
  CaptionBanner* caption_;
  PageStack* stack_;
  QTabWidget* tabs_;
  std::map<Perspective, QWidget*> pages_;
  QSplitter *rows_, *top_, *bottom_;
  AccuracyPlot* accuracy_;
  MatrixView* matrix_;
  ForgettingPlot* forgetting_;
  TaskPlot* tasks_;
  LossPlot* loss_;
  Perspective perspective_ = Perspective::Run;
  double cursor_;
};

}  // namespace palimpsest
