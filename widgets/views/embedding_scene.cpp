#include "widgets/views/embedding_scene.h"

#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

namespace palimpsest {
namespace {

constexpr int kDensityCell = 4;     // logical pixels
constexpr int kMostLabels = 60;
constexpr double kRadius = 3, kMarkRadius = 6;

// Coverage 0..255 of a disc or a triangle, [side, side] in device pixels.
struct Stamp {
  int side = 0;
  std::vector<int> cover;
};

Stamp stampOf(bool triangle, double radius) {
  Stamp out;
  out.side = int(std::ceil(2 * radius)) | 1;
  QImage image(out.side, out.side, QImage::Format_ARGB32_Premultiplied);
  image.fill(Qt::transparent);
  QPainter painter(&image);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(QColor::fromRgb(0xffffffff));
  const double c = out.side / 2.0;
  if (triangle) painter.drawPolygon(QPolygonF({{c, c - radius}, {c + radius, c + radius * 0.8}, {c - radius, c + radius * 0.8}}));
  else painter.drawEllipse(QPointF(c, c), radius, radius);
  painter.end();
  for (int y = 0; y < out.side; ++y)
    for (int x = 0; x < out.side; ++x) out.cover.push_back(qAlpha(image.pixel(x, y)));
  return out;
}

// Onto opaque or clear premultiplied pixels; `strength` 0..255.
void put(QImage& image, const Stamp& stamp, const QPointF& centre, QRgb colour, int strength) {
  const int left = int(std::lround(centre.x() - stamp.side / 2.0)), top = int(std::lround(centre.y() - stamp.side / 2.0));
  for (int y = std::max(0, -top); y < stamp.side && top + y < image.height(); ++y) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(top + y));
    for (int x = std::max(0, -left); x < stamp.side && left + x < image.width(); ++x) {
      const int a = stamp.cover[std::size_t(y * stamp.side + x)] * strength / 255;
      if (a == 0) continue;
      QRgb& p = line[left + x];
      const auto blend = [a](int over, int under) { return (over * a + under * (255 - a)) / 255; };
      p = qRgba(blend(qRed(colour), qRed(p)), blend(qGreen(colour), qGreen(p)), blend(qBlue(colour), qBlue(p)), a + qAlpha(p) * (255 - a) / 255);
    }
  }
}

bool finite(const QPointF& p) { return std::isfinite(p.x()) && std::isfinite(p.y()) && std::abs(p.x()) < 1e6 && std::abs(p.y()) < 1e6; }

// Three passes of a box are nearly a Gaussian.
void blur(std::vector<float>& cells, int width, int height) {
  std::vector<float> other(cells.size());
  for (int pass = 0; pass < 6; ++pass) {
    const bool across = pass % 2 == 0;
    const int lines = across ? height : width, length = across ? width : height, step = across ? 1 : width, stride = across ? width : 1;
    for (int l = 0; l < lines; ++l) {
      float sum = 0;
      constexpr int kReach = 2;
      const auto at = [&](int i) { return i < 0 || i >= length ? 0.0f : cells[std::size_t(l * stride + i * step)]; };
      for (int i = -kReach; i < kReach; ++i) sum += at(i);
      for (int i = 0; i < length; ++i) {
        sum += at(i + kReach);
        other[std::size_t(l * stride + i * step)] = sum / (2 * kReach + 1);
        sum -= at(i - kReach);
      }
    }
    cells.swap(other);
  }
}

QImage densityOf(const EmbeddingScene& scene, const std::vector<QPointF>& at) {
  const int width = std::max(1, int(scene.size.width()) / kDensityCell), height = std::max(1, int(scene.size.height()) / kDensityCell);
  std::vector<float> cells(std::size_t(width) * std::size_t(height), 0);
  for (const QPointF& p : at) {
    const int x = int(std::floor(p.x() / kDensityCell)), y = int(std::floor(p.y() / kDensityCell));
    if (x >= 0 && y >= 0 && x < width && y < height) cells[std::size_t(y * width + x)] += 1;
  }
  blur(cells, width, height);
  const float most = *std::max_element(cells.begin(), cells.end());
  QImage image(width, height, QImage::Format_ARGB32_Premultiplied);
  const auto steps = double(scene.ramp.size()) - 1;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double share = most > 0 ? std::sqrt(double(cells[std::size_t(y * width + x)]) / double(most)) : 0;
      image.setPixel(x, y, scene.ramp[std::size_t(std::clamp(share * steps, 0.0, steps))]);
    }
  return image;
}

std::vector<QPointF> placed(const EmbeddingScene& scene, const TaskMap& now) {
  std::vector<QPointF> out;
  out.reserve(now.at.size());
  for (const Spot& spot : now.at) {
    const QPointF p = scene.screen(spot);
    out.push_back(finite(p) ? p : QPointF(-1e5, -1e5));
  }
  return out;
}

bool isWrong(const EmbeddingScene& scene, const TaskMap& now, std::size_t i) { return scene.wrong_as_triangles && now.labels[i] != now.predictions[i]; }

void stampPoints(QImage& image, const EmbeddingScene& scene, const TaskMap& now, const std::vector<QPointF>& at, const std::stop_token& cancel) {
  const double shrink = now.at.size() > 20'000 ? 0.6 : now.at.size() > 5'000 ? 0.8 : 1;
  const Stamp disc = stampOf(false, kRadius * shrink * scene.ratio), triangle = stampOf(true, 1.3 * kRadius * shrink * scene.ratio);
  for (const bool bright : {false, true})  // what is selected lies on top
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (i % 4096 == 0 && cancel.stop_requested()) return;
      if ((!scene.bright || (*scene.bright)[i] != 0) != bright) continue;
      put(image, isWrong(scene, now, i) ? triangle : disc, at[i] * scene.ratio, (*scene.colours)[i], bright ? 215 : 45);
    }
}

void drawPoints(QPainter& painter, const EmbeddingScene& scene, const TaskMap& now, const std::vector<QPointF>& at) {
  painter.setPen(Qt::NoPen);
  const QRectF page(QPointF(), scene.size);
  for (const bool bright : {false, true})
    for (std::size_t i = 0; i < at.size(); ++i) {
      if ((!scene.bright || (*scene.bright)[i] != 0) != bright || !page.contains(at[i])) continue;
      QColor colour = QColor::fromRgb((*scene.colours)[i]);
      colour.setAlpha(bright ? 215 : 45);
      painter.setBrush(colour);
      if (const double r = 1.3 * kRadius; isWrong(scene, now, i)) painter.drawPolygon(QPolygonF({at[i] + QPointF(0, -r), at[i] + QPointF(r, r * 0.8), at[i] + QPointF(-r, r * 0.8)}));
      else painter.drawEllipse(at[i], kRadius, kRadius);
    }
}

void drawTrail(QPainter& painter, const EmbeddingScene& scene, const std::vector<std::pair<int, QPointF>>& stops) {
  for (std::size_t i = 1; i < stops.size(); ++i) {
    const QPointF from = stops[i - 1].second, to = stops[i].second;
    if (!finite(from) || !finite(to)) continue;
    const auto task = std::size_t(stops[i].first);
    const QColor colour = QColor::fromRgb(task < scene.task_colours.size() ? scene.task_colours[task] : scene.ink);
    painter.setPen(QPen(colour, 1.6));
    painter.drawLine(from, to);
    const QPointF way = to - from;
    const double length = std::hypot(way.x(), way.y());
    if (i + 1 < stops.size() || length < 10) continue;
    const QPointF along = way / length, across(-along.y(), along.x()), tip = to - along * kMarkRadius;
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawPolygon(QPolygonF({tip, tip - along * 7 + across * 3.5, tip - along * 7 - across * 3.5}));
  }
}

void drawTrails(QPainter& painter, const EmbeddingScene& scene) {
  std::map<std::pair<bool, std::int64_t>, std::vector<std::pair<int, QPointF>>> trails;
  for (const TaskMap& task : scene.map->tasks)
    for (const MapMark& mark : task.marks)
      if (task.task <= scene.task) trails[{mark.key, mark.id}].emplace_back(task.task, scene.screen(mark.at));
  for (const auto& [who, stops] : trails) drawTrail(painter, scene, stops);
}

void drawMark(QPainter& painter, const MapMark& mark, const QPointF& at, QColor colour, QRgb background) {
  const double r = kMarkRadius - 1;
  for (const bool halo : {true, false}) {
    painter.setPen(QPen(halo ? QColor::fromRgb(background) : colour, halo ? 5 : 2.2, Qt::SolidLine, Qt::RoundCap));
    painter.setBrush(Qt::NoBrush);
    if (mark.key) {
      painter.drawLine(at + QPointF(-r, -r), at + QPointF(r, r));
      painter.drawLine(at + QPointF(-r, r), at + QPointF(r, -r));
    } else {
      painter.drawEllipse(at, r, r);
    }
  }
}

void drawSpread(QPainter& painter, const EmbeddingScene& scene, const MapMark& mark, const QPointF& at, QColor colour) {
  std::vector<QPointF> axes;
  for (const Spot& axis : mark.axes) axes.push_back(scene.plane(axis));
  const Ellipse shape = ellipseOf(axes);
  if (!std::isfinite(shape.longer) || shape.longer * scene.scale > 1e5 || shape.longer <= 0) return;
  painter.save();
  painter.translate(at);
  painter.rotate(-shape.angle * 180 / std::numbers::pi);  // y points downwards on a screen
  painter.setPen(QPen(colour, 1.2));
  colour.setAlpha(18);
  painter.setBrush(colour);
  painter.drawEllipse(QPointF(), shape.longer * scene.scale, shape.shorter * scene.scale);
  painter.restore();
}

QString labelOf(const EmbeddingScene& scene, const MapMark& mark) {
  if (mark.key) return QString::number(mark.id);
  return mark.id >= 0 && mark.id < scene.names.size() ? scene.names[int(mark.id)] : QString::number(mark.id);
}

struct Label {
  QPointF at;
  QString text;
};

// Of prototypes and keys; where a map has no prototypes, classes are named at the mean of their images.
std::vector<Label> labelsOf(const EmbeddingScene& scene, const TaskMap& now) {
  std::vector<Label> labels;
  bool prototypes = false;
  for (const MapMark& mark : now.marks) {
    labels.push_back({scene.screen(mark.at) + QPointF(kMarkRadius + 3, 0), labelOf(scene, mark)});
    prototypes |= !mark.key;
  }
  if (prototypes) return labels;
  std::map<std::int64_t, std::pair<QPointF, int>> sums;
  for (std::size_t i = 0; i < std::min(now.at.size(), now.labels.size()); ++i) {
    const QPointF at = scene.screen(now.at[i]);
    if (!finite(at)) continue;
    sums[now.labels[i]].first += at;
    ++sums[now.labels[i]].second;
  }
  for (const auto& [label, sum] : sums) labels.push_back({sum.first / sum.second, label >= 0 && label < scene.names.size() ? scene.names[int(label)] : QString::number(label)});
  return labels;
}

// A label that would cover another one is left out; zooming in makes room for it.
void drawLabels(QPainter& painter, const EmbeddingScene& scene, const TaskMap& now) {
  painter.setFont(scene.font);
  const QFontMetricsF metrics(scene.font);
  std::vector<QRectF> taken;
  const QRectF page(QPointF(), scene.size);
  for (const Label& label : labelsOf(scene, now)) {
    if (!finite(label.at) || int(taken.size()) >= kMostLabels) continue;
    const QString text = metrics.elidedText(label.text, Qt::ElideRight, 140);
    const QRectF box(label.at.x(), label.at.y() - metrics.height() / 2, metrics.horizontalAdvance(text), metrics.height());
    if (!page.contains(box) || std::any_of(taken.begin(), taken.end(), [&](const QRectF& other) { return other.intersects(box); })) continue;
    taken.push_back(box);
    QPainterPath path;
    path.addText(box.left(), box.top() + metrics.ascent(), scene.font, text);
    painter.strokePath(path, QPen(QColor::fromRgb(scene.background), 3, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.fillPath(path, QColor::fromRgb(scene.ink));
  }
}

bool isWhole(const EmbeddingScene& scene, const TaskMap& now) {
  return scene.colours && scene.colours->size() == now.at.size() && (!scene.bright || scene.bright->size() == now.at.size()) && !scene.ramp.empty();
}

}  // namespace

void paintMarks(QPainter& painter, const EmbeddingScene& scene) {
  const TaskMap* task = scene.now();
  if (!task) return;
  const TaskMap& now = *task;
  painter.setRenderHint(QPainter::Antialiasing);
  const auto each = [&](const auto& draw) {
    for (std::size_t m = 0; m < now.marks.size(); ++m)
      if (const QPointF at = scene.screen(now.marks[m].at); finite(at)) draw(now.marks[m], at, QColor::fromRgb(m < scene.mark_colours.size() ? scene.mark_colours[m] : scene.ink));
  };
  if (scene.spread) each([&](const MapMark& mark, const QPointF& at, const QColor& colour) { drawSpread(painter, scene, mark, at, colour); });
  each([&](const MapMark& mark, const QPointF& at, const QColor& colour) { drawMark(painter, mark, at, colour, scene.background); });
  drawLabels(painter, scene, now);
}

// Eigenvalues of the 2 x 2 covariance that the axes make.
Ellipse ellipseOf(const std::vector<QPointF>& axes) {
  double xx = 0, xy = 0, yy = 0;
  for (const QPointF& a : axes) {
    xx += a.x() * a.x();
    xy += a.x() * a.y();
    yy += a.y() * a.y();
  }
  const double middle = (xx + yy) / 2, off = std::hypot((xx - yy) / 2, xy);
  return {2 * std::sqrt(middle + off), 2 * std::sqrt(std::max(0.0, middle - off)), std::atan2(2 * xy, xx - yy) / 2};
}

QPointF EmbeddingScene::plane(const Spot& s) const {
  return {rotation[0] * s[0] + rotation[1] * s[1] + rotation[2] * s[2], rotation[3] * s[0] + rotation[4] * s[1] + rotation[5] * s[2]};
}

QPointF EmbeddingScene::screen(const QPointF& p) const {
  return {size.width() / 2 + (p.x() - middle.x()) * scale, size.height() / 2 - (p.y() - middle.y()) * scale};
}

QPointF EmbeddingScene::plane(const QPointF& p) const {
  return {middle.x() + (p.x() - size.width() / 2) / scale, middle.y() - (p.y() - size.height() / 2) / scale};
}

QRectF EmbeddingScene::visible() const { return QRectF(plane(QPointF(0, size.height())), plane(QPointF(size.width(), 0))); }

QImage paintScene(const EmbeddingScene& scene, std::stop_token cancel) {
  QImage image((scene.size * scene.ratio).toSize().expandedTo({1, 1}), QImage::Format_ARGB32_Premultiplied);
  image.fill(scene.background);
  const TaskMap* now = scene.now();
  if (!now || !isWhole(scene, *now)) return image;
  const std::vector<QPointF> at = placed(scene, *now);
  if (scene.density && at.size() > 1) {
    QPainter painter(&image);
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    painter.drawImage(QRectF(QPointF(), QSizeF(image.size())), densityOf(scene, at));
  }
  stampPoints(image, scene, *now, at, cancel);
  if (cancel.stop_requested()) return {};
  image.setDevicePixelRatio(scene.ratio);
  QPainter painter(&image);
  painter.setRenderHint(QPainter::Antialiasing);
  if (scene.trails) drawTrails(painter, scene);
  paintMarks(painter, scene);
  return image;
}

void paintScene(QPainter& painter, const EmbeddingScene& scene) {
  painter.setRenderHint(QPainter::Antialiasing);
  painter.fillRect(QRectF(QPointF(), scene.size), QColor::fromRgb(scene.background));
  const TaskMap* now = scene.now();
  if (!now || !isWhole(scene, *now)) return;
  const std::vector<QPointF> at = placed(scene, *now);
  if (scene.density && at.size() > 1) painter.drawImage(QRectF(QPointF(), scene.size), densityOf(scene, at));
  drawPoints(painter, scene, *now, at);
  if (scene.trails) drawTrails(painter, scene);
  paintMarks(painter, scene);
}

std::shared_ptr<const PointGrid> gridOf(const EmbeddingScene& scene) {
  std::vector<QPointF> points;
  if (const TaskMap* now = scene.now())
    for (const Spot& spot : now->at) points.push_back(scene.plane(spot));
  return std::make_shared<const PointGrid>(std::move(points));
}

}  // namespace palimpsest
