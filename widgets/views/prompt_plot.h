// One figure of the choice of prompts over the steps of a run: the layer in focus strong, the others faint, B beside it.
#pragma once

#include <QPointer>
#include <map>

#include "widgets/models/prompt_model.h"
#include "widgets/views/live_plot.h"

namespace palimpsest {

class PromptPlot final : public LivePlot {
  Q_OBJECT
 public:
  PromptPlot(PromptFigure figure, FrameClock& frames, QWidget* parent = nullptr);
  PromptFigure figure() const { return figure_; }
  void setLayer(int layer);
  void setOther(RunData* other);          // B; nullptr: none
  void setMeasured(std::map<int, Series> by_layer);  // of KeyDrift, which events do not tell

 protected:
  Scene scene() const override;
  QString summary() const override;
  QString emptyText() const override;

 private:
  Series seriesOf(const RunData& run, int layer) const;
  void addCurve(Scene& scene, const RunData& run, int layer, const QPen& pen, const QString& name) const;
  std::vector<int> layers() const;
  const PromptFigure figure_;
  int layer_ = 0;
  QPointer<RunData> other_;
  std::map<int, Series> measured_;
  mutable std::map<std::pair<const RunData*, int>, Series> kept_;  // of one frame
};

}  // namespace palimpsest
