#include "widgets/views/prompt_plot.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "widgets/style/palette.h"

namespace palimpsest {

namespace {

struct Words {
  const char *name, *title, *axis, *tip;
};

const Words& wordsOf(PromptFigure figure) {
  static const Words kWords[] = {
      {"effectivePrompts", QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Effective number"), QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "prompts"),
       QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Exponential of the entropy of the prompts' use: how many prompts do the work. A choice of N per image cannot fall below N.")},
      {"promptEvenness", QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Evenness"), QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "entropy, 0 to 1"),
       QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Normalised entropy of the prompts' use: 1 all alike, 0 always the same ones.")},
      {"deadPrompts", QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Dead prompts"), QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "prompts"),
       QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Prompts that are used less than a hundredth of an even use.")},
      {"promptRetrieval", QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Retrieval"), QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "images (%)"),
       QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Share of images whose strongest prompt belongs to their own task. Only where tasks own prompts.")},
      {"winnersCosine", QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Winners' cosine"), QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "cosine"),
       QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Mean cosine between the keys of the most used prompts: near 1 they have met in one point.")},
      {"keyDrift", QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "Key drift"), QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "1 - cosine"),
       QT_TRANSLATE_NOOP("palimpsest::PromptPlot", "How far the keys have turned since the task before: mean over prompts of 1 - cosine.")}};
  return kWords[int(figure)];
}

QString told(const char* text) { return PromptPlot::tr(text); }

}  // namespace

PromptPlot::PromptPlot(PromptFigure figure, FrameClock& frames, QWidget* parent)
    : LivePlot({told(wordsOf(figure).title), told(wordsOf(figure).axis), figure == PromptFigure::Retrieval ? QStringLiteral(" %") : QString()}, frames, parent),
      figure_(figure) {
  setObjectName(QLatin1String(wordsOf(figure).name));
  setToolTip(told(wordsOf(figure).tip));
  setAxis(Axis::Steps);
}

void PromptPlot::setLayer(int layer) {
  if (layer == layer_) return;
  layer_ = layer;
  markDirty();
}

void PromptPlot::setOther(RunData* other) {
  if (other == other_) return;
  if (other_) other_->disconnect(this);
  other_ = other;
  if (other) {
    connect(other, &RunData::changed, this, &LivePlot::markDirty);
    connect(other, &QObject::destroyed, this, &LivePlot::markDirty);
  }
  markDirty();
}

void PromptPlot::setMeasured(std::map<int, Series> by_layer) {
  measured_ = std::move(by_layer);
  markDirty();
}

Series PromptPlot::seriesOf(const RunData& run, int layer) const {
  if (figure_ != PromptFigure::KeyDrift) return promptFigure(run, layer, figure_);
  const auto found = &run == this->run() ? measured_.find(layer) : measured_.end();
  return found == measured_.end() ? Series() : found->second;
}

std::vector<int> PromptPlot::layers() const {
  std::set<int> out;
  if (run())
    for (const PromptHealth& health : run()->promptHealth()) out.insert(health.layer);
  for (const auto& [layer, series] : measured_) out.insert(layer);
  return {out.begin(), out.end()};
}

void PromptPlot::addCurve(Scene& scene, const RunData& run, int layer, const QPen& pen, const QString& name) const {
  Series& series = kept_[{&run, layer}] = seriesOf(run, layer);
  const bool any = std::any_of(series.ys().begin(), series.ys().end(), [](double y) { return !std::isnan(y); });
  if (!any) return;
  Curve curve{&series, name, pen, series.size() <= 12 && &run == this->run() && layer == layer_ ? run.colour_slot : -1, scene.time};
  if (&run != this->run() && axis() == Axis::Tasks) curve.time = TimeAxis::ofTasks(run);
  curve.in_legend = other_ != nullptr && layer == layer_;
  scene.curves.push_back(curve);
  for (const double y : series.ys())
    if (!std::isnan(y)) {
      scene.low = std::min(scene.low, y);
      scene.high = std::max(scene.high, y);
    }
}

Scene PromptPlot::scene() const {
  Scene scene = focused();
  kept_.clear();
  scene.low = 0;
  scene.high = figure_ == PromptFigure::Retrieval ? 100 : figure_ == PromptFigure::KeyDrift ? 0.02 : 1;
  if (!run()) return scene;
  if (figure_ == PromptFigure::Effective) scene.high = std::max(1, mostAvailable(*run(), layer_));
  for (const int layer : layers())
    if (layer != layer_) addCurve(scene, *run(), layer, QPen(style::muted(), 1), tr("layer %1").arg(layer));
  if (other_) addCurve(scene, *other_, layer_, style::runPen(other_->colour_slot, 1.5), other_->title());
  addCurve(scene, *run(), layer_, style::runPen(run()->colour_slot, 2), run()->title());
  scene.high += 0.05 * (scene.high - scene.low);
  return scene;
}

QString PromptPlot::summary() const {
  if (!run()) return emptyText();
  const Series series = seriesOf(*run(), layer_);
  for (std::size_t i = series.size(); i-- > 0;)
    if (!std::isnan(series.y(i)))
      return tr("%1, layer %2: %3 at %4. %5").arg(told(wordsOf(figure_).title)).arg(layer_).arg(series.y(i), 0, 'g', 3).arg(stepInTask(*run(), series.x(i)), told(wordsOf(figure_).tip));
  return emptyText();
}

QString PromptPlot::emptyText() const {
  if (!run()) return tr("No run is in focus.");
  if (figure_ == PromptFigure::KeyDrift) return tr("Comes when two tasks have ended with keys.");
  if (figure_ == PromptFigure::Retrieval) return tr("No task owns prompts here.");
  if (figure_ == PromptFigure::WinnersCosine) return tr("No two winners with keys to compare.");
  return tr("Comes with the first look at the choice.");
}

}  // namespace palimpsest
