// The map of a run's test images: points that can be zoomed, turned, picked and caught with a lasso. Points, trails and density are
// painted on a pool thread; what follows the pointer is painted over the latest picture. Window's thread.
#pragma once

#include <QThreadPool>
#include <QTimer>
#include <QWidget>
#include <filesystem>
#include <optional>
#include <stop_token>

#include "widgets/feed/image_store.h"
#include "widgets/models/embedding_map.h"
#include "widgets/models/point_grid.h"
#include "widgets/views/embedding_scene.h"

namespace palimpsest {

class EmbeddingView : public QWidget {
  Q_OBJECT
 public:
  enum class ColourBy { Class, Task, Right };

  explicit EmbeddingView(ImageStore& images, QWidget* parent = nullptr);
  ~EmbeddingView() override;

  // The frame stays while the map is of the same kind and somebody has moved it. Without a map, or without that task in it,
  // `words` are shown: what is missing, and on the second line what to do.
  void setMap(std::shared_ptr<const EmbeddingMap> map, int task, const QString& words);
  void setRun(const std::filesystem::path& source, const QStringList& class_names, int tasks);  // for pictures and colours
  void setColourBy(ColourBy by);
  void setSolid(bool solid);  // three dimensions, seen without perspective
  void setDensity(bool shown);
  void setTrails(bool shown);
  void setSpread(bool shown);
  void setLasso(bool on);
  void setSelected(const std::vector<std::int64_t>& samples);  // others are dimmed; empty: none
  void setCurrent(std::int64_t sample);                        // ringed; -1: none
  void setNeighbours(std::vector<NeighbourImage> images);      // lines from the current image to them
  void fit();

  const EmbeddingScene& scene() const { return scene_; }
  bool lasso() const { return lasso_; }
  bool settled() const { return !painting_ && !stale_; }  // the picture shows what was asked for
  std::int64_t hovered() const;       // sample under the pointer; -1: none
  QString cardText() const;           // of what is hovered, for tests and for people who do not see it
  QString legend() const;
  std::optional<QString> exportImage(const QString& path);
  QString toCsv() const;
  QSize sizeHint() const override { return {640, 480}; }
  QSize minimumSizeHint() const override { return {220, 160}; }

 Q_SIGNALS:
  void picked(qint64 sample, Qt::KeyboardModifiers keys);
  void pointed(qint64 sample);  // with the arrow keys
  void lassoed(const QList<qint64>& samples, Qt::KeyboardModifiers keys);
  void lassoChanged(bool on);
  void neighboursWanted();
  void cleared();  // Escape
  void problem(const QString& message);

 protected:
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  enum class Drag { None, Pan, Turn, Lasso };
  struct Hit { int point = -1, mark = -1; bool operator==(const Hit&) const = default; };
  void recolour();
  void repaintScene(bool turned);  // asks for a new picture
  void startPainting();
  void zoom(double factor, const QPointF& at);
  void turn(const QPointF& by);
  void rest();                     // forgets what hangs on the pointer
  Hit hitAt(const QPointF& at) const;
  void hover(const QPointF& at);
  void step(int key);              // the current image moves to the next one in that direction
  void copyCsv() const;
  int pointOf(std::int64_t sample) const;
  void paintOverlay(QPainter& painter);
  void paintSprites(QPainter& painter);
  void paintCard(QPainter& painter);
  void paintWords(QPainter& painter) const;

  ImageStore& images_;
  EmbeddingScene scene_, shown_;   // asked for; painted
  QImage picture_;
  std::shared_ptr<const PointGrid> grid_;  // of `shown_`
  std::vector<int> sprites_;
  std::filesystem::path source_;
  QString words_;
  int tasks_ = 0;
  ColourBy colour_by_ = ColourBy::Class;
  bool solid_ = false, lasso_ = false, touched_ = false, painting_ = false, stale_ = false, card_ = false;
  double yaw_ = 0, pitch_ = 0, fit_scale_ = 1;
  std::vector<std::int64_t> selected_;
  std::int64_t current_ = -1;
  std::vector<NeighbourImage> neighbours_;
  Hit hit_;
  Drag drag_ = Drag::None;
  QPointF pressed_, last_;
  bool moved_ = false;
  QPolygonF drawn_;
  QTimer dwell_;
  std::stop_source stop_;
  QThreadPool pool_;
};

}  // namespace palimpsest
