// The painted part of the life-lines.
#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/lifeline_view.h"

namespace palimpsest {

namespace {
constexpr int kNames = 130, kRight = 12, kWidestTask = 110;
constexpr int kThinnest = 2, kThickest = 28;
}  // namespace

LifelineStrip::LifelineStrip(Lab& lab, PredictionLoader& loader, QWidget* parent)
    : QAbstractScrollArea(parent), lab_(lab), loader_(loader), history_(std::make_shared<PredictionHistory>()) {
  setObjectName(QStringLiteral("lifelineStrip"));
  setAccessibleName(tr("Life-lines of the test images"));
  setFrameShape(QFrame::NoFrame);
  setFocusPolicy(Qt::StrongFocus);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  viewport()->setMouseTracking(true);
  connect(&lab_.selection, &Selection::changed, viewport(), qOverload<>(&QWidget::update));
}

void LifelineStrip::set(std::shared_ptr<const PredictionHistory> history, LifeOrder order, int upto) {
  history_ = std::move(history);
  order_ = std::move(order);
  tasks_ = history_->tasks();
  std::erase_if(tasks_, [&](int task) { return task > upto; });
  current_ = std::min(current_, int(order_.rows.size()) - 1);
  pressed_ = -1;
  QStringList parts;
  for (const auto& group : order_.groups) parts << tr("%1 %2").arg(style::integer(std::int64_t(group.count)), lifeName(group.kind));
  setAccessibleDescription(parts.isEmpty() ? empty_ : tr("After T%1: %2.").arg(upto + 1).arg(parts.join(QStringLiteral(", "))));
  layOut();
}

void LifelineStrip::setEmptyText(const QString& text) {
  empty_ = text;
  if (order_.rows.empty()) setAccessibleDescription(text);
  viewport()->update();
}

int LifelineStrip::headerHeight() const { return fontMetrics().height() + 10; }

// From the top of everything, not of the viewport.
int LifelineStrip::topOf(std::size_t group) const { return headerHeight() * (int(group) + 1) + line_height_ * int(order_.groups[group].begin); }

void LifelineStrip::layOut() {
  const int whole = headerHeight() * (int(order_.groups.size()) + 1) + line_height_ * int(order_.rows.size()) + 6;
  verticalScrollBar()->setRange(0, std::max(0, whole - viewport()->height()));
  verticalScrollBar()->setPageStep(viewport()->height());
  verticalScrollBar()->setSingleStep(headerHeight());
  viewport()->update();
}

LifelineStrip::Place LifelineStrip::placeAt(int y) const {
  const int at = y + verticalScrollBar()->value();
  if (y < headerHeight()) return {};  // the tasks' names stay where they are
  for (std::size_t i = order_.groups.size(); i-- > 0;) {
    const int top = topOf(i);
    if (at < top) continue;
    if (at < top + headerHeight()) return {int(i), -1};
    const int line = (at - top - headerHeight()) / line_height_;
    return std::size_t(line) < order_.groups[i].count ? Place{int(i), line} : Place{};
  }
  return {};
}

int LifelineStrip::groupOf(int place) const {
  int group = -1;
  for (std::size_t i = 0; i < order_.groups.size(); ++i)
    if (order_.groups[i].begin <= std::size_t(place)) group = int(i);
  return group;
}

int LifelineStrip::rowAt(int y) const {
  const Place place = placeAt(y);
  return place.line < 0 ? -1 : int(order_.groups[std::size_t(place.group)].begin) + place.line;
}

QRect LifelineStrip::lineRect(int place) const {
  const int group = groupOf(place);
  if (group < 0) return {};
  const int top = headerHeight() * (group + 2) + line_height_ * place - verticalScrollBar()->value();
  return {kNames, top, std::min(viewport()->width() - kNames - kRight, kWidestTask * int(tasks_.size())), line_height_};
}

void LifelineStrip::paintLine(QPainter& painter, int place, const QRect& rect) const {
  const auto row = std::size_t(order_.rows[std::size_t(place)]);
  const double width = double(rect.width()) / double(std::max<std::size_t>(1, tasks_.size()));
  const int gap = line_height_ >= 5 ? 1 : 0;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const int said = history_->prediction(tasks_[i], row);
    const QColor colour = said < 0 ? style::band(true) : said == history_->label(row) ? style::good() : style::error();
    painter.fillRect(QRectF(rect.left() + double(i) * width, rect.top(), std::max(1.0, width - 1), rect.height() - gap), colour);
  }
  if (lab_.selection.contains(history_->sample(row))) painter.fillRect(QRect(rect.right() + 3, rect.top(), 4, rect.height()), style::accent());
}

// Beside the first line of a class, and of what is visible of it, wherever there is room below the last name.
void LifelineStrip::paintNames(QPainter& painter, int first, int last) const {
  int free_from = headerHeight(), before = -1;
  painter.setPen(style::axis());
  for (int place = first; place < last; ++place) {
    const int label = history_->label(std::size_t(order_.rows[std::size_t(place)])), top = lineRect(place).top();
    const bool fits = top >= free_from;
    if (!fits || (label == before && line_height_ < fontMetrics().height())) continue;
    const int height = std::max(line_height_, fontMetrics().height());
    painter.drawText(QRect(10, top, kNames - 16, height), Qt::AlignVCenter | Qt::AlignRight, fontMetrics().elidedText(classNameOf(loader_.run(), label), Qt::ElideRight, kNames - 16));
    free_from = top + height;
    before = label;
  }
}

void LifelineStrip::paintHeads(QPainter& painter) const {
  const int head = headerHeight();
  painter.fillRect(0, 0, viewport()->width(), head, style::plotBackground());
  const QRect line = lineRect(0);
  const double width = double(line.width()) / double(std::max<std::size_t>(1, tasks_.size()));
  const int every = std::max(1, int(std::ceil((fontMetrics().horizontalAdvance(tr("T%1").arg(tasks_.size())) + 6) / std::max(1.0, width))));
  painter.setPen(style::axis());
  for (std::size_t i = 0; i < tasks_.size(); i += std::size_t(every))
    painter.drawText(QRectF(line.left() + (double(i) + 0.5) * width - 30, 2, 60, head - 4), Qt::AlignCenter, tr("T%1").arg(tasks_[i] + 1));
  painter.setPen(style::muted());
  painter.drawText(QRect(10, 2, kNames - 16, head - 4), Qt::AlignVCenter | Qt::AlignLeft, tr("tested after"));
  int x = viewport()->width() - kRight;
  const std::pair<QString, QColor> legend[] = {{tr("not tested"), style::band(true)}, {tr("wrong"), style::error()}, {tr("right"), style::good()}};
  int room = x - line.right() - 10;
  for (const auto& [text, colour] : legend) room -= fontMetrics().horizontalAdvance(text) + 28;
  if (room < 0) return;
  for (const auto& [text, colour] : legend) {
    x -= fontMetrics().horizontalAdvance(text);
    painter.drawText(QRect(x, 2, viewport()->width(), head - 4), Qt::AlignVCenter | Qt::AlignLeft, text);
    x -= 16;
    painter.fillRect(QRect(x, head / 2 - 5, 11, 11), colour);
    painter.drawRect(QRect(x, head / 2 - 5, 11, 11));
    x -= 12;
  }
}

void LifelineStrip::paintEvent(QPaintEvent*) {
  QPainter painter(viewport());
  painter.fillRect(viewport()->rect(), style::plotBackground());
  if (order_.rows.empty()) {
    painter.setPen(style::muted());
    painter.drawText(viewport()->rect().adjusted(20, 20, -20, -20), Qt::AlignCenter | Qt::TextWordWrap, empty_);
    return;
  }
  const int bottom = viewport()->height(), scrolled = verticalScrollBar()->value(), head = headerHeight();
  for (std::size_t i = 0; i < order_.groups.size(); ++i) {
    const auto& group = order_.groups[i];
    const int top = topOf(i) - scrolled, first_line = top + head;
    if (top > bottom || first_line + line_height_ * int(group.count) < 0) continue;
    QFont bold = font();
    bold.setBold(true);
    painter.setFont(bold);
    painter.setPen(palette().color(QPalette::Text));
    painter.drawText(QRect(10, top, viewport()->width() - 20, head), Qt::AlignVCenter | Qt::AlignLeft, tr("%1: %2 images").arg(lifeName(group.kind), style::integer(std::int64_t(group.count))));
    painter.setFont(font());
    const int from = std::max(0, (head - first_line) / line_height_), to = std::min(int(group.count), (bottom - first_line) / line_height_ + 1);
    for (int line = from; line < to; ++line) paintLine(painter, int(group.begin) + line, lineRect(int(group.begin) + line));
    paintNames(painter, int(group.begin) + from, int(group.begin) + std::max(from, to));
  }
  if (current_ >= 0) {
    painter.setPen(QPen(palette().color(QPalette::Text), 1.5));
    painter.drawRect(lineRect(current_).adjusted(-2, -1, 1, 0));
  }
  paintHeads(painter);
  if (!hasFocus()) return;
  painter.setPen(style::accent());
  painter.drawRect(viewport()->rect().adjusted(0, 0, -1, -1));
}

QString LifelineStrip::toolTip(int place) const {
  if (place < 0 || std::size_t(place) >= order_.rows.size() || tasks_.empty()) return {};
  const auto row = std::size_t(order_.rows[std::size_t(place)]);
  const Life life = history_->life(row, tasks_.back());
  QStringList lines{tr("%1, image %2 of the test split: %3").arg(classNameOf(loader_.run(), history_->label(row))).arg(history_->sample(row)).arg(lifeName(life.kind))};
  const std::size_t from = tasks_.size() > 12 ? tasks_.size() - 12 : 0;
  if (from > 0) lines << tr("…");
  for (std::size_t i = from; i < tasks_.size(); ++i) {
    const int said = history_->prediction(tasks_[i], row);
    if (said < 0) continue;
    lines << (said == history_->label(row) ? tr("T%1: right").arg(tasks_[i] + 1) : tr("T%1: said %2").arg(tasks_[i] + 1).arg(classNameOf(loader_.run(), said)));
  }
  return lines.join(QLatin1Char('\n'));
}

bool LifelineStrip::viewportEvent(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QAbstractScrollArea::viewportEvent(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const Place place = placeAt(help->pos().y());
  if (place.group < 0) QToolTip::hideText();
  else QToolTip::showText(help->globalPos(), place.line < 0 ? lifeDefinition(order_.groups[std::size_t(place.group)].kind) : toolTip(rowAt(help->pos().y())), this);
  return true;
}

void LifelineStrip::resizeEvent(QResizeEvent*) { layOut(); }

void LifelineStrip::changeEvent(QEvent* event) {
  QAbstractScrollArea::changeEvent(event);
  layOut();  // colours are asked for when painting; the font says how high a heading is
}

// With Ctrl the lines grow and shrink; without, they scroll.
void LifelineStrip::wheelEvent(QWheelEvent* event) {
  if (!event->modifiers().testFlag(Qt::ControlModifier)) return QAbstractScrollArea::wheelEvent(event);
  const double before = double(verticalScrollBar()->value()) / line_height_;
  line_height_ = std::clamp(line_height_ + (event->angleDelta().y() > 0 ? 2 : -2), kThinnest, kThickest);
  layOut();
  verticalScrollBar()->setValue(int(before * line_height_));
}

// The lines from one to the other, both included.
void LifelineStrip::pick(int from, int to, Qt::KeyboardModifiers keys) {
  std::vector<std::int64_t> samples;
  const auto [low, high] = std::minmax(from, to);
  for (int place = low; place <= high; ++place) samples.push_back(history_->sample(std::size_t(order_.rows[std::size_t(place)])));
  current_ = to;
  if (samples.size() == 1) lab_.cursor.setSample(samples.front());
  const QString what = samples.size() == 1 ? tr("image %1").arg(samples.front()) : tr("%n life-lines", nullptr, int(samples.size()));
  lab_.selection.select(std::move(samples), what, Selection::modeOf(keys));
  viewport()->update();
}

void LifelineStrip::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  const Place place = placeAt(int(event->position().y()));
  pressed_ = rowAt(int(event->position().y()));
  if (place.group < 0 || place.line >= 0) return;
  const auto& group = order_.groups[std::size_t(place.group)];
  pick(int(group.begin), int(group.begin + group.count) - 1, event->modifiers());
}

void LifelineStrip::mouseReleaseEvent(QMouseEvent* event) {
  const int released = rowAt(int(event->position().y()));
  if (pressed_ >= 0) pick(pressed_, released < 0 ? pressed_ : released, event->modifiers());
  pressed_ = -1;
}

void LifelineStrip::keyPressEvent(QKeyEvent* event) {
  const int count = int(order_.rows.size()), page = std::max(1, viewport()->height() / line_height_ - 4);
  const int key = event->key();
  const int by = key == Qt::Key_Down ? 1 : key == Qt::Key_Up ? -1 : key == Qt::Key_PageDown ? page : key == Qt::Key_PageUp ? -page : key == Qt::Key_Home ? -count : key == Qt::Key_End ? count : 0;
  if (count == 0 || by == 0) return QAbstractScrollArea::keyPressEvent(event);
  pick(std::clamp(current_ + by, 0, count - 1), std::clamp(current_ + by, 0, count - 1), Qt::NoModifier);
  const QRect rect = lineRect(current_);
  if (rect.top() < headerHeight()) verticalScrollBar()->setValue(verticalScrollBar()->value() + rect.top() - headerHeight());
  if (rect.bottom() > viewport()->height()) verticalScrollBar()->setValue(verticalScrollBar()->value() + rect.bottom() - viewport()->height());
  setAccessibleDescription(toolTip(current_));
}

}  // namespace palimpsest
