// Settings of runs side by side: what differs, or all; search, sort, copy.
#pragma once

#include <QWidget>

#include "widgets/models/settings_diff.h"
#include "widgets/views/table_text.h"

class QCheckBox;
class QLabel;
class QLineEdit;
class QTableView;

namespace palimpsest {

class SettingsView : public QWidget {
  Q_OBJECT
 public:
  explicit SettingsView(QWidget* parent = nullptr);
  void setRuns(const std::vector<RunFigures>& runs);
  SettingsDiff& diff() { return diff_; }
  SettingsFilter& filter() { return filter_; }
  void setOnlyDifferences(bool only);
  QString toCsv() const { return csvOf(shown()); }  // rows as shown, values whole
  QString toMarkdown() const { return markdownOf(shown()); }
  QString toLatex() const { return latexOf(shown()); }

 private:
  TextTable shown() const;
  void showMenu(const QPoint& at);
  void count();
  SettingsDiff diff_;
  SettingsFilter filter_;
  QTableView* table_;
  QLineEdit* search_;
  QCheckBox* only_;
  QLabel* count_;
};

}  // namespace palimpsest
