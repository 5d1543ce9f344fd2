#include "app/main_window.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QMenu>
#include <QMenuBar>
#include <QMimeData>
#include <QSettings>
#include <QStatusBar>
#include <array>

#include "app/help.h"
#include "app/questions.h"
#include "app/tool_row.h"
#include "app/window_state.h"
#include "widgets/views/issues_view.h"
#include "widgets/views/log_view.h"
#include "widgets/views/matrix_view.h"
#include "widgets/views/run_list_view.h"
#include "widgets/views/status_strip.h"
#include "widgets/views/timeline_view.h"
#include "widgets/views/transport_bar.h"

namespace palimpsest {

MainWindow::MainWindow(Workspace& workspace, LogModel& log, style::Theme desktop, QWidget* parent)
    : QMainWindow(parent), workspace_(workspace), desktop_(desktop), plots_(new PlotArea(workspace.runs(), this)),
      laboratory_(workspace, plots_->frames()), transport_(new TransportBar(this)), recipe_(new RecipePanel(workspace.api(), this)),
      backbones_(new BackbonePanel(workspace.api(), *recipe_, this)),
      timeline_(new TimelineView(this)), status_(new StatusStrip(plots_->frames(), this)),
      exporter_(new Exporter(workspace, *plots_, this)),
      run_notices_(new RunNotices(workspace, plots_->notices(), issues_, this)),
      recovery_(new Recovery(workspace, plots_->notices(), this)) {
  setObjectName(QStringLiteral("palimpsest"));
  setAcceptDrops(true);
  setDockOptions(AnimatedDocks | AllowTabbedDocks);
  setCentralWidget(plots_);
  actions_ = new Actions(*this, {{Act::Run, transport_->runAction()}, {Act::Pause, transport_->pauseAction()},
                                 {Act::Step, transport_->stepAction()}, {Act::Stop, transport_->stopAction()}});
  buildDocks(log);
  buildBars();
  connectActions();
  connectViews();
  resize(1440, 900);
  const WindowState last = savedState();
  docks_->restore(QSettings());
  arranged_ = restoreWindow(*this);
  setPerspective(Perspective(last.perspective));
  setTheme(themeNamed(last.theme).value_or(ThemeChoice::System));
  recipe_->loadRecipes();
  recipe_->choose(last.recipe);
  backbones_->load();
  focusChanged(nullptr);
  recovery_->look();
}

void MainWindow::buildDocks(LogModel& log) {
  docks_ = new Docks(*this);
  runs_ = new RunListView(workspace_.runs(), this);
  auto* issues_view = new IssuesView(issues_, this);
  docks_->add(Panel::Runs, "runs_dock", tr("Runs"), runs_);
  docks_->add(Panel::Inspector, "inspector_dock", tr("Next run"), recipe_);
  docks_->add(Panel::Backbones, "backbones_dock", tr("Backbones"), backbones_);
  docks_->add(Panel::Timeline, "timeline_dock", tr("Timeline"), timeline_);
  docks_->add(Panel::Log, "log_dock", tr("Log"), new LogView(log, this));
  docks_->add(Panel::Issues, "issues_dock", tr("Issues"), issues_view);
  docks_->settle();
  connect(issues_view, &IssuesView::jumpRequested, recipe_, &RecipePanel::reveal);
  QMenu* view = actions_->menu("&View");
  view->addSeparator();
  for (QDockWidget* shown : docks_->listed()) view->addAction(shown->toggleViewAction());
}

void MainWindow::buildBars() {
  tools_ = new ToolRow(*actions_, *transport_, this);
  addToolBar(tools_);
  statusBar()->setSizeGripEnabled(false);
  statusBar()->addWidget(status_, 1);
  auto* plots_menu = new QMenu(tr("Export a &plot"), this);
  exporter_->fill(*plots_menu);
  actions_->menu("&File")->insertMenu((*actions_)[Act::ExportAll], plots_menu);
}

void MainWindow::connectActions() {
  const auto on = [this](Act act, auto what) { connect((*actions_)[act], &QAction::triggered, this, what); };
  on(Act::OpenRun, [this] { askOpen(); });
  on(Act::ResumeRun, [this] { if (workspace_.focus()) workspace_.resume(*workspace_.focus()); });
  on(Act::RemoveRun, [this] { if (workspace_.focus()) workspace_.remove(*workspace_.focus()); });
  on(Act::ExportAll, [this] { exporter_->askAll(); });
  on(Act::ExportReport, [this] { exporter_->askReport(); });
  on(Act::Quit, [this] { close(); });
  on(Act::Compare, [this] { workspace_.startComparison(); });
  on(Act::GoOn, [this] { workspace_.launcher().goOn(); });
  on(Act::ClearQueue, [this] { workspace_.dropAllWaiting(); });
  on(Act::Learn, [this] { setPerspective(Perspective::Learn); });
  on(Act::RunView, [this] { setPerspective(Perspective::Run); });
  on(Act::CompareRuns, [this] { setPerspective(Perspective::Compare); });
  on(Act::PipelineView, [this] { setPerspective(Perspective::Pipeline); });
  on(Act::PromptsView, [this] { setPerspective(Perspective::Prompts); });
  on(Act::EmbeddingView, [this] { setPerspective(Perspective::Embedding); });
  on(Act::AccuracyView, [this] { setPerspective(Perspective::Accuracy); });
  on(Act::PresentView, [this] { setPerspective(Perspective::Present); });
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
  connect(runs_, &RunListView::currentRunChanged, &workspace_, &Workspace::setFocus);
  connect(runs_, &RunListView::removeRequested, this, [this](RunData* run) { workspace_.remove(*run); });
  connect(runs_, &RunListView::resumeRequested, this, [this](RunData* run) { workspace_.resume(*run); });
  connect(runs_, &RunListView::reportRequested, this, [this](RunData* run) { exporter_->askReport(run); });
  connect(runs_, &RunListView::openFolderRequested, this, &Workspace::showFolder);
  connect(runs_, &RunListView::runDemoRequested, &workspace_, &Workspace::startComparison);
  connect(runs_, &RunListView::openRunRequested, this, &MainWindow::askOpen);
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
  connect(timeline_, &TimelineView::taskActivated, this, [this](int task) { plots_->matrix().select(task, task); });
  const auto showIssues = [this] { docks_->reveal(Panel::Issues); };
  connect(status_, &StatusStrip::issuesClicked, this, showIssues);
  connect(run_notices_, &RunNotices::issuesRequested, this, showIssues);
  connect(run_notices_, &RunNotices::reportRequested, this, [this] { exporter_->askReport(); });
  connect(run_notices_, &RunNotices::attention, this, [this] { QApplication::alert(this); });
  connect(run_notices_, &RunNotices::comparisonEnded, this, [this] { setPerspective(Perspective::Compare); });
  connect(recovery_, &Recovery::discardRequested, this, [this](const QString& run, const QString& folder) {
    askDiscard(this, run, folder, [this, folder] { recovery_->discard(folder); });
  });
}

void MainWindow::focusChanged(RunData* run) {
  plots_->setRun(run);
  timeline_->setRun(run);
  status_->setRun(run);
  if (run) {
    runs_->setCurrentRun(run);
    connect(run, &RunData::stateChanged, this, &MainWindow::refresh, Qt::UniqueConnection);
  }
  refresh();
}

void MainWindow::refresh() {
  RunLauncher& launcher = workspace_.launcher();
  RunData* focus = workspace_.focus();
  // Whatever is looked at, the buttons mean the run that is under way.
  RunData* controlled = launcher.live() ? launcher.live() : focus;
  transport_->setRun(controlled, controlled && controlled == launcher.live());
  recipe_->setBusy(launcher.live() != nullptr);
  backbones_->setRunning(launcher.live() != nullptr);
  const std::size_t waiting = launcher.queue().waiting().size();
  tools_->setWaiting(waiting, launcher.held());
  (*actions_)[Act::GoOn]->setEnabled(launcher.held());
  (*actions_)[Act::ClearQueue]->setEnabled(waiting > 0);
  (*actions_)[Act::ResumeRun]->setEnabled(workspace_.canResume(focus));
  (*actions_)[Act::RemoveRun]->setEnabled(focus && focus != launcher.live());
  (*actions_)[Act::Play]->setEnabled(workspace_.watcher().recording());
  const bool greeting = !focus || focus->recording;
  plots_->caption().setRun(focus && focus->recording ? focus : nullptr);
  plots_->caption().setVisible(greeting && !caption_dismissed_);
  tools_->setCompareVisible(!plots_->caption().isVisibleTo(this));
  setWindowTitle(focus ? tr("%1 - Palimpsest").arg(focus->title()) : tr("Palimpsest"));
}

void MainWindow::setPerspective(Perspective perspective) {
  constexpr std::array acts{Act::Learn, Act::RunView, Act::CompareRuns, Act::PipelineView, Act::PromptsView, Act::EmbeddingView, Act::AccuracyView, Act::PresentView};
  plots_->setPerspective(perspective);
  docks_->setPerspective(perspective);
  (*actions_)[acts[std::size_t(perspective)]]->setChecked(true);
}

void MainWindow::showEvent(QShowEvent* event) {
  QMainWindow::showEvent(event);
  if (!std::exchange(arranged_, true)) docks_->arrange();
}

void MainWindow::setTheme(ThemeChoice choice) {
  theme_ = choice;
  style::apply(*qApp, resolved(choice, desktop_));
  const Act act = choice == ThemeChoice::Light ? Act::ThemeLight : choice == ThemeChoice::Dark ? Act::ThemeDark : Act::ThemeSystem;
  (*actions_)[act]->setChecked(true);
}

void MainWindow::askOpen() {
  askRunFolder(this, QString::fromStdString(workspace_.runsFolder().string()),
               [this](const QString& folder) { workspace_.open(folder.toStdString()); });
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  QStringList weights;
  for (const QUrl& url : event->mimeData()->urls()) {
    if (!url.isLocalFile()) continue;
    if (BackbonePanel::takes(url.toLocalFile())) weights << url.toLocalFile();
    else workspace_.open(url.toLocalFile().toStdString());
  }
  if (!weights.isEmpty()) addWeights(weights);
}

void MainWindow::addWeights(const QStringList& files) {
  docks_->reveal(Panel::Backbones);
  backbones_->add(files);
}

void MainWindow::closeEvent(QCloseEvent* event) {
  if (closing_ == Closing::No && workspace_.launcher().live()) {
    closing_ = Closing::Saving;
    plots_->notices().show(QStringLiteral("closing"),
                           {Notice::Kind::Note, tr("Saving a checkpoint. The window closes by itself; next time the run is offered again."), {}, false});
    for (const Panel panel : {Panel::Runs, Panel::Inspector, Panel::Backbones}) (*docks_)[panel]->setEnabled(false);
    menuBar()->setEnabled(false);
    workspace_.launcher().close();
  }
  if (closing_ == Closing::Saving) {
    event->ignore();
    return;
  }
  QSettings settings;
  docks_->save(settings);
  saveWindow(*this, {int(plots_->perspective()), nameOf(theme_), recipe_->chosen()});
  event->accept();
  Q_EMIT closed();
}

void MainWindow::resetLayout() {
  docks_->reset();
  setPerspective(Perspective::Run);
  plots_->resetSizes();
}

}  // namespace palimpsest
