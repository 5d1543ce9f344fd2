#include "widgets/views/timeline_view.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {

namespace {
constexpr int kHeight = 44, kSide = 10, kMark = 4;
constexpr double kGap = 2;
}  // namespace

TimelineView::TimelineView(QWidget* parent) : QWidget(parent), cursor_(NAN) {
  setObjectName(QStringLiteral("timelineView"));
  setAccessibleName(tr("Timeline of tasks"));
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  refresh();
}

QSize TimelineView::sizeHint() const { return {600, std::max(kHeight, 2 * fontMetrics().height() + 12)}; }
QSize TimelineView::minimumSizeHint() const { return {160, sizeHint().height()}; }

void TimelineView::setRun(RunData* run) {
  if (run == run_) return;
  if (run_) run_->disconnect(this);
  run_ = run;
  cursor_ = NAN;
  if (run) {
    connect(run, &RunData::changed, this, &TimelineView::refresh);
    connect(run, &QObject::destroyed, this, &TimelineView::refresh);
  }
  refresh();
}

void TimelineView::setTask(int task) {
  task_ = task;
  update();
}

void TimelineView::setCursor(double step) {
  cursor_ = step;
  update();
}

int TimelineView::tasks() const { return run_ && run_->started() ? run_->start().tasks : 0; }

void TimelineView::refresh() {
  time_ = run_ ? TimeAxis::ofTasks(*run_) : TimeAxis();
  QString text = tr("No run is in focus.");
  if (run_) {
    const auto& bands = run_->bands();
    const auto ended = std::count_if(bands.begin(), bands.end(), [](const TaskBand& band) { return band.ended; });
    text = tr("%1: %2 of %3 tasks learned").arg(run_->title()).arg(ended).arg(tasks());
    if (!bands.empty() && !bands.back().ended) text += tr("; learning task %1: %2").arg(bands.back().task + 1).arg(bands.back().classes);
  }
  if (text != accessibleDescription()) setAccessibleDescription(text);
  update();
}

QRectF TimelineView::track() const { return QRectF(rect()).adjusted(kSide, 4, -kSide, -10); }

// Widths follow the planned number of classes, so that a large first task looks large.
QRectF TimelineView::bandRect(int task) const {
  const QRectF all = track();
  std::vector<double> sizes(std::size_t(std::max(1, tasks())), 1.0);
  if (run_ && run_->start().task_sizes.size() == sizes.size())
    for (std::size_t i = 0; i < sizes.size(); ++i) sizes[i] = std::max(1, run_->start().task_sizes[i]);
  const double whole = std::accumulate(sizes.begin(), sizes.end(), 0.0);
  const double before = std::accumulate(sizes.begin(), sizes.begin() + std::clamp(task, 0, int(sizes.size())), 0.0);
  const double own = task >= 0 && task < int(sizes.size()) ? sizes[std::size_t(task)] : 0;
  return {all.left() + all.width() * before / whole, all.top(), std::max(1.0, all.width() * own / whole - kGap), all.height()};
}

double TimelineView::xOf(double step) const {
  const double at = time_.x(step);
  const int task = std::clamp(int(std::ceil(at)) - 1, 0, std::max(0, tasks() - 1));
  const QRectF band = bandRect(task);
  return band.left() + (at - task) * band.width();
}

double TimelineView::stepAt(double x) const {
  for (int task = 0; task < tasks(); ++task) {
    const QRectF band = bandRect(task);
    if (x > band.right() + kGap && task + 1 < tasks()) continue;
    return std::min(time_.step(task + std::clamp((x - band.left()) / band.width(), 0.0, 1.0)), double(run_->step()));
  }
  return 0;
}

void TimelineView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().color(QPalette::Window));
  if (tasks() == 0) {
    painter.setPen(style::muted());
    painter.setBrush(Qt::NoBrush);
    painter.drawText(rect(), Qt::AlignCenter, run_ ? tr("Preparing: the tasks come with the first event.") : tr("No run is in focus. Its tasks will appear here."));
    return;
  }
  for (int task = 0; task < tasks(); ++task) paintBand(painter, task);
  paintMarks(painter);
  if (hasFocus()) {
    painter.setPen(style::accent());
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
  }
}

void TimelineView::paintBand(QPainter& painter, int task) const {
  const QRectF rect = bandRect(task);
  const auto& bands = run_->bands();
  const auto found = std::find_if(bands.begin(), bands.end(), [task](const TaskBand& band) { return band.task == task; });
  const bool begun = found != bands.end(), current = begun && !found->ended;
  const QColor colour = style::task(task, tasks());
  double done = begun ? 1 : 0;
  if (current) done = std::clamp(time_.x(double(run_->step())) - task, 0.0, 1.0);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(palette().color(QPalette::Base));
  painter.drawRoundedRect(rect, 3, 3);
  if (!begun || current) {
    painter.setBrush(QBrush(style::grid(), Qt::BDiagPattern));
    painter.drawRoundedRect(rect, 3, 3);
  }
  if (done > 0) {
    painter.save();
    painter.setClipRect(QRectF(rect.left(), rect.top(), rect.width() * done, rect.height()));
    painter.setBrush(colour);
    painter.drawRoundedRect(rect, 3, 3);
    painter.restore();
  }
  painter.setBrush(Qt::NoBrush);
  painter.setPen(current ? QPen(style::accent(), 2) : QPen(style::grid(), 1));
  painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
  QString text = tr("T%1").arg(task + 1);
  if (begun && !found->classes.isEmpty()) text += QStringLiteral("  ") + found->classes;
  const bool narrow = rect.width() < 3 * fontMetrics().horizontalAdvance(tr("T%1").arg(tasks()));
  if (narrow) text = fontMetrics().horizontalAdvance(tr("T%1").arg(tasks())) < rect.width() - 2 ? tr("T%1").arg(task + 1) : QString::number(task + 1);
  text = fontMetrics().elidedText(text, Qt::ElideRight, int(rect.width()) - (narrow ? 0 : 10));
  if (text.isEmpty() || text == QStringLiteral("…") || (narrow && text.endsWith(QStringLiteral("…")))) return;
  // On a band that is partly filled each half of the text has the colour that its ground asks for.
  const auto write = [&](const QRectF& clip, const QColor& ink) {
    painter.save();
    painter.setClipRect(clip);
    painter.setPen(ink);
    if (narrow) painter.drawText(rect, Qt::AlignCenter, text);
    else painter.drawText(rect.adjusted(6, 0, -4, 0), Qt::AlignVCenter | Qt::AlignLeft, text);
    painter.restore();
  };
  const double edge = rect.left() + rect.width() * done;
  write(QRectF(rect.left(), rect.top(), edge - rect.left(), rect.height()), style::textOn(colour));
  write(QRectF(edge, rect.top(), rect.right() - edge, rect.height()), begun ? palette().color(QPalette::Text) : style::muted());
}

void TimelineView::paintMarks(QPainter& painter) const {
  const QRectF all = track();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(style::axis());
  for (int stage = 0; stage < run_->matrix().stages(); ++stage) {  // an evaluation at the end of each task
    const double x = bandRect(stage).right() - kMark;
    const double y = all.bottom() + 1;
    painter.drawPolygon(QPolygonF{{x, y}, {x + kMark, y + 1.6 * kMark}, {x - kMark, y + 1.6 * kMark}});
  }
  painter.setPen(QPen(style::axis(), 1.5, Qt::DotLine));
  for (const double seam : run_->seams()) painter.drawLine(QPointF(xOf(seam), all.top() - 2), QPointF(xOf(seam), all.bottom() + 6));
  if (std::isnan(cursor_)) return;
  const bool stepless = task_ >= 0 && std::size_t(task_) < run_->bands().size() && run_->bands()[std::size_t(task_)].from == run_->bands()[std::size_t(task_)].to;
  const double x = stepless ? bandRect(task_).right() : xOf(cursor_);
  painter.setPen(QPen(palette().color(QPalette::Base), 4));
  painter.drawLine(QPointF(x, all.top() - 2), QPointF(x, all.bottom() + 2));
  painter.setPen(QPen(style::accent(), 2));
  painter.drawLine(QPointF(x, all.top() - 3), QPointF(x, all.bottom() + 2));
  painter.setBrush(style::accent());
  painter.setPen(Qt::NoPen);
  painter.drawEllipse(QPointF(x, all.bottom() + 4), 4.5, 4.5);
}

void TimelineView::moveCursor(double step) {
  if (run_ && !std::isnan(step)) step = std::clamp(step, 0.0, double(run_->step()));
  cursor_ = step;
  update();
  Q_EMIT cursorMoved(step);
}

bool TimelineView::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  for (const TaskBand& band : run_ ? run_->bands() : std::vector<TaskBand>())
    if (bandRect(band.task).contains(help->pos())) {
      const QString state = band.ended ? tr("learned, steps %1 to %2").arg(band.from).arg(band.to) : tr("being learned, from step %1").arg(band.from);
      QToolTip::showText(help->globalPos(), tr("Task %1: %2\n%3").arg(band.task + 1).arg(band.classes, state), this);
      return true;
    }
  for (int task = 0; task < tasks(); ++task)
    if (bandRect(task).contains(help->pos())) QToolTip::showText(help->globalPos(), tr("Task %1: still to come").arg(task + 1), this);
  return true;
}

void TimelineView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::FontChange) updateGeometry();
  update();
}

void TimelineView::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || tasks() == 0) return;
  moveCursor(stepAt(event->position().x()));
  for (int task = 0; task < tasks(); ++task)
    if (bandRect(task).contains(event->position())) Q_EMIT taskActivated(task);
}

void TimelineView::mouseMoveEvent(QMouseEvent* event) {
  if (event->buttons() & Qt::LeftButton && tasks() > 0) moveCursor(stepAt(event->position().x()));
}

void TimelineView::mouseDoubleClickEvent(QMouseEvent*) { moveCursor(NAN); }

void TimelineView::keyPressEvent(QKeyEvent* event) {
  if (!run_ || tasks() == 0) return QWidget::keyPressEvent(event);
  const double at = std::isnan(cursor_) ? double(run_->step()) : cursor_;
  const double stride = std::max(1.0, double(run_->step()) / 200);
  const double unit = time_.x(at);
  switch (event->key()) {
    case Qt::Key_Left: return moveCursor(at - stride);
    case Qt::Key_Right: return moveCursor(at + stride);
    case Qt::Key_Home: return moveCursor(0);
    case Qt::Key_End: return moveCursor(double(run_->step()));
    case Qt::Key_BracketLeft: return moveCursor(time_.step(std::max(0.0, std::ceil(unit - 1e-9) - 1)));
    case Qt::Key_BracketRight: return moveCursor(time_.step(std::min(double(tasks()), std::floor(unit + 1e-9) + 1)));
    case Qt::Key_Escape: return moveCursor(NAN);
    default: QWidget::keyPressEvent(event);
  }
}

}  // namespace palimpsest
