// Runs as lines over axes: the settings that vary, and what came of them. Places on an axis are 0 (bottom) to 1; numbers
// lie to scale (logarithmic from a factor of 100 on), words evenly. Pure.
#pragma once

#include <QMap>
#include <QString>
#include <QStringList>
#include <vector>

#include "widgets/models/run_groups.h"

namespace palimpsest {

struct ParallelAxis {
  QString name;                // "phases.0.epochs"
  std::vector<double> places;  // one for each run; NaN: it has no such value
  QStringList values;          // one for each run, as text
  std::vector<std::pair<double, QString>> ticks;  // place, label; ascending
};

struct Brush {  // of one axis: the places that pass, low <= high
  double low = 0, high = 1;
};
using Brushes = QMap<QString, Brush>;  // by the axis's name

// Settings that all runs have and in which they differ (but for those that do not touch the numbers), then average and
// last accuracy.
std::vector<ParallelAxis> parallelAxes(const std::vector<RunFigures>& runs);
// Whether each run lies in every brush; a run without a value on a brushed axis does not. Unknown axes do not count.
std::vector<bool> passing(const std::vector<ParallelAxis>& axes, const Brushes& brushes);
// `axes` in the order of `names`; those that it does not know keep theirs, behind.
std::vector<ParallelAxis> ordered(std::vector<ParallelAxis> axes, const QStringList& names);

}  // namespace palimpsest
