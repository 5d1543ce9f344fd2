// Runs grouped over seeds: repetitions of one recipe with the same options become one method with mean, deviation and
// the figures of its runs. Pure; a snapshot of RunData and their headers, without pointers to either.
#pragma once

#include <QString>
#include <QStringList>
#include <memory>
#include <optional>
#include <vector>

#include "engine/metrics/accuracy_matrix.h"
#include "engine/metrics/spread.h"
#include "widgets/models/run_headers.h"

namespace palimpsest {

struct RunFigures {  // of one run; percent 0..100
  QString id, title;
  int colour_slot = 0;
  std::int64_t seed = 0;
  int tasks = 0;          // length of the stream
  bool complete = false;  // it is done, with every task evaluated
  std::vector<std::optional<double>> top1;  // after each finished task: all test images of the classes seen
  AccuracyMatrix matrix;
  std::optional<double> last, average, forgetting, seconds;
  std::shared_ptr<const KnownHeader> header;  // nullptr: not known
};
RunFigures figuresOf(const RunData& run, std::shared_ptr<const KnownHeader> header);

struct Figure {
  Spread spread;
  std::vector<std::optional<double>> values;  // one for each of RunGroup::used
};

struct RunGroup {
  QString name;  // the recipe's title, made unique with what differs
  std::vector<RunFigures> runs;
  std::vector<std::size_t> used;  // those the figures are of: the complete ones where there are any
  bool complete = false;          // the figures are of complete runs
  std::vector<Figure> top1;       // after each task; a task that only some of the runs reached has a smaller n
  Figure last, average, forgetting, seconds;
  Figure intransigence;  // where runs of joint training on the same stream are among the runs
  int n() const { return int(used.size()); }
  int colour_slot() const { return runs.front().colour_slot; }
  QStringList ids() const;  // of all its runs
};

// In order of first appearance. A run whose header is not known stands alone.
std::vector<RunGroup> groupRuns(const std::vector<RunFigures>& runs);

// Place of each group by average accuracy, from 1; equal figures share a place. nullopt for groups that are not
// complete, because the average over fewer tasks is of an easier stream.
std::vector<std::optional<int>> ranksOf(const std::vector<RunGroup>& groups);

}  // namespace palimpsest
