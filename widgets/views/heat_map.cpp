#include "widgets/views/heat_map.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLinearGradient>
#include <QMenu>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/style/palette.h"
#include "widgets/views/figure.h"
#include "widgets/views/table_text.h"

namespace palimpsest {

namespace {
constexpr double kMargin = 10, kLegendWidth = 10, kLegendRoom = 56;
constexpr double kLargestCell = 56;

QFont scaled(QFont font, double factor) {
  font.setPointSizeF(font.pointSizeF() * factor);
  return font;
}

double widest(const QStringList& names, const QFontMetricsF& metrics) {
  double width = 0;
  for (const QString& name : names) width = std::max(width, metrics.horizontalAdvance(name));
  return width;
}
}  // namespace

HeatMap::HeatMap(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
}

void HeatMap::set(HeatMapData data) {
  data.values.resize(std::size_t(data.rows.size()) * std::size_t(data.columns.size()), std::nan(""));
  data_ = std::move(data);
  if (!has(current_.y(), current_.x())) current_ = {-1, -1};
  if (!has(hovered_.y(), hovered_.x())) hovered_ = {-1, -1};
  if (accessibleName() != data_.title) setAccessibleName(data_.title);
  if (accessibleDescription() != data_.summary) setAccessibleDescription(data_.summary);
  update();
}

bool HeatMap::has(int row, int column) const { return row >= 0 && column >= 0 && row < data_.rows.size() && column < data_.columns.size(); }

void HeatMap::setCurrent(int row, int column) {
  current_ = has(row, column) ? QPoint(column, row) : QPoint(-1, -1);
  update();
}

HeatMap::Layout HeatMap::layoutFor(const QSize& size) const {
  Layout layout;
  const QFontMetricsF title(font()), names(scaled(font(), 0.85));
  const double top = 8 + title.height() + 6, axis = names.height() + 4;
  const double row_names = std::min(widest(data_.rows, names) + 6, size.width() * 0.3);
  layout.names = size.width() > 160 && size.height() > 110;
  const double left = kMargin + (data_.row_title.isEmpty() ? 0 : names.height() + 2) + (layout.names ? row_names : 0);
  const double bottom = kMargin + (layout.names ? axis : 0) + (data_.column_title.isEmpty() ? 0 : names.height() + 2);
  const QRectF room(left, top, std::max(10.0, size.width() - left - kLegendRoom), std::max(10.0, size.height() - top - bottom));
  layout.cell_width = std::min(kLargestCell * 1.6, room.width() / std::max<qsizetype>(1, data_.columns.size()));
  layout.cell_height = std::min(kLargestCell, room.height() / std::max<qsizetype>(1, data_.rows.size()));
  layout.cells = QRectF(room.topLeft(), QSizeF(layout.cell_width * double(data_.columns.size()), layout.cell_height * double(data_.rows.size())));
  layout.legend = QRectF(layout.cells.right() + 12, top, kLegendWidth, std::min(layout.cells.height(), 160.0));
  return layout;
}

std::optional<QPoint> HeatMap::cellAt(const QPoint& position) const {
  const Layout layout = layoutFor(size());
  if (data_.values.empty() || !layout.cells.contains(position)) return std::nullopt;
  const QPoint cell(int((position.x() - layout.cells.left()) / layout.cell_width), int((position.y() - layout.cells.top()) / layout.cell_height));
  return has(cell.y(), cell.x()) ? std::optional(cell) : std::nullopt;
}

QRect HeatMap::cellRect(int row, int column) const {
  const Layout l = layoutFor(size());
  return QRectF(l.cells.left() + column * l.cell_width, l.cells.top() + row * l.cell_height, l.cell_width, l.cell_height).toAlignedRect();
}

void HeatMap::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paint(painter, size(), true);
}

void HeatMap::paint(QPainter& painter, const QSize& size, bool on_screen) const {
  painter.fillRect(QRect(QPoint(), size), style::plotBackground());
  QFont bold = font();
  bold.setBold(true);
  painter.setFont(bold);
  painter.setPen(palette().color(QPalette::Text));
  const QFontMetricsF metrics(bold);
  painter.drawText(QPointF(kMargin, 6 + metrics.ascent()), metrics.elidedText(data_.title, Qt::ElideRight, size.width() - 2 * kMargin));
  if (data_.values.empty()) {
    painter.setFont(font());
    painter.setPen(style::muted());
    painter.drawText(QRect(QPoint(), size).adjusted(20, 24, -20, -16), Qt::AlignCenter | Qt::TextWordWrap, data_.empty);
  } else {
    const Layout layout = layoutFor(size);
    paintCells(painter, layout);
    paintNames(painter, layout);
    paintLegend(painter, layout);
    const auto outline = [&](QPoint cell, double width) {
      if (cell.x() < 0) return;
      painter.setBrush(Qt::NoBrush);
      painter.setPen(QPen(palette().color(QPalette::Text), width, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
      painter.drawRect(QRectF(layout.cells.left() + cell.x() * layout.cell_width, layout.cells.top() + cell.y() * layout.cell_height, layout.cell_width, layout.cell_height));
    };
    if (on_screen) outline(hovered_, 1);
    if (on_screen) outline(current_, 2.5);
  }
  if (!on_screen || !hasFocus()) return;
  painter.setPen(style::accent());
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(QRect(QPoint(), size).adjusted(0, 0, -1, -1));
}

void HeatMap::paintCells(QPainter& painter, const Layout& layout) const {
  const int rows = int(data_.rows.size()), columns = int(data_.columns.size());
  QImage image(columns, rows, QImage::Format_RGB32);  // a pixel a cell: as quick for a hundred classes as for ten
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      const double v = value(row, column);
      const bool nothing = std::isnan(v) || !data_.colour;
      image.setPixelColor(column, row, nothing ? style::band(true) : data_.cell_colour ? data_.cell_colour(row, column) : data_.colour(v));
    }
  painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
  painter.drawImage(layout.cells, image);
  const QFont small = scaled(font(), 0.85);
  const QFontMetricsF metrics(small);
  painter.setFont(small);
  for (int row = 0; data_.text && layout.cell_height >= metrics.height() && row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      const QString text = std::isnan(value(row, column)) ? QString() : data_.text(row, column);
      if (text.isEmpty() || metrics.horizontalAdvance(text) + 4 > layout.cell_width) continue;
      painter.setPen(style::textOn(image.pixelColor(column, row)));
      painter.drawText(QRectF(layout.cells.left() + column * layout.cell_width, layout.cells.top() + row * layout.cell_height, layout.cell_width, layout.cell_height), Qt::AlignCenter, text);
    }
  painter.setPen(QPen(palette().color(QPalette::Text), 1));
  for (const int row : data_.row_borders) {
    const double y = layout.cells.top() + row * layout.cell_height;
    if (row > 0 && row < rows) painter.drawLine(QPointF(layout.cells.left(), y), QPointF(layout.cells.right(), y));
  }
  for (const int column : data_.column_borders) {
    const double x = layout.cells.left() + column * layout.cell_width;
    if (column > 0 && column < columns) painter.drawLine(QPointF(x, layout.cells.top()), QPointF(x, layout.cells.bottom()));
  }
}

void HeatMap::paintNames(QPainter& painter, const Layout& layout) const {
  const QFont small = scaled(font(), 0.85);
  const QFontMetricsF metrics(small);
  painter.setFont(small);
  painter.setPen(style::axis());
  const double names_left = kMargin + (data_.row_title.isEmpty() ? 0 : metrics.height() + 2);
  if (layout.names) {
    const int every_row = std::max(1, int(std::ceil(metrics.height() * 0.95 / layout.cell_height)));
    for (int row = 0; row < data_.rows.size(); row += every_row) {
      const QRectF rect(names_left, layout.cells.top() + (row + 0.5) * layout.cell_height - metrics.height() / 2, layout.cells.left() - names_left - 5, metrics.height());
      painter.drawText(rect, Qt::AlignRight | Qt::AlignVCenter, metrics.elidedText(data_.rows[row], Qt::ElideRight, rect.width()));
    }
    const double longest = std::min(widest(data_.columns, metrics) + 6, std::max(layout.cell_width, 56.0));
    const int every_column = std::max(1, int(std::ceil(longest / layout.cell_width)));
    for (int column = 0; column < data_.columns.size(); column += every_column) {
      const double middle = layout.cells.left() + (column + 0.5) * layout.cell_width, width = every_column * layout.cell_width;
      painter.drawText(QRectF(middle - width / 2, layout.cells.bottom() + 3, width, metrics.height()), Qt::AlignCenter, metrics.elidedText(data_.columns[column], Qt::ElideRight, width - 2));
    }
  }
  painter.setPen(style::muted());
  const double below = layout.cells.bottom() + 4 + (layout.names ? metrics.height() + 1 : 0);
  if (!data_.column_title.isEmpty()) painter.drawText(QRectF(layout.cells.left() - 60, below, layout.cells.width() + 120, metrics.height() + 2), Qt::AlignCenter, data_.column_title);
  if (data_.row_title.isEmpty()) return;
  painter.save();
  painter.translate(kMargin + metrics.height() / 2 - 2, layout.cells.center().y());
  painter.rotate(-90);
  painter.drawText(QRectF(-140, -metrics.height() / 2, 280, metrics.height()), Qt::AlignCenter, data_.row_title);
  painter.restore();
}

void HeatMap::paintLegend(QPainter& painter, const Layout& layout) const {
  if (!data_.colour || layout.legend.height() < 30) return;
  QLinearGradient gradient(layout.legend.bottomLeft(), layout.legend.topLeft());
  for (int i = 0; i <= 16; ++i) gradient.setColorAt(i / 16.0, data_.colour(data_.low + (data_.high - data_.low) * i / 16));
  painter.fillRect(layout.legend, gradient);
  const QFont small = scaled(font(), 0.85);
  const QFontMetricsF metrics(small);
  painter.setFont(small);
  painter.setPen(style::axis());
  for (const double part : {0.0, 0.5, 1.0}) {
    if (part == 0.5 && layout.legend.height() < 3.2 * metrics.height()) continue;
    const double y = layout.legend.bottom() - layout.legend.height() * part;
    painter.drawText(QRectF(layout.legend.right() + 4, std::clamp(y - metrics.height() / 2, layout.legend.top() - 2, layout.legend.bottom() - metrics.height() + 2), 40, metrics.height()),
                     Qt::AlignLeft | Qt::AlignVCenter, QString::number(data_.low + (data_.high - data_.low) * part, 'g', 3));
  }
}

QString HeatMap::toolTipOf(int row, int column) const {
  if (data_.tool_tip) return data_.tool_tip(row, column);
  const double v = value(row, column);
  return tr("%1, %2: %3").arg(data_.rows[row], data_.columns[column], std::isnan(v) ? tr("nothing") : QString::number(v, 'g', 4));
}

bool HeatMap::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  if (const auto cell = cellAt(help->pos())) QToolTip::showText(help->globalPos(), toolTipOf(cell->y(), cell->x()), this, cellRect(cell->y(), cell->x()));
  else QToolTip::hideText();
  return true;
}

void HeatMap::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  update();  // palette, style, font: all colours are asked for when painting
}

void HeatMap::mousePressEvent(QMouseEvent* event) {
  const auto cell = cellAt(event->pos());
  if (event->button() != Qt::LeftButton || !cell) return;
  setCurrent(cell->y(), cell->x());
  Q_EMIT activated(cell->y(), cell->x(), event->modifiers());
}

void HeatMap::mouseMoveEvent(QMouseEvent* event) {
  const QPoint cell = cellAt(event->pos()).value_or(QPoint(-1, -1));
  if (cell == hovered_) return;
  hovered_ = cell;
  update();
  Q_EMIT hovered(cell.y(), cell.x());
}

void HeatMap::leaveEvent(QEvent*) {
  hovered_ = {-1, -1};
  update();
  Q_EMIT hovered(-1, -1);
}

void HeatMap::keyPressEvent(QKeyEvent* event) {
  if (event->matches(QKeySequence::Copy)) return QApplication::clipboard()->setText(toCsv());
  const int key = event->key();
  if ((key == Qt::Key_Return || key == Qt::Key_Enter || key == Qt::Key_Space) && current_.x() >= 0) {
    Q_EMIT activated(current_.y(), current_.x(), event->modifiers());
    return;
  }
  const QPoint by = key == Qt::Key_Left ? QPoint(-1, 0) : key == Qt::Key_Right ? QPoint(1, 0) : key == Qt::Key_Up ? QPoint(0, -1) : key == Qt::Key_Down ? QPoint(0, 1) : QPoint();
  if (by.isNull() || data_.values.empty()) return QWidget::keyPressEvent(event);
  const QPoint to = current_.x() < 0 ? QPoint(0, 0) : current_ + by;
  setCurrent(std::clamp(to.y(), 0, int(data_.rows.size()) - 1), std::clamp(to.x(), 0, int(data_.columns.size()) - 1));
  setAccessibleDescription(data_.summary + QLatin1Char('\n') + toolTipOf(current_.y(), current_.x()));
}

void HeatMap::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu;
  menu.addAction(tr("Save image…"), this, [this] {
    const QString path = QFileDialog::getSaveFileName(this, tr("Save image"), QString(), figureFilter());
    if (path.isEmpty()) return;
    if (const auto wrong = exportImage(path)) Q_EMIT problem(*wrong);
  });
  menu.addSeparator();
  const auto copy = [](const QString& text) { QApplication::clipboard()->setText(text); };
  menu.addAction(tr("Copy as CSV"), this, [&] { copy(toCsv()); });
  menu.addAction(tr("Copy as Markdown"), this, [&] { copy(toMarkdown()); });
  menu.addAction(tr("Copy as LaTeX"), this, [&] { copy(toLatex()); });
  for (QAction* action : menu.actions()) action->setEnabled(!data_.values.empty());
  menu.exec(event->globalPos());
}

namespace {
TextTable tableOf(const HeatMapData& data, const std::function<QString(double)>& number) {
  TextTable table{QStringList{data.row_title} + data.columns, {}};
  for (int row = 0; row < data.rows.size(); ++row) {
    QStringList cells{data.rows[row]};
    for (int column = 0; column < data.columns.size(); ++column) {
      const double v = data.values[std::size_t(row) * std::size_t(data.columns.size()) + std::size_t(column)];
      cells << (std::isnan(v) ? QString() : number(v));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}
QString rounded(double value) { return QString::number(value, 'g', 4); }
}  // namespace

QString HeatMap::toCsv() const { return csvOf(tableOf(data_, exact)); }
QString HeatMap::toMarkdown() const { return markdownOf(tableOf(data_, rounded)); }
QString HeatMap::toLatex() const { return latexOf(tableOf(data_, rounded)); }

std::optional<QString> HeatMap::exportImage(const QString& path) {
  return writeFigure(path, size(), data_.title, [this](QPaintDevice& device, bool) {
    QPainter painter(&device);
    painter.setRenderHint(QPainter::Antialiasing);
    paint(painter, size(), false);
  });
}

}  // namespace palimpsest
