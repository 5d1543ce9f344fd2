// Which classes are taken for which, after the task looked at: of the run in focus (A), or A minus B. A click selects the
// images behind a cell. Many classes are shown by task first.
#pragma once

#include <QWidget>

#include "widgets/models/lab.h"
#include "widgets/models/prediction_loader.h"

class QCheckBox;
class QComboBox;
class QLabel;

namespace palimpsest {

class HeatMap;

class ConfusionView : public QWidget {
  Q_OBJECT
 public:
  // `a` and `b` follow the run in focus and the one it is compared to; somebody else sets their runs.
  ConfusionView(Lab& lab, PredictionLoader& a, PredictionLoader& b, QWidget* parent = nullptr);
  HeatMap& map() const { return *map_; }
  bool showsDifference() const;
  void setDifference(bool on);  // A minus B, where there is a B of the same data
  bool showsTasks() const;

 Q_SIGNALS:
  void problem(const QString& message);

 private:
  enum Rows { Automatic, Classes, Tasks };
  void refresh();
  void offerDifference();
  void show(const Confusion& counts, const Confusion& of_a);
  void choose(int row, int column, Qt::KeyboardModifiers keys);
  QString nameOf(int key) const;
  QString toolTip(int row, int column) const;
  QString summary() const;
  std::function<QColor(int, int)> colours(double most) const;
  Lab& lab_;
  PredictionLoader &a_, &b_;
  QComboBox* rows_;
  QCheckBox* minus_;
  QLabel* note_;
  HeatMap* map_;
  Confusion shown_, of_a_;  // of_a_: A alone, on the same keys, for tooltips
  int task_ = -1;
};

}  // namespace palimpsest
