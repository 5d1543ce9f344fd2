// How parallel coordinates are drawn, and how they leave as text and pictures.
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QMenu>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "widgets/style/palette.h"
#include "widgets/views/figure.h"
#include "widgets/views/parallel_view.h"

namespace palimpsest {

namespace {

struct Room {
  double label, right;  // width of a label; labels beyond `right` go to the left of their axis
};

void drawTicks(QPainter& painter, const ParallelAxis& axis, const QRectF& line, Room room) {
  const QFontMetricsF metrics(painter.font());
  QColor back = style::plotBackground();
  back.setAlphaF(0.78f);
  painter.setPen(style::muted());
  double last = 1e9;
  for (const auto& [place, label] : axis.ticks) {
    const double y = line.bottom() - place * line.height();
    if (last - y < metrics.height() - 2) continue;
    last = y;
    const QString shown = metrics.elidedText(label, Qt::ElideMiddle, std::min(room.label - 14, 150.0));
    const double wide = metrics.horizontalAdvance(shown);
    const bool left = line.left() + 8 + wide > room.right - 2;
    const QRectF box(left ? line.left() - 8 - wide : line.left() + 7, y - metrics.height() / 2, wide, metrics.height());
    painter.fillRect(box.adjusted(-1, 1, 1, -1), back);
    painter.drawText(box, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextDontClip, shown);
  }
}

}  // namespace

void ParallelView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paint(painter, true);
}

void ParallelView::paint(QPainter& painter, bool on_screen) const {
  painter.fillRect(rect(), style::plotBackground());
  painter.setRenderHint(QPainter::Antialiasing);
  if (runs_.empty()) {
    painter.setPen(style::muted());
    painter.drawText(rect().adjusted(12, 8, -12, -8), Qt::AlignCenter | Qt::TextWordWrap, tr("One line a run, over the settings in which the runs differ. Tick runs in the list of runs."));
    return;
  }
  const std::vector<bool> pass = passing(axes_, brushes_);
  for (const bool front : {false, true})
    for (std::size_t run = 0; run < runs_.size(); ++run)
      if (pass[run] == front) paintRun(painter, run, front);
  for (int axis = 0; axis < int(axes_.size()); ++axis) paintAxis(painter, axis);
  if (!on_screen || !hasFocus()) return;
  painter.setPen(QPen(style::accent(), 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
}

void ParallelView::paintRun(QPainter& painter, std::size_t run, bool passes) const {
  QColor colour = !passes ? style::grid() : runs_[run].average ? style::task(int(std::lround(*runs_[run].average)), 101) : style::muted();
  painter.setPen(QPen(colour, passes ? int(run) == hovered_run_ ? 3.5 : 2 : 1));
  painter.setBrush(Qt::NoBrush);
  QPainterPath path;
  bool joined = false;
  for (int axis = 0; axis < int(axes_.size()); ++axis) {
    const double place = axes_[std::size_t(axis)].places[run];
    if (!std::isfinite(place)) {
      joined = false;
      continue;
    }
    const QPointF at = pointOf(axis, place);
    if (joined) path.lineTo(at);
    else path.moveTo(at);
    joined = true;
  }
  painter.drawPath(path);
  painter.setBrush(colour);
  painter.setPen(Qt::NoPen);
  for (int axis = 0; axis < int(axes_.size()); ++axis)  // a run between two axes without values is a point
    if (const double place = axes_[std::size_t(axis)].places[run]; std::isfinite(place)) painter.drawEllipse(pointOf(axis, place), 2.5, 2.5);
}

void ParallelView::paintAxis(QPainter& painter, int index) const {
  const ParallelAxis& axis = axes_[std::size_t(index)];
  const QRectF line = axisRect(index);
  QFont small = font();
  small.setPointSizeF(font().pointSizeF() * 0.86);
  const QFontMetricsF metrics(small);
  const double room = axes_.size() < 2 ? 200 : (width() - 2 * 8.0) / double(axes_.size());
  painter.setFont(small);
  painter.setPen(QPen(index == current_ ? style::accent() : style::axis(), index == current_ ? 2 : 1));
  painter.drawLine(line.topLeft(), line.bottomLeft());
  if (const auto brush = brushes_.find(axis.name); brush != brushes_.end()) {
    QColor shade = style::accent();
    shade.setAlphaF(0.35f);
    const QPointF top = pointOf(index, std::min(1.0, brush->high)), bottom = pointOf(index, std::max(0.0, brush->low));
    painter.fillRect(QRectF(top.x() - 5, top.y(), 10, std::max(3.0, bottom.y() - top.y())), shade);
  }
  const QString name = axis.name.startsWith(QLatin1String("options.")) ? axis.name.mid(8) : axis.name;
  painter.setPen(index == current_ ? style::accent() : palette().color(QPalette::Text));
  // Turn about: names over many axes would run into one another.
  const double up = axes_.size() > 3 && index % 2 ? metrics.height() + 1 : 0;
  const QRectF head(line.left() - room, line.top() - metrics.height() - 5 - up, 2 * room, metrics.height());
  const double most = axes_.size() > 3 ? 2 * room - 12 : room - 6;
  QRectF text = painter.boundingRect(head, Qt::AlignHCenter, metrics.elidedText(name, Qt::ElideMiddle, most));
  if (text.left() < 2) text.translate(2 - text.left(), 0);
  if (text.right() > width() - 2) text.translate(width() - 2 - text.right(), 0);
  painter.drawText(text, Qt::AlignCenter | Qt::TextDontClip, metrics.elidedText(name, Qt::ElideMiddle, most));
  drawTicks(painter, axis, line, {room, index + 1 == int(axes_.size()) ? double(width()) : 1e9});
}

TextTable ParallelView::shown() const {
  TextTable out;
  out.header << QStringLiteral("run");
  for (const ParallelAxis& axis : axes_) out.header << axis.name;
  const std::vector<bool> pass = passing(axes_, brushes_);
  for (std::size_t run = 0; run < runs_.size(); ++run) {
    if (!pass[run]) continue;
    QStringList& cells = out.rows.emplace_back();
    cells << runs_[run].id;
    for (const ParallelAxis& axis : axes_) cells << axis.values[qsizetype(run)];
  }
  return out;
}

std::optional<QString> ParallelView::exportImage(const QString& path) {
  return writeFigure(path, size(), accessibleName(), [this](QPaintDevice& device, bool) {
    QPainter painter(&device);
    paint(painter, false);
  });
}

void ParallelView::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu;
  menu.addAction(tr("Show all runs"), this, &ParallelView::clearBrushes)->setEnabled(!brushes_.isEmpty());
  menu.addSeparator();
  menu.addAction(tr("Copy as LaTeX"), this, [this] { QApplication::clipboard()->setText(toLatex()); });
  menu.addAction(tr("Copy as Markdown"), this, [this] { QApplication::clipboard()->setText(toMarkdown()); });
  menu.addAction(tr("Copy as CSV"), this, [this] { QApplication::clipboard()->setText(toCsv()); });
  menu.addAction(tr("Save image…"), this, [this] {
    const QString path = QFileDialog::getSaveFileName(this, tr("Save image"), QString(), figureFilter());
    if (path.isEmpty()) return;
    if (const auto wrong = exportImage(path)) Q_EMIT problem(*wrong);
  });
  menu.exec(event->globalPos());
}

}  // namespace palimpsest
