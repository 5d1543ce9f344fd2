// A ring of light about the pointer, so that a room can follow it. Lies over its parent and lets every click through.
#pragma once

#include <QWidget>

namespace palimpsest {

class PointerHalo : public QWidget {
  Q_OBJECT
 public:
  explicit PointerHalo(QWidget* parent);
  void moveTo(const QPoint& position);  // in the parent; repaints only where the ring was and is
  QPoint at() const { return at_; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QRect ring() const;
  QPoint at_{-1000, -1000};
};

}  // namespace palimpsest
