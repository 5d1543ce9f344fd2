// The painted part of the image strip.
#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>
#include <algorithm>

#include "widgets/models/life_order.h"
#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/image_strip.h"

namespace palimpsest {

namespace {
constexpr int kSide = 84, kGap = 8, kBorder = 3;
}

ThumbnailGrid::ThumbnailGrid(Lab& lab, PredictionLoader& loader, QWidget* parent) : QAbstractScrollArea(parent), lab_(lab), loader_(loader) {
  setObjectName(QStringLiteral("thumbnails"));
  setAccessibleName(tr("Selected images"));
  setFrameShape(QFrame::NoFrame);
  setFocusPolicy(Qt::StrongFocus);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  viewport()->setMouseTracking(true);
  const auto again = qOverload<>(&QWidget::update);
  connect(&lab_.images, &ImageStore::ready, viewport(), again);
  connect(&lab_.cursor, &Cursor::taskChanged, viewport(), again);
  connect(&lab_.cursor, &Cursor::runChanged, viewport(), again);
  connect(&loader_, &PredictionLoader::changed, viewport(), again);
  connect(&lab_.cursor, &Cursor::sampleChanged, this, [this](qint64 sample) {
    const auto found = std::find(samples_.begin(), samples_.end(), sample);
    current_ = found == samples_.end() ? -1 : int(found - samples_.begin());
    if (current_ >= 0) show(current_);
    viewport()->update();
  });
}

void ThumbnailGrid::set(std::vector<std::int64_t> samples) {
  const bool same = samples == samples_;
  samples_ = std::move(samples);
  const auto found = std::find(samples_.begin(), samples_.end(), lab_.cursor.sample());
  current_ = found == samples_.end() ? -1 : int(found - samples_.begin());
  if (!same) verticalScrollBar()->setValue(0);
  setAccessibleDescription(samples_.empty() ? tr("Nothing is selected") : tr("%n images. Arrow keys go through them.", nullptr, int(samples_.size())));
  layOut();
}

QSize ThumbnailGrid::cellSize() const { return {kSide + 2 * kBorder + kGap + 14, kSide + 2 * kBorder + kGap + 2 * fontMetrics().height() + 4}; }
int ThumbnailGrid::columns() const { return std::max(1, (viewport()->width() - kGap) / cellSize().width()); }

void ThumbnailGrid::layOut() {
  const auto rows = (std::int64_t(samples_.size()) + columns() - 1) / columns();
  const std::int64_t whole = rows * cellSize().height() + kGap;
  verticalScrollBar()->setRange(0, int(std::max<std::int64_t>(0, whole - viewport()->height())));
  verticalScrollBar()->setPageStep(viewport()->height());
  verticalScrollBar()->setSingleStep(cellSize().height() / 2);
  viewport()->update();
}

QRect ThumbnailGrid::cellRect(int place) const {
  const QSize cell = cellSize();
  return {QPoint(kGap + place % columns() * cell.width(), kGap + place / columns() * cell.height() - verticalScrollBar()->value()), cell - QSize(kGap, kGap)};
}

int ThumbnailGrid::placeAt(const QPoint& at) const {
  const QSize cell = cellSize();
  const int column = (at.x() - kGap) / cell.width(), row = (at.y() + verticalScrollBar()->value() - kGap) / cell.height();
  if (at.x() < kGap || column >= columns()) return -1;
  const std::int64_t place = std::int64_t(row) * columns() + column;
  return place < std::int64_t(samples_.size()) ? int(place) : -1;
}

ThumbnailGrid::Verdict ThumbnailGrid::verdict(std::int64_t sample, int& label, int& said) const {
  const auto history = loader_.history();
  const int task = history->latest(lab_.cursor.task()), row = history->rowOf(sample);
  label = row < 0 ? -1 : history->label(std::size_t(row));
  said = row < 0 ? -1 : history->prediction(task, std::size_t(row));
  return said < 0 ? Verdict::Unknown : said == label ? Verdict::Right : Verdict::Wrong;
}

QString ThumbnailGrid::caption(std::int64_t sample) const {
  int label = -1, said = -1;
  switch (verdict(sample, label, said)) {
    case Verdict::Right: return tr("%1, right").arg(classNameOf(loader_.run(), label));
    case Verdict::Wrong: return tr("true %1, said %2").arg(classNameOf(loader_.run(), label), classNameOf(loader_.run(), said));
    case Verdict::Unknown: break;
  }
  return label < 0 ? tr("not tested") : tr("%1, not tested yet").arg(classNameOf(loader_.run(), label));
}

QString ThumbnailGrid::toolTip(std::int64_t sample) const {
  const auto history = loader_.history();
  QStringList lines{tr("Image %1 of the test split").arg(sample)};
  if (const RunData* run = lab_.cursor.run())
    if (const Picture* picture = lab_.images.get(run->source(), sample)) {
      if (!picture->name.isEmpty()) lines << picture->name;
      if (picture->image.isNull()) lines << tr("No picture: %1").arg(picture->problem.isEmpty() ? tr("it could not be read") : picture->problem);
    }
  lines << caption(sample);
  const int row = history->rowOf(sample);
  if (row < 0) return lines.join(QLatin1Char('\n'));
  const Life life = history->life(std::size_t(row), lab_.cursor.task());
  if (life.fell >= 0) lines << tr("went wrong after T%1").arg(life.fell + 1);
  for (const int task : history->tasks()) {
    const int said = task > lab_.cursor.task() ? -1 : history->prediction(task, std::size_t(row));
    if (said >= 0 && lines.size() < 16) lines << tr("T%1: %2").arg(task + 1).arg(classNameOf(loader_.run(), said));
  }
  return lines.join(QLatin1Char('\n'));
}

void ThumbnailGrid::paintCell(QPainter& painter, int place, const QRect& cell) const {
  const std::int64_t sample = samples_[std::size_t(place)];
  int label = -1, said = -1;
  const Verdict told = verdict(sample, label, said);
  const QRect frame((cell.width() - kSide - 2 * kBorder) / 2 + cell.left(), cell.top(), kSide + 2 * kBorder, kSide + 2 * kBorder);
  const QColor border = told == Verdict::Right ? style::good() : told == Verdict::Wrong ? style::error() : style::grid();
  painter.fillRect(frame, border);
  const QRect inside = frame.adjusted(kBorder, kBorder, -kBorder, -kBorder);
  painter.fillRect(inside, style::band(true));
  const RunData* run = lab_.cursor.run();
  const Picture* picture = run ? lab_.images.get(run->source(), sample) : nullptr;
  if (picture && !picture->image.isNull()) {
    const QSize size = picture->image.size().scaled(inside.size(), Qt::KeepAspectRatio);
    const QRect target(inside.center() - QPoint(size.width() / 2 - 1, size.height() / 2 - 1), size);
    painter.setRenderHint(QPainter::SmoothPixmapTransform, picture->image.width() > size.width());
    painter.drawImage(target.intersected(inside), picture->image);
  } else {
    painter.setPen(style::muted());
    painter.drawText(inside, Qt::AlignCenter | Qt::TextWordWrap, picture ? tr("no picture") : run ? QStringLiteral("…") : tr("no run"));
    if (picture) painter.drawLine(inside.topLeft() + QPoint(6, 6), inside.topLeft() + QPoint(16, 16)), painter.drawLine(inside.topLeft() + QPoint(16, 6), inside.topLeft() + QPoint(6, 16));
  }
  if (place == current_) {
    painter.setPen(QPen(style::accent(), 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(frame.adjusted(-2, -2, 1, 1));
  }
  const int line = fontMetrics().height();
  const QRect words(cell.left(), frame.bottom() + 3, cell.width(), line);
  painter.setPen(told == Verdict::Unknown ? style::muted() : palette().color(QPalette::Text));
  const auto elided = [&](const QString& text) { return fontMetrics().elidedText(text, Qt::ElideRight, cell.width()); };
  painter.drawText(words, Qt::AlignHCenter | Qt::AlignTop, elided(label < 0 ? tr("not tested") : told == Verdict::Wrong ? tr("true %1").arg(classNameOf(loader_.run(), label)) : classNameOf(loader_.run(), label)));
  if (told == Verdict::Unknown) return;
  painter.setPen(told == Verdict::Right ? style::good() : style::error());
  painter.drawText(words.translated(0, line), Qt::AlignHCenter | Qt::AlignTop, elided(told == Verdict::Right ? tr("right") : tr("said %1").arg(classNameOf(loader_.run(), said))));
}

void ThumbnailGrid::paintEvent(QPaintEvent*) {
  QPainter painter(viewport());
  painter.fillRect(viewport()->rect(), style::plotBackground());
  if (samples_.empty()) {
    painter.setPen(style::muted());
    painter.drawText(viewport()->rect().adjusted(20, 12, -20, -12), Qt::AlignCenter | Qt::TextWordWrap, tr("Lasso points, click a cell or a bar. Esc clears."));
    return;
  }
  const int first = std::max(0, (verticalScrollBar()->value() - kGap) / cellSize().height()) * columns();
  for (int place = first; std::size_t(place) < samples_.size(); ++place) {
    const QRect cell = cellRect(place);
    if (cell.top() > viewport()->height()) break;
    paintCell(painter, place, cell);
  }
  if (!hasFocus()) return;
  painter.setPen(style::accent());
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(viewport()->rect().adjusted(0, 0, -1, -1));
}

bool ThumbnailGrid::viewportEvent(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QAbstractScrollArea::viewportEvent(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  if (const int place = placeAt(help->pos()); place >= 0) QToolTip::showText(help->globalPos(), toolTip(samples_[std::size_t(place)]), this);
  else QToolTip::hideText();
  return true;
}

void ThumbnailGrid::resizeEvent(QResizeEvent*) {
  layOut();
  if (current_ >= 0) show(current_);
}

void ThumbnailGrid::changeEvent(QEvent* event) {
  QAbstractScrollArea::changeEvent(event);
  layOut();
}

void ThumbnailGrid::show(int place) {
  const QRect cell = cellRect(place);
  if (cell.top() < 0) verticalScrollBar()->setValue(verticalScrollBar()->value() + cell.top() - kGap);
  else if (cell.bottom() > viewport()->height()) verticalScrollBar()->setValue(verticalScrollBar()->value() + std::min(cell.top() - kGap, cell.bottom() + kGap - viewport()->height()));
}

void ThumbnailGrid::move(int to) {
  if (samples_.empty()) return;
  current_ = std::clamp(to, 0, int(samples_.size()) - 1);
  show(current_);
  const std::int64_t sample = samples_[std::size_t(current_)];
  setAccessibleDescription(tr("Image %1: %2").arg(sample).arg(caption(sample)));
  lab_.cursor.setSample(sample);
  viewport()->update();
}

void ThumbnailGrid::mousePressEvent(QMouseEvent* event) {
  const int place = placeAt(event->position().toPoint());
  if (event->button() == Qt::LeftButton && place >= 0) move(place);
}

void ThumbnailGrid::keyPressEvent(QKeyEvent* event) {
  const int page = columns() * std::max(1, viewport()->height() / cellSize().height());
  const bool fresh = current_ < 0;
  switch (event->key()) {
    case Qt::Key_Left: return move(current_ - 1);
    case Qt::Key_Right: return move(current_ + 1);
    case Qt::Key_Up: return move(fresh ? 0 : current_ < columns() ? current_ : current_ - columns());
    case Qt::Key_Down: return move(fresh ? 0 : current_ + columns());
    case Qt::Key_PageUp: return move(current_ - page);
    case Qt::Key_PageDown: return move(current_ + page);
    case Qt::Key_Home: return move(0);
    case Qt::Key_End: return move(int(samples_.size()) - 1);
    case Qt::Key_Escape: Q_EMIT cleared(); return;
    default: QAbstractScrollArea::keyPressEvent(event);
  }
}

}  // namespace palimpsest
