#include "widgets/views/difference_delegate.h"

#include <QAbstractItemModel>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "widgets/style/palette.h"

namespace palimpsest {

namespace {
constexpr double kLeastRange = 1;  // points: a tenth must not look like a landslide
}

void DifferenceDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const double value = index.data(role_).toDouble();
  double range = kLeastRange;
  for (int row = 0; row < index.model()->rowCount(); ++row)
    if (const double other = std::abs(index.siblingAtRow(row).data(role_).toDouble()); std::isfinite(other)) range = std::max(range, other);
  if (std::isfinite(value) && value != 0) {
    const QRectF cell = QRectF(option.rect).adjusted(2, 3, -2, -3);
    const double wide = cell.width() / 2 * value / range;
    QRectF bar(cell.center().x(), cell.top(), std::abs(wide), cell.height());
    if (wide < 0) bar.moveRight(cell.center().x());
    QColor colour = style::difference(value > 0 ? 1 : -1, 1);
    colour.setAlphaF(0.45F);
    painter->fillRect(bar, colour);
  }
  QStyledItemDelegate::paint(painter, option, index);
}

}  // namespace palimpsest
