#include "widgets/views/plot_canvas.h"

#include <QVBoxLayout>
#include <QVariantMap>
#include <cmath>

#include "widgets/style/palette.h"
#include "widgets/views/figure.h"
#include "widgets/views/plot_decor.h"

namespace palimpsest {

namespace {
constexpr int kPixelsPerTickX = 80, kPixelsPerTickY = 36;
constexpr int kLowPlot = 210;  // below this height there is no room for axis titles
constexpr double kWheelFactor = 0.85;
}  // namespace

PlotCanvas::PlotCanvas(const QString& title, const QString& y_axis, const QString& unit, QWidget* parent)
    : QObject(parent), plot_(new QCustomPlot(parent)), y_title_(y_axis) {
  plot_->setObjectName(QStringLiteral("canvas"));
  plot_->setFocusPolicy(Qt::NoFocus);
  plot_->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
  plot_->setNoAntialiasingOnDrag(true);
  plot_->setBufferDevicePixelRatio(parent->devicePixelRatioF());
  QCPAxisRect* rect = plot_->axisRect();
  rect->setAutoMargins(QCP::msNone);  // fixed margins: the axes must not jump when a label grows
  rect->setRangeZoomFactor(kWheelFactor);
  for (QCPAxis* axis : {plot_->xAxis, plot_->yAxis}) axis->setTicker(QSharedPointer<QCPAxisTicker>(new CompactTicker));
  heading_ = new PlotHeading(plot_, title);
  plot_->plotLayout()->insertRow(0);
  plot_->plotLayout()->addElement(0, 0, heading_);
  plot_->plotLayout()->setRowSpacing(0);
  bands_ = new PlotBands(rect);
  overlay_ = new PlotOverlay(rect, unit);

  connect(plot_, &QCustomPlot::beforeReplot, this, &PlotCanvas::aboutToPaint);
  const auto changed = [this](bool& follows) {
    if (moving_) return;
    follows = false;
    Q_EMIT touched();
  };
  connect(plot_->xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, [this, changed] { changed(follows_x_); });
  connect(plot_->yAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, [this, changed] { changed(follows_y_); });
  connect(plot_, &QCustomPlot::mouseDoubleClick, this, &PlotCanvas::follow);
  connect(plot_, &QCustomPlot::mouseMove, this, [this](QMouseEvent* event) {
    const bool inside = plot_->axisRect()->rect().contains(event->pos()) && event->buttons() == Qt::NoButton;
    hover(inside ? plot_->xAxis->pixelToCoord(event->position().x()) : NAN);
    Q_EMIT pointed(hovered());
  });
  restyle();
}

void PlotCanvas::set(Scene scene, const QString& empty_text) {
  scene_ = std::move(scene);
  syncCurves();
  bool any = false;
  std::vector<const LiveCurve*> legend;
  for (LiveCurve* curve : curves_) {
    any = any || (curve->curve().series && curve->curve().series->size() > 0);
    if (curve->curve().in_legend) legend.push_back(curve);
  }
  heading_->set(scene_.subtitle, legend);
  bands_->set(scene_);
  overlay_->set(scene_, std::move(legend));
  overlay_->setEmptyText(any ? QString() : empty_text);
  plot_->xAxis->setTickLabels(any);  // without curves they would say nothing
  x_title_ = !any ? QString() : !scene_.x_title.isEmpty() ? scene_.x_title : scene_.time.tasks() ? tr("tasks learned") : tr("step");
  setScale();
  applyView();
  refit();
}

// Before the view, because a range that reaches 0 has no logarithm.
void PlotCanvas::setScale() {
  const QCPAxis::ScaleType scale = scene_.logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear;
  if (scale == plot_->yAxis->scaleType()) return;
  moving_ = true;
  plot_->yAxis->setRange(1, 10);
  plot_->yAxis->setScaleType(scale);
  if (scene_.logarithmic) plot_->yAxis->setTicker(QSharedPointer<QCPAxisTicker>(new CompactLogTicker));
  else plot_->yAxis->setTicker(QSharedPointer<QCPAxisTicker>(new CompactTicker));
  follows_y_ = true;
  moving_ = false;
}

void PlotCanvas::syncCurves() {
  while (curves_.size() > scene_.curves.size()) {
    plot_->removePlottable(curves_.back());
    curves_.pop_back();
  }
  while (curves_.size() < scene_.curves.size()) curves_.push_back(new LiveCurve(plot_->xAxis, plot_->yAxis));
  for (std::size_t i = 0; i < curves_.size(); ++i) curves_[i]->setCurve(scene_.curves[i]);
}

void PlotCanvas::applyView() {
  moving_ = true;
  if (follows_x_ && scene_.end > 0) plot_->xAxis->setRange(0, scene_.end);
  if (follows_y_ && scene_.high > scene_.low) plot_->yAxis->setRange(scene_.low, scene_.high);
  moving_ = false;
}

void PlotCanvas::follow() {
  follows_x_ = follows_y_ = true;
  applyView();
  plot_->replot(QCustomPlot::rpQueuedReplot);
  Q_EMIT touched();
}

QVariantMap PlotCanvas::view() const {
  QVariantMap view;
  const auto keep = [&view](const QString& name, const QCPAxis* axis) { view[name] = QVariantList{axis->range().lower, axis->range().upper}; };
  if (!follows_x_) keep(QStringLiteral("x"), plot_->xAxis);
  if (!follows_y_) keep(QStringLiteral("y"), plot_->yAxis);
  return view;
}

void PlotCanvas::setView(const QVariantMap& view) {
  const auto follows = [&view](const QString& name, QCPAxis* axis) {
    const QVariantList range = view.value(name).toList();
    bool low_is_number = false, high_is_number = false;
    const double low = range.value(0).toDouble(&low_is_number), high = range.value(1).toDouble(&high_is_number);
    if (!low_is_number || !high_is_number || !(low < high) || !QCPRange::validRange(low, high)) return true;
    axis->setRange(low, high);
    return false;
  };
  moving_ = true;
  follows_x_ = follows(QStringLiteral("x"), plot_->xAxis);
  follows_y_ = follows(QStringLiteral("y"), plot_->yAxis);
  moving_ = false;
  applyView();
  plot_->replot(QCustomPlot::rpQueuedReplot);
  Q_EMIT touched();
}

void PlotCanvas::zoom(double factor) {
  const double centre = std::isnan(hovered()) ? plot_->xAxis->range().center() : hovered();
  plot_->xAxis->scaleRange(factor, centre);
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void PlotCanvas::hover(double x) {
  if (x == hovered() || (std::isnan(x) && std::isnan(hovered()))) return;
  overlay_->setHover(x);
  overlay_->layer()->replot();
}

double PlotCanvas::hovered() const { return overlay_->hover(); }
QStringList PlotCanvas::readings() const { return overlay_->readings(); }

void PlotCanvas::setCursor(double x) { overlay_->setCursor(x); }
void PlotCanvas::refreshOverlay() { overlay_->layer()->replot(); }

void PlotCanvas::setFocused(bool focused) {
  overlay_->setFocused(focused);
  overlay_->layer()->replot();
}

void PlotCanvas::setReserved(int pixels) { heading_->setReserved(pixels); }

void PlotCanvas::restyle() {
  const QFont font = plot_->font();
  QFont small = font;
  small.setPointSizeF(font.pointSizeF() * 0.88);
  plot_->setBackground(QBrush(style::plotBackground()));
  for (QCPAxis* axis : {plot_->xAxis, plot_->yAxis}) {
    axis->setBasePen(QPen(style::axis(), 1));
    axis->setTickPen(QPen(style::axis(), 1));
    axis->setSubTicks(false);
    axis->setTickLengthOut(3);
    axis->setTickLengthIn(0);
    axis->setTickLabelFont(small);
    axis->setTickLabelColor(style::axis());
    axis->setLabelFont(small);
    axis->setLabelColor(style::muted());
    axis->setTickLabelPadding(3);
    axis->setLabelPadding(2);
    axis->grid()->setPen(QPen(style::grid(), 1));
    axis->grid()->setZeroLinePen(QPen(style::grid(), 1));
  }
  refit();
}

void PlotCanvas::refit() {
  const QFontMetrics metrics(plot_->xAxis->tickLabelFont());
  const int label = metrics.height() + 4;
  const bool low = plot_->height() < kLowPlot;
  plot_->xAxis->setLabel(low ? QString() : x_title_);
  plot_->yAxis->setLabel(low ? QString() : yTitle());
  const int left = metrics.horizontalAdvance(scene_.logarithmic ? QStringLiteral("0.00001") : QStringLiteral("100.0")) + (low ? 0 : label) + 10;
  QCPAxisRect* rect = plot_->axisRect();
  const QMargins margins(left, metrics.height() + 6, 14 + PlotBands::barsWidth(scene_), metrics.height() + (low ? 2 : label) + 6);
  rect->setMargins(margins);
  plot_->xAxis->ticker()->setTickCount(std::max(2, (plot_->width() - margins.left() - margins.right()) / kPixelsPerTickX));
  const auto ticker = plot_->xAxis->ticker().staticCast<CompactTicker>();
  ticker->setWhole(scene_.time.tasks());
  std::vector<QString> places;
  for (const QString& place : scene_.places) places.push_back(metrics.elidedText(place, Qt::ElideMiddle, kPixelsPerTickX - 6));
  ticker->setPlaces(std::move(places));
  const int height = plot_->height() - margins.top() - margins.bottom() - heading_->minimumSize().height();
  plot_->yAxis->ticker()->setTickCount(std::max(2, height / kPixelsPerTickY));
}

void PlotCanvas::paintOn(QPaintDevice& device, bool vector) const {
  QCPPainter painter;
  painter.begin(&device);
  painter.setMode(QCPPainter::pmVectorized, vector);
  painter.setMode(QCPPainter::pmNoCaching);
  painter.setMode(QCPPainter::pmNonCosmetic, vector);
  const double hover = overlay_->hover();
  const int reserved = heading_->reserved();
  overlay_->setHover(NAN);
  overlay_->setFocused(false);
  heading_->setReserved(0);
  plot_->toPainter(&painter, plot_->width(), plot_->height());
  overlay_->setHover(hover);
  heading_->setReserved(reserved);
}

std::optional<QString> PlotCanvas::write(const QString& path, const QString& title) {
  auto problem = writeFigure(path, plot_->size(), title, [this](QPaintDevice& device, bool vector) { paintOn(device, vector); });
  plot_->replot(QCustomPlot::rpQueuedReplot);
  return problem;
}

QImage PlotCanvas::image() const {
  QImage image(plot_->size() * 2, QImage::Format_ARGB32_Premultiplied);
  image.setDevicePixelRatio(2);
  image.fill(style::plotBackground());
  paintOn(image, false);
  return image;
}

}  // namespace palimpsest
