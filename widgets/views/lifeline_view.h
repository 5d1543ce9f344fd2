// Every test image as a line over tasks: right, wrong, not tested yet. Grouped by what became of it; only what is visible is
// painted, so that a hundred thousand lines open at once. A click selects.
#pragma once

#include <QAbstractScrollArea>
#include <QThreadPool>
#include <atomic>
#include <memory>

#include "widgets/models/lab.h"
#include "widgets/models/life_order.h"
#include "widgets/models/prediction_loader.h"
#include "widgets/views/table_text.h"

class QComboBox;
class QHBoxLayout;
class QLabel;
class QToolButton;

namespace palimpsest {

class LifelineStrip : public QAbstractScrollArea {
  Q_OBJECT
 public:
  LifelineStrip(Lab& lab, PredictionLoader& loader, QWidget* parent = nullptr);
  void set(std::shared_ptr<const PredictionHistory> history, LifeOrder order, int upto);
  void setEmptyText(const QString& text);
  const LifeOrder& order() const { return order_; }
  int rowAt(int y) const;           // position in order().rows; -1: none. y in the viewport.
  QRect lineRect(int place) const;  // in the viewport
  QString toolTip(int place) const;
  QSize sizeHint() const override { return {420, 320}; }

 protected:
  bool viewportEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  struct Place {  // what lies at a height: a heading, or a line of its group
    int group = -1, line = -1;
  };
  Place placeAt(int y) const;
  int headerHeight() const;
  int topOf(std::size_t group) const;
  int groupOf(int place) const;
  void layOut();
  void paintLine(QPainter& painter, int place, const QRect& rect) const;
  void paintNames(QPainter& painter, int first, int last) const;  // of the places from first to before last
  void paintHeads(QPainter& painter) const;
  void pick(int from, int to, Qt::KeyboardModifiers keys);
  Lab& lab_;
  PredictionLoader& loader_;
  std::shared_ptr<const PredictionHistory> history_;
  LifeOrder order_;
  std::vector<int> tasks_;
  QString empty_;
  int line_height_ = 6, current_ = -1, pressed_ = -1;
};

class LifelineView : public QWidget {
  Q_OBJECT
 public:
  LifelineView(Lab& lab, PredictionLoader& loader, QWidget* parent = nullptr);  // somebody else sets the loader's run
  ~LifelineView() override;
  LifelineStrip& strip() const { return *strip_; }
  bool sorting() const { return sorting_; }
  TextTable text() const;  // kinds and their counts

 protected:
  void showEvent(QShowEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  void refresh();
  void take(std::shared_ptr<const PredictionHistory> history, LifeOrder order, int upto, int ticket);
  void chooseKind(LifeKind kind);
  Lab& lab_;
  PredictionLoader& loader_;
  QComboBox* sort_;
  QToolButton* first_to_fall_;
  std::vector<std::pair<LifeKind, QToolButton*>> kinds_;
  LifelineStrip* strip_;
  QThreadPool pool_;
  int ticket_ = 0;
  bool sorting_ = false, stale_ = true;
};

QString lifeName(LifeKind kind);        // "forgotten"
QString lifeDefinition(LifeKind kind);  // for tooltips

}  // namespace palimpsest
