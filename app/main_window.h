// The window: docks, menus, perspectives. What happens is decided in Workspace; what it looks like in widgets/.
#pragma once

#include <QMainWindow>

#include "app/actions.h"
#include "app/backbone_panel.h"
#include "app/conveniences.h"
#include "app/docks.h"
#include "app/drops.h"
#include "app/exporter.h"
#include "app/laboratory.h"
#include "app/pages.h"
#include "app/plot_area.h"
#include "app/recipe_panel.h"
#include "app/recovery.h"
#include "app/run_notices.h"
#include "app/theme_choice.h"
#include "app/workspace.h"
#include "widgets/models/log.h"

namespace palimpsest {

class RunListView;
class StatusStrip;
class TimelineView;
class ToolRow;
class TransportBar;

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  // All borrowed. `desktop`: the theme that the desktop had before ours was applied.
  MainWindow(Workspace& workspace, LogModel& log, style::Theme desktop, QWidget* parent = nullptr);

  Actions& actions() { return *actions_; }
  PlotArea& plots() { return *plots_; }
  RecipePanel& recipe() { return *recipe_; }
  BackbonePanel& backbones() { return *backbones_; }
  TransportBar& transport() { return *transport_; }
  TimelineView& timeline() { return *timeline_; }
  IssuesModel& issues() { return issues_; }
  Exporter& exporter() { return *exporter_; }
  Recovery& recovery() { return *recovery_; }
  void setTheme(ThemeChoice choice);
  ThemeChoice theme() const { return theme_; }
  Docks& docks() { return *docks_; }
  Laboratory& laboratory() { return laboratory_; }
  Pages& pages() { return *pages_; }
  Conveniences& conveniences() { return *conveniences_; }
  void setPerspective(Perspective perspective);

 Q_SIGNALS:
  void closed();  // for good: nothing runs any more

 protected:
  void closeEvent(QCloseEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void buildDocks(LogModel& log);
  void buildBars();
  void connectActions();
  void connectViews();
  void connectRuns();
  void connectNotices();
  void focusChanged(RunData* run);
  void refresh();                 // what is enabled, who is controlled, the title
  void askOpen();
  void addWeights(const QStringList& files);
  void resetLayout();

  Workspace& workspace_;
  const style::Theme desktop_;
  ThemeChoice theme_ = ThemeChoice::System;
  IssuesModel issues_;
  PlotArea* plots_;
  Laboratory laboratory_;  // after the plots, whose clock it lends
  TransportBar* transport_;
  Actions* actions_ = nullptr;
  RunListView* runs_ = nullptr;
  RecipePanel* recipe_;
  BackbonePanel* backbones_;
  TimelineView* timeline_;
  StatusStrip* status_;
  ToolRow* tools_ = nullptr;
  Docks* docks_ = nullptr;
  Pages* pages_;
  Drops* drops_;
  Conveniences* conveniences_ = nullptr;
  Perspective before_present_ = Perspective::Run;
  bool caption_dismissed_ = false, arranged_ = false;
  Exporter* exporter_;
  RunNotices* run_notices_;
  Recovery* recovery_;
  enum class Closing { No, Saving, Ready } closing_ = Closing::No;
};

}  // namespace palimpsest
