// The accuracy matrix of the run in focus as a heat map with figures: row = after learning task i, column = on task j.
#pragma once

#include <QPointer>
#include <QWidget>
#include <optional>

#include "widgets/models/run_data.h"

namespace palimpsest {

class MatrixLayout;

class MatrixView : public QWidget {
  Q_OBJECT
 public:
  explicit MatrixView(QWidget* parent = nullptr);
  void setRun(RunData* run);
  RunData* run() const { return run_; }

  QString cellText(int after, int on) const;     // what is painted, "" where nothing was measured
  QString cellToolTip(int after, int on) const;  // counts and formula
  std::optional<QPoint> cellAt(const QPoint& position) const;  // x = on, y = after
  QRect cellRect(int after, int on) const;
  QPoint selected() const { return selected_; }  // (-1, -1): none
  void select(int after, int on);
  QString toCsv() const;
  QString toMarkdown() const;
  QString toLatex() const;  // booktabs
  // What went wrong; nullopt when the file is there. Suffix .png (twice the size), .svg or .pdf.
  std::optional<QString> exportImage(const QString& path);

  QSize sizeHint() const override { return {360, 300}; }
  QSize minimumSizeHint() const override { return {180, 150}; }

 Q_SIGNALS:
  void cellSelected(int after, int on);
  void problem(const QString& message);

 protected:
  bool event(QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  MatrixLayout layoutFor(const QSize& size) const;
  int tasks() const;
  void paint(QPainter& painter, const QSize& size, bool on_screen) const;
  void paintCells(QPainter& painter, const MatrixLayout& layout, bool on_screen) const;
  void paintAxes(QPainter& painter, const MatrixLayout& layout) const;
  void paintBar(QPainter& painter, const MatrixLayout& layout) const;
  void refresh();
  QPointer<RunData> run_;
  QPoint selected_{-1, -1}, hovered_{-1, -1};
};

}  // namespace palimpsest
