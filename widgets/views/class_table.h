// The classes of the run in focus as a table that sorts. A click selects a class's images, or those of its most frequent error.
#pragma once

#include <QWidget>

#include "widgets/models/class_table_model.h"
#include "widgets/models/lab.h"
#include "widgets/models/prediction_loader.h"
#include "widgets/views/table_text.h"

class QLabel;
class QSortFilterProxyModel;
class QTableView;

namespace palimpsest {

class ClassTable : public QWidget {
  Q_OBJECT
 public:
  ClassTable(Lab& lab, PredictionLoader& loader, QWidget* parent = nullptr);  // somebody else sets the loader's run
  ClassTableModel& model() const { return *model_; }
  QTableView& table() const { return *table_; }
  TextTable text() const;  // as it is sorted

 private:
  void refresh();
  void choose(const QModelIndex& index);
  void menu(const QPoint& at);
  Lab& lab_;
  PredictionLoader& loader_;
  ClassTableModel* model_;
  QSortFilterProxyModel* sorted_;
  QTableView* table_;
  QLabel* empty_;
  int task_ = -1;
};

}  // namespace palimpsest
