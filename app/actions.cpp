#include "app/actions.h"

#include <QCoreApplication>
#include <QMainWindow>
#include <QMenu>
#include <QMenuBar>

namespace palimpsest {

namespace {
constexpr const char* kFile = QT_TRANSLATE_NOOP("Actions", "&File");
constexpr const char* kEdit = QT_TRANSLATE_NOOP("Actions", "&Edit");
constexpr const char* kRun = QT_TRANSLATE_NOOP("Actions", "&Run");
constexpr const char* kView = QT_TRANSLATE_NOOP("Actions", "&View");
constexpr const char* kHelp = QT_TRANSLATE_NOOP("Actions", "&Help");
}  // namespace

// clang-format off
const std::vector<ActionRow>& Actions::table() {
  static const std::vector<ActionRow> rows = {
      {Act::OpenRun, "open_run", kFile, QT_TRANSLATE_NOOP("Actions", "&Open a run folder..."), "Ctrl+O",
       QT_TRANSLATE_NOOP("Actions", "Shows a recorded run; one that is still being written is followed live"), "", false},
      {Act::WatchFolder, "watch_folder", kFile, QT_TRANSLATE_NOOP("Actions", "&Follow a folder of runs..."), "",
       QT_TRANSLATE_NOOP("Actions", "Runs that another machine writes there appear by themselves and are followed live"), "", false},
      {Act::ResumeRun, "resume_run", kFile, QT_TRANSLATE_NOOP("Actions", "Res&ume this run"), "Ctrl+Shift+R",
       QT_TRANSLATE_NOOP("Actions", "Goes on with a stopped, failed or interrupted run from its last checkpoint"), "", false},
      {Act::ForkRun, "fork_run", kFile, QT_TRANSLATE_NOOP("Actions", "For&k this run at a task..."), "Ctrl+Shift+K",
       QT_TRANSLATE_NOOP("Actions", "A new run with the same past and other settings from then on"), "", false},
      {Act::RemoveRun, "remove_run", kFile, QT_TRANSLATE_NOOP("Actions", "&Take this run out of the window"), "Ctrl+W",
       QT_TRANSLATE_NOOP("Actions", "Its folder stays as it is"), "", false},
      {Act::ExportModel, "export_model", kFile, QT_TRANSLATE_NOOP("Actions", "&Export the model..."), "Ctrl+E",
       QT_TRANSLATE_NOOP("Actions", "The classifier of the run in focus as a file that other programs read, checked after writing"), "", true},
      {Act::ExportAll, "export_all", kFile, QT_TRANSLATE_NOOP("Actions", "Export all plo&ts..."), "Ctrl+Shift+E",
       QT_TRANSLATE_NOOP("Actions", "Every plot as PNG, SVG, PDF and CSV into one folder"), "", false},
      {Act::ExportReport, "export_report", kFile, QT_TRANSLATE_NOOP("Actions", "Export a &report..."), "Ctrl+P",
       QT_TRANSLATE_NOOP("Actions", "One HTML file with the tables and curves of the ticked runs"), "", false},
      {Act::Quit, "quit", kFile, QT_TRANSLATE_NOOP("Actions", "&Quit"), "Ctrl+Q",
       QT_TRANSLATE_NOOP("Actions", "A run that is under way saves a checkpoint first"), "", true},

      {Act::Undo, "undo", kEdit, QT_TRANSLATE_NOOP("Actions", "&Undo"), "Ctrl+Z", QT_TRANSLATE_NOOP("Actions", "Takes back the last change to the next run"), "", false},
      {Act::Redo, "redo", kEdit, QT_TRANSLATE_NOOP("Actions", "&Redo"), "Ctrl+Shift+Z", QT_TRANSLATE_NOOP("Actions", "Makes it again"), "", false},
      {Act::Palette, "palette", kEdit, QT_TRANSLATE_NOOP("Actions", "&Search everything..."), "Ctrl+K",
       QT_TRANSLATE_NOOP("Actions", "Actions, runs, classes, settings and recipes by a few letters"), "", true},

      {Act::Compare, "compare", kRun, QT_TRANSLATE_NOOP("Actions", "Run the default &comparison"), "Ctrl+D",
       QT_TRANSLATE_NOOP("Actions", "Finetune, no prompt, SimpleCIL and L2P on Fashion-MNIST, one after another"), "", false},
      {Act::CompareWith, "compare_with_action", kRun, QT_TRANSLATE_NOOP("Actions", "Compare &with..."), "Ctrl+Shift+C",
       QT_TRANSLATE_NOOP("Actions", "Queues the set-up of the run in focus with other methods: the same data, order, seed and budget"), "", false},
      {Act::Run, "run", kRun, QT_TRANSLATE_NOOP("Actions", "&Run the recipe of the inspector"), "Ctrl+R", "", "", true},
      {Act::Pause, "pause", kRun, QT_TRANSLATE_NOOP("Actions", "&Pause or go on"), "Ctrl+Space", "", "", false},
      {Act::Step, "step", kRun, QT_TRANSLATE_NOOP("Actions", "One &step"), ".", "", "", false},
      {Act::Stop, "stop", kRun, QT_TRANSLATE_NOOP("Actions", "S&top and keep"), "Ctrl+.", "", "", false},
      {Act::GoOn, "go_on", kRun, QT_TRANSLATE_NOOP("Actions", "Go &on with the queue"), "Ctrl+Shift+G",
       QT_TRANSLATE_NOOP("Actions", "Starts the next of the waiting runs"), "", true},
      {Act::ClearQueue, "clear_queue", kRun, QT_TRANSLATE_NOOP("Actions", "&Empty the queue"), "",
       QT_TRANSLATE_NOOP("Actions", "Takes back the runs that have not begun"), "", false},

      {Act::Learn, "learn", kView, QT_TRANSLATE_NOOP("Actions", "&Learn"), "Ctrl+1",
       QT_TRANSLATE_NOOP("Actions", "Accuracy and its matrix, nothing else"), "perspective", false},
      {Act::RunView, "run_view", kView, QT_TRANSLATE_NOOP("Actions", "&Run"), "Ctrl+2",
       QT_TRANSLATE_NOOP("Actions", "All plots, the runs and the inspector"), "perspective", false},
      {Act::CompareRuns, "compare_runs", kView, QT_TRANSLATE_NOOP("Actions", "&Compare"), "Ctrl+3",
       QT_TRANSLATE_NOOP("Actions", "The ticked runs side by side: means over seeds, settings, what is fair"), "perspective", false},
      {Act::PromptsView, "prompts_view", kView, QT_TRANSLATE_NOOP("Actions", "Pro&mpts"), "Ctrl+4",
       QT_TRANSLATE_NOOP("Actions", "Which prompts are chosen for what, and what would happen otherwise"), "perspective", false},
      {Act::EmbeddingView, "embedding_view", kView, QT_TRANSLATE_NOOP("Actions", "Em&bedding"), "Ctrl+5",
       QT_TRANSLATE_NOOP("Actions", "Where images, prototypes and keys lie, and where they drift"), "perspective", false},
      {Act::AccuracyView, "accuracy_view", kView, QT_TRANSLATE_NOOP("Actions", "&Accuracy"), "Ctrl+6",
       QT_TRANSLATE_NOOP("Actions", "Who is mistaken for whom, which images were forgotten when, and why"), "perspective", false},
      {Act::PipelineView, "pipeline_view", kView, QT_TRANSLATE_NOOP("Actions", "Pipel&ine"), "Ctrl+7",
       QT_TRANSLATE_NOOP("Actions", "The next run as a chain of parts"), "perspective", false},
      {Act::PresentView, "present_view", kView, QT_TRANSLATE_NOOP("Actions", "P&resent"), "F5",
       QT_TRANSLATE_NOOP("Actions", "Scenes for a lecture, on the whole window"), "perspective", false},
      {Act::Play, "play", kView, QT_TRANSLATE_NOOP("Actions", "&Play or halt the recording"), "Space",
       QT_TRANSLATE_NOOP("Actions", "Never touches a training run"), "", true},
      {Act::PreviousTask, "previous_task", kView, QT_TRANSLATE_NOOP("Actions", "Pre&vious task"), "[",
       QT_TRANSLATE_NOOP("Actions", "Moves the time cursor to the end of the task before"), "", false},
      {Act::NextTask, "next_task", kView, QT_TRANSLATE_NOOP("Actions", "&Next task"), "]",
       QT_TRANSLATE_NOOP("Actions", "Moves the time cursor to the end of the next task"), "", false},
      {Act::Follow, "follow", kView, QT_TRANSLATE_NOOP("Actions", "&Follow: reset zoom"), "F",
       QT_TRANSLATE_NOOP("Actions", "All plots show everything again and follow new data"), "", false},
      {Act::ThemeLight, "theme_light", kView, QT_TRANSLATE_NOOP("Actions", "L&ight theme"), "", "", "theme", true},
      {Act::ThemeDark, "theme_dark", kView, QT_TRANSLATE_NOOP("Actions", "&Dark theme"), "", "", "theme", false},
      {Act::ThemeSystem, "theme_system", kView, QT_TRANSLATE_NOOP("Actions", "Theme of the &desktop"), "", "", "theme", false},
      {Act::Notify, "notify", kView, QT_TRANSLATE_NOOP("Actions", "&Notify the desktop"), "",
       QT_TRANSLATE_NOOP("Actions", "When a run ends, fails or collapses while another window is in front"), "alone", true},
      {Act::ResetLayout, "reset_layout", kView, QT_TRANSLATE_NOOP("Actions", "Reset la&yout"), "",
       QT_TRANSLATE_NOOP("Actions", "Every panel back to its place"), "", true},

      {Act::Keys, "keys", kHelp, QT_TRANSLATE_NOOP("Actions", "&Keys and gestures"), "F1", "", "", false},
      {Act::About, "about", kHelp, QT_TRANSLATE_NOOP("Actions", "&About Palimpsest"), "", "", "", false},
  };
  return rows;
}
// clang-format on

QString Actions::textOf(const char* text) { return QCoreApplication::translate("Actions", text); }

Actions::Actions(QMainWindow& window, const std::map<Act, QAction*>& given) : QObject(&window) {
  for (const ActionRow& row : table()) {
    QMenu*& menu = menus_[row.menu];
    if (!menu) menu = window.menuBar()->addMenu(textOf(row.menu));
    if (row.line_before) menu->addSeparator();
    const auto found = given.find(row.act);
    QAction* action = found == given.end() ? make(row, window) : found->second;
    action->setObjectName(QString::fromLatin1(row.name));
    if (found != given.end()) window.addAction(action);
    menu->addAction(action);
    actions_[row.act] = action;
  }
}

QAction* Actions::make(const ActionRow& row, QMainWindow& window) {
  auto* action = new QAction(textOf(row.text), &window);
  if (*row.key) action->setShortcut(QKeySequence(QString::fromLatin1(row.key)));
  if (*row.tip) {
    action->setToolTip(textOf(row.tip));
    action->setStatusTip(textOf(row.tip));
  }
  if (std::string_view(row.group) == "alone") action->setCheckable(true);
  else if (*row.group) {
    QActionGroup*& group = groups_[row.group];
    if (!group) group = new QActionGroup(this);
    action->setCheckable(true);
    group->addAction(action);
  }
  return action;
}

}  // namespace palimpsest
