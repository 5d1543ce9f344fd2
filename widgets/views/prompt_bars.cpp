#include "widgets/views/prompt_bars.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/models/prompt_model.h"
#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {

PromptBars::PromptBars(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("promptBars"));
  setAccessibleName(tr("Use of each prompt"));
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void PromptBars::set(std::vector<double> usage, std::vector<int> winners) {
  usage_ = std::move(usage);
  winners_ = std::move(winners);
  if (current_ >= int(usage_.size())) current_ = -1;
  const auto most = std::max_element(usage_.begin(), usage_.end());
  QString text = tr("No prompt has been used yet.");
  if (most != usage_.end() && *most > 0) text = tr("Prompt %1 has the largest share: %2").arg(most - usage_.begin()).arg(style::percent(100 * *most));
  if (!winners_.empty()) text += tr("; prompts %1 served every image when the choice collapsed").arg(promptList(winners_));
  setAccessibleDescription(text);
  update();
}

bool PromptBars::isWinner(int prompt) const { return std::find(winners_.begin(), winners_.end(), prompt) != winners_.end(); }

QRect PromptBars::barRect(int prompt) const {
  std::pair<double, double> edges(double(prompt) * width() / std::max<std::size_t>(1, usage_.size()), double(prompt + 1) * width() / std::max<std::size_t>(1, usage_.size()));
  if (columns_) edges = columns_(prompt);
  return QRectF(edges.first, 0, std::max(1.0, edges.second - edges.first), height()).toAlignedRect();
}

int PromptBars::promptAt(const QPoint& position) const {
  for (int prompt = 0; prompt < int(usage_.size()); ++prompt)
    if (barRect(prompt).contains(position)) return prompt;
  return -1;
}

QString PromptBars::tipOf(int prompt) const {
  QString text = tr("Prompt %1: %2 of all use").arg(prompt).arg(style::percent(100 * usage_[std::size_t(prompt)]));
  if (isWinner(prompt)) text += tr("\nOne of those that served every image when the choice collapsed.");
  return text + tr("\nClick: select the images that were given it (Shift adds, Ctrl takes away).");
}

void PromptBars::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), style::plotBackground());
  QFont small = font();
  small.setPointSizeF(small.pointSizeF() * 0.85);
  painter.setFont(small);
  const QFontMetricsF metrics(small);
  const double top = metrics.height() + 4, room = height() - top - 2;
  const double most = usage_.empty() ? 0 : *std::max_element(usage_.begin(), usage_.end());
  painter.setPen(style::muted());
  painter.drawText(QPointF(10, metrics.ascent() + 2), winners_.empty() ? tr("Share of all use") : tr("Share of all use; prompts %1 served every image when the choice collapsed").arg(promptList(winners_)));
  for (int prompt = 0; prompt < int(usage_.size()); ++prompt) {
    const QRectF column = barRect(prompt);
    const double tall = most > 0 ? room * usage_[std::size_t(prompt)] / most : 0;
    const double gap = std::min(4.0, column.width() * 0.12);
    const QRectF bar(column.left() + gap, height() - 1 - std::max(1.0, tall), column.width() - 2 * gap, std::max(1.0, tall));
    painter.fillRect(bar, isWinner(prompt) ? style::error() : style::accent());
    if (prompt != current_) continue;
    painter.setPen(QPen(palette().color(QPalette::Text), 2));
    painter.drawRect(bar.adjusted(-1, -1, 1, 0));
  }
  painter.setPen(style::axis());
  if (!usage_.empty()) painter.drawLine(QPointF(barRect(0).left(), height() - 0.5), QPointF(barRect(int(usage_.size()) - 1).right(), height() - 0.5));
  if (!hasFocus()) return;
  painter.setPen(style::accent());
  painter.drawRect(rect().adjusted(0, 0, -1, -1));
}

bool PromptBars::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const int prompt = promptAt(help->pos());
  if (prompt >= 0) QToolTip::showText(help->globalPos(), tipOf(prompt), this);
  else QToolTip::hideText();
  return true;
}

void PromptBars::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::ApplicationPaletteChange) update();
  QWidget::changeEvent(event);
}

void PromptBars::choose(int prompt) {
  current_ = std::clamp(prompt, 0, int(usage_.size()) - 1);
  update();
}

void PromptBars::mousePressEvent(QMouseEvent* event) {
  const int prompt = event->button() == Qt::LeftButton ? promptAt(event->position().toPoint()) : -1;
  if (prompt < 0) return QWidget::mousePressEvent(event);
  choose(prompt);
  Q_EMIT activated(prompt, event->modifiers());
}

void PromptBars::keyPressEvent(QKeyEvent* event) {
  if (usage_.empty()) return QWidget::keyPressEvent(event);
  if (event->key() == Qt::Key_Left) return choose(current_ - 1);
  if (event->key() == Qt::Key_Right) return choose(current_ + 1);
  const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_Space;
  if (!enter || current_ < 0) return QWidget::keyPressEvent(event);
  Q_EMIT activated(current_, event->modifiers());
}

}  // namespace palimpsest
