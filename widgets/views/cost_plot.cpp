// How the cost view draws.
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QMenu>
#include <QCheckBox>
#include <QLabel>
#include <algorithm>
#include <cmath>

#include "widgets/style/palette.h"
#include "widgets/style/swatch.h"
#include "widgets/views/cost_view.h"
#include "widgets/views/figure.h"
#include "widgets/views/plot_decor.h"
#include "widgets/views/qcp.h"
#include "widgets/views/run_curves.h"

namespace palimpsest {

namespace {
constexpr double kMarker = 13;
constexpr double kAsDrawn = 6;  // the size at which QCustomPlot leaves a path as it is
}  // namespace

void CostView::draw() {
  plot_->clearPlottables();
  plot_->clearItems();
  const bool log = log_->isChecked();
  plot_->xAxis->setScaleType(log ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
  if (log) plot_->xAxis->setTicker(QSharedPointer<QCPAxisTicker>(new CompactLogTicker));
  else plot_->xAxis->setTicker(QSharedPointer<QCPAxisTicker>(new CompactTicker));
  plot_->xAxis->setLabel(points_.empty() ? QString() : costName(cost()));
  plot_->yAxis->setLabel(points_.empty() ? QString() : tr("% right, all classes seen"));
  plot_->xAxis->setTickLabels(!points_.empty());
  restyle();
  fitAxes();
  auto* line = new QCPCurve(plot_->xAxis, plot_->yAxis);
  line->setPen(QPen(style::muted(), 1.5, Qt::DotLine));
  for (const std::size_t i : front_) {
    const CostPoint& at = points_[i].at;
    const double x = log ? std::max(at.cost, plot_->xAxis->range().lower) : at.cost;
    line->addData(x, at.accuracy);
  }
  std::vector<RunData*> runs;
  for (const Point& point : points_) runs.push_back(point.run);
  for (const Point& point : points_)
    if (point.run) drawPoint(point, nameOf(*point.run, runs));
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void CostView::drawPoint(const Point& point, const QString& name) {
  const double x = log_->isChecked() ? std::max(point.at.cost, plot_->xAxis->range().lower) : point.at.cost;
  auto* graph = new QCPGraph(plot_->xAxis, plot_->yAxis);
  const bool focus = point.run == lab_.cursor.run();
  const QColor colour = style::run(point.run->colour_slot);
  graph->setLineStyle(QCPGraph::lsNone);
  graph->setScatterStyle(QCPScatterStyle(style::marker(point.run->colour_slot, kMarker), QPen(focus ? palette().color(QPalette::Text) : colour, focus ? 2 : 1), QBrush(colour), kAsDrawn));
  graph->addData(x, point.at.accuracy);
  auto* label = new QCPItemText(plot_);
  label->setText(name);
  label->setFont(font());
  label->setColor(palette().color(QPalette::Text));
  // At the side that has more room.
  const bool left = plot_->xAxis->coordToPixel(x) > plot_->axisRect()->center().x();
  label->setPositionAlignment((left ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  label->setPadding(QMargins(kMarker, 0, kMarker, 0));
  label->position->setCoords(x, point.at.accuracy);
}

void CostView::fitAxes() {
  if (points_.empty()) return;
  double low = INFINITY, high = 0, bottom = 100, top = 0, positive = INFINITY;
  for (const Point& point : points_) {
    low = std::min(low, point.at.cost);
    high = std::max(high, point.at.cost);
    if (point.at.cost > 0) positive = std::min(positive, point.at.cost);
    bottom = std::min(bottom, point.at.accuracy);
    top = std::max(top, point.at.accuracy);
  }
  if (log_->isChecked()) {
    if (!std::isfinite(positive)) positive = high = 1;
    plot_->xAxis->setRange(positive / (low > 0 ? 2 : 10), std::max(high, positive) * 2);
  } else {
    plot_->xAxis->setRange(0, high > 0 ? high * 1.15 : 1);
  }
  const double room = std::max(3.0, 0.12 * (top - bottom));
  plot_->yAxis->setRange(std::max(0.0, bottom - room), std::min(100.0, top + room));
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void CostView::restyle() {
  plot_->setBackground(QBrush(style::plotBackground()));
  for (QCPAxis* axis : {plot_->xAxis, plot_->yAxis}) {
    axis->setBasePen(QPen(style::axis(), 1));
    axis->setTickPen(QPen(style::axis(), 1));
    axis->setSubTicks(false);
    axis->setTickLabelColor(style::axis());
    axis->setLabelColor(style::muted());
    axis->setTickLabelFont(font());
    axis->setLabelFont(font());
    axis->grid()->setPen(QPen(style::grid(), 1));
    axis->grid()->setZeroLinePen(QPen(style::grid(), 1));
  }
  QPalette words = empty_->palette();
  words.setColor(QPalette::WindowText, style::muted());
  empty_->setPalette(words);
}

void CostView::placeEmptyText() { empty_->setGeometry(plot_->rect().adjusted(30, 20, -30, -20)); }

std::optional<QString> CostView::exportImage(const QString& path) {
  auto problem = writeFigure(path, plot_->size(), tr("Accuracy against cost"), [this](QPaintDevice& device, bool vector) {
    QCPPainter painter;
    painter.begin(&device);
    painter.setMode(QCPPainter::pmVectorized, vector);
    painter.setMode(QCPPainter::pmNoCaching);
    plot_->toPainter(&painter, plot_->width(), plot_->height());
  });
  plot_->replot(QCustomPlot::rpQueuedReplot);
  return problem;
}

void CostView::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu;
  const auto copy = [](const QString& text) { QApplication::clipboard()->setText(text); };
  menu.addAction(tr("Save image…"), this, [this] {
    const QString path = QFileDialog::getSaveFileName(this, tr("Save image"), QString(), figureFilter());
    if (path.isEmpty()) return;
    if (const auto wrong = exportImage(path)) Q_EMIT problem(*wrong);
  });
  menu.addSeparator();
  menu.addAction(tr("Copy as CSV"), this, [&] { copy(csvOf(text())); });
  menu.addAction(tr("Copy as Markdown"), this, [&] { copy(markdownOf(text())); });
  menu.addAction(tr("Copy as LaTeX"), this, [&] { copy(latexOf(text())); });
  menu.addSeparator();
  menu.addAction(tr("Show everything"), this, &CostView::fitAxes);
  for (QAction* action : menu.actions()) action->setEnabled(!points_.empty());
  menu.exec(event->globalPos());
}

}  // namespace palimpsest
