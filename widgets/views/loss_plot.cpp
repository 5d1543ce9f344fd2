#include "widgets/views/loss_plot.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QSignalBlocker>
#include <QSlider>
#include <algorithm>
#include <cmath>
#include <limits>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/run_curves.h"

namespace palimpsest {

namespace {

constexpr std::size_t kTooFewToSmooth = 10;
constexpr double kRawShare = 0.4;  // of the run's colour in the raw trace

QColor faint(const QColor& colour) {
  const QColor back = style::plotBackground();
  const auto mix = [](int a, int b) { return int(std::lround(a * kRawShare + b * (1 - kRawShare))); };
  return {mix(colour.red(), back.red()), mix(colour.green(), back.green()), mix(colour.blue(), back.blue())};
}

// 1, 2 or 5 times a power of ten, not below `value`: the axis moves in few steps.
double niceAbove(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 1.5, 2.0, 3.0, 5.0, 7.5})
    if (step * power >= value) return step * power;
  return 10 * power;
}

}  // namespace

LossPlot::LossPlot(RunListModel& runs, FrameClock& frames, QWidget* parent)
    : LivePlot({tr("Training loss"), tr("loss (nats)"), QString()}, frames, parent), runs_(runs), slider_(new QSlider(Qt::Horizontal)),
      value_(new QLabel) {
  setObjectName(QStringLiteral("lossPlot"));
  setAxis(Axis::Steps);
  auto* box = new QWidget;
  auto* row = new QHBoxLayout(box);
  row->setContentsMargins(0, 0, 0, 0);
  row->addWidget(value_);
  row->addWidget(slider_);
  slider_->setObjectName(QStringLiteral("smoothing"));
  slider_->setAccessibleName(tr("Smoothing"));
  slider_->setToolTip(tr("Weight of the past in the smoothed curve: a debiased exponential average of all points that starts anew at each task"));
  slider_->setRange(0, 99);
  slider_->setFixedWidth(90);
  connect(slider_, &QSlider::valueChanged, this, [this](int value) { setSmoothing(value / 100.0); });
  addToCorner(box);
  setSmoothing(beta_);
  watch(runs);
}

void LossPlot::setSmoothing(double beta) {
  beta_ = std::clamp(beta, 0.0, 0.99);
  const QSignalBlocker quiet(slider_);
  slider_->setValue(int(std::lround(beta_ * 100)));
  value_->setText(tr("smoothing %1").arg(QLocale().toString(beta_, 'f', 2)));
  value_->setMinimumWidth(value_->fontMetrics().horizontalAdvance(tr("smoothing %1").arg(QStringLiteral("0.00"))) + 4);
  markDirty();
}

Scene LossPlot::scene() const {
  Scene scene = focused();
  scene.subtitle = tr("each step faint, average strong");
  const std::vector<RunData*> runs = runs_.visibleRuns();
  std::erase_if(smoothers_, [&](const auto& entry) { return std::find(runs.begin(), runs.end(), entry.first) == runs.end(); });
  double low = 0, high = 0;
  std::vector<Curve> averages;
  for (const RunData* run : runs) {
    const Series& raw = run->loss();
    const TimeAxis time = axis() == Axis::Tasks ? TimeAxis::ofTasks(*run) : TimeAxis();
    const QString name = nameOf(*run, runs);
    const bool averaged = beta_ > 0 && raw.size() >= kTooFewToSmooth;
    const QColor colour = style::run(run->colour_slot);
    Curve trace{&raw, averaged ? tr("%1 (each step)").arg(name) : name, QPen(averaged ? faint(colour) : colour, 1), -1, time, !averaged, true};
    scene.curves.push_back(trace);
    if (averaged) averages.push_back({&smoothers_[run].update(raw, beta_, run->taskStarts()), name, style::runPen(run->colour_slot, 2), -1, time});
    double smallest = 0, largest = 0;
    if (raw.range(-1, std::numeric_limits<double>::infinity(), smallest, largest)) {
      low = std::min(low, smallest);
      high = std::max(high, largest);
    }
    scene.end = std::max(scene.end, reach(*run));
  }
  scene.curves.insert(scene.curves.end(), averages.begin(), averages.end());
  scene.low = low < 0 ? -niceAbove(-low) : 0;
  scene.high = niceAbove(high * 1.02);
  return scene;
}

QString LossPlot::summary() const {
  QStringList parts;
  for (const RunData* run : runs_.visibleRuns())
    if (run->loss().size() > 0) parts << tr("%1: %2 at step %3").arg(run->title(), style::number(run->loss().ys().back())).arg(run->step());
  return parts.isEmpty() ? emptyText() : parts.join(QStringLiteral("; "));
}

QString LossPlot::emptyText() const {
  if (runs_.visibleRuns().empty()) return tr("No run is shown. Start one, or tick one in the list of runs.");
  return tr("No training step yet. Methods that only take class means have no loss at all.");
}

}  // namespace palimpsest
