// A table of numbers as coloured cells, with names, borders of groups, a legend and figures where they fit. Used for
// confusions, prompt use and similarities; the accuracy matrix has a view of its own.
#pragma once

#include <QStringList>
#include <QWidget>
#include <functional>
#include <optional>
#include <vector>

namespace palimpsest {

struct HeatMapData {
  QString title;                     // first line, above the cells
  QString row_title, column_title;   // "true class", "predicted class"
  QStringList rows, columns;         // names
  std::vector<double> values;        // row-major [rows, columns]; NaN: nothing there
  std::vector<int> row_borders, column_borders;  // a thick line before these rows and columns: tasks
  double low = 0, high = 1;          // of the legend
  std::function<QColor(double value)> colour;              // asked again when the theme changes
  std::function<QColor(int row, int column)> cell_colour;  // where cells of one value differ, as on a diagonal; unset: `colour`
  std::function<QString(int row, int column)> text;        // in the cell, where it fits; unset: none
  std::function<QString(int row, int column)> tool_tip;    // unset: names and the value
  QString summary;                   // one sentence for people who do not see it
  QString empty;                     // shown when there are no cells
};

class HeatMap : public QWidget {
  Q_OBJECT
 public:
  explicit HeatMap(QWidget* parent = nullptr);
  void set(HeatMapData data);
  const HeatMapData& shown() const { return data_; }
  QPoint current() const { return current_; }  // x = column, y = row; (-1, -1): none. Arrow keys move it.
  void setCurrent(int row, int column);        // does not emit
  std::optional<QPoint> cellAt(const QPoint& position) const;
  QRect cellRect(int row, int column) const;
  QString toCsv() const;
  QString toMarkdown() const;
  QString toLatex() const;  // booktabs
  // What went wrong; nullopt when the file is there. Suffix .png (twice the size), .svg or .pdf.
  std::optional<QString> exportImage(const QString& path);
  QSize sizeHint() const override { return {360, 280}; }
  QSize minimumSizeHint() const override { return {140, 110}; }

 Q_SIGNALS:
  void activated(int row, int column, Qt::KeyboardModifiers keys);  // clicked, or Return
  void hovered(int row, int column);                                // (-1, -1): the pointer left
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
  struct Layout {
    QRectF cells, legend;
    double cell_width = 0, cell_height = 0;
    bool names = true;
  };
  Layout layoutFor(const QSize& size) const;
  double value(int row, int column) const { return data_.values[std::size_t(row) * std::size_t(data_.columns.size()) + std::size_t(column)]; }
  bool has(int row, int column) const;
  void paint(QPainter& painter, const QSize& size, bool on_screen) const;
  void paintCells(QPainter& painter, const Layout& layout) const;
  void paintNames(QPainter& painter, const Layout& layout) const;
  void paintLegend(QPainter& painter, const Layout& layout) const;
  QString toolTipOf(int row, int column) const;
  HeatMapData data_;
  QPoint current_{-1, -1}, hovered_{-1, -1};
};

}  // namespace palimpsest
