#include "widgets/views/stability_view.h"

#include <QLabel>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"

namespace palimpsest {

StabilityView::StabilityView(Lab& lab, QWidget* parent)
    : LivePlot({tr("Stability gap"), tr("% right on earlier tasks"), tr(" %")}, lab.frames, parent), figures_(new QLabel) {
  setObjectName(QStringLiteral("stabilityView"));
  setAxis(Axis::Steps);
  figures_->setObjectName(QStringLiteral("stabilityFigures"));
  figures_->setToolTip(tr("De Lange et al., ICLR 2023, on the probe images.\nmin-ACC: the lowest accuracy of each earlier task since it was learned, mean over these tasks.\n"
                          "WC-ACC, worst-case accuracy with k tasks: accuracy on the last task / k + (1 - 1/k) min-ACC."));
  addToCorner(figures_);
  connect(&lab.cursor, &Cursor::runChanged, this, [this](RunData* run) { setRun(run); });
  setRun(lab.cursor.run());
}

void StabilityView::measure() const {
  const RunData* now = run();
  const std::size_t probes = now ? now->probes().size() : 0, bands = now ? now->bands().size() : 0;
  if (now == measured_ && probes == probes_ && bands == bands_) return;
  measured_ = now;
  probes_ = probes;
  bands_ = bands;
  stability_ = now ? stabilityOf(now->probes(), now->bands()) : Stability();
}

QString StabilityView::figures() const {
  measure();
  QStringList parts;
  if (stability_.min_acc) parts << tr("min-ACC %1").arg(style::percent(*stability_.min_acc));
  if (stability_.wc_acc) parts << tr("WC-ACC %1").arg(style::percent(*stability_.wc_acc));
  return parts.join(QStringLiteral(", "));
}

Scene StabilityView::scene() const {
  measure();
  Scene scene;
  scene.end = 1;
  figures_->setText(figures());
  if (stability_.curves.empty()) return scene;
  scene.subtitle = stability_.dense > 1 ? tr("%1: steps since the task border").arg(run()->title()) : tr("%1: probed too rarely to see the dip; set probe_dense").arg(run()->title());
  for (const BorderCurve& curve : stability_.curves) {
    Curve out{&curve.earlier, tr("start of T%1").arg(curve.task + 1), QPen(style::task(curve.task, run()->start().tasks), 2), stability_.dense > 1 ? -1 : 0, TimeAxis()};
    scene.curves.push_back(out);
    const double last = curve.earlier.x(curve.earlier.size() - 1);
    scene.end = std::max(scene.end, stability_.dense > 1 ? std::min(last, 1.2 * stability_.dense) : last);
  }
  scene.low = 0;
  scene.high = 100;
  return scene;
}

QString StabilityView::summary() const {
  measure();
  if (stability_.curves.empty()) return emptyText();
  const BorderCurve* deepest = nullptr;
  for (const BorderCurve& curve : stability_.curves)
    if (std::isfinite(curve.before - curve.lowest) && (!deepest || curve.before - curve.lowest > deepest->before - deepest->lowest)) deepest = &curve;
  QString text = figures();
  if (deepest) text += tr(". Deepest at the start of T%1: from %2 to %3.").arg(deepest->task + 1).arg(style::percent(deepest->before), style::percent(deepest->lowest));
  return text;
}

QString StabilityView::emptyText() const {
  if (!run()) return tr("No run is in focus. Choose one in the list of runs.");
  if (run()->probes().empty())
    return tr("Accuracy on old tasks often dips for a few steps after a task border and comes back, which evaluations at task ends do not see. To see it, run with probe_images (10, say) and probe_dense (50, say).");
  return tr("The first border comes when task 2 starts.");
}

}  // namespace palimpsest
