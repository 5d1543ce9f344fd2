// Parallel coordinates: a line a run over the settings that vary, coloured by its accuracy. Dragging along an axis
// leaves the runs that pass there; dragging a name moves its axis. Left/Right choose an axis, Ctrl with them moves it,
// Up/Down brush one value after another, Escape takes all brushes away.
#pragma once

#include <QWidget>
#include <optional>

#include "widgets/models/parallel_axes.h"
#include "widgets/views/table_text.h"

namespace palimpsest {

class ParallelView : public QWidget {
  Q_OBJECT
 public:
  explicit ParallelView(QWidget* parent = nullptr);
  void setRuns(const std::vector<RunFigures>& runs);
  const std::vector<ParallelAxis>& axes() const { return axes_; }
  const Brushes& brushes() const { return brushes_; }
  void brush(const QString& axis, std::optional<Brush> brush);  // nullopt: none
  void clearBrushes();
  void moveAxis(int from, int to);
  QStringList passingRuns() const;  // ids
  QRectF axisRect(int axis) const;  // its line, 0 wide
  QString toCsv() const { return csvOf(shown()); }  // the runs that pass
  QString toMarkdown() const { return markdownOf(shown()); }
  QString toLatex() const { return latexOf(shown()); }
  std::optional<QString> exportImage(const QString& path);
  QSize sizeHint() const override { return {420, 260}; }
  QSize minimumSizeHint() const override { return {200, 140}; }

 Q_SIGNALS:
  void brushed();  // other runs pass
  void problem(const QString& message);

 protected:
  bool event(QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  QRectF area() const;
  int axisAt(const QPointF& at) const;  // -1: none near
  int runAt(const QPointF& at) const;
  double placeAt(double y) const;
  QPointF pointOf(int axis, double place) const;
  void brushNext(int by);
  void describe();
  void paint(QPainter& painter, bool on_screen) const;
  void paintRun(QPainter& painter, std::size_t run, bool passes) const;
  void paintAxis(QPainter& painter, int axis) const;
  TextTable shown() const;
  std::vector<RunFigures> runs_;
  std::vector<ParallelAxis> axes_;
  QStringList order_;  // as somebody dragged them
  Brushes brushes_;
  int current_ = -1, pressed_ = -1, hovered_run_ = -1;
  bool moves_ = false;  // the pressed axis's name is dragged
  double from_ = 0;     // place where a brush began
};

}  // namespace palimpsest
