// Everything that is wrong, in one list: a double click or Enter jumps to where it can be put right.
#pragma once

#include <QWidget>

class QTreeView;
class QLabel;

namespace palimpsest {

class IssuesModel;

class IssuesView : public QWidget {
  Q_OBJECT
 public:
  explicit IssuesView(IssuesModel& issues, QWidget* parent = nullptr);

 Q_SIGNALS:
  void jumpRequested(const QString& path);  // a recipe's path, an option, a file

 private:
  void refresh();
  IssuesModel& issues_;
  QTreeView* list_;
  QLabel* empty_;
};

}  // namespace palimpsest
