#include "widgets/views/scene_curve.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>
#include <limits>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {

namespace {
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr qreal kStroke = 5;       // twice and a half of a plot's
constexpr double kStepOfKeys = 5;  // percent
constexpr int kGuessSlot = 1;      // red beside the first slot's blue; dashed as well
constexpr int kMostTicks = 12;
}  // namespace

SceneCurve::SceneCurve(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("scene_curve"));
  setAccessibleName(tr("Accuracy so far"));
  setFocusPolicy(Qt::StrongFocus);
  setToolTip(tr("Part of the test images of all classes seen so far that is classified rightly, after each task"));
}

void SceneCurve::setRun(RunData* run) {
  if (run == run_) return;
  if (run_) run_->disconnect(this);
  run_ = run;
  if (run) connect(run, &RunData::changed, this, &SceneCurve::refresh);
  refresh();
}

void SceneCurve::setPredicting(bool on) {
  predicting_ = on;
  stroke_ = false;
  at_ = -1;
  setCursor(on ? Qt::CrossCursor : Qt::ArrowCursor);
  refresh();
}

void SceneCurve::forgetGuess() {
  guess_.clear();
  refresh();
}

int SceneCurve::tasks() const { return run_ ? run_->matrix().tasks() : 0; }

int SceneCurve::shown() const {
  int count = 0;
  while (count < tasks() && std::isfinite(measured(count))) ++count;
  return count;
}

double SceneCurve::measured(int task) const {
  const auto top1 = run_ && task < run_->matrix().stages() ? run_->matrix().top1(task) : std::nullopt;
  return top1 ? 100 * *top1 : kNaN;
}

void SceneCurve::setGuess(int task, double percent) {
  if (task < shown() || task >= tasks() || !std::isfinite(percent)) return;
  guess_.resize(std::size_t(tasks()), kNaN);
  guess_[std::size_t(task)] = std::clamp(percent, 0.0, 100.0);
  refresh();
  Q_EMIT guessed();
}

double SceneCurve::meanGap() const {
  double sum = 0;
  int count = 0;
  for (int task = 0; task < int(guess_.size()); ++task) {
    const double gap = std::abs(guess_[std::size_t(task)] - measured(task));
    if (!std::isfinite(gap)) continue;
    sum += gap;
    ++count;
  }
  return count ? sum / count : kNaN;
}

QRectF SceneCurve::area() const {
  const QFontMetricsF metrics(font());
  const qreal left = metrics.horizontalAdvance(QStringLiteral("100 %")) + 16, below = 2 * metrics.height() + 14;
  return QRectF(rect()).adjusted(left, metrics.height(), -metrics.horizontalAdvance(QStringLiteral("your guess")) - 24, -below);
}

QPointF SceneCurve::place(int task, double percent) const {
  const QRectF inside = area();
  return {inside.left() + inside.width() * (task + 0.5) / std::max(1, tasks()), inside.bottom() - inside.height() * percent / 100};
}

void SceneCurve::drawAxes(QPainter& painter, const QRectF& area) const {
  const QFontMetricsF metrics(font());
  for (const int percent : {0, 25, 50, 75, 100}) {
    const qreal y = area.bottom() - area.height() * percent / 100;
    painter.setPen(QPen(style::grid(), 1.5));
    painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
    painter.setPen(style::axis());
    painter.drawText(QRectF(0, y - metrics.height() / 2, area.left() - 8, metrics.height()), Qt::AlignRight | Qt::AlignVCenter, tr("%1 %").arg(percent));
  }
  const int stride = (tasks() + kMostTicks - 1) / kMostTicks;
  for (int task = 0; task < tasks(); task += std::max(1, stride)) {
    const qreal x = place(task, 0).x(), wide = area.width() / tasks() * std::max(1, stride);
    painter.drawText(QRectF(x - wide / 2, area.bottom() + 6, wide, metrics.height()), Qt::AlignCenter, QString::number(task + 1));
  }
  painter.setPen(style::muted());
  painter.drawText(QRectF(area.left(), area.bottom() + 8 + metrics.height(), area.width(), metrics.height()), Qt::AlignCenter, tr("tasks learned"));
}

void SceneCurve::drawLine(QPainter& painter, const std::vector<double>& values, const QPen& pen, qreal marker) const {
  QPainterPath path;
  bool open = false;
  std::vector<QPointF> points;
  for (std::size_t task = 0; task < values.size(); ++task) {
    if (!std::isfinite(values[task])) {
      open = false;
      continue;
    }
    const QPointF at = place(int(task), values[task]);
    if (open) path.lineTo(at);
    else path.moveTo(at);
    open = true;
    points.push_back(at);
  }
  painter.setPen(pen);
  painter.setBrush(Qt::NoBrush);
  painter.drawPath(path);
  painter.setPen(QPen(style::plotBackground(), 2));
  painter.setBrush(pen.color());
  for (const QPointF& at : points) painter.drawEllipse(at, marker, marker);
}

// Beside the last point of each line; the two are pushed apart where they would cover each other.
void SceneCurve::drawNames(QPainter& painter, const QRectF& area) const {
  const QFontMetricsF metrics(font());
  const auto last = std::find_if(guess_.rbegin(), guess_.rend(), [](double value) { return std::isfinite(value); });
  const int end = shown() - 1;
  qreal own = end < 0 ? -1 : place(end, measured(end)).y(), guess = last == guess_.rend() ? -1 : place(0, *last).y();
  if (own >= 0 && guess >= 0 && end == tasks() - 1 && std::abs(own - guess) < metrics.height()) (own < guess ? guess : own) = std::min(own, guess) + metrics.height();
  if (end >= 0) {
    painter.setPen(style::run(0));
    const QString figure = style::percent(measured(end));
    const bool at_end = end == tasks() - 1;
    const qreal x = at_end ? area.right() + 6 : place(end, 0).x() + 14;
    painter.drawText(QPointF(x, at_end ? own + metrics.ascent() / 2 : std::max(area.top() + metrics.ascent(), own - 12)), figure);
  }
  if (guess >= 0) {
    painter.setPen(style::run(kGuessSlot));
    painter.drawText(QPointF(area.right() + 6, guess + metrics.ascent() / 2), tr("your guess"));
  }
}

void SceneCurve::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.fillRect(rect(), style::plotBackground());
  if (tasks() == 0) {
    painter.setPen(style::muted());
    painter.drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap, tr("This run has no tasks yet."));
    return;
  }
  const QRectF inside = area();
  const int known = shown();
  const QRectF open(QPointF(inside.left() + inside.width() * known / tasks(), inside.top()), inside.bottomRight());
  const bool to_guess = predicting_ && known < tasks();
  if (to_guess) painter.fillRect(open, style::band(true));
  drawAxes(painter, inside);
  if (to_guess) {
    if (guess_.empty()) {
      painter.setPen(style::muted());
      painter.drawText(open.adjusted(12, 12, -12, -12), Qt::AlignCenter | Qt::TextWordWrap, tr("Draw here what you expect"));
    }
    if (at_ >= 0) painter.fillRect(QRectF(place(at_, 0).x() - 2, inside.top(), 4, inside.height()), style::accent());
  }
  std::vector<double> values;
  for (int task = 0; task < known; ++task) values.push_back(measured(task));
  std::vector<double> guess = guess_;
  // The guess sets out from the last point that was known when it was drawn.
  if (const auto first = std::find_if(guess.begin(), guess.end(), [](double v) { return std::isfinite(v); }); first != guess.begin() && first != guess.end())
    *(first - 1) = measured(int(first - guess.begin()) - 1);
  drawLine(painter, guess, QPen(style::run(kGuessSlot), kStroke * 0.8, Qt::DashLine, Qt::RoundCap), kStroke);
  drawLine(painter, values, QPen(style::run(0), kStroke, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin), kStroke * 1.6);
  drawNames(painter, inside);
}

// A stroke passes tasks by when the pointer is quick: they get what a straight line from the last place gives.
void SceneCurve::drawTo(const QPointF& position) {
  const QRectF inside = area();
  const auto percentOf = [&](qreal y) { return 100 * (inside.bottom() - y) / inside.height(); };
  const QPointF from = stroke_ ? last_ : position;
  for (int task = shown(); task < tasks(); ++task) {
    const qreal x = place(task, 0).x(), low = std::min(from.x(), position.x()), high = std::max(from.x(), position.x());
    const qreal half = inside.width() / tasks() / 2;
    if (x >= low && x <= high && high > low) setGuess(task, percentOf(from.y() + (position.y() - from.y()) * (x - from.x()) / (position.x() - from.x())));
    else if (std::abs(position.x() - x) <= half) setGuess(task, percentOf(position.y()));
  }
  last_ = position;
  stroke_ = true;
}

void SceneCurve::mousePressEvent(QMouseEvent* event) {
  if (!predicting_ || event->button() != Qt::LeftButton) return QWidget::mousePressEvent(event);
  drawTo(event->position());
}

void SceneCurve::mouseMoveEvent(QMouseEvent* event) {
  if (predicting_ && event->buttons() & Qt::LeftButton) drawTo(event->position());
  else QWidget::mouseMoveEvent(event);
}

void SceneCurve::mouseReleaseEvent(QMouseEvent* event) {
  stroke_ = false;
  QWidget::mouseReleaseEvent(event);
}

void SceneCurve::keyPressEvent(QKeyEvent* event) {
  const int key = event->key();
  const bool sideways = key == Qt::Key_Left || key == Qt::Key_Right, upright = key == Qt::Key_Up || key == Qt::Key_Down;
  if (!predicting_ || shown() >= tasks() || (!sideways && !upright)) return QWidget::keyPressEvent(event);
  if (at_ < shown()) at_ = shown();
  else if (sideways) at_ = std::clamp(at_ + (key == Qt::Key_Right ? 1 : -1), shown(), tasks() - 1);
  if (upright) {
    const double before = std::size_t(at_) < guess_.size() ? guess_[std::size_t(at_)] : kNaN;
    const double from = std::isfinite(before) ? before : shown() > 0 ? measured(shown() - 1) : 50;
    setGuess(at_, from + (key == Qt::Key_Up ? kStepOfKeys : -kStepOfKeys));
  }
  refresh();
}

void SceneCurve::refresh() {
  QStringList parts;
  for (int task = 0; task < shown(); ++task) parts << tr("%1 after task %2").arg(style::percent(measured(task))).arg(task + 1);
  QString text = parts.isEmpty() ? tr("Nothing is shown yet.") : parts.join(QStringLiteral(", "));
  if (at_ >= 0 && std::size_t(at_) < guess_.size() && std::isfinite(guess_[std::size_t(at_)]))
    text = tr("Your guess for task %1: %2. %3").arg(at_ + 1).arg(style::percent(guess_[std::size_t(at_)]), text);
  setAccessibleDescription(text);
  update();
}

void SceneCurve::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) update();
}

}  // namespace palimpsest
