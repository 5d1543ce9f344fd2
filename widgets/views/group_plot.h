// Accuracy after each task, one curve a method: the mean over its seeds, a band around it, and beside the crosshair the
// figure of each seed. Shows a snapshot that somebody hands in.
#pragma once

#include <list>
#include <vector>

#include "widgets/models/run_groups.h"
#include "widgets/views/live_plot.h"

class QComboBox;

namespace palimpsest {

class GroupPlot final : public LivePlot {
  Q_OBJECT
 public:
  enum class Band { Deviation, Range, Runs };  // mean +- sample standard deviation; lowest to highest; a thin line a run
  explicit GroupPlot(FrameClock& frames, QWidget* parent = nullptr);
  void setGroups(std::vector<RunGroup> groups);
  void setBand(Band band);
  Band band() const { return band_; }

 protected:
  Scene scene() const override;
  QString summary() const override;
  QString emptyText() const override;

 private:
  Curve curveOf(const RunGroup& group) const;
  void addRuns(const RunGroup& group, Scene& scene) const;
  Series& fresh() const { return kept_.emplace_back(); }
  std::vector<RunGroup> groups_;
  Band band_ = Band::Deviation;
  QComboBox* chooser_;
  mutable std::list<Series> kept_;  // of one frame; curves point into it
};

}  // namespace palimpsest
