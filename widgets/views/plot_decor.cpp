#include "widgets/views/plot_decor.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/figure.h"

namespace palimpsest {

namespace {

constexpr int kSide = 10, kSample = 22, kGap = 6, kEntryGap = 16, kMaxRows = 2, kMaxReadings = 14, kLowPlot = 240;
constexpr int kBarWidth = 12, kBarGap = 4, kBarsMargin = 18;

QString say(const char* text) { return QCoreApplication::translate("LivePlot", text); }

QFont bold(QFont font) {
  font.setBold(true);
  return font;
}

QFont small(QFont font) {
  font.setPointSizeF(font.pointSizeF() * 0.88);
  return font;
}

}  // namespace

PlotHeading::PlotHeading(QCustomPlot* plot, QString title) : QCPLayoutElement(plot), title_(std::move(title)) {
  setLayer(QStringLiteral("legend"));
  setMargins(QMargins());
}

void PlotHeading::set(const QString& subtitle, std::vector<const LiveCurve*> legend) {
  subtitle_ = subtitle;
  legend_ = std::move(legend);
}

std::vector<PlotHeading::Entry> PlotHeading::arranged(int width) const {
  const QFontMetricsF metrics(small(mParentPlot->font()));
  const double row = metrics.height() + 3, limit = width - kSide;
  std::vector<Entry> out;
  double x = kSide, y = 0;
  for (const LiveCurve* curve : legend_) {
    const double need = kSample + kGap + std::min(metrics.horizontalAdvance(curve->name()), limit - kSide - kSample - kGap);
    if (x > kSide && x + need > limit) {
      x = kSide;
      y += row;
    }
    out.push_back({curve, QRectF(x, y, need, row)});
    x += need + kEntryGap;
  }
  return out;
}

int PlotHeading::rows(int width) const {
  const std::vector<Entry> entries = arranged(width);
  if (entries.empty()) return 0;
  const int most = mParentPlot->viewport().height() < kLowPlot ? 1 : kMaxRows;
  return std::min(most, 1 + int(std::lround(entries.back().rect.top() / entries.back().rect.height())));
}

void PlotHeading::update(UpdatePhase phase) {
  if (phase == upPreparation) {
    const int title = QFontMetrics(bold(mParentPlot->font())).height() + 10;
    const int row = QFontMetrics(small(mParentPlot->font())).height() + 3;
    const int height = title + row * rows(mParentPlot->viewport().width());
    setMinimumSize(10, height);
    setMaximumSize(QWIDGETSIZE_MAX, height);
  }
  QCPLayoutElement::update(phase);
}

void PlotHeading::draw(QCPPainter* painter) {
  const QFont title_font = bold(mParentPlot->font()), small_font = small(mParentPlot->font());
  const QFontMetricsF title_metrics(title_font), small_metrics(small_font);
  const QPalette& palette = mParentPlot->palette();
  const double room = mRect.width() - 2 * kSide - reserved_, base = mRect.top() + 6 + title_metrics.ascent();
  const QString title = title_metrics.elidedText(title_, Qt::ElideRight, room);
  painter->setFont(title_font);
  painter->setPen(palette.color(QPalette::Text));
  painter->drawText(QPointF(mRect.left() + kSide, base), title);
  const double taken = title_metrics.horizontalAdvance(title) + 10;
  painter->setFont(small_font);
  painter->setPen(style::muted());
  if (room - taken > 60)
    painter->drawText(QPointF(mRect.left() + kSide + taken, base), small_metrics.elidedText(subtitle_, Qt::ElideRight, room - taken));

  const double top = mRect.top() + QFontMetrics(title_font).height() + 10;
  const std::vector<Entry> entries = arranged(mRect.width());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const QRectF rect = entry.rect.translated(mRect.left(), top);
    if (rect.bottom() > mRect.bottom() + 2) {  // two rows are enough; the crosshair names them all
      if (i == 0) break;
      const QRectF last = entries[i - 1].rect.translated(mRect.left(), top);
      painter->setPen(style::muted());
      painter->drawText(last.translated(last.width() + 6, 0), Qt::AlignVCenter | Qt::AlignLeft, say("+%1").arg(entries.size() - i));
      break;
    }
    entry.curve->drawSample(painter, QRectF(rect.left(), rect.top(), kSample, rect.height()));
    painter->setPen(palette.color(QPalette::Text));
    painter->setFont(small_font);
    const QRectF text = rect.adjusted(kSample + kGap, 0, 1, 0);
    painter->drawText(text, Qt::AlignVCenter | Qt::AlignLeft, small_metrics.elidedText(entry.curve->name(), Qt::ElideRight, text.width()));
  }
}

PlotBands::PlotBands(QCPAxisRect* rect) : QCPLayerable(rect->parentPlot(), QStringLiteral("background")), rect_(rect) {}

int PlotBands::barsWidth(const Scene& scene) {
  return scene.bars.empty() ? 0 : int(scene.bars.size()) * (kBarWidth + kBarGap) + kBarsMargin;
}

void PlotBands::draw(QCPPainter* painter) {
  if (!scene_) return;
  painter->setFont(small(mParentPlot->font()));
  for (const TaskBand& band : scene_->bands) drawBand(painter, band);
  painter->setAntialiasing(false);
  painter->setPen(QPen(style::axis(), 1, Qt::DotLine));
  const QRect rect = rect_->rect();
  for (const double seam : scene_->seams) {
    const double x = rect_->axis(QCPAxis::atBottom)->coordToPixel(scene_->time.x(seam));
    if (x >= rect.left() && x <= rect.right()) painter->drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()));
  }
  drawBars(painter);
}

void PlotBands::drawBand(QCPPainter* painter, const TaskBand& band) const {
  const QCPAxis* axis = rect_->axis(QCPAxis::atBottom);
  const QRectF rect = rect_->rect();
  // In tasks, a task without steps is as wide as any other.
  const bool tasks = scene_->time.tasks();
  const double from = axis->coordToPixel(tasks ? double(band.task) : band.from), to = axis->coordToPixel(tasks ? band.task + 1.0 : std::max(band.to, band.from));
  const double left = std::max(from, rect.left()), right = std::min(to, rect.right() + 1.0);
  if (right <= left) return;
  painter->fillRect(QRectF(left, rect.top(), right - left, rect.height()), style::band(band.task % 2 == 0));
  const bool current = band.task == scene_->current_task;
  const double label_height = QFontMetricsF(painter->font()).height() + 2;
  const QRectF label(left, rect.top() - label_height - 1, right - left, label_height);
  if (current) painter->fillRect(QRectF(left, rect.top() - 2, right - left, 2), style::accent());
  const QString text = say("T%1").arg(band.task + 1);
  if (QFontMetricsF(painter->font()).horizontalAdvance(text) > label.width() - 2) return;
  painter->setPen(current ? style::accent() : style::muted());
  painter->drawText(label, Qt::AlignCenter, text);
}

void PlotBands::drawBars(QCPPainter* painter) const {
  if (scene_->bars.empty()) return;
  const QCPAxis* axis = rect_->axis(QCPAxis::atLeft);
  const QRect rect = rect_->rect();
  const QRectF area(rect.right() + kBarsMargin - 8, rect.top(), barsWidth(*scene_) - kBarsMargin + 8, rect.height());
  const double zero = std::clamp(axis->coordToPixel(0), area.top(), area.bottom());
  double x = area.left() + 6;
  painter->setAntialiasing(false);
  const QFontMetricsF metrics(painter->font());
  for (const Bar& bar : scene_->bars) {
    const double y = std::clamp(axis->coordToPixel(bar.value), area.top(), area.bottom());
    painter->fillRect(QRectF(x, std::min(y, zero), kBarWidth, std::max(1.0, std::abs(zero - y))), bar.colour);
    painter->setPen(style::muted());
    if (metrics.horizontalAdvance(bar.label) <= kBarWidth + kBarGap + 4)
      painter->drawText(QRectF(x - 10, area.bottom() + 4, kBarWidth + 20, metrics.height()), Qt::AlignHCenter, bar.label);
    x += kBarWidth + kBarGap;
  }
  painter->setPen(style::axis());
  painter->drawLine(QPointF(area.left() + 2, zero), QPointF(area.right(), zero));
  painter->setPen(style::muted());
  painter->drawText(QRectF(area.left() - 10, area.top() - metrics.height() - 3, area.width() + 14, metrics.height()), Qt::AlignCenter, say("now"));
}

PlotOverlay::PlotOverlay(QCPAxisRect* rect, QString unit)
    : QCPLayerable(rect->parentPlot(), QStringLiteral("overlay")), rect_(rect), unit_(std::move(unit)), hover_(NAN), cursor_(NAN) {}

void PlotOverlay::set(const Scene& scene, std::vector<const LiveCurve*> curves) {
  scene_ = &scene;
  curves_ = std::move(curves);
}

std::vector<PlotOverlay::Row> PlotOverlay::rows() const {
  std::vector<Row> out;
  if (std::isnan(hover_)) return out;
  for (const LiveCurve* curve : curves_)
    if (const auto reading = curve->nearest(hover_)) out.push_back({curve, *reading});
  return out;
}

QString PlotOverlay::place() const {
  if (!scene_->places.empty()) return scene_->places[std::size_t(std::clamp<qint64>(std::llround(hover_), 1, qint64(scene_->places.size())) - 1)];
  if (!scene_->x_title.isEmpty()) return say("%1 %2").arg(scene_->x_title, style::number(hover_));
  const double step = scene_->time.step(hover_);
  if (!scene_->time.tasks() && scene_->bands.empty()) return say("step %1").arg(compact(std::round(hover_)));
  for (const TaskBand& band : scene_->bands)
    if (scene_->time.tasks() ? hover_ <= band.task + 1 : step <= band.to || !band.ended)
      return say("T%1, step %2").arg(band.task + 1).arg(qint64(std::llround(step)));
  return say("not learned yet");
}

// Percents and points have one decimal; other quantities may be of any size.
QString PlotOverlay::figure(double y) const { return unit_.isEmpty() ? style::number(y) : style::points(y); }

QStringList PlotOverlay::readings() const {
  if (!scene_ || std::isnan(hover_)) return {};
  QStringList out{place()};
  for (const Row& row : rows())
    out << (std::isfinite(row.reading.y) ? QStringLiteral("%1  %2%3%4").arg(row.curve->name(), figure(row.reading.y), unit_, row.reading.note)
                                         : say("%1  not finite").arg(row.curve->name()));
  return out;
}

void PlotOverlay::draw(QCPPainter* painter) {
  const QRectF rect = rect_->rect();
  painter->setAntialiasing(false);
  const QCPAxis* axis = rect_->axis(QCPAxis::atBottom);
  if (!empty_.isEmpty()) {
    painter->setFont(mParentPlot->font());
    painter->setPen(style::muted());
    painter->drawText(rect.adjusted(12, 8, -12, -8), Qt::AlignCenter | Qt::TextWordWrap, empty_);
  }
  if (!std::isnan(cursor_)) {
    const double x = axis->coordToPixel(cursor_);
    painter->setPen(QPen(style::accent(), 1));
    if (x >= rect.left() && x <= rect.right()) painter->drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()));
  }
  if (focused_) {
    painter->setPen(QPen(style::accent(), 1));
    painter->setBrush(Qt::NoBrush);
    painter->drawRect(mParentPlot->viewport().adjusted(0, 0, -1, -1));
  }
  if (!scene_ || std::isnan(hover_) || !empty_.isEmpty()) return;
  const double x = axis->coordToPixel(hover_);
  if (x < rect.left() || x > rect.right()) return;
  painter->setPen(QPen(style::axis(), 1, Qt::DashLine));
  painter->drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()));
  drawReadings(painter, x);
}

void PlotOverlay::drawReadings(QCPPainter* painter, double x) const {
  std::vector<Row> shown = rows();
  QStringList texts = readings();
  const QFont font = small(mParentPlot->font());
  const QFontMetricsF metrics(font);
  painter->setAntialiasing(true);
  for (const Row& row : shown) {
    if (!std::isfinite(row.reading.y)) continue;
    const QPointF at = row.curve->coordsToPixels(row.reading.x, row.reading.y);
    if (!QRectF(rect_->rect()).contains(at)) continue;
    painter->setPen(QPen(style::plotBackground(), 1.5));
    painter->setBrush(row.curve->curve().pen.color());
    painter->drawEllipse(at, 4, 4);
  }
  if (texts.size() > kMaxReadings + 1) texts = texts.mid(0, kMaxReadings + 1) << QStringLiteral("…");
  double width = 0;
  for (int i = 0; i < texts.size(); ++i) width = std::max(width, metrics.horizontalAdvance(texts[i]) + (i ? 18 : 0));
  const double line = metrics.height() + 1;
  QRectF box(x + 12, rect_->rect().top() + 6, width + 16, line * double(texts.size()) + 10);
  if (box.right() > rect_->rect().right() - 2) box.moveRight(std::max(x - 12, rect_->rect().left() + box.width()));
  QColor back = style::plotBackground();
  back.setAlpha(235);
  painter->setPen(QPen(style::grid(), 1));
  painter->setBrush(back);
  painter->drawRoundedRect(box, 4, 4);
  painter->setFont(font);
  for (int i = 0; i < texts.size(); ++i) {
    const QRectF row(box.left() + 8, box.top() + 5 + i * line, width, line);
    const bool swatch = i > 0 && i <= int(shown.size()) && i <= kMaxReadings;
    if (swatch) painter->fillRect(QRectF(row.left(), row.center().y() - 4, 9, 9), shown[std::size_t(i - 1)].curve->curve().pen.color());
    painter->setPen(i == 0 ? style::muted() : mParentPlot->palette().color(QPalette::Text));
    painter->drawText(row.adjusted(i ? 18 : 0, 0, 2, 0), Qt::AlignVCenter | Qt::AlignLeft, texts[i]);
  }
}

double CompactTicker::getTickStep(const QCPRange& range) {
  const double step = QCPAxisTicker::getTickStep(range);
  return (whole_ && range.size() >= 2) || !places_.empty() ? std::ceil(step) : step;
}

QString CompactTicker::getTickLabel(double tick, const QLocale&, QChar, int) {
  if (!places_.empty()) {
    const qint64 place = std::llround(tick);
    return place >= 1 && place <= qint64(places_.size()) ? places_[std::size_t(place - 1)] : QString();
  }
  return compact(std::abs(tick) < 1e-9 * std::max(1.0, tickCount() * 1.0) ? 0 : tick);
}

QString CompactLogTicker::getTickLabel(double tick, const QLocale&, QChar, int) { return compact(tick); }

}  // namespace palimpsest
