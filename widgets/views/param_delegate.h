// The editor that fits a parameter: a number box with range and unit, a combo box for choices, a line with validation
// for texts and lists. True and false need none: ParamFormModel makes them check boxes.
#pragma once

#include <QStyledItemDelegate>

namespace palimpsest {

class ParamDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  void setEditorData(QWidget* editor, const QModelIndex& index) const override;
  void setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const override;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace palimpsest
