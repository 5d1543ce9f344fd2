// The log: filtered by level, text and run; follows its tail until somebody scrolls up.
#pragma once

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLineEdit;
class QLabel;
class QTableView;

namespace palimpsest {

class LogModel;
class LogFilter;

class LogView : public QWidget {
  Q_OBJECT
 public:
  explicit LogView(LogModel& log, QWidget* parent = nullptr);
  bool followsTail() const;
  void copy() const;  // the selected lines, or all that are shown

 private:
  void buildTable();
  void learnRuns(int first, int last);
  void personScrolled();
  void refresh();
  LogModel& log_;
  LogFilter* filter_;
  QComboBox *level_, *run_;
  QLineEdit* text_;
  QCheckBox* follow_;
  QTableView* table_;
  QLabel* empty_;
};

}  // namespace palimpsest
