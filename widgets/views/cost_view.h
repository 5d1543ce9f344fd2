// Accuracy against cost of all ticked runs: what a method reaches for what it keeps, trains, or takes. The line joins the
// runs that no other beats in both (Pareto front). A click puts a run in focus.
#pragma once

#include <QPointer>
#include <QThreadPool>
#include <QWidget>
#include <map>
#include <optional>

#include "widgets/models/costs.h"
#include "widgets/models/lab.h"
#include "widgets/views/table_text.h"

class QCheckBox;
class QComboBox;
class QCustomPlot;
class QLabel;

namespace palimpsest {

class CostView : public QWidget {
  Q_OBJECT
 public:
  explicit CostView(Lab& lab, QWidget* parent = nullptr);
  ~CostView() override;
  struct Point {
    QPointer<RunData> run;
    CostPoint at;
  };
  Cost cost() const;
  void setCost(Cost cost);
  void setLogarithmic(bool on);
  const std::vector<Point>& points() const { return points_; }    // those that can be drawn
  const std::vector<std::size_t>& front() const { return front_; }  // indices of points()
  QPointF pixelOf(std::size_t point) const;  // in the plot
  QCustomPlot& plot() const { return *plot_; }
  TextTable text() const;
  std::optional<QString> exportImage(const QString& path);

 Q_SIGNALS:
  void problem(const QString& message);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void changeEvent(QEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  struct Known {
    RunResults results;
    int after = -2;  // last task that had ended when results.json was read
  };
  void later();    // draws soon, once
  void refresh();
  void readResults(RunData* run);
  void gather();
  void draw();
  void drawPoint(const Point& point, const QString& name);
  void placeEmptyText();
  void restyle();
  void fitAxes();
  int pointAt(const QPointF& at) const;  // -1: none near
  QString toolTip(const Point& point) const;
  Lab& lab_;
  QComboBox* cost_;
  QCheckBox* log_;
  QCustomPlot* plot_;
  QLabel* empty_;
  std::vector<Point> points_;
  std::vector<std::size_t> front_;
  int ticked_ = 0;
  std::map<QString, Known> known_;
  QThreadPool disk_;
  bool due_ = false;
};

}  // namespace palimpsest
