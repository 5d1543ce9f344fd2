// A recipe as a chain of typed places that can be clicked, walked by keys and dropped on.
#pragma once

#include <QWidget>

#include "widgets/models/pipeline_model.h"
#include "widgets/views/pipeline_layout.h"

namespace palimpsest {

class PipelineView : public QWidget {
  Q_OBJECT
 public:
  explicit PipelineView(PipelineModel& model, QWidget* parent = nullptr);  // borrowed

  const QString& selected() const { return selected_; }  // path of a place; empty: none
  void select(const QString& path);                      // the place that holds it; unknown ones clear the selection
  QRect rectOf(const QString& path) const;               // of a place, in this widget; empty when there is none
  // Puts the part at `path`, or, where that is empty, to its own place. Says what happened or why it does not fit.
  bool add(const PartInfo& part, const QString& path);
  QString whyNotAt(const PartInfo& part, const QPoint& position) const;  // empty: it can be dropped there

  int heightForWidth(int width) const override;
  bool hasHeightForWidth() const override { return true; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {220, 120}; }

 Q_SIGNALS:
  void partSelected(const QString& path);   // clicked or reached by keys: the inspector reveals it
  void addRequested(const QString& path);   // Return on an empty place: choose a part for it
  void typed(const QString& text);          // letters: the beginning of a part's name
  void wholeRequested();                    // a double click: the whole recipe
  void said(const QString& sentence, bool refused);
  void problem(const QString& sentence);    // a file that could not be written

 protected:
  bool event(QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dragMoveEvent(QDragMoveEvent* event) override;
  void dragLeaveEvent(QDragLeaveEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  PipelineLayout layoutFor(double width) const { return PipelineLayout(model_.stages(), width, font()); }
  QString targetAt(const PartInfo& part, const QPoint& position) const;
  void refresh();
  void choose(const QString& path);  // select and tell
  void step(int by);
  void stepStage(int by);
  void act(const QString& done, const QString& why);
  void removeSelected();
  void moveSelected(int by);
  void savePicture();
  QString toolTipAt(const QPoint& position) const;
  void paint(QPainter& painter, double width, bool on_screen) const;
  void paintPlace(QPainter& painter, const QRectF& rect, const PipelinePlace& place, bool on_screen) const;
  void paintArrow(QPainter& painter, const PipelineLayout& layout, std::size_t card) const;
  PipelineModel& model_;
  QString selected_, hovered_;  // hovered: what a drag would drop on
  bool refusing_ = false;       // and whether it would be refused
};

}  // namespace palimpsest
