#include "widgets/views/scene_prompts.h"

#include <QEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "widgets/style/palette.h"

namespace palimpsest {

namespace {
constexpr double kOften = 0.5;      // in the summary: chosen by at least half of the images
constexpr int kMostPrompts = 400;   // wider pools have no cell of a pixel
}  // namespace

ScenePrompts::ScenePrompts(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("scene_prompts"));
  setAccessibleName(tr("Prompts chosen by the images of each task"));
  setToolTip(tr("Part of a task's test images that was given the prompt, at the evaluation last shown"));
}

void ScenePrompts::setRun(RunData* run) {
  if (run == run_) return;
  if (run_) run_->disconnect(this);
  run_ = run;
  if (run) connect(run, &RunData::changed, this, &ScenePrompts::refresh);
  refresh();
}

std::vector<std::vector<double>> ScenePrompts::shares(const RunData& run) {
  std::vector<std::vector<double>> out;
  for (const PromptUse& use : run.promptUse()) {
    if (use.split != "test" || use.layer != 0 || use.on_task < 0 || use.on_task >= run.matrix().tasks() || use.images <= 0) continue;
    if (out.size() <= std::size_t(use.on_task)) out.resize(std::size_t(use.on_task) + 1);
    std::vector<double>& row = out[std::size_t(use.on_task)];
    row.clear();
    for (const std::int64_t count : use.applied) row.push_back(double(count) / double(use.images));
    // A soft choice has no counts of its own: its shares of the weights.
    if (row.empty())
      for (const double mass : use.mass) row.push_back(mass / double(use.images));
    if (row.size() > kMostPrompts) row.resize(kMostPrompts);
  }
  return out;
}

void ScenePrompts::refresh() {
  shares_ = run_ ? shares(*run_) : std::vector<std::vector<double>>{};
  QStringList rows;
  for (std::size_t task = 0; task < shares_.size(); ++task) {
    QStringList often;
    for (std::size_t prompt = 0; prompt < shares_[task].size(); ++prompt)
      if (shares_[task][prompt] >= kOften) often << QString::number(prompt);
    rows << tr("task %1: prompts %2").arg(task + 1).arg(often.isEmpty() ? tr("none by half of the images") : often.join(QStringLiteral(", ")));
  }
  setAccessibleDescription(rows.isEmpty() ? tr("Nothing was chosen yet.") : rows.join(QStringLiteral("; ")));
  update();
}

void ScenePrompts::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), style::plotBackground());
  std::size_t prompts = 0;
  for (const auto& row : shares_) prompts = std::max(prompts, row.size());
  if (prompts == 0) {
    painter.setPen(style::muted());
    painter.drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap, tr("This run has chosen no prompts: its method has none, or it has not evaluated yet."));
    return;
  }
  const QFontMetricsF metrics(font());
  const qreal left = metrics.horizontalAdvance(tr("task %1").arg(88)) + 16;
  const QRectF area = QRectF(rect()).adjusted(left, 8, -12, -2 * metrics.height() - 12);
  const int rows = std::max(run_ ? run_->matrix().tasks() : 0, int(shares_.size()));
  const qreal width = area.width() / qreal(prompts), height = area.height() / rows;
  const int stride = std::max(1, int(std::ceil(metrics.horizontalAdvance(QStringLiteral("888 ")) / width)));
  painter.setPen(style::axis());
  for (std::size_t prompt = 0; prompt < prompts; prompt += std::size_t(stride))
    painter.drawText(QRectF(area.left() + qreal(prompt) * width, area.bottom() + 4, width * stride, metrics.height()), stride > 1 ? Qt::AlignLeft : Qt::AlignCenter, QString::number(prompt));
  painter.drawText(QRectF(area.left(), area.bottom() + 6 + metrics.height(), area.width(), metrics.height()), Qt::AlignCenter, tr("prompt"));
  for (int task = 0; task < rows; ++task) {
    const qreal y = area.top() + task * height;
    painter.setPen(style::axis());
    if (height >= metrics.height() * 0.9) painter.drawText(QRectF(0, y, left - 10, height), Qt::AlignRight | Qt::AlignVCenter, tr("task %1").arg(task + 1));
    for (std::size_t prompt = 0; prompt < prompts; ++prompt) {
      const bool known = std::size_t(task) < shares_.size() && prompt < shares_[std::size_t(task)].size();
      const QRectF cell(area.left() + qreal(prompt) * width, y, width, height);
      drawCell(painter, cell.adjusted(1.5, 1.5, -1.5, -1.5), known ? shares_[std::size_t(task)][prompt] : std::nan(""));
    }
  }
}

// A share that is not known yet is an empty frame.
void ScenePrompts::drawCell(QPainter& painter, const QRectF& cell, double share) const {
  const QFontMetricsF metrics(font());
  const bool known = std::isfinite(share);
  const QColor colour = known ? style::share(share) : style::plotBackground();
  painter.fillRect(cell, colour);
  painter.setPen(QPen(style::grid(), 1.5));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(cell);
  const QString figure = known ? QString::number(int(std::lround(100 * share))) : QString();
  if (metrics.horizontalAdvance(figure) > cell.width() - 6 || metrics.height() > cell.height()) return;
  painter.setPen(style::textOn(colour));
  painter.drawText(cell, Qt::AlignCenter, figure);
}

void ScenePrompts::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) update();
}

}  // namespace palimpsest
