// The images of the selection as thumbnails, with what the model in focus says of them after the task looked at. Only what is
// visible is asked for, so that a million images open at once.
#pragma once

#include <QAbstractScrollArea>
#include <QThreadPool>
#include <cstdint>
#include <vector>

#include "widgets/models/lab.h"
#include "widgets/models/prediction_loader.h"

class QComboBox;
class QLabel;
class QMenu;
class QPushButton;
class QToolButton;

namespace palimpsest {

class ThumbnailGrid : public QAbstractScrollArea {
  Q_OBJECT
 public:
  ThumbnailGrid(Lab& lab, PredictionLoader& loader, QWidget* parent = nullptr);
  void set(std::vector<std::int64_t> samples);  // in the order in which they are shown
  const std::vector<std::int64_t>& samples() const { return samples_; }
  int columns() const;
  QRect cellRect(int place) const;            // in the viewport
  int placeAt(const QPoint& at) const;        // -1: none
  QString caption(std::int64_t sample) const;  // "true cat, said dog"
  QString toolTip(std::int64_t sample) const;
  QSize sizeHint() const override { return {420, 170}; }

 Q_SIGNALS:
  void cleared();  // Esc

 protected:
  bool viewportEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  enum class Verdict { Unknown, Right, Wrong };
  Verdict verdict(std::int64_t sample, int& label, int& said) const;
  QSize cellSize() const;
  void layOut();
  void paintCell(QPainter& painter, int place, const QRect& cell) const;
  void move(int to);
  void show(int place);  // scrolls to it
  Lab& lab_;
  PredictionLoader& loader_;
  std::vector<std::int64_t> samples_;
  int current_ = -1;  // place of the cursor's image; -1: not here
};

class ImageStrip : public QWidget {
  Q_OBJECT
 public:
  explicit ImageStrip(Lab& lab, QWidget* parent = nullptr);
  ~ImageStrip() override;
  ThumbnailGrid& grid() const { return *grid_; }
  bool sorting() const { return sorting_; }
  void keep(const QString& name) { lab_.selection.keep(name); }

 private:
  void refresh();
  void sort();
  void take(std::vector<std::int64_t> samples, int ticket);
  void askForName();
  void offerSlices();
  void fillSlices();
  Lab& lab_;
  PredictionLoader loader_;
  QLabel* what_;
  QPushButton *clear_, *keep_;
  QToolButton* slices_;
  QMenu* menu_;
  QComboBox* sort_;
  ThumbnailGrid* grid_;
  QThreadPool pool_;
  int ticket_ = 0;
  bool sorting_ = false;
};

}  // namespace palimpsest
