// How much of all use each prompt has, as bars that stand on the columns of a table below; winners are marked.
#pragma once

#include <QWidget>
#include <functional>
#include <vector>

namespace palimpsest {

class PromptBars : public QWidget {
  Q_OBJECT
 public:
  explicit PromptBars(QWidget* parent = nullptr);
  // usage: [prompts] shares that sum to 1. winners: prompts drawn as the alarm's; they may be none of these.
  void set(std::vector<double> usage, std::vector<int> winners);
  // Left and right edge of a prompt's column in this widget's coordinates.
  void alignTo(std::function<std::pair<double, double>(int prompt)> columns) { columns_ = std::move(columns); }
  int current() const { return current_; }  // -1: none
  QRect barRect(int prompt) const;          // all of its column
  QSize sizeHint() const override { return {300, 58}; }
  QSize minimumSizeHint() const override { return {120, 46}; }

 Q_SIGNALS:
  void activated(int prompt, Qt::KeyboardModifiers keys);  // clicked, or Return

 protected:
  bool event(QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  int promptAt(const QPoint& position) const;
  bool isWinner(int prompt) const;
  QString tipOf(int prompt) const;
  void choose(int prompt);
  std::vector<double> usage_;
  std::vector<int> winners_;
  std::function<std::pair<double, double>(int)> columns_;
  int current_ = -1;
};

}  // namespace palimpsest
