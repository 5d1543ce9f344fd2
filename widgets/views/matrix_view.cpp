#include "widgets/views/matrix_view.h"

#include <QContextMenuEvent>
#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLinearGradient>
#include <QMenu>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/figure.h"
#include "widgets/views/matrix_layout.h"

namespace palimpsest {

namespace {

QFont scaled(QFont font, double factor) {
  font.setPointSizeF(font.pointSizeF() * factor);
  return font;
}

}  // namespace

MatrixView::MatrixView(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("matrixView"));
  setAccessibleName(tr("Accuracy matrix"));
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  refresh();
}

void MatrixView::setRun(RunData* run) {
  if (run == run_) return;
  if (run_) run_->disconnect(this);
  run_ = run;
  selected_ = hovered_ = {-1, -1};
  if (run) {
    connect(run, &RunData::changed, this, &MatrixView::refresh);
    connect(run, &QObject::destroyed, this, &MatrixView::refresh);
  }
  refresh();
}

int MatrixView::tasks() const { return run_ && run_->started() ? std::max(run_->start().tasks, run_->matrix().tasks()) : 0; }

void MatrixView::refresh() {
  if (std::max(selected_.x(), selected_.y()) >= tasks()) selected_ = {-1, -1};
  QString text = tr("No run is in focus.");
  if (run_) text = tr("%1: nothing evaluated yet.").arg(run_->title());
  if (run_ && run_->matrix().last()) {
    text = tr("%1: %2 after task %3").arg(run_->title(), style::percent(100 * *run_->matrix().last())).arg(run_->matrix().stages());
    if (const auto lost = run_->matrix().forgetting()) text += tr(", %1 points forgotten").arg(style::points(100 * *lost));
  }
  if (selected_.x() >= 0) text += QLatin1Char('\n') + cellToolTip(selected_.y(), selected_.x());
  if (text != accessibleDescription()) setAccessibleDescription(text);
  update();
}

QString MatrixView::cellText(int after, int on) const {
  const auto value = run_ ? run_->matrix().at(after, on) : std::nullopt;
  return value ? style::points(100 * *value) : QString();
}

QString MatrixView::cellToolTip(int after, int on) const {
  if (!run_) return {};
  const AccuracyMatrix& matrix = run_->matrix();
  const auto value = matrix.at(after, on);
  if (!value) {
    if (on > after) return tr("Task %1 had not been learned when task %2 was done.").arg(on + 1).arg(after + 1);
    return tr("Not measured yet: accuracy on task %1 after learning task %2.").arg(on + 1).arg(after + 1);
  }
  QString text = tr("After task %1, on task %2: R[%1][%2] = hits / images = %3 / %4 = %5")
                     .arg(after + 1).arg(on + 1).arg(*matrix.hits(after, on)).arg(*matrix.count(on)).arg(style::percent(100 * *value));
  double best = -1;
  int best_after = on;
  for (int stage = on; stage < after; ++stage)
    if (const auto then = matrix.at(stage, on); then && *then > best) {
      best = *then;
      best_after = stage;
    }
  if (best >= 0)
    text += tr("\nForgotten: max over earlier rows - this = R[%1][%2] - R[%3][%2] = %4 - %5 = %6 points")
                .arg(best_after + 1).arg(on + 1).arg(after + 1)
                .arg(style::points(100 * best), style::points(100 * *value), style::points(100 * (best - *value)));
  if (const auto pooled = matrix.top1(after)) text += tr("\nAll classes seen after task %1: %2").arg(after + 1).arg(style::percent(100 * *pooled));
  return text;
}

MatrixLayout MatrixView::layoutFor(const QSize& size) const { return MatrixLayout(size, tasks(), font()); }

std::optional<QPoint> MatrixView::cellAt(const QPoint& position) const { return layoutFor(size()).cellAt(position); }
QRect MatrixView::cellRect(int after, int on) const { return layoutFor(size()).cell(after, on).toRect(); }

void MatrixView::select(int after, int on) {
  selected_ = {std::clamp(on, 0, std::max(0, tasks() - 1)), std::clamp(after, 0, std::max(0, tasks() - 1))};
  if (tasks() == 0) selected_ = {-1, -1};
  refresh();
  if (selected_.x() >= 0) Q_EMIT cellSelected(selected_.y(), selected_.x());
}

void MatrixView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paint(painter, size(), true);
}

void MatrixView::paint(QPainter& painter, const QSize& size, bool on_screen) const {
  painter.fillRect(QRect(QPoint(), size), style::plotBackground());
  painter.setFont(font());
  QFont title = font();
  title.setBold(true);
  painter.setFont(title);
  painter.setPen(palette().color(QPalette::Text));
  const QFontMetricsF metrics(title);
  const QString name = tr("Accuracy matrix");
  painter.drawText(QPointF(10, 6 + metrics.ascent()), name);
  painter.setFont(scaled(font(), 0.88));
  painter.setPen(style::muted());
  const double taken = metrics.horizontalAdvance(name) + 20;
  const QString subtitle = run_ ? tr("%1, % right").arg(run_->title()) : QString();
  if (size.width() - taken > 60)
    painter.drawText(QPointF(taken, 6 + metrics.ascent()), QFontMetricsF(painter.font()).elidedText(subtitle, Qt::ElideRight, size.width() - taken - 10));
  if (tasks() == 0) {
    painter.setFont(font());
    painter.drawText(QRect(QPoint(), size).adjusted(20, 20, -20, -20), Qt::AlignCenter | Qt::TextWordWrap,
                     run_ ? tr("The first cell comes when task 1 has been evaluated.") : tr("No run is in focus. Choose one in the list of runs."));
    return;
  }
  const MatrixLayout layout = layoutFor(size);
  paintCells(painter, layout, on_screen);
  paintAxes(painter, layout);
  paintBar(painter, layout);
  if (on_screen && hasFocus()) {
    painter.setPen(style::accent());
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(QRect(QPoint(), size).adjusted(0, 0, -1, -1));
  }
}

void MatrixView::paintCells(QPainter& painter, const MatrixLayout& layout, bool on_screen) const {
  painter.setFont(layout.cell_font);
  for (int after = 0; after < tasks(); ++after)
    for (int on = 0; on < tasks(); ++on) {
      const QRectF rect = layout.cell(after, on);
      const auto value = run_->matrix().at(after, on);
      if (!value) {
        if (on <= after) painter.fillRect(rect, style::band(true));
        continue;
      }
      const QColor colour = style::accuracy(100 * *value);
      painter.fillRect(rect, colour);
      if (!layout.shows_values) continue;
      painter.setPen(style::textOn(colour));
      painter.drawText(rect, Qt::AlignCenter, layout.one_decimal ? cellText(after, on) : QString::number(std::lround(100 * *value)));
    }
  const auto outline = [&](const QRectF& rect, const QColor& colour, double width) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(colour, width, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    painter.drawRect(rect.adjusted(width / 2 - 1, width / 2 - 1, 1 - width / 2, 1 - width / 2));
  };
  const int stages = run_->matrix().stages();  // the newest complete row
  if (stages > 0) outline(layout.cell(stages - 1, 0).united(layout.cell(stages - 1, stages - 1)), style::accent(), 2);
  if (!on_screen) return;
  if (hovered_.x() >= 0) outline(layout.cell(hovered_.y(), hovered_.x()), palette().color(QPalette::Text), 1);
  if (selected_.x() >= 0) outline(layout.cell(selected_.y(), selected_.x()), palette().color(QPalette::Text), 3);
}

void MatrixView::paintAxes(QPainter& painter, const MatrixLayout& layout) const {
  painter.setFont(layout.label_font);
  const QFontMetricsF metrics(layout.label_font);
  const auto thinned = [&](double room) { return std::max(1, int(std::ceil(room / layout.side))); };
  const int every_row = thinned(metrics.height() * 0.95), every_column = thinned(metrics.horizontalAdvance(tr("T%1").arg(tasks())) + 4);
  const int current = run_->matrix().stages() - 1;
  for (int task = 0; task < tasks(); ++task) {
    const QRectF row = layout.cell(task, 0), column = layout.cell(tasks() - 1, task);
    painter.setPen(task == current ? style::accent() : style::axis());
    if (task % every_row == 0)
      painter.drawText(QRectF(row.left() - 60, row.center().y() - metrics.height() / 2, 55, metrics.height()), Qt::AlignRight | Qt::AlignVCenter, tr("T%1").arg(task + 1));
    painter.setPen(style::axis());
    if (task % every_column == 0)
      painter.drawText(QRectF(column.center().x() - 30, column.bottom() + 3, 60, metrics.height()), Qt::AlignHCenter | Qt::AlignTop, tr("T%1").arg(task + 1));
  }
  painter.setPen(style::muted());
  const QRectF grid = layout.grid();
  painter.drawText(QRectF(grid.left() - 40, grid.bottom() + metrics.height() + 4, grid.width() + 80, metrics.height() + 2), Qt::AlignCenter, tr("accuracy on task"));
  painter.save();
  painter.translate(layout.axis_title_x, grid.center().y());
  painter.rotate(-90);
  painter.drawText(QRectF(-120, -metrics.height() / 2, 240, metrics.height()), Qt::AlignCenter, tr("after learning task"));
  painter.restore();
}

void MatrixView::paintBar(QPainter& painter, const MatrixLayout& layout) const {
  const QRectF bar = layout.bar();
  QLinearGradient gradient(bar.bottomLeft(), bar.topLeft());
  for (int i = 0; i <= 16; ++i) gradient.setColorAt(i / 16.0, style::accuracy(100.0 * i / 16));
  painter.fillRect(bar, gradient);
  painter.setFont(layout.label_font);
  painter.setPen(style::axis());
  const QFontMetricsF metrics(layout.label_font);
  const int step = bar.height() > 5.5 * metrics.height() ? 25 : 50;
  for (int percent = 0; percent <= 100; percent += step) {
    const double y = bar.bottom() - bar.height() * percent / 100;
    painter.drawText(QRectF(bar.right() + 4, y - metrics.height() / 2, 40, metrics.height()), Qt::AlignLeft | Qt::AlignVCenter, QString::number(percent));
  }
}

bool MatrixView::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    if (const auto cell = cellAt(help->pos())) QToolTip::showText(help->globalPos(), cellToolTip(cell->y(), cell->x()), this, cellRect(cell->y(), cell->x()));
    else QToolTip::hideText();
    return true;
  }
  return QWidget::event(event);
}

void MatrixView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  update();  // palette, style, font: all colours are asked for when painting
}

void MatrixView::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  if (const auto cell = cellAt(event->pos())) select(cell->y(), cell->x());
}

void MatrixView::mouseMoveEvent(QMouseEvent* event) {
  const QPoint cell = cellAt(event->pos()).value_or(QPoint(-1, -1));
  if (cell == hovered_) return;
  hovered_ = cell;
  update();
}

void MatrixView::leaveEvent(QEvent*) {
  hovered_ = {-1, -1};
  update();
}

void MatrixView::keyPressEvent(QKeyEvent* event) {
  const QPoint at = selected_.x() < 0 ? QPoint(0, 0) : selected_;
  const bool fresh = selected_.x() < 0;
  switch (event->key()) {
    case Qt::Key_Left: return select(at.y(), at.x() - !fresh);
    case Qt::Key_Right: return select(at.y(), at.x() + !fresh);
    case Qt::Key_Up: return select(at.y() - !fresh, at.x());
    case Qt::Key_Down: return select(at.y() + !fresh, at.x());
    case Qt::Key_Home: return select(at.y(), 0);
    case Qt::Key_End: return select(at.y(), at.y());
    case Qt::Key_Escape:
      selected_ = {-1, -1};
      return refresh();
    default: break;
  }
  if (event->matches(QKeySequence::Copy)) QApplication::clipboard()->setText(toCsv());
  else QWidget::keyPressEvent(event);
}

void MatrixView::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu;
  const auto copy = [](const QString& text) { QApplication::clipboard()->setText(text); };
  menu.addAction(tr("Save image…"), this, [this] {
    const QString path = QFileDialog::getSaveFileName(this, tr("Save image"), QString(), figureFilter());
    if (path.isEmpty()) return;
    if (const auto wrong = exportImage(path)) Q_EMIT problem(*wrong);
  });
  menu.addSeparator();
  menu.addAction(tr("Copy as CSV"), this, [&] { copy(toCsv()); });
  menu.addAction(tr("Copy as Markdown"), this, [&] { copy(toMarkdown()); });
  menu.addAction(tr("Copy as LaTeX"), this, [&] { copy(toLatex()); });
  for (QAction* action : menu.actions()) action->setEnabled(tasks() > 0);
  menu.exec(event->globalPos());
}

std::optional<QString> MatrixView::exportImage(const QString& path) {
  return writeFigure(path, size(), tr("Accuracy matrix"), [this](QPaintDevice& device, bool) {
    QPainter painter(&device);
    painter.setRenderHint(QPainter::Antialiasing);
    paint(painter, size(), false);
  });
}

}  // namespace palimpsest
