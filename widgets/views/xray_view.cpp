#include "widgets/views/xray_view.h"

#include <QComboBox>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {

XrayView::XrayView(Lab& lab, QWidget* parent) : LivePlot({tr("Inside the method"), QString(), QString()}, lab.frames, parent), lab_(lab), chooser_(new QComboBox) {
  setObjectName(QStringLiteral("xrayView"));
  offerOnlyTasks();
  chooser_->setObjectName(QStringLiteral("xrayChooser"));
  chooser_->setAccessibleName(tr("What is looked at inside the method"));
  chooser_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  chooser_->setPlaceholderText(tr("nothing yet"));
  addToCorner(chooser_);
  for (int percent = 0; percent <= 100; ++percent) diagonal_.append(percent, percent);  // one near every crosshair
  connect(chooser_, &QComboBox::activated, this, [this](int index) { choose(chooser_->itemData(index).toString()); });
  connect(&lab.cursor, &Cursor::runChanged, this, [this](RunData* run) { setRun(run); });
  connect(&lab.cursor, &Cursor::taskChanged, this, &LivePlot::markDirty);
  setRun(lab.cursor.run());
}

void XrayView::measure() const {
  const RunData* now = run();
  const std::size_t events = now ? now->measured().size() + now->inferred().size() : 0;
  if (now == measured_ && events == events_ && read_ == wanted_) return;
  measured_ = now;
  events_ = events;
  read_ = wanted_;
  offered_ = now ? xraysIn(*now) : std::vector<Xray>();
  const bool has = std::any_of(offered_.begin(), offered_.end(), [this](const Xray& xray) { return xray.id == wanted_; });
  xray_ = offered_.empty() ? Xray() : xrayOf(*now, has ? wanted_ : offered_.front().id);
}

QStringList XrayView::offered() const {
  measure();
  QStringList out;
  for (const Xray& xray : offered_) out << xray.id;
  return out;
}

QString XrayView::shown() const {
  measure();
  return xray_.id;
}

void XrayView::choose(const QString& id) {
  wanted_ = id;
  markDirty();
  follow();  // the old view was of other quantities
}

void XrayView::offer() const {
  bool same = chooser_->count() == int(offered_.size());
  for (int i = 0; same && i < chooser_->count(); ++i) same = chooser_->itemData(i) == offered_[std::size_t(i)].id;
  if (!same && !chooser_->view()->isVisible()) {  // nobody is choosing
    chooser_->clear();
    for (const Xray& xray : offered_) {
      chooser_->addItem(xray.title, xray.id);
      chooser_->setItemData(chooser_->count() - 1, xray.definition, Qt::ToolTipRole);
    }
  }
  chooser_->setCurrentIndex(chooser_->findData(xray_.id));
  chooser_->setToolTip(xray_.definition);
  chooser_->setEnabled(!offered_.empty());
}

namespace {

constexpr qreal kThin = 1.3, kStrong = 2.6;
constexpr std::size_t kMarked = 40;  // points of a curve that are few enough for marks

// The y that are drawn, with a little room; whole decades for a logarithm, 0 to 100 for percent.
void fit(Scene& scene, bool percent) {
  double low = INFINITY, high = -INFINITY, end = 0;
  for (const Curve& curve : scene.curves) {
    const Series& points = *curve.series;
    if (points.empty()) continue;
    end = std::max(end, points.x(points.size() - 1));
    double from = 0, to = 0;
    if (!points.range(points.x(0), points.x(points.size() - 1), from, to)) continue;
    low = std::min(low, from);
    high = std::max(high, to);
  }
  scene.end = std::max(scene.end, end + (scene.places.empty() ? 0 : 0.5));
  if (!(low <= high) || percent) return;
  if (scene.logarithmic) {
    scene.low = std::pow(10.0, std::floor(std::log10(low)));
    scene.high = std::pow(10.0, std::ceil(std::log10(high)));
    if (scene.high <= scene.low) scene.high = 10 * scene.low;
    return;
  }
  const double room = high > low ? 0.06 * (high - low) : std::max(1e-9, 0.1 * std::abs(high));
  scene.low = low >= 0 ? 0 : low - room;
  scene.high = high <= 0 && low < 0 ? 0 : high + room;
}

}  // namespace

Scene XrayView::scene() const {
  measure();
  offer();
  if (xray_.id.isEmpty()) return focused();
  Scene scene = xray_.over_tasks ? focused() : Scene();
  scene.subtitle = xray_.definition;
  scene.x_title = xray_.x_title;
  scene.y_title = xray_.y_title;
  scene.logarithmic = xray_.logarithmic;
  scene.places = xray_.places;
  if (!xray_.over_tasks && xray_.places.empty()) scene.end = 100;
  if (xray_.agrees_on_diagonal) scene.curves.push_back({&diagonal_, tr("as sure as right"), QPen(style::muted(), 1, Qt::DotLine), -1, TimeAxis()});
  const int tasks = run()->start().tasks;
  int slot = 0;
  for (const Xray::Line& line : xray_.lines) {
    Curve curve{&line.points, line.name, {}, -1, TimeAxis()};
    if (xray_.over_tasks) {
      curve.in_tasks = true;
      curve.marker = slot;
      curve.pen = style::runPen(slot++, 2);
    } else {
      const bool strong = line.task == lab_.cursor.task() || xray_.lines.size() == 1;
      curve.pen = QPen(style::task(line.task, tasks), strong ? kStrong : kThin);
      if (line.points.size() <= kMarked) curve.marker = 0;
    }
    scene.curves.push_back(curve);
  }
  fit(scene, xray_.percent);
  return scene;
}

QString XrayView::summary() const {
  measure();
  if (xray_.id.isEmpty()) return emptyText();
  QStringList parts;
  for (const Xray::Line& line : xray_.lines) {
    if (line.points.empty()) continue;
    const std::size_t last = line.points.size() - 1;
    if (xray_.over_tasks) parts << tr("%1 %2").arg(line.name, style::number(line.points.y(last)));
    else if (line.task == lab_.cursor.task() || xray_.lines.size() == 1) {
      const auto& ys = line.points.ys();
      const auto highest = std::max_element(ys.begin(), ys.end(), [](double a, double b) { return !(a >= b); });
      const double at = line.points.x(std::size_t(highest - ys.begin()));
      const QString place = xray_.places.empty() ? style::number(at) : xray_.places[std::size_t(at) - 1];
      parts << tr("%1: most at %2 %3, %4").arg(line.name, xray_.x_title, place, style::number(*highest));
    }
  }
  return tr("%1: %2. %3").arg(xray_.title, xray_.definition, parts.join(QStringLiteral("; ")));
}

QString XrayView::emptyText() const {
  if (!run()) return tr("No run is in focus. Choose one in the list of runs.");
  return tr("A method's instruments are read when a task has been learned: how sure it is and how often right, which layers moved, what is remembered. The first reading comes after task 1.");
}

}  // namespace palimpsest
