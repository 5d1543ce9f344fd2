// Everything a person can ask for, in one table: menus, shortcuts, the sheet of keys and the tests are made from it.
#pragma once

#include <QAction>
#include <QActionGroup>
#include <QObject>
#include <map>
#include <vector>

class QMenu;
class QMenuBar;
class QMainWindow;

namespace palimpsest {

enum class Act {
  Compare, OpenRun, WatchFolder, ResumeRun, ForkRun, RemoveRun, ExportModel, ExportAll, ExportReport, Quit,
  Undo, Redo, Palette, CompareWith,
  Run, Pause, Step, Stop, GoOn, ClearQueue,
  Play, PreviousTask, NextTask, Follow,
  Learn, RunView, CompareRuns, PipelineView, PromptsView, EmbeddingView, AccuracyView, PresentView,
  ThemeLight, ThemeDark, ThemeSystem, Notify, ResetLayout,
  Keys, About,
};

struct ActionRow {
  Act act;
  const char* name;      // object name; stable, for tests and scripts
  const char* menu;      // in the order in which menus appear
  const char* text;
  const char* key;       // portable; "" for none
  const char* tip;
  const char* group;     // "", "alone" for a check mark of its own, or the name of an exclusive group of check marks
  bool line_before;
};

class Actions : public QObject {
  Q_OBJECT
 public:
  // `given`: actions that a widget brings along (the transport bar's); the table only says where they stand.
  Actions(QMainWindow& window, const std::map<Act, QAction*>& given);
  static const std::vector<ActionRow>& table();
  static QString textOf(const char* text);  // translated

  QAction* operator[](Act act) const { return actions_.at(act); }
  QMenu* menu(const char* name) const { return menus_.at(name); }

 private:
  QAction* make(const ActionRow& row, QMainWindow& window);
  std::map<Act, QAction*> actions_;
  std::map<std::string, QMenu*> menus_;
  std::map<std::string, QActionGroup*> groups_;
};

}  // namespace palimpsest
