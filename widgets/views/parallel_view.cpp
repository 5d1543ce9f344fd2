#include "widgets/views/parallel_view.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>
#include <algorithm>
#include <cmath>
#include <utility>

namespace palimpsest {

namespace {
constexpr double kSide = 56, kTop = 40, kBottom = 14, kNear = 16, kNearLine = 6, kSmallestBrush = 0.02, kWiden = 0.03;
constexpr int kNarrowest = 64;  // between two axes; many of them scroll
}

ParallelView::ParallelView(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("parallelView"));
  setAccessibleName(tr("Runs over the settings that vary"));
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
}

void ParallelView::setRuns(const std::vector<RunFigures>& runs) {
  const QStringList before = passingRuns();
  runs_ = runs;
  axes_ = ordered(parallelAxes(runs), order_);
  current_ = std::min(current_, int(axes_.size()) - 1);
  hovered_run_ = -1;
  setMinimumWidth(int(2 * kSide) + kNarrowest * std::max(1, int(axes_.size()) - 1));
  pressed_ = pressed_ < int(axes_.size()) ? pressed_ : -1;
  describe();
  update();
  if (passingRuns() != before && !brushes_.isEmpty()) Q_EMIT brushed();
}

QStringList ParallelView::passingRuns() const {
  QStringList out;
  const std::vector<bool> pass = passing(axes_, brushes_);
  for (std::size_t run = 0; run < runs_.size() && run < pass.size(); ++run)
    if (pass[run]) out << runs_[run].id;
  return out;
}

void ParallelView::brush(const QString& axis, std::optional<Brush> brush) {
  if (brush) brushes_[axis] = *brush;
  else if (brushes_.remove(axis) == 0) return;
  describe();
  update();
  Q_EMIT brushed();
}

void ParallelView::clearBrushes() {
  if (brushes_.isEmpty()) return;
  brushes_.clear();
  describe();
  update();
  Q_EMIT brushed();
}

void ParallelView::moveAxis(int from, int to) {
  if (from < 0 || from >= int(axes_.size()) || to < 0 || to >= int(axes_.size()) || from == to) return;
  ParallelAxis axis = std::move(axes_[std::size_t(from)]);
  axes_.erase(axes_.begin() + from);
  axes_.insert(axes_.begin() + to, std::move(axis));
  if (current_ == from) current_ = to;
  order_.clear();
  for (const ParallelAxis& each : axes_) order_ << each.name;
  update();
}

void ParallelView::describe() {
  const QString text = axes_.empty() ? tr("No runs") : tr("%1 of %2 runs pass the brushes on %3 axes").arg(passingRuns().size()).arg(runs_.size()).arg(axes_.size());
  setAccessibleDescription(text);
}

QRectF ParallelView::area() const { return QRectF(rect()).adjusted(kSide, kTop, -kSide, -kBottom); }

QRectF ParallelView::axisRect(int axis) const {
  const QRectF all = area();
  const double x = axes_.size() < 2 ? all.center().x() : all.left() + all.width() * axis / double(axes_.size() - 1);
  return {x, all.top(), 0, all.height()};
}

QPointF ParallelView::pointOf(int axis, double place) const {
  const QRectF line = axisRect(axis);
  return {line.left(), line.bottom() - place * line.height()};
}

double ParallelView::placeAt(double y) const { return std::clamp((area().bottom() - y) / std::max(1.0, area().height()), 0.0, 1.0); }

int ParallelView::axisAt(const QPointF& at) const {
  int best = -1;
  const bool name = at.y() < area().top();
  for (int axis = 0; axis < int(axes_.size()); ++axis) {
    const double away = std::abs(axisRect(axis).left() - at.x());
    if (away < (name ? 4 * kNear : kNear) && (best < 0 || away < std::abs(axisRect(best).left() - at.x()))) best = axis;
  }
  return best;
}

int ParallelView::runAt(const QPointF& at) const {
  int best = -1;
  double nearest = kNearLine;
  for (std::size_t run = 0; run < runs_.size(); ++run)
    for (int axis = 0; axis + 1 < int(axes_.size()); ++axis) {
      const QPointF a = pointOf(axis, axes_[std::size_t(axis)].places[run]), b = pointOf(axis + 1, axes_[std::size_t(axis) + 1].places[run]);
      if (at.x() < a.x() || at.x() > b.x() || !(b.x() > a.x()) || std::isnan(a.y()) || std::isnan(b.y())) continue;
      const double away = std::abs(a.y() + (b.y() - a.y()) * (at.x() - a.x()) / (b.x() - a.x()) - at.y());
      if (away < nearest) nearest = away, best = int(run);
    }
  return best;
}

void ParallelView::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return QWidget::mousePressEvent(event);
  pressed_ = axisAt(event->position());
  if (pressed_ < 0) return;
  current_ = pressed_;
  moves_ = event->position().y() < area().top() - 4;
  from_ = placeAt(event->position().y());
  update();
}

void ParallelView::mouseMoveEvent(QMouseEvent* event) {
  const QPointF at = event->position();
  if (pressed_ < 0) {
    const int run = runAt(at);
    setCursor(axisAt(at) < 0 ? Qt::ArrowCursor : at.y() < area().top() - 4 ? Qt::SizeHorCursor : Qt::SizeVerCursor);
    if (run != hovered_run_) update();
    hovered_run_ = run;
    return;
  }
  if (moves_) {
    const int to = axisAt({at.x(), 0});
    if (to >= 0 && to != pressed_) moveAxis(std::exchange(pressed_, to), to);
    return;
  }
  const double to = placeAt(at.y());
  if (std::abs(to - from_) < kSmallestBrush) return;
  brush(axes_[std::size_t(pressed_)].name, Brush{std::min(from_, to), std::max(from_, to)});
}

void ParallelView::mouseReleaseEvent(QMouseEvent* event) {
  if (pressed_ >= 0 && !moves_ && std::abs(placeAt(event->position().y()) - from_) < kSmallestBrush)
    brush(axes_[std::size_t(pressed_)].name, std::nullopt);  // a click without a drag
  pressed_ = -1;
}

void ParallelView::mouseDoubleClickEvent(QMouseEvent* event) {
  if (axisAt(event->position()) < 0) clearBrushes();
}

void ParallelView::brushNext(int by) {
  if (current_ < 0) return;
  const ParallelAxis& axis = axes_[std::size_t(current_)];
  std::vector<double> places;
  for (const double place : axis.places)
    if (std::isfinite(place)) places.push_back(place);
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  if (places.empty()) return;
  int at = by > 0 ? 0 : int(places.size()) - 1;
  if (const auto now = brushes_.find(axis.name); now != brushes_.end()) {
    const double centre = (now->low + now->high) / 2;
    const auto nearest = std::min_element(places.begin(), places.end(), [&](double a, double b) { return std::abs(a - centre) < std::abs(b - centre); });
    at = std::clamp(int(nearest - places.begin()) + by, 0, int(places.size()) - 1);
  }
  brush(axis.name, Brush{places[std::size_t(at)] - kWiden, places[std::size_t(at)] + kWiden});
}

void ParallelView::keyPressEvent(QKeyEvent* event) {
  const int last = int(axes_.size()) - 1;
  const int by = event->key() == Qt::Key_Left ? -1 : 1;
  switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Right: {
      const int to = std::clamp(current_ + by, 0, std::max(0, last));
      if (event->modifiers() & Qt::ControlModifier) moveAxis(current_, to);
      else current_ = std::min(to, last);
      return update();
    }
    case Qt::Key_Up: return brushNext(1);
    case Qt::Key_Down: return brushNext(-1);
    case Qt::Key_Delete: return current_ < 0 ? void() : brush(axes_[std::size_t(current_)].name, std::nullopt);
    case Qt::Key_Escape: return brushes_.isEmpty() ? QWidget::keyPressEvent(event) : clearBrushes();
    default: QWidget::keyPressEvent(event);
  }
}

bool ParallelView::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const int run = runAt(help->pos()), axis = axisAt(help->pos());
  if (axis >= 0 && help->pos().y() < area().top()) {
    QToolTip::showText(help->globalPos(), tr("%1\nDrag along the axis to keep the runs that pass there; drag the name to move the axis.").arg(axes_[std::size_t(axis)].name), this);
  } else if (run >= 0) {
    QStringList lines{tr("%1 (%2)").arg(runs_[std::size_t(run)].title, runs_[std::size_t(run)].id)};
    for (const ParallelAxis& each : axes_) lines << QStringLiteral("%1: %2").arg(each.name, each.values[run].isEmpty() ? QString(QChar(0x2013)) : each.values[run]);
    QToolTip::showText(help->globalPos(), lines.join(QLatin1Char('\n')), this);
  } else {
    QToolTip::hideText();
  }
  return true;
}

void ParallelView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  update();
}

}  // namespace palimpsest
