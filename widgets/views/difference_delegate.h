// A cell whose number is a bar about the middle, blue below zero and orange above, behind its text.
#pragma once

#include <QStyledItemDelegate>

namespace palimpsest {

class DifferenceDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  // figure_role: the number (double, NaN: no bar). The largest of the column fills half the cell.
  explicit DifferenceDelegate(int figure_role, QObject* parent) : QStyledItemDelegate(parent), role_(figure_role) {}
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;

 private:
  const int role_;
};

}  // namespace palimpsest
