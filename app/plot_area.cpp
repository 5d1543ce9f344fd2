#include "app/plot_area.h"

#include <QSplitter>
#include <QTabWidget>
#include <QVBoxLayout>
#include <cmath>
#include <limits>

#include "widgets/views/accuracy_plot.h"
#include "widgets/views/figure.h"
#include "widgets/views/forgetting_plot.h"
#include "widgets/views/loss_plot.h"
#include "widgets/views/matrix_view.h"
#include "widgets/views/task_plot.h"

namespace palimpsest {

namespace {
QSplitter* splitter(Qt::Orientation orientation, const char* name) {
  auto* made = new QSplitter(orientation);
  made->setObjectName(QLatin1String(name));
  made->setChildrenCollapsible(false);
  made->setHandleWidth(5);
  return made;
}
}  // namespace

PlotArea::PlotArea(RunListModel& runs, QWidget* parent)
    : QWidget(parent), notices_(new NoticeArea(this)), caption_(new CaptionBanner(this)),
      stack_(new PageStack(this)), tabs_(new QTabWidget(this)), rows_(splitter(Qt::Vertical, "rows")), top_(splitter(Qt::Horizontal, "top_plots")),
      bottom_(splitter(Qt::Horizontal, "bottom_plots")), accuracy_(new AccuracyPlot(runs, frames_)),
      matrix_(new MatrixView), forgetting_(new ForgettingPlot(runs, frames_)), tasks_(new TaskPlot(frames_)),
      loss_(new LossPlot(runs, frames_)), cursor_(std::numeric_limits<double>::quiet_NaN()) {
  top_->addWidget(accuracy_);
  top_->addWidget(matrix_);
  bottom_->addWidget(forgetting_);
  bottom_->addWidget(tasks_);
  rows_->addWidget(top_);
  rows_->addWidget(bottom_);
  tabs_->setObjectName(QStringLiteral("plot_tabs"));
  tabs_->setDocumentMode(true);
  tabs_->addTab(rows_, tr("Accuracy and forgetting"));
  tabs_->addTab(loss_, tr("Loss"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(caption_);
  column->addWidget(notices_);
  column->addWidget(stack_, 1);
  stack_->addWidget(tabs_);
  caption_->hide();

  for (LivePlot* plot : plots()) {
    connect(plot, &LivePlot::hovered, this, [this, plot](double step) { share(plot, step); });
    connect(plot, &LivePlot::problem, this, &PlotArea::problem);
  }
  connect(matrix_, &MatrixView::problem, this, &PlotArea::problem);
  connect(matrix_, &MatrixView::cellSelected, this, [this](int after, int) {
    const RunData* run = matrix_->run();
    if (run && after >= 0 && after < int(run->bands().size())) Q_EMIT cursorAsked(run->bands()[std::size_t(after)].to);
  });
  resetSizes();
}

std::vector<LivePlot*> PlotArea::plots() const { return {accuracy_, forgetting_, tasks_, loss_}; }

void PlotArea::setRun(RunData* run) {
  for (LivePlot* plot : plots()) plot->setRun(run);
  matrix_->setRun(run);
}

void PlotArea::addPage(Perspective perspective, QWidget* page) {
  pages_[perspective] = page;
  stack_->addWidget(page);
}

QWidget* PlotArea::page(Perspective perspective) const {
  const auto found = pages_.find(perspective);
  return found == pages_.end() ? nullptr : found->second;
}

void PlotArea::setPerspective(Perspective perspective) {
  perspective_ = perspective;
  QWidget* shown = page(perspective);
  stack_->setCurrentWidget(shown ? shown : tabs_);
  stack_->updateGeometry();
  if (shown) return;
  matrix_->setVisible(perspective != Perspective::Compare);
  bottom_->setVisible(perspective != Perspective::Learn);
  tasks_->setVisible(perspective == Perspective::Run);
  tabs_->setCurrentIndex(0);
  resetSizes();
}

void PlotArea::resetSizes() {
  top_->setSizes({580, 420});
  bottom_->setSizes({500, 500});
  rows_->setSizes({500, 440});
}

// The pointer over one plot shows the same time in all others; when it leaves, the timeline's cursor is back.
void PlotArea::share(LivePlot* from, double step) {
  for (LivePlot* plot : plots())
    if (plot != from) plot->setCursor(std::isnan(step) ? cursor_ : step);
}

void PlotArea::setCursor(double step) {
  cursor_ = step;
  for (LivePlot* plot : plots()) plot->setCursor(step);
}

void PlotArea::followAll() {
  for (LivePlot* plot : plots()) plot->follow();
}

std::vector<PlotExport> PlotArea::exports() {
  const auto ofPlot = [](QString name, QString title, LivePlot* plot) {
    return PlotExport{std::move(name), std::move(title), [plot](const QString& path) { return plot->exportImage(path); },
                      [plot](const QString& path) { return plot->exportCsv(path); }};
  };
  return {
      ofPlot(QStringLiteral("accuracy"), tr("Accuracy so far"), accuracy_),
      {QStringLiteral("matrix"), tr("Accuracy matrix"), [this](const QString& path) { return matrix_->exportImage(path); },
       [this](const QString& path) { return writeText(path, matrix_->toCsv()); }},
      ofPlot(QStringLiteral("forgetting"), tr("Forgetting by task"), forgetting_),
      ofPlot(QStringLiteral("tasks"), tr("Accuracy by task"), tasks_),
      ofPlot(QStringLiteral("loss"), tr("Loss"), loss_),
  };
}

}  // namespace palimpsest
