#include "widgets/views/embedding_view.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <limits>

#include "widgets/style/palette.h"
#include "widgets/views/figure.h"

namespace palimpsest {

namespace {

constexpr double kPickRadius = 14;  // logical pixels
constexpr int kDwellMs = 125;       // before the card: a pointer that only passes by shall not flicker
constexpr double kSpriteZoom = 1.5;
constexpr int kMostSprites = 80;
constexpr double kMargin = 36;

std::array<double, 9> rotationOf(double yaw, double pitch) {
  const double cy = std::cos(yaw), sy = std::sin(yaw), cp = std::cos(pitch), sp = std::sin(pitch);
  return {cy, 0, sy, sp * sy, cp, -sp * cy, -cp * sy, sp, cp * cy};
}

// Of all tasks, so that the frame rests while the timeline is scrubbed. In space: a ball about the middle, however it is turned.
QRectF frameOf(const EmbeddingMap& map, const EmbeddingScene& scene, bool solid) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double left = kInfinity, right = -kInfinity, low = kInfinity, high = -kInfinity, reach = 0;
  const auto take = [&](const Spot& s) {
    if (!std::isfinite(s[0]) || !std::isfinite(s[1]) || !std::isfinite(s[2])) return;
    const QPointF p = scene.plane(s);
    left = std::min(left, p.x());
    right = std::max(right, p.x());
    low = std::min(low, p.y());
    high = std::max(high, p.y());
    reach = std::max(reach, double(s[0]) * s[0] + double(s[1]) * s[1] + double(s[2]) * s[2]);
  };
  for (const TaskMap& task : map.tasks) {
    for (const Spot& s : task.at) take(s);
    for (const MapMark& mark : task.marks) {
      take(mark.at);
      Spot reach_of_class{};  // how far two standard deviations go in each direction
      for (std::size_t d = 0; d < reach_of_class.size() && scene.spread; ++d)
        for (const Spot& axis : mark.axes) reach_of_class[d] = std::hypot(reach_of_class[d], 2 * axis[d]);
      for (const float side : {-1.0f, 1.0f}) take({mark.at[0] + side * reach_of_class[0], mark.at[1] + side * reach_of_class[1], mark.at[2] + side * reach_of_class[2]});
    }
  }
  if (left > right) return {};
  const double ball = std::sqrt(reach);
  return solid ? QRectF(-ball, -ball, 2 * ball, 2 * ball) : QRectF(QPointF(left, low), QPointF(right, high));
}

}  // namespace

EmbeddingView::EmbeddingView(ImageStore& images, QWidget* parent) : QWidget(parent), images_(images) {
  setObjectName(QStringLiteral("embeddingView"));
  setAccessibleName(tr("Map of the test images"));
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  dwell_.setSingleShot(true);
  dwell_.setInterval(kDwellMs);
  connect(&dwell_, &QTimer::timeout, this, [this] {
    card_ = true;
    update();
  });
  connect(&images_, &ImageStore::ready, this, [this] {
    if (card_ || !sprites_.empty()) update();
  });
  pool_.setMaxThreadCount(1);
}

EmbeddingView::~EmbeddingView() {
  stop_.request_stop();
  pool_.waitForDone();
}

void EmbeddingView::setMap(std::shared_ptr<const EmbeddingMap> map, int task, const QString& words) {
  const bool other = !map || !scene_.map || map->of != scene_.map->of || map->method != scene_.map->method;
  const bool same_map = map == scene_.map;
  if (same_map && task == scene_.task && words == words_) return;
  scene_.map = std::move(map);
  scene_.task = task;
  words_ = words;
  rest();
  neighbours_.clear();
  recolour();
  setAccessibleDescription(scene_.now() ? legend() : words_);
  if (other) touched_ = false;
  if (!same_map && !touched_) fit();
  else repaintScene(true);
}

void EmbeddingView::setRun(const std::filesystem::path& source, const QStringList& class_names, int tasks) {
  if (source == source_ && class_names == scene_.names && tasks == tasks_) return;
  if (source != source_) touched_ = false;
  source_ = source;
  scene_.names = class_names;
  tasks_ = tasks;
  recolour();
  repaintScene(false);
}

void EmbeddingView::setColourBy(ColourBy by) {
  if (by == colour_by_) return;
  colour_by_ = by;
  recolour();
  repaintScene(false);
}

void EmbeddingView::setSolid(bool solid) {
  if (solid == solid_) return;
  solid_ = solid;
  yaw_ = solid ? 0.6 : 0;
  pitch_ = solid ? 0.4 : 0;
  scene_.rotation = rotationOf(yaw_, pitch_);
  rest();
  fit();
}

void EmbeddingView::setDensity(bool shown) {
  if (shown == scene_.density) return;
  scene_.density = shown;
  repaintScene(false);
}

void EmbeddingView::setTrails(bool shown) {
  if (shown == scene_.trails) return;
  scene_.trails = shown;
  repaintScene(false);
}

void EmbeddingView::setSpread(bool shown) {
  if (shown == scene_.spread) return;
  scene_.spread = shown;
  repaintScene(false);
}

void EmbeddingView::setLasso(bool on) {
  if (on == lasso_) return;
  lasso_ = on;
  setCursor(on ? Qt::CrossCursor : Qt::ArrowCursor);
  Q_EMIT lassoChanged(on);
}

void EmbeddingView::setSelected(const std::vector<std::int64_t>& samples) {
  if (samples == selected_) return;
  selected_ = samples;
  recolour();
  repaintScene(false);
}

void EmbeddingView::setCurrent(std::int64_t sample) {
  if (sample == current_) return;
  current_ = sample;
  neighbours_.clear();
  update();
}

void EmbeddingView::setNeighbours(std::vector<NeighbourImage> images) {
  neighbours_ = std::move(images);
  update();
}

void EmbeddingView::fit() {
  touched_ = false;
  scene_.size = size();
  const QRectF frame = scene_.map ? frameOf(*scene_.map, scene_, solid_) : QRectF();
  const double across = std::max(frame.width(), 1e-9) / std::max(1.0, width() - 2 * kMargin), down = std::max(frame.height(), 1e-9) / std::max(1.0, height() - 2 * kMargin);
  fit_scale_ = scene_.scale = frame.isNull() ? 1 : 1 / std::max(across, down);
  scene_.middle = frame.center();
  repaintScene(true);
}

// All that a picture takes from the theme, the selection and the run, in one place.
void EmbeddingView::recolour() {
  scene_.background = style::plotBackground().rgb();
  scene_.ink = palette().color(QPalette::Text).rgb();
  scene_.font = font();
  scene_.wrong_as_triangles = colour_by_ == ColourBy::Right;
  scene_.ramp.clear();
  for (int i = 0; i < 32; ++i) scene_.ramp.push_back(style::share(0.45 * i / 31).rgb());
  scene_.task_colours.clear();
  for (int t = 0; t < tasks_; ++t) scene_.task_colours.push_back(style::task(t, tasks_).rgb());
  // Asked for once, not once a point: the theme is looked up each time.
  std::array<QRgb, style::kRunSlots> classes;
  for (int slot = 0; slot < style::kRunSlots; ++slot) classes[std::size_t(slot)] = style::run(slot).rgb();
  const QRgb good = style::good().rgb(), bad = style::error().rgb();
  const auto colourOf = [&](std::int64_t label, int task, bool right) {
    if (colour_by_ == ColourBy::Class) return classes[std::size_t(std::max<std::int64_t>(0, label)) % classes.size()];
    if (colour_by_ == ColourBy::Task) return task >= 0 && task < tasks_ ? scene_.task_colours[std::size_t(task)] : scene_.ink;
    return right ? good : bad;
  };
  auto colours = std::make_shared<std::vector<QRgb>>();
  std::shared_ptr<std::vector<char>> bright;
  scene_.mark_colours.clear();
  if (const TaskMap* now = scene_.now()) {
    colours->reserve(now->samples.size());
    for (std::size_t i = 0; i < now->samples.size(); ++i) colours->push_back(colourOf(now->labels[i], now->tasks[i], now->labels[i] == now->predictions[i]));
    for (const MapMark& mark : now->marks)
      scene_.mark_colours.push_back(mark.key || colour_by_ == ColourBy::Right ? scene_.ink : colourOf(mark.id, mark.first_task, true));
    if (!selected_.empty()) {
      bright = std::make_shared<std::vector<char>>();
      for (const std::int64_t sample : now->samples) bright->push_back(std::binary_search(selected_.begin(), selected_.end(), sample));
    }
  }
  scene_.colours = std::move(colours);
  scene_.bright = std::move(bright);
}

void EmbeddingView::repaintScene(bool turned) {
  if (turned) sprites_.clear();
  scene_.size = size();
  scene_.ratio = devicePixelRatioF();
  stale_ = true;
  if (!painting_) startPainting();
  update();
}

// One picture at a time; what was asked for meanwhile is the next. The grid comes along when the points moved.
void EmbeddingView::startPainting() {
  stale_ = false;
  painting_ = true;
  const bool moved = !grid_ || scene_.map != shown_.map || scene_.task != shown_.task || scene_.rotation != shown_.rotation;
  const auto known = moved ? nullptr : grid_;
  const bool sprites = scene_.scale > kSpriteZoom * fit_scale_;
  pool_.start([this, scene = scene_, known, sprites, cancel = stop_.get_token()] {
    const auto grid = known ? known : gridOf(scene);
    QImage picture = paintScene(scene, cancel);
    std::vector<int> seen = sprites ? grid->inside(scene.visible()) : std::vector<int>();
    if (seen.size() > kMostSprites) seen.clear();
    if (cancel.stop_requested()) return;
    QMetaObject::invokeMethod(this, [this, scene, grid, picture, seen] {
      painting_ = false;
      shown_ = scene;
      grid_ = grid;
      picture_ = picture;
      sprites_ = seen;
      if (stale_) startPainting();
      update();
    });
  });
}

void EmbeddingView::zoom(double factor, const QPointF& at) {
  const QPointF held = scene_.plane(at);
  scene_.scale = std::clamp(scene_.scale * factor, fit_scale_ / 20, fit_scale_ * 1e5);
  scene_.middle += held - scene_.plane(at);
  touched_ = true;
  repaintScene(false);
}

void EmbeddingView::turn(const QPointF& by) {
  if (!solid_) return;
  yaw_ += by.x() * 0.01;
  pitch_ = std::clamp(pitch_ + by.y() * 0.01, -1.57, 1.57);
  scene_.rotation = rotationOf(yaw_, pitch_);
  repaintScene(true);
}

void EmbeddingView::rest() {
  dwell_.stop();
  card_ = false;
  hit_ = {};
}

EmbeddingView::Hit EmbeddingView::hitAt(const QPointF& at) const {
  const TaskMap* now = scene_.now();
  Hit hit;
  if (!now || !grid_ || shown_.map != scene_.map || shown_.task != scene_.task || shown_.rotation != scene_.rotation) return hit;
  hit.point = grid_->nearest(scene_.plane(at), kPickRadius / scene_.scale);
  const auto away = [&](const Spot& spot) {
    const QPointF off = scene_.screen(spot) - at;
    return std::hypot(off.x(), off.y());
  };
  double least = hit.point >= 0 ? std::min(kPickRadius, away(now->at[std::size_t(hit.point)])) : kPickRadius;
  for (std::size_t m = 0; m < now->marks.size(); ++m)
    if (const double d = away(now->marks[m].at); d <= least) {
      least = d;
      hit = {-1, int(m)};
    }
  return hit;
}

void EmbeddingView::hover(const QPointF& at) {
  const Hit hit = hitAt(at);
  if (hit == hit_) return;
  rest();
  hit_ = hit;
  if (hit != Hit{}) dwell_.start();
  update();
}

int EmbeddingView::pointOf(std::int64_t sample) const {
  const TaskMap* now = scene_.now();
  if (!now || sample < 0) return -1;
  const auto found = std::find(now->samples.begin(), now->samples.end(), sample);
  return found == now->samples.end() ? -1 : int(found - now->samples.begin());
}

std::int64_t EmbeddingView::hovered() const {
  const TaskMap* now = scene_.now();
  return now && hit_.point >= 0 ? now->samples[std::size_t(hit_.point)] : -1;
}

// Of the images within 45 degrees of the direction, the nearest.
void EmbeddingView::step(int key) {
  const TaskMap* now = scene_.now();
  if (!now || now->samples.empty()) return;
  const int from = pointOf(current_);
  if (from < 0) return Q_EMIT pointed(now->samples.front());
  const QPointF way = key == Qt::Key_Left ? QPointF(-1, 0) : key == Qt::Key_Right ? QPointF(1, 0) : key == Qt::Key_Up ? QPointF(0, 1) : QPointF(0, -1);
  const QPointF start = scene_.plane(now->at[std::size_t(from)]);
  int best = -1;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < now->at.size(); ++i) {
    const QPointF off = scene_.plane(now->at[i]) - start;
    const double along = QPointF::dotProduct(off, way), squared = QPointF::dotProduct(off, off);
    if (along > 0 && 2 * along * along >= squared && squared < least) {
      least = squared;
      best = int(i);
    }
  }
  if (best >= 0) Q_EMIT pointed(now->samples[std::size_t(best)]);
}

QString EmbeddingView::toCsv() const { return scene_.map ? mapAsCsv(*scene_.map, scene_.task) : QString(); }

void EmbeddingView::copyCsv() const { QApplication::clipboard()->setText(toCsv()); }

std::optional<QString> EmbeddingView::exportImage(const QString& path) {
  return writeFigure(path, size(), tr("Map of the test images"), [this](QPaintDevice& device, bool vector) {
    QPainter painter(&device);
    if (vector) {
      paintScene(painter, scene_);
    } else {
      EmbeddingScene scene = scene_;
      scene.ratio = device.devicePixelRatioF();
      painter.drawImage(QPointF(), paintScene(scene));
    }
    painter.setFont(font());
    painter.setPen(palette().color(QPalette::Text));
    painter.drawText(QRectF(10, 6, width() - 20, height() - 12), Qt::AlignBottom | Qt::AlignLeft | Qt::TextWordWrap, legend());
  });
}

void EmbeddingView::contextMenuEvent(QContextMenuEvent* event) {
  if (event->reason() == QContextMenuEvent::Mouse && moved_) return;  // the right button turned the map
  QMenu menu;
  menu.addAction(tr("Save picture…"), this, [this] {
    const QString path = QFileDialog::getSaveFileName(this, tr("Save picture"), QString(), figureFilter());
    if (path.isEmpty()) return;
    if (const auto wrong = exportImage(path)) Q_EMIT problem(*wrong);
  });
  menu.addAction(tr("Save coordinates as CSV…"), this, [this] {
    const QString path = QFileDialog::getSaveFileName(this, tr("Save coordinates"), QString(), tr("CSV table (*.csv)"));
    if (path.isEmpty()) return;
    if (const auto wrong = writeText(path, toCsv())) Q_EMIT problem(*wrong);
  });
  menu.addAction(tr("Copy coordinates as CSV"), this, &EmbeddingView::copyCsv);
  for (QAction* action : menu.actions()) action->setEnabled(scene_.now() != nullptr);
  menu.addSeparator();
  menu.addAction(tr("Whole map (F)"), this, &EmbeddingView::fit);
  menu.exec(event->globalPos());
}

}  // namespace palimpsest
