// Who hears whom in the window: actions, views and panels. One line a wish.
#include <QUndoStack>
#include <tuple>
#include <utility>

#include "app/help.h"
#include "app/main_window.h"
#include "app/questions.h"
#include "widgets/models/recipe_document.h"
#include "widgets/views/matrix_view.h"
#include "widgets/views/run_list_view.h"
#include "widgets/views/status_strip.h"
#include "widgets/views/timeline_view.h"
#include "widgets/views/transport_bar.h"

namespace palimpsest {

void MainWindow::connectActions() {
  const auto on = [this](Act act, auto what) { connect((*actions_)[act], &QAction::triggered, this, what); };
  on(Act::OpenRun, [this] { askOpen(); });
  on(Act::WatchFolder, [this] {
    askRunFolder(this, QString::fromStdString(workspace_.runsFolder().string()), [this](const QString& folder) { workspace_.watcher().watchFolder(folder.toStdString()); });
  });
  on(Act::ForkRun, [this] { pages_->fork(workspace_.focus()); });
  on(Act::ResumeRun, [this] { if (workspace_.focus()) workspace_.resume(*workspace_.focus()); });
  on(Act::RemoveRun, [this] { if (workspace_.focus()) workspace_.remove(*workspace_.focus()); });
  on(Act::ExportModel, [this] { if (workspace_.focus()) exporter_->askModel(*workspace_.focus()); });
  on(Act::ExportAll, [this] { exporter_->askAll(); });
  on(Act::ExportReport, [this] { exporter_->askReport(); });
  on(Act::Quit, [this] { close(); });
  on(Act::Compare, [this] { workspace_.startComparison(); });
  on(Act::CompareWith, [this] { pages_->compareWith(workspace_.focus()); });
  on(Act::GoOn, [this] { workspace_.launcher().goOn(); });
  on(Act::ClearQueue, [this] { workspace_.dropAllWaiting(); });
  for (const auto& [act, perspective] : {std::pair{Act::Learn, Perspective::Learn}, {Act::RunView, Perspective::Run}, {Act::CompareRuns, Perspective::Compare},
                                         {Act::PipelineView, Perspective::Pipeline}, {Act::PromptsView, Perspective::Prompts}, {Act::EmbeddingView, Perspective::Embedding},
                                         {Act::AccuracyView, Perspective::Accuracy}, {Act::PresentView, Perspective::Present}})
    on(act, [this, perspective = perspective] { setPerspective(perspective); });
  on(Act::Palette, [this] { conveniences_->palette().popUp(); });
  connect((*actions_)[Act::Notify], &QAction::toggled, this, [this](bool on) { conveniences_->notifications().setEnabled(on); });
  on(Act::Play, [this] { workspace_.watcher().togglePlaying(); });
  on(Act::PreviousTask, [this] { laboratory_.cursor.moveTask(-1); });
  on(Act::NextTask, [this] { laboratory_.cursor.moveTask(1); });
  on(Act::Follow, [this] { plots_->followAll(); });
  on(Act::ThemeLight, [this] { setTheme(ThemeChoice::Light); });
  on(Act::ThemeDark, [this] { setTheme(ThemeChoice::Dark); });
  on(Act::ThemeSystem, [this] { setTheme(ThemeChoice::System); });
  on(Act::ResetLayout, [this] { resetLayout(); });
  on(Act::Keys, [this] { showKeys(this); });
  on(Act::About, [this] { showAbout(this, workspace_.api()); });
  // Space ticks runs and presses buttons elsewhere: it plays only from the plots and the timeline.
  QAction* play = (*actions_)[Act::Play];
  play->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  plots_->addAction(play);
  timeline_->addAction(play);
  QUndoStack& undo = recipe_->document().undoStack();
  for (const auto& [act, does, can] : {std::tuple{Act::Undo, &QUndoStack::undo, &QUndoStack::canUndoChanged}, {Act::Redo, &QUndoStack::redo, &QUndoStack::canRedoChanged}}) {
    connect((*actions_)[act], &QAction::triggered, &undo, does);
    connect(&undo, can, (*actions_)[act], &QAction::setEnabled);
    (*actions_)[act]->setEnabled(false);
  }
}

void MainWindow::connectViews() {
  RunLauncher& launcher = workspace_.launcher();
  connect(transport_, &TransportBar::runRequested, recipe_, &RecipePanel::go);
  connect(transport_, &TransportBar::pauseRequested, this, [&launcher](Pause when) { launcher.post({Command::What::Pause, when}); });
  connect(transport_, &TransportBar::resumeRequested, this, [&launcher] { launcher.post({Command::What::Resume}); });
  connect(transport_, &TransportBar::stepRequested, this, [&launcher] { launcher.post({Command::What::Step}); });
  connect(transport_, &TransportBar::stopRequested, this, [&launcher] { launcher.post({Command::What::Stop}); });
  connect(recipe_, &RecipePanel::runRequested, &workspace_, &Workspace::start);
  connect(recipe_, &RecipePanel::problem, &workspace_, &Workspace::problem);
  connect(backbones_, &BackbonePanel::problem, &workspace_, &Workspace::problem);
  connect(&workspace_, &Workspace::focusChanged, this, &MainWindow::focusChanged);
  connect(&launcher, &RunLauncher::liveChanged, this, &MainWindow::refresh);
  connect(&launcher.queue(), &RunQueue::changed, this, &MainWindow::refresh);
  connect(&launcher, &RunLauncher::closed, this, [this] {
    closing_ = Closing::Ready;
    close();
  });
  connect(&workspace_.watcher(), &RunWatcher::recordingMissing, this, &MainWindow::refresh);
  connect(&plots_->caption(), &CaptionBanner::compareRequested, &workspace_, &Workspace::startComparison);
  connect(&plots_->caption(), &CaptionBanner::openRequested, this, &MainWindow::askOpen);
  connect(&plots_->caption(), &CaptionBanner::dismissed, this, [this] {
    caption_dismissed_ = true;
    refresh();
  });
  Cursor& cursor = laboratory_.cursor;
  connect(plots_, &PlotArea::cursorAsked, &cursor, &Cursor::setStep);
  connect(timeline_, &TimelineView::cursorMoved, &cursor, &Cursor::setStep);
  connect(&cursor, &Cursor::moved, timeline_, &TimelineView::setCursor);
  connect(&cursor, &Cursor::moved, plots_, &PlotArea::setCursor);
  connect(plots_, &PlotArea::problem, this, [this](const QString& what) {
    plots_->notices().show(QStringLiteral("export"), {Notice::Kind::Failure, what, {}});
  });
  connect(&cursor, &Cursor::taskChanged, timeline_, &TimelineView::setTask);
  connect(timeline_, &TimelineView::taskActivated, this, [this](int task) {
    plots_->matrix().select(task, task);
    const RunData* run = workspace_.focus();  // a task without steps is a point in time: a click on it means its end
    if (run && std::size_t(task) < run->bands().size() && run->bands()[std::size_t(task)].from == run->bands()[std::size_t(task)].to) laboratory_.cursor.setTask(task);
  });
  // The images come when some are selected: until then the pages have their room.
  connect(&laboratory_.selection, &Selection::changed, this, [this] {
    const Perspective now = plots_->perspective();
    const bool selects = now == Perspective::Accuracy || now == Perspective::Prompts || now == Perspective::Embedding;
    if (selects && !laboratory_.selection.empty() && !(*docks_)[Panel::Images]->isVisible()) docks_->reveal(Panel::Images);
  });
  connect(pages_, &Pages::perspectiveAsked, this, &MainWindow::setPerspective);
  connect(pages_, &Pages::leftPresent, this, [this] { setPerspective(before_present_); });
  connect(pages_, &Pages::inspectorAsked, this, [this] { docks_->reveal(Panel::Inspector); });
  connect(drops_, &Drops::weightsDropped, this, &MainWindow::addWeights);
  connect(drops_, &Drops::recipeTaken, this, [this] { docks_->reveal(Panel::Inspector); });
  connect(drops_, &Drops::problem, &workspace_, &Workspace::problem);
}

void MainWindow::connectRuns() {
  connect(runs_, &RunListView::currentRunChanged, &workspace_, &Workspace::setFocus);
  connect(runs_, &RunListView::removeRequested, this, [this](RunData* run) { workspace_.remove(*run); });
  connect(runs_, &RunListView::resumeRequested, this, [this](RunData* run) { workspace_.resume(*run); });
  connect(runs_, &RunListView::reportRequested, this, [this](RunData* run) { exporter_->askReport(run); });
  connect(runs_, &RunListView::modelRequested, this, [this](RunData* run) { exporter_->askModel(*run); });
  connect(runs_, &RunListView::openFolderRequested, this, &Workspace::showFolder);
  connect(runs_, &RunListView::runDemoRequested, &workspace_, &Workspace::startComparison);
  connect(runs_, &RunListView::openRunRequested, this, &MainWindow::askOpen);
}

void MainWindow::connectNotices() {
  const auto showIssues = [this] { docks_->reveal(Panel::Issues); };
  connect(status_, &StatusStrip::issuesClicked, this, showIssues);
  connect(run_notices_, &RunNotices::issuesRequested, this, showIssues);
  connect(run_notices_, &RunNotices::reportRequested, this, [this] { exporter_->askReport(); });
  connect(run_notices_, &RunNotices::comparisonEnded, this, [this] { setPerspective(Perspective::Compare); });
  connect(recovery_, &Recovery::discardRequested, this, [this](const QString& run, const QString& folder) {
    askDiscard(this, run, folder, [this, folder] { recovery_->discard(folder); });
  });
}

}  // namespace palimpsest
