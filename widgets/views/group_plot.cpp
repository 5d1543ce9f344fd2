#include "widgets/views/group_plot.h"

#include <QComboBox>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {

GroupPlot::GroupPlot(FrameClock& frames, QWidget* parent)
    : LivePlot({tr("Accuracy of methods"), tr("accuracy (%)"), QStringLiteral(" %")}, frames, parent), chooser_(new QComboBox) {
  setObjectName(QStringLiteral("groupPlot"));
  offerOnlyTasks();
  chooser_->setObjectName(QStringLiteral("bandChooser"));
  chooser_->setAccessibleName(tr("What is drawn around the mean"));
  chooser_->setToolTip(tr("What is drawn around the mean over runs of one method"));
  chooser_->addItems({tr("± standard deviation"), tr("lowest to highest"), tr("each run")});
  chooser_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  connect(chooser_, &QComboBox::currentIndexChanged, this, [this](int index) { setBand(Band(index)); });
  addToCorner(chooser_);
}

void GroupPlot::setGroups(std::vector<RunGroup> groups) {
  groups_ = std::move(groups);
  markDirty();
}

void GroupPlot::setBand(Band band) {
  if (band == band_) return;
  band_ = band;
  chooser_->setCurrentIndex(int(band));
  markDirty();
}

// Beside the crosshair: where the mean comes from.
static QString noteOf(const RunGroup& group, const Figure& figure) {
  QStringList seeds;
  for (std::size_t i = 0; i < figure.values.size(); ++i)
    if (figure.values[i]) seeds << style::points(*figure.values[i]);
  QString out;
  if (figure.spread.deviation) out += QStringLiteral(" ± %1").arg(style::points(*figure.spread.deviation));
  if (seeds.size() > 1) out += QStringLiteral("  [%1]").arg(seeds.join(QStringLiteral("  ")));
  return figure.spread.n < group.n() ? out + GroupPlot::tr("  n = %1").arg(figure.spread.n) : out;
}

Curve GroupPlot::curveOf(const RunGroup& group) const {
  Series &mean = fresh(), &low = fresh(), &high = fresh();
  Curve curve{&mean, tr("%1 (n = %2)").arg(group.name).arg(group.n()), style::runPen(group.colour_slot(), 2), group.colour_slot(), {}};
  curve.in_tasks = true;
  bool any = false;
  for (std::size_t k = 0; k < group.top1.size(); ++k) {
    const Figure& figure = group.top1[k];
    if (!figure.spread.mean) continue;
    const double x = double(k) + 1, y = *figure.spread.mean;
    double below = y, above = y;
    for (const auto& value : figure.values) {
      if (!value || band_ != Band::Range) continue;
      below = std::min(below, *value);
      above = std::max(above, *value);
    }
    if (band_ == Band::Deviation && figure.spread.deviation) below = y - *figure.spread.deviation, above = y + *figure.spread.deviation;
    any = any || above > below;
    mean.append(x, y);
    low.append(x, below);
    high.append(x, above);
    curve.notes.push_back(noteOf(group, figure));
  }
  if (any && band_ != Band::Runs) curve.low = &low, curve.high = &high;
  return curve;
}

void GroupPlot::addRuns(const RunGroup& group, Scene& scene) const {
  QColor colour = style::run(group.colour_slot());
  colour.setAlphaF(0.55f);
  for (const std::size_t run : group.used) {
    Series& series = fresh();
    for (std::size_t k = 0; k < group.runs[run].top1.size(); ++k)
      if (const auto y = group.runs[run].top1[k]) series.append(double(k) + 1, *y);
    Curve curve{&series, tr("%1, seed %2").arg(group.name).arg(group.runs[run].seed), QPen(colour, 1), -1, {}, false};
    curve.in_tasks = true;
    scene.curves.push_back(curve);
  }
}

Scene GroupPlot::scene() const {
  Scene scene = focused();
  if (run()) scene.time = TimeAxis::ofTasks(*run());
  scene.subtitle = band_ == Band::Deviation ? tr("all classes seen; mean and sample standard deviation over seeds")
                   : band_ == Band::Range   ? tr("all classes seen; mean, lowest and highest over seeds")
                                            : tr("all classes seen; mean, and each seed");
  kept_.clear();
  int tasks = 1;
  for (const RunGroup& group : groups_) {
    for (const RunFigures& run : group.runs) tasks = std::max(tasks, run.tasks);
    if (band_ == Band::Runs && group.n() > 1) addRuns(group, scene);
  }
  for (const RunGroup& group : groups_) scene.curves.push_back(curveOf(group));
  scene.end = tasks * 1.015;
  return scene;
}

QString GroupPlot::summary() const {
  QStringList parts;
  for (const RunGroup& group : groups_)
    if (group.last.spread.mean)
      parts << tr("%1: %2 after task %3 (n = %4)").arg(group.name, style::percent(*group.last.spread.mean)).arg(group.top1.size()).arg(group.n());
  return parts.isEmpty() ? emptyText() : parts.join(QStringLiteral("; "));
}

QString GroupPlot::emptyText() const { return tr("The first point comes when a run has been evaluated after task 1."); }

}  // namespace palimpsest
