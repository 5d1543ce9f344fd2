#include "widgets/views/run_delegate.h"

#include <QApplication>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "widgets/models/run_list.h"
#include "widgets/style/palette.h"
#include "widgets/views/two_lines.h"

namespace palimpsest {

namespace {

constexpr int kSparkWidth = 46, kSparkHeight = 18, kRoomForSpark = 190;

void drawSparkline(QPainter& painter, const QRectF& rect, const QList<double>& values, const QColor& colour) {
  QPolygonF line;
  for (qsizetype i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    const double x = values.size() > 1 ? double(i) / double(values.size() - 1) : 0.5;
    line << QPointF(rect.left() + x * rect.width(), rect.bottom() - std::clamp(values[i], 0.0, 100.0) / 100 * rect.height());
  }
  if (line.isEmpty()) return;
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(colour, 1.5));
  painter.drawPolyline(line);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colour);
  painter.drawEllipse(line.back(), 2.2, 2.2);
}

}  // namespace

void RunDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QStyleOptionViewItem item = option;
  initStyleOption(&item, index);
  const QString title = item.text;
  item.text.clear();
  const QStyle* style = item.widget ? item.widget->style() : QApplication::style();
  style->drawControl(QStyle::CE_ItemViewItem, &item, painter, item.widget);
  item.text = title;
  QRectF area = style->subElementRect(QStyle::SE_ItemViewItemText, &item, item.widget).adjusted(4, 0, -4, 0);
  area.setTop(option.rect.top());
  area.setBottom(option.rect.bottom());
  area.setRight(option.rect.right() - 4);
  painter->save();
  const bool selected = item.state & QStyle::State_Selected;
  const QColor text = item.palette.color(selected ? QPalette::HighlightedText : QPalette::Text);
  if (area.width() > kRoomForSpark - 60) {
    const QRectF spark(area.right() - kSparkWidth, area.center().y() - kSparkHeight / 2.0, kSparkWidth - 4, kSparkHeight);
    drawSparkline(*painter, spark, index.data(RunListModel::SparklineRole).value<QList<double>>(),
                  index.data(RunListModel::ColourRole).value<QColor>());
    area.setRight(spark.left() - 8);
  }
  const QModelIndex state = index.siblingAtColumn(RunListModel::Status);
  const QVariant said = state.data(Qt::ForegroundRole);
  drawTwoLines(*painter, area, item.font, {title, text},
               {state.data().toString(), said.isValid() ? said.value<QColor>() : style::muted()});
  painter->restore();
}

QSize RunDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  return {QStyledItemDelegate::sizeHint(option, index).width(), heightOfTwoLines(option.font)};
}

}  // namespace palimpsest
