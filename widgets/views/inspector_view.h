// The form of a run's options and its recipe: settings with ranges, changed dots and problems, and below them what
// the selected one means.
#pragma once

#include <QWidget>

class QComboBox;
class QTextBrowser;
class QToolButton;
class QTreeView;
class QLabel;
class QModelIndex;

namespace palimpsest {

class ParamFilter;
class ParamFormModel;

class InspectorView : public QWidget {
  Q_OBJECT
 public:
  explicit InspectorView(ParamFormModel& form, QWidget* parent = nullptr);
  void reveal(const QString& path);  // "phases.0.epochs" or an option's name: selects the row and opens its doc

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void buildTree();
  void showDoc(const QModelIndex& row);
  void refresh();
  ParamFormModel& form_;
  ParamFilter* filter_;
  QComboBox* depth_;
  QTreeView* tree_;
  QTextBrowser* doc_;
  QToolButton* reset_;
  QLabel* empty_;
};

}  // namespace palimpsest
