// What a map looks like: density, points, trails, prototypes and keys. Plain data made on the window's thread and painted on
// any; nothing here asks for a theme.
#pragma once

#include <QFont>
#include <QImage>
#include <QPointF>
#include <QSize>
#include <QStringList>
#include <array>
#include <memory>
#include <stop_token>
#include <vector>

#include "widgets/models/embedding_map.h"
#include "widgets/models/point_grid.h"

class QPainter;

namespace palimpsest {

struct EmbeddingScene {
  std::shared_ptr<const EmbeddingMap> map;  // nullptr: nothing to paint
  int task = -1;
  std::array<double, 9> rotation{1, 0, 0, 0, 1, 0, 0, 0, 1};  // of the map before it is seen from the front
  QPointF middle;      // of the map, in the middle of the picture
  double scale = 1;    // logical pixels for one unit of the map
  QSizeF size;         // logical pixels
  double ratio = 1;    // device pixels in a logical one
  std::shared_ptr<const std::vector<QRgb>> colours;  // by point
  std::shared_ptr<const std::vector<char>> bright;   // by point; nullptr: nothing is selected, so nothing is dimmed
  std::vector<QRgb> mark_colours, task_colours;      // by mark; by task
  std::vector<QRgb> ramp;                            // of the density, from nothing to most
  QRgb background = 0, ink = 0;
  QStringList names;                                 // of classes, for labels
  QFont font;
  bool wrong_as_triangles = false, density = true, trails = true, spread = true;

  const TaskMap* now() const { return map ? map->after(task) : nullptr; }
  QPointF plane(const Spot& spot) const;  // as seen from the front, in units of the map; y upwards
  QPointF screen(const QPointF& plane) const;
  QPointF screen(const Spot& spot) const { return screen(plane(spot)); }
  QPointF plane(const QPointF& screen) const;
  QRectF visible() const;  // in the plane
};

// Both take milliseconds for 100,000 points. A null image: cancelled.
QImage paintScene(const EmbeddingScene& scene, std::stop_token cancel = {});
// Every point a shape of its own, for SVG and PDF.
void paintScene(QPainter& painter, const EmbeddingScene& scene);

void paintMarks(QPainter& painter, const EmbeddingScene& scene);  // prototypes, keys and their names, without trails

// Two standard deviations of a class in the plane, around (0, 0) there: half axes and the angle of the longer one in
// radians, counted from the x axis towards y.
struct Ellipse {
  double longer = 0, shorter = 0, angle = 0;
};
Ellipse ellipseOf(const std::vector<QPointF>& axes);  // as long as the standard deviation along them

std::shared_ptr<const PointGrid> gridOf(const EmbeddingScene& scene);  // of the points of now(), in the plane

}  // namespace palimpsest
