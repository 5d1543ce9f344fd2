#include "widgets/views/live_plot.h"

#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QImage>
#include <QKeyEvent>
#include <QMenu>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "widgets/views/figure.h"
#include "widgets/views/live_curve.h"
#include "widgets/views/plot_canvas.h"
#include "widgets/views/plot_latex.h"

namespace palimpsest {

LivePlot::LivePlot(Labels labels, FrameClock& frames, QWidget* parent)
    : QWidget(parent), labels_(std::move(labels)), frames_(frames),
      canvas_(new PlotCanvas(labels_.title, labels_.y_axis, labels_.unit, this)), corner_(new QWidget(this)),
      pill_(new QToolButton(corner_)), cursor_(NAN) {
  setAccessibleName(labels_.title);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(220, 150);
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->addWidget(&canvas_->plot());
  auto* row = new QHBoxLayout(corner_);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSizeConstraint(QLayout::SetFixedSize);
  row->addWidget(pill_);
  corner_->installEventFilter(this);
  pill_->setObjectName(QStringLiteral("follow"));
  pill_->setText(tr("Follow"));
  pill_->setToolTip(tr("Show everything again and move with the data (F, or double-click)"));
  pill_->setFocusPolicy(Qt::NoFocus);
  pill_->hide();
  corner_->raise();
  connect(pill_, &QToolButton::clicked, this, &LivePlot::follow);
  connect(canvas_, &PlotCanvas::aboutToPaint, this, [this] {
    if (isVisible()) collect();
    else if (dirty_) canvas_->set({}, {});  // what was borrowed may be gone; it is asked for when somebody looks
  });
  connect(canvas_, &PlotCanvas::touched, this, [this] {
    pill_->setVisible(!canvas_->following());
    placeCorner();
  });
  connect(canvas_, &PlotCanvas::pointed, this, [this](double x) {
    Q_EMIT hovered(std::isnan(x) ? x : canvas_->scene().time.step(x));
  });
}

LivePlot::~LivePlot() { frames_.forget(this); }

void LivePlot::markDirty() {
  dirty_ = true;
  if (isVisible()) frames_.request(this);
}

bool LivePlot::wantsFrame() const { return dirty_ && isVisible() && !window()->isMinimized() && !size().isEmpty(); }

void LivePlot::paintFrame() { canvas_->plot().replot(QCustomPlot::rpQueuedRefresh); }

void LivePlot::collect() {
  if (!dirty_) return;
  dirty_ = false;
  canvas_->set(scene(), emptyText());
  canvas_->setCursor(std::isnan(cursor_) ? cursor_ : canvas_->scene().time.x(cursor_));
  const QString text = summary();
  if (text != accessibleDescription()) setAccessibleDescription(text);
}

void LivePlot::setRun(RunData* run) {
  if (run == run_) return;
  if (run_) run_->disconnect(this);
  run_ = run;
  if (run) {
    connect(run, &RunData::changed, this, &LivePlot::markDirty);
    connect(run, &QObject::destroyed, this, &LivePlot::markDirty);
  }
  cursor_ = NAN;
  markDirty();
}

void LivePlot::watch(RunListModel& runs) {
  connect(&runs, &RunListModel::visibleRunsChanged, this, &LivePlot::markDirty);
  connect(&runs, &RunListModel::runChanged, this, &LivePlot::markDirty);
  connect(&runs, &QAbstractItemModel::dataChanged, this, &LivePlot::markDirty);
  connect(&runs, &QAbstractItemModel::rowsInserted, this, &LivePlot::markDirty);
  connect(&runs, &QAbstractItemModel::rowsRemoved, this, &LivePlot::markDirty);
  connect(&runs, &QAbstractItemModel::modelReset, this, &LivePlot::markDirty);
}

void LivePlot::setAxis(Axis axis) {
  if (axis == axis_) return;
  axis_ = axis;
  markDirty();
  canvas_->follow();  // the old view is in other units
}

void LivePlot::setCursor(double step) {
  cursor_ = step;
  if (dirty_) return markDirty();
  canvas_->setCursor(std::isnan(step) ? step : canvas_->scene().time.x(step));
  canvas_->refreshOverlay();
}

bool LivePlot::following() const { return canvas_->following(); }
void LivePlot::follow() { canvas_->follow(); }

QVariantMap LivePlot::view() const {
  QVariantMap view = canvas_->view();
  view[QStringLiteral("in_steps")] = axis_ == Axis::Steps;
  return view;
}

void LivePlot::setView(const QVariantMap& view) {
  setAxis(view.value(QStringLiteral("in_steps")).toBool() ? Axis::Steps : Axis::Tasks);
  canvas_->setView(view);
}

Scene LivePlot::focused() const {
  Scene scene;
  if (!run_) {
    scene.end = 1;
    return scene;
  }
  scene.bands = run_->bands();
  scene.seams = run_->seams();
  if (axis_ == Axis::Tasks) scene.time = TimeAxis::ofTasks(*run_);
  const RunData::State state = run_->state();
  const bool learning = state == RunData::State::Running || state == RunData::State::Paused;
  if (learning && !scene.bands.empty() && !scene.bands.back().ended) scene.current_task = scene.bands.back().task;
  scene.end = reach(*run_);
  return scene;
}

double LivePlot::reach(const RunData& run) const {
  return axis_ == Axis::Tasks ? std::max(1, run.start().tasks) * 1.015 : std::max(1.0, double(run.step()) * 1.02);
}

void LivePlot::addToCorner(QWidget* widget) {
  corner_->layout()->addWidget(widget);
  placeCorner();
}

void LivePlot::placeCorner() {
  // isHidden: what a child was told, whether or not the window is up yet
  bool empty = true;
  for (const QWidget* child : corner_->findChildren<QWidget*>(Qt::FindDirectChildrenOnly)) empty = empty && child->isHidden();
  corner_->setVisible(!empty);
  corner_->move(width() - corner_->width() - 8, 3);
  canvas_->setReserved(empty ? 0 : corner_->width() + 8);
  canvas_->plot().replot(QCustomPlot::rpQueuedReplot);
}

bool LivePlot::eventFilter(QObject* watched, QEvent* event) {
  if (watched == corner_ && event->type() == QEvent::Resize) placeCorner();
  return QWidget::eventFilter(watched, event);
}

void LivePlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::PaletteChange && event->type() != QEvent::StyleChange && event->type() != QEvent::FontChange) return;
  canvas_->restyle();
  markDirty();
  placeCorner();
}

void LivePlot::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  canvas_->plot().setBufferDevicePixelRatio(devicePixelRatioF());
  if (dirty_) frames_.request(this);
}

void LivePlot::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  canvas_->refit();
  placeCorner();
}

void LivePlot::focusInEvent(QFocusEvent* event) {
  QWidget::focusInEvent(event);
  canvas_->setFocused(event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason);
}

void LivePlot::focusOutEvent(QFocusEvent* event) {
  QWidget::focusOutEvent(event);
  canvas_->setFocused(false);
}

void LivePlot::leaveEvent(QEvent* event) {
  QWidget::leaveEvent(event);
  canvas_->hover(NAN);
  Q_EMIT hovered(NAN);
}

void LivePlot::keyPressEvent(QKeyEvent* event) {
  collect();
  const QCPRange range = canvas_->plot().xAxis->range();
  const double stride = range.size() * (event->modifiers() & Qt::ShiftModifier ? 0.1 : 0.01);
  const double at = std::isnan(canvas_->hovered()) ? range.center() : canvas_->hovered();
  switch (event->key()) {
    case Qt::Key_F:
    case Qt::Key_Home: return follow();
    case Qt::Key_Plus: return canvas_->zoom(0.8);
    case Qt::Key_Minus: return canvas_->zoom(1.25);
    case Qt::Key_Left: canvas_->hover(std::max(range.lower, at - stride)); break;
    case Qt::Key_Right: canvas_->hover(std::min(range.upper, at + stride)); break;
    case Qt::Key_Escape: canvas_->hover(NAN); break;
    default:
      if (event->matches(QKeySequence::Copy)) copyImage();
      else QWidget::keyPressEvent(event);
      return;
  }
  Q_EMIT hovered(std::isnan(canvas_->hovered()) ? NAN : canvas_->scene().time.step(canvas_->hovered()));
}

void LivePlot::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu;
  menu.addAction(tr("Save image…"), this, &LivePlot::saveImage);
  menu.addAction(tr("Save data as CSV…"), this, &LivePlot::saveCsv);
  menu.addSeparator();
  menu.addAction(tr("Copy image"), this, &LivePlot::copyImage);
  menu.addAction(tr("Copy data as CSV"), this, [this] { QApplication::clipboard()->setText(csv()); });
  menu.addAction(tr("Copy as LaTeX"), this, &LivePlot::copyLatex);
  QActionGroup group(&menu);
  if (!only_tasks_) menu.addSeparator();
  for (const auto& [axis, text] : {std::pair{Axis::Tasks, tr("Time in tasks")}, std::pair{Axis::Steps, tr("Time in steps")}}) {
    if (only_tasks_) break;
    QAction* action = menu.addAction(text, this, [this, axis = axis] { setAxis(axis); });
    action->setCheckable(true);
    action->setChecked(axis == axis_);
    group.addAction(action);
  }
  menu.addSeparator();
  menu.addAction(tr("Follow"), this, &LivePlot::follow)->setEnabled(!following());
  menu.exec(event->globalPos());
}

void LivePlot::copyLatex() {
  collect();
  QApplication::clipboard()->setText(pgfplotsOf(canvas_->scene(), labels_.title, canvas_->xTitle(), canvas_->yTitle()));
}

void LivePlot::saveImage() {
  const QString path = QFileDialog::getSaveFileName(this, tr("Save image"), QString(), figureFilter());
  if (path.isEmpty()) return;
  if (const auto wrong = exportImage(path)) Q_EMIT problem(*wrong);
}

void LivePlot::saveCsv() {
  const QString path = QFileDialog::getSaveFileName(this, tr("Save data"), QString(), tr("Comma-separated values (*.csv)"));
  if (path.isEmpty()) return;
  if (const auto wrong = exportCsv(path)) Q_EMIT problem(*wrong);
}

void LivePlot::copyImage() {
  collect();
  QApplication::clipboard()->setImage(canvas_->image());
}

std::optional<QString> LivePlot::exportImage(const QString& path) {
  collect();
  return canvas_->write(path, labels_.title);
}

std::optional<QString> LivePlot::exportCsv(const QString& path) const { return writeText(path, csv()); }

QString LivePlot::csv() const {
  const Scene scene = this->scene();
  const bool time = scene.x_title.isEmpty();
  QString out = time ? QStringLiteral("curve,step,tasks_learned,value\n") : QStringLiteral("curve,%1,value\n").arg(csvField(scene.x_title));
  for (const Curve& curve : scene.curves) {
    if (!curve.series) continue;
    const QString name = csvField(curve.name) + QLatin1Char(',');
    for (std::size_t i = 0; i < curve.series->size(); ++i) {
      const double x = curve.series->x(i);
      if (!time) {
        const auto place = static_cast<std::size_t>(x);  // counts from 1
        out += name + (place >= 1 && place <= scene.places.size() ? csvField(scene.places[place - 1]) : exact(x)) + QLatin1Char(',') + exact(curve.series->y(i)) + QLatin1Char('\n');
        continue;
      }
      const QString step = curve.in_tasks ? QString() : exact(x);
      const QString tasks = curve.in_tasks ? exact(x) : curve.time.tasks() ? exact(curve.time.x(x)) : QString();
      out += name + step + QLatin1Char(',') + tasks + QLatin1Char(',') + exact(curve.series->y(i)) + QLatin1Char('\n');
    }
  }
  return out;
}

}  // namespace palimpsest
