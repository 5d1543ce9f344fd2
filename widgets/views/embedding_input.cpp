// Pointer and keys of the map, and what is painted after them.
#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QStringList>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/embedding_view.h"

namespace palimpsest {

namespace {
constexpr double kThumbnail = 30, kPicture = 72;

QString nameOf(const QStringList& names, std::int64_t label) {
  return label >= 0 && label < names.size() && !names[int(label)].isEmpty() ? names[int(label)] : QString::number(label);
}

QString counted(std::size_t n, const QString& one, const QString& many) { return style::integer(std::int64_t(n)) + QLatin1Char(' ') + (n == 1 ? one : many); }
}  // namespace

void EmbeddingView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::PaletteChange && event->type() != QEvent::FontChange && event->type() != QEvent::StyleChange) return;
  recolour();
  repaintScene(false);
}

void EmbeddingView::resizeEvent(QResizeEvent*) {
  if (touched_) repaintScene(false);
  else fit();
}

void EmbeddingView::mousePressEvent(QMouseEvent* event) {
  pressed_ = last_ = event->position();
  moved_ = false;
  const bool left = event->button() == Qt::LeftButton, right = event->button() == Qt::RightButton;
  if (left && lasso_) drag_ = Drag::Lasso;
  else if (solid_ && (right || (left && event->modifiers().testFlag(Qt::ShiftModifier)))) drag_ = Drag::Turn;
  else if (left || event->button() == Qt::MiddleButton) drag_ = Drag::Pan;
  drawn_ = QPolygonF{pressed_};
}

void EmbeddingView::mouseMoveEvent(QMouseEvent* event) {
  const QPointF at = event->position();
  if (event->buttons() == Qt::NoButton || drag_ == Drag::None) return hover(at);
  if (!moved_ && (at - pressed_).manhattanLength() < QApplication::startDragDistance()) return;
  if (!moved_) rest();
  moved_ = true;
  if (drag_ == Drag::Lasso) {
    drawn_ << at;
    update();
  } else if (drag_ == Drag::Turn) {
    turn(at - last_);
  } else {
    scene_.middle -= QPointF(at.x() - last_.x(), last_.y() - at.y()) / scene_.scale;
    touched_ = true;
    repaintScene(false);
  }
  last_ = at;
}

void EmbeddingView::mouseReleaseEvent(QMouseEvent* event) {
  const Drag drag = std::exchange(drag_, Drag::None);
  const TaskMap* now = scene_.now();
  if (drag == Drag::Lasso && moved_) {
    QPolygonF shape;
    for (const QPointF& p : drawn_) shape << scene_.plane(p);
    QList<qint64> caught;
    if (now && grid_ && shown_.map == scene_.map && shown_.task == scene_.task)
      for (const int i : grid_->inside(shape)) caught << now->samples[std::size_t(i)];
    drawn_.clear();
    update();
    if (now) Q_EMIT lassoed(caught, event->modifiers());
    return;
  }
  drawn_.clear();
  if (event->button() != Qt::LeftButton || moved_) return;
  const Hit hit = hitAt(event->position());
  if (now && hit.point >= 0) Q_EMIT picked(now->samples[std::size_t(hit.point)], event->modifiers());
}

void EmbeddingView::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) fit();
}

void EmbeddingView::wheelEvent(QWheelEvent* event) {
  const int turned = event->angleDelta().y();
  if (turned != 0) zoom(std::pow(1.0015, turned), event->position());
  event->accept();
}

void EmbeddingView::leaveEvent(QEvent*) {
  rest();
  update();
}

void EmbeddingView::keyPressEvent(QKeyEvent* event) {
  const bool shift = event->modifiers().testFlag(Qt::ShiftModifier);
  const double far = 40;
  const auto move = [&](double x, double y) {
    if (solid_) return turn({x, y});
    scene_.middle += QPointF(x, -y) / scene_.scale;
    touched_ = true;
    repaintScene(false);
  };
  const QPointF centre(width() / 2.0, height() / 2.0);
  switch (event->key()) {
    case Qt::Key_Left: return shift ? move(-far, 0) : step(event->key());
    case Qt::Key_Right: return shift ? move(far, 0) : step(event->key());
    case Qt::Key_Up: return shift ? move(0, -far) : step(event->key());
    case Qt::Key_Down: return shift ? move(0, far) : step(event->key());
    case Qt::Key_Plus:
    case Qt::Key_Equal: return zoom(1.25, centre);
    case Qt::Key_Minus: return zoom(0.8, centre);
    case Qt::Key_F: return fit();
    case Qt::Key_L: return setLasso(!lasso_);
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
      if (pointOf(current_) >= 0) Q_EMIT picked(current_, event->modifiers());
      return;
    case Qt::Key_N: return Q_EMIT neighboursWanted();
    case Qt::Key_Escape:
      drawn_.clear();
      if (drag_ == Drag::Lasso) drag_ = Drag::None;
      else if (lasso_) setLasso(false);
      else Q_EMIT cleared();
      return update();
    default: break;
  }
  if (event->matches(QKeySequence::Copy)) copyCsv();
  else QWidget::keyPressEvent(event);
}

QString EmbeddingView::legend() const {
  const TaskMap* now = scene_.now();
  if (!now) return words_;
  QStringList parts{tr("After T%1").arg(now->task + 1)};
  if (!now->samples.empty()) parts << counted(now->samples.size(), scene_.map->of == MapOf::Queries ? tr("query") : tr("image"), scene_.map->of == MapOf::Queries ? tr("queries") : tr("images"));
  if (!now->marks.empty()) parts << (now->marks.front().key ? counted(now->marks.size(), tr("key (×)"), tr("keys (×)")) : counted(now->marks.size(), tr("prototype (○)"), tr("prototypes (○)")));
  if (!now->samples.empty()) {
    if (colour_by_ == ColourBy::Class) parts << (scene_.names.size() > style::kRunSlots ? tr("colour: class, repeated after ten") : tr("colour: class"));
    else if (colour_by_ == ColourBy::Task) parts << tr("colour: task in which the class came, old dark to new bright");
    else parts << tr("● right, ▲ wrong");
  }
  return parts.join(QStringLiteral("  ·  "));
}

QString EmbeddingView::cardText() const {
  const TaskMap* now = scene_.now();
  if (now && hit_.point >= 0) {
    const auto i = std::size_t(hit_.point);
    const QString is = nameOf(scene_.names, now->labels[i]), said = nameOf(scene_.names, now->predictions[i]);
    return tr("%1\n%2\ntest image %3, of T%4").arg(is, now->labels[i] == now->predictions[i] ? tr("recognised") : tr("said %1").arg(said)).arg(now->samples[i]).arg(now->tasks[i] + 1);
  }
  if (!now || hit_.mark < 0) return {};
  const MapMark& mark = now->marks[std::size_t(hit_.mark)];
  QString text = mark.key ? tr("key of prompt %1").arg(mark.id) : tr("prototype of %1").arg(nameOf(scene_.names, mark.id));
  const int width = scene_.map->basis.width;
  if (std::isfinite(mark.since_previous)) text += tr("\nmoved %1 since the task before").arg(style::number(mark.since_previous));
  if (std::isfinite(mark.since_first)) text += (mark.key ? tr("\nand %1 since T%2 (true distances at unit length, %3 dimensions)") : tr("\nand %1 since T%2 (true distances, %3 dimensions)"))
                                              .arg(style::number(mark.since_first)).arg(mark.first_task + 1).arg(width);
  else text += tr("\nnew after this task");
  return text;
}

void EmbeddingView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), style::plotBackground());
  if (!scene_.now()) return paintWords(painter);
  if (!picture_.isNull() && shown_.map == scene_.map) {
    // Until the new picture is there, the last one follows the pointer.
    const double grown = scene_.scale / shown_.scale;
    const QPointF corner = scene_.screen(shown_.plane(QPointF(0, 0)));
    painter.setRenderHint(QPainter::SmoothPixmapTransform, grown != 1);
    painter.drawImage(QRectF(corner, shown_.size * grown), picture_);
  }
  painter.setRenderHint(QPainter::Antialiasing);
  paintSprites(painter);
  paintOverlay(painter);
  if (card_) paintCard(painter);
}

void EmbeddingView::paintSprites(QPainter& painter) {
  const TaskMap* now = scene_.now();
  if (shown_.map != scene_.map || shown_.task != scene_.task) return;
  for (const int i : sprites_) {
    const auto at = std::size_t(i);
    if (at >= now->samples.size() || at >= scene_.colours->size()) continue;
    const Picture* picture = images_.get(source_, now->samples[at]);
    if (!picture || picture->image.isNull()) continue;
    QRectF box(0, 0, kThumbnail, kThumbnail);
    box.moveCenter(scene_.screen(now->at[at]));
    const bool dim = scene_.bright && (*scene_.bright)[at] == 0;
    painter.setOpacity(dim ? 0.3 : 1);
    painter.drawImage(box, picture->image);
    painter.setPen(QPen(QColor::fromRgb((*scene_.colours)[at]), 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(box);
  }
  painter.setOpacity(1);
  if (!sprites_.empty()) paintMarks(painter, scene_);  // which the pictures would cover
}

void EmbeddingView::paintOverlay(QPainter& painter) {
  const TaskMap* now = scene_.now();
  const auto ring = [&](const Spot& spot, const QColor& colour, double radius) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(style::plotBackground(), 4));
    painter.drawEllipse(scene_.screen(spot), radius, radius);
    painter.setPen(QPen(colour, 2));
    painter.drawEllipse(scene_.screen(spot), radius, radius);
  };
  if (const int at = pointOf(current_); at >= 0) {
    const Spot& middle = now->at[std::size_t(at)];
    for (const NeighbourImage& near : neighbours_)
      if (const int other = pointOf(near.sample); other >= 0) {
        painter.setPen(QPen(style::accent(), 1.2));
        painter.drawLine(scene_.screen(middle), scene_.screen(now->at[std::size_t(other)]));
        ring(now->at[std::size_t(other)], style::accent(), 5);
      }
    ring(middle, style::accent(), 8);
  }
  if (hit_.point >= 0) ring(now->at[std::size_t(hit_.point)], palette().color(QPalette::Text), 7);
  if (hit_.mark >= 0) ring(now->marks[std::size_t(hit_.mark)].at, palette().color(QPalette::Text), 11);
  if (drag_ == Drag::Lasso && drawn_.size() > 1) {
    QColor wash = style::accent();
    wash.setAlpha(40);
    painter.setBrush(wash);
    painter.setPen(QPen(style::accent(), 1.5, Qt::DashLine));
    painter.drawPolygon(drawn_, Qt::OddEvenFill);
  }
  if (hasFocus()) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(style::accent(), 1));
    painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
  }
}

void EmbeddingView::paintCard(QPainter& painter) {
  const TaskMap* now = scene_.now();
  const QString text = cardText();
  if (text.isEmpty()) return;
  const bool image = hit_.point >= 0;
  const Spot& spot = image ? now->at[std::size_t(hit_.point)] : now->marks[std::size_t(hit_.mark)].at;
  const QFontMetricsF metrics(font());
  const QRectF words = metrics.boundingRect(QRectF(0, 0, 280, 400), Qt::AlignLeft | Qt::TextWordWrap, text);
  const double beside = image ? kPicture + 10 : 0;
  QRectF card(0, 0, words.width() + beside + 20, std::max(words.height(), image ? kPicture : 0.0) + 16);
  const QPointF at = scene_.screen(spot);
  card.moveTopLeft(at + QPointF(16, 12));
  if (card.right() > width() - 4) card.moveRight(at.x() - 16);
  if (card.bottom() > height() - 4) card.moveBottom(at.y() - 12);
  card.moveLeft(std::max(4.0, card.left()));
  card.moveTop(std::max(4.0, card.top()));
  painter.setPen(QPen(style::axis(), 1));
  painter.setBrush(palette().color(QPalette::ToolTipBase));
  painter.drawRoundedRect(card, 6, 6);
  painter.setPen(palette().color(QPalette::ToolTipText));
  painter.drawText(QRectF(card.left() + 10 + beside, card.top() + 8, words.width() + 4, words.height() + 2), Qt::AlignLeft | Qt::TextWordWrap, text);
  if (!image) return;
  const QRectF frame(card.left() + 8, card.top() + 8, kPicture, kPicture);
  const Picture* picture = images_.get(source_, now->samples[std::size_t(hit_.point)]);
  if (picture && !picture->image.isNull()) painter.drawImage(frame, picture->image);
  else painter.drawText(frame, Qt::AlignCenter | Qt::TextWordWrap, picture ? tr("no picture") : tr("…"));
}

void EmbeddingView::paintWords(QPainter& painter) const {
  const qsizetype end = words_.indexOf(QLatin1Char('\n'));
  const QRectF box = QRectF(rect()).adjusted(24, 24, -24, -24);
  QFont large = font();
  large.setPointSizeF(large.pointSizeF() * 1.3);
  painter.setFont(large);
  painter.setPen(palette().color(QPalette::Text));
  painter.drawText(QRectF(box.left(), box.top(), box.width(), box.height() / 2 - 4), Qt::AlignHCenter | Qt::AlignBottom | Qt::TextWordWrap, words_.left(end));
  if (end < 0) return;
  painter.setFont(font());
  painter.setPen(style::muted());
  painter.drawText(QRectF(box.left(), box.center().y() + 4, box.width(), box.height() / 2), Qt::AlignHCenter | Qt::AlignTop | Qt::TextWordWrap, words_.mid(end + 1));
}

}  // namespace palimpsest
