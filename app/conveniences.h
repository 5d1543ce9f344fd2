// What makes a window one's own: the palette over everything (Ctrl+K), the view as it was left, news for who looks elsewhere.
#pragma once

#include <QObject>

#include "app/command_palette.h"
#include "app/notifications.h"
#include "app/open_runs.h"
#include "app/view_state.h"

class QMainWindow;

namespace palimpsest {

class Actions;
class Docks;
class Laboratory;
class Pages;
class PlotArea;
class RecipePanel;
class Workspace;

class Conveniences : public QObject {
  Q_OBJECT
 public:
  struct Parts {  // of the window; all borrowed
    QMainWindow& window;
    Workspace& workspace;
    Laboratory& laboratory;
    Actions& actions;
    RecipePanel& recipe;
    PlotArea& plots;
    Docks& docks;
    Pages& pages;
  };
  explicit Conveniences(const Parts& parts);

  CommandPalette& palette() { return palette_; }
  Notifications& notifications() { return notifications_; }
  void save() const;  // the view, for next time
  void restore();     // all but the runs
  void resetSizes();  // of what splitters share out
  bool reopenRuns();  // those that were open, as far as they are still there; false: there are none

 private:
  void fillPalette(const Parts& parts);
  void listViews(const Parts& parts);
  void selectClass(int dataset_class);
  Laboratory& laboratory_;
  CommandPalette palette_;
  Notifications notifications_;
  OpenRuns open_runs_;
  ViewState views_;
  QVariantMap runs_;  // that were open last time
};

}  // namespace palimpsest
