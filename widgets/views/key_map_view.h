// Keys, their trails over tasks, and queries on one plane (models/key_map.h). Dead prompts are grey, winners marked.
#pragma once

#include <QWidget>
#include <optional>
#include <vector>

#include "widgets/models/key_map.h"

namespace palimpsest {

class KeyMapView : public QWidget {
  Q_OBJECT
 public:
  explicit KeyMapView(QWidget* parent = nullptr);
  void set(KeyMap map);
  // Shows keys as they were after `task` with their trails until then; negative: the last one known.
  void setTask(int task);
  void setMarks(std::vector<int> dead, std::vector<int> winners);
  void setQueryTasks(std::vector<int> task_of_class, int tasks);  // colours of queries; empty: one colour
  void setEmpty(const QString& why);
  int current() const { return current_; }  // prompt; -1: none. Arrow keys move it.
  std::optional<QPointF> keyPosition(int prompt) const;  // in the widget
  QString toCsv() const;                    // kind,index,task,x,y
  // What went wrong; nullopt when the file is there. Suffix .png (twice the size), .svg or .pdf.
  std::optional<QString> exportImage(const QString& path);
  QSize sizeHint() const override { return {360, 300}; }
  QSize minimumSizeHint() const override { return {180, 150}; }

 Q_SIGNALS:
  void activated(int prompt, Qt::KeyboardModifiers keys);  // clicked, or Return
  void problem(const QString& message);

 protected:
  bool event(QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  int shownTask() const;  // index in map_.tasks; -1: none by then
  std::optional<int> keyAt(const QPointF& position) const;
  QPointF place(const QPointF& point, const QSize& size) const;
  void paint(QPainter& painter, const QSize& size, bool on_screen) const;
  void paintQueries(QPainter& painter, const QSize& size) const;
  void paintKeys(QPainter& painter, const QSize& size, int at) const;
  QString tipOf(int prompt) const;
  void fit();
  void tell();
  KeyMap map_;
  QRectF extent_;
  std::vector<int> dead_, winners_, task_of_class_;
  int task_ = -1, tasks_ = 0, current_ = -1;
  QString empty_;
};

}  // namespace palimpsest
