#include "app/main_window.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QMenu>
#include <QMenuBar>
#include <QMimeData>
#include <QStatusBar>
#include <array>

#include "app/questions.h"
#include "app/queue_view.h"
#include "app/tool_row.h"
#include "app/window_state.h"
#include "widgets/views/image_strip.h"
#include "widgets/views/issues_view.h"
#include "widgets/views/log_view.h"
#include "widgets/views/present_page.h"
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
      pages_(new Pages(workspace, laboratory_, *recipe_, *plots_, this)), drops_(new Drops(workspace, *recipe_, plots_->notices(), this)),
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
  connectRuns();
  connectNotices();
  resize(1440, 900);
  const WindowState last = savedState();
  conveniences_ = new Conveniences({*this, workspace_, laboratory_, *actions_, *recipe_, *plots_, *docks_, *pages_});
  conveniences_->restore();
  (*actions_)[Act::Notify]->setChecked(conveniences_->notifications().enabled());
  arranged_ = restoreWindow(*this);
  setPerspective(Perspective(last.perspective));
  setTheme(themeNamed(last.theme).value_or(ThemeChoice::System));
  recipe_->loadRecipes();
  pages_->loadPresets();
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
  docks_->add(Panel::Queue, "queue_dock", tr("Queue"), new QueueView(workspace_, this));
  docks_->add(Panel::Images, "images_dock", tr("Selected images"), &pages_->images());
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
  for (const Act act : {Act::ForkRun, Act::ExportModel}) (*actions_)[act]->setEnabled(focus && !focus->folder.empty() && focus->lastEndedTask() >= 0);
  // A recording is explained where it plays, not on pages of their own.
  const bool greeting = (!focus || focus->recording) && !plots_->page(plots_->perspective());
  plots_->caption().setRun(focus && focus->recording ? focus : nullptr);
  plots_->caption().setVisible(greeting && !caption_dismissed_);
  tools_->setCompareVisible(!plots_->caption().isVisibleTo(this));
  setWindowTitle(focus ? tr("%1 - Palimpsest").arg(focus->title()) : tr("Palimpsest"));
}

void MainWindow::setPerspective(Perspective perspective) {
  constexpr std::array acts{Act::Learn, Act::RunView, Act::CompareRuns, Act::PipelineView, Act::PromptsView, Act::EmbeddingView, Act::AccuracyView, Act::PresentView};
  if (perspective == Perspective::Present && plots_->perspective() != perspective) before_present_ = plots_->perspective();
  plots_->setPerspective(perspective);
  docks_->setPerspective(perspective);
  const bool presents = perspective == Perspective::Present;
  for (QWidget* around : {static_cast<QWidget*>(tools_), static_cast<QWidget*>(menuBar()), static_cast<QWidget*>(statusBar())}) around->setVisible(!presents);
  if (presents) pages_->present().start();
  refresh();
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

void MainWindow::dropEvent(QDropEvent* event) { drops_->take(event->mimeData()->urls()); }

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
  conveniences_->save();
  saveWindow(*this, {int(plots_->perspective()), nameOf(theme_), recipe_->chosen()});
  event->accept();
  Q_EMIT closed();
}

void MainWindow::resetLayout() {
  docks_->reset();
  setPerspective(Perspective::Run);
  conveniences_->resetSizes();
}

}  // namespace palimpsest
