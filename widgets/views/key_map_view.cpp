#include "widgets/views/key_map_view.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/models/prompt_model.h"
#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/figure.h"

namespace palimpsest {

namespace {
constexpr double kPick = 14;  // px around a key
bool isIn(const std::vector<int>& all, int one) { return std::find(all.begin(), all.end(), one) != all.end(); }
}  // namespace

KeyMapView::KeyMapView(QWidget* parent) : QWidget(parent), empty_(tr("No run is in focus.")) {
  setObjectName(QStringLiteral("keyMap"));
  setAccessibleName(tr("Map of keys and queries"));
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
}

void KeyMapView::set(KeyMap map) {
  map_ = std::move(map);
  fit();
  tell();
}

void KeyMapView::setTask(int task) {
  if (task == task_) return;
  task_ = task;
  tell();
}

void KeyMapView::setMarks(std::vector<int> dead, std::vector<int> winners) {
  dead_ = std::move(dead);
  winners_ = std::move(winners);
  tell();
}

void KeyMapView::setQueryTasks(std::vector<int> task_of_class, int tasks) {
  task_of_class_ = std::move(task_of_class);
  tasks_ = tasks;
  update();
}

void KeyMapView::setEmpty(const QString& why) {
  empty_ = why;
  tell();
}

// One scale for both directions: distances on the plane are distances.
void KeyMapView::fit() {
  double left = 0, right = 0, top = 0, bottom = 0;
  const auto add = [&](const QPointF& p) {
    left = std::min(left, p.x());
    right = std::max(right, p.x());
    top = std::min(top, p.y());
    bottom = std::max(bottom, p.y());
  };
  for (const auto& keys : map_.keys) std::for_each(keys.begin(), keys.end(), add);
  std::for_each(map_.queries.begin(), map_.queries.end(), add);
  extent_ = QRectF(left, top, std::max(1e-9, right - left), std::max(1e-9, bottom - top));
}

int KeyMapView::shownTask() const {
  int at = -1;
  for (std::size_t i = 0; i < map_.tasks.size(); ++i)
    if (task_ < 0 || map_.tasks[i] <= task_) at = int(i);
  return at;
}

void KeyMapView::tell() {
  const int at = shownTask();
  if (at < 0 || current_ >= int(map_.keys[std::size_t(at)].size())) current_ = -1;
  QString text = empty_;
  if (at >= 0) {
    text = tr("%1 keys after T%2 and %3 queries; the plane shows %4 of their variance.")
               .arg(map_.keys[std::size_t(at)].size()).arg(map_.tasks[std::size_t(at)] + 1).arg(map_.queries.size()).arg(style::percent(100 * map_.explained));
    if (!winners_.empty()) text += tr(" Prompts %1 served every image when the choice collapsed.").arg(promptList(winners_));
    if (current_ >= 0) text += QLatin1Char(' ') + tipOf(current_);
  }
  if (text != accessibleDescription()) setAccessibleDescription(text);
  update();
}

QPointF KeyMapView::place(const QPointF& point, const QSize& size) const {
  const QRectF room(24, 34, std::max(10, size.width() - 48), std::max(10, size.height() - 94));
  const double scale = std::min(room.width() / extent_.width(), room.height() / extent_.height());
  const QPointF middle = extent_.center();
  return room.center() + QPointF((point.x() - middle.x()) * scale, (middle.y() - point.y()) * scale);
}

std::optional<QPointF> KeyMapView::keyPosition(int prompt) const {
  const int at = shownTask();
  if (at < 0 || prompt < 0 || prompt >= int(map_.keys[std::size_t(at)].size())) return std::nullopt;
  return place(map_.keys[std::size_t(at)][std::size_t(prompt)], size());
}

std::optional<int> KeyMapView::keyAt(const QPointF& position) const {
  const int at = shownTask();
  std::optional<int> best;
  double nearest = kPick;
  for (int prompt = 0; at >= 0 && prompt < int(map_.keys[std::size_t(at)].size()); ++prompt)
    if (const double far = QLineF(*keyPosition(prompt), position).length(); far < nearest) {
      nearest = far;
      best = prompt;
    }
  return best;
}

QString KeyMapView::tipOf(int prompt) const {
  QString text = tr("Key of prompt %1").arg(prompt);
  if (isIn(winners_, prompt)) text += tr(", a winner: every image got it when the choice collapsed");
  if (isIn(dead_, prompt)) text += tr(", dead: hardly any image gets it");
  return text + QLatin1Char('.');
}

void KeyMapView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paint(painter, size(), true);
}

void KeyMapView::paint(QPainter& painter, const QSize& size, bool on_screen) const {
  painter.fillRect(QRect(QPoint(), size), style::plotBackground());
  painter.setRenderHint(QPainter::Antialiasing);
  QFont bold = font();
  bold.setBold(true);
  painter.setFont(bold);
  painter.setPen(palette().color(QPalette::Text));
  const int at = shownTask();
  const QString title = at < 0 ? tr("Keys and queries") : tr("Keys and queries after T%1").arg(map_.tasks[std::size_t(at)] + 1);
  painter.drawText(QPointF(10, 6 + QFontMetricsF(bold).ascent()), title);
  painter.setFont(font());
  painter.setPen(style::muted());
  if (at < 0) {
    painter.drawText(QRect(QPoint(), size).adjusted(20, 24, -20, -16), Qt::AlignCenter | Qt::TextWordWrap, empty_);
  } else {
    paintQueries(painter, size);
    paintKeys(painter, size, at);
    QFont small = font();
    small.setPointSizeF(small.pointSizeF() * 0.85);
    painter.setFont(small);
    painter.setPen(style::muted());
    const QString legend = tr("dots: queries, coloured by task (old dark, new bright) · circles: keys, lines: where they came from · square: winner · grey ring: dead · %1 of the variance; distances on the plane mislead").arg(style::percent(100 * map_.explained));
    painter.drawText(QRectF(10, size.height() - 56, size.width() - 20, 52), Qt::AlignLeft | Qt::AlignBottom | Qt::TextWordWrap, legend);
  }
  if (!on_screen || !hasFocus()) return;
  painter.setPen(style::accent());
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(QRect(QPoint(), size).adjusted(0, 0, -1, -1));
}

void KeyMapView::paintQueries(QPainter& painter, const QSize& size) const {
  painter.setPen(Qt::NoPen);
  for (std::size_t i = 0; i < map_.queries.size(); ++i) {
    const int label = map_.labels[i];
    const int task = label >= 0 && std::size_t(label) < task_of_class_.size() ? task_of_class_[std::size_t(label)] : -1;
    painter.setBrush(task >= 0 ? style::task(task, std::max(tasks_, 1)) : style::muted());
    painter.drawEllipse(place(map_.queries[i], size), 1.8, 1.8);
  }
}

void KeyMapView::paintKeys(QPainter& painter, const QSize& size, int at) const {
  const auto& keys = map_.keys[std::size_t(at)];
  QFont small = font();
  small.setPointSizeF(small.pointSizeF() * 0.85);
  painter.setFont(small);
  for (std::size_t prompt = 0; prompt < keys.size(); ++prompt) {
    const bool dead = isIn(dead_, int(prompt)), winner = isIn(winners_, int(prompt));
    const QColor colour = winner ? style::error() : dead ? style::muted() : style::accent();
    painter.setPen(QPen(colour, 1.2));
    painter.setBrush(Qt::NoBrush);
    QPolygonF trail;
    for (int then = 0; then <= at; ++then)
      if (prompt < map_.keys[std::size_t(then)].size()) trail << place(map_.keys[std::size_t(then)][prompt], size);
    painter.drawPolyline(trail);
    const QPointF now = place(keys[prompt], size);
    painter.setPen(QPen(int(prompt) == current_ ? palette().color(QPalette::Text) : colour, int(prompt) == current_ ? 2.5 : 1.5));
    painter.setBrush(dead ? Qt::NoBrush : QBrush(colour));
    if (winner) painter.drawRect(QRectF(now - QPointF(4.5, 4.5), QSizeF(9, 9)));
    else painter.drawEllipse(now, 4.5, 4.5);
    if (keys.size() > 30 && !winner && int(prompt) != current_) continue;  // a hundred numbers could not be read
    painter.setPen(palette().color(QPalette::Text));
    painter.drawText(now + QPointF(7, -5), QString::number(prompt));
  }
}

bool KeyMapView::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  if (const auto prompt = keyAt(help->pos())) QToolTip::showText(help->globalPos(), tipOf(*prompt) + tr("\nClick: select the images that were given it."), this);
  else QToolTip::hideText();
  return true;
}

void KeyMapView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::ApplicationPaletteChange) update();
  QWidget::changeEvent(event);
}

void KeyMapView::mousePressEvent(QMouseEvent* event) {
  const auto prompt = event->button() == Qt::LeftButton ? keyAt(event->position()) : std::nullopt;
  if (!prompt) return QWidget::mousePressEvent(event);
  current_ = *prompt;
  tell();
  Q_EMIT activated(*prompt, event->modifiers());
}

void KeyMapView::keyPressEvent(QKeyEvent* event) {
  const int at = shownTask();
  const int count = at < 0 ? 0 : int(map_.keys[std::size_t(at)].size());
  const int by = event->key() == Qt::Key_Right || event->key() == Qt::Key_Down ? 1 : event->key() == Qt::Key_Left || event->key() == Qt::Key_Up ? -1 : 0;
  if (count > 0 && by != 0) {
    current_ = std::clamp(current_ + by, 0, count - 1);
    return tell();
  }
  const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
  if (!enter || current_ < 0) return QWidget::keyPressEvent(event);
  Q_EMIT activated(current_, event->modifiers());
}

QString KeyMapView::toCsv() const {
  QString out = QStringLiteral("kind,index,task,x,y\n");
  for (std::size_t t = 0; t < map_.tasks.size(); ++t)
    for (std::size_t k = 0; k < map_.keys[t].size(); ++k)
      out += QStringLiteral("key,%1,%2,%3,%4\n").arg(k).arg(map_.tasks[t]).arg(exact(map_.keys[t][k].x()), exact(map_.keys[t][k].y()));
  for (std::size_t q = 0; q < map_.queries.size(); ++q)
    out += QStringLiteral("query,%1,,%2,%3\n").arg(q).arg(exact(map_.queries[q].x()), exact(map_.queries[q].y()));
  return out;
}

std::optional<QString> KeyMapView::exportImage(const QString& path) {
  return writeFigure(path, size(), tr("Keys and queries"), [this](QPaintDevice& device, bool) {
    QPainter painter(&device);
    paint(painter, size(), false);
  });
}

void KeyMapView::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu(this);
  menu.addAction(tr("&Copy as CSV"), this, [this] { QApplication::clipboard()->setText(toCsv()); });
  menu.addAction(tr("&Save picture…"), this, [this] {
    const QString path = QFileDialog::getSaveFileName(this, tr("Save picture"), QStringLiteral("keys.png"), figureFilter());
    if (path.isEmpty()) return;
    if (const auto wrong = exportImage(path)) Q_EMIT problem(*wrong);
  });
  menu.exec(event->globalPos());
}

}  // namespace palimpsest
