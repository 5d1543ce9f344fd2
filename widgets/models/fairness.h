// The fairness guard: what differs between methods that should not, in sentences, and whether they may be ranked.
// Which settings must be equal is settled in engine/record/fairness.h. Pure.
#pragma once

#include <QSet>
#include <QStringList>
#include <QVariant>
#include <vector>

#include "widgets/models/run_groups.h"

namespace palimpsest {

struct Unfairness {
  QString path;      // of the criterion: "epochs"
  QString sentence;  // "L2P used 5 epochs, RanPAC 20."
  bool blocks = true;
  bool accepted = false;  // a person said that this is what is compared
};

struct FairPlan {  // what would make methods comparable to the first one
  QStringList runs;      // ids of those to run again
  QVariantMap options;   // "epochs": 5, as run options
  QStringList sentences; // "epochs = 5"
  QStringList beyond;    // paths that no option can align
};

struct Fairness {
  std::vector<Unfairness> found;
  QString unknown;  // a sentence when the settings of some run are not known: nothing can be said of it
  bool mayRank() const;
  QString reason() const;  // why there is no ranking: all that blocks it; empty when there is one
};

// `accepted`: paths of differences that are what is compared; "unknown": settings that are not known are no obstacle.
Fairness fairnessOf(const std::vector<RunGroup>& groups, const QSet<QString>& accepted = {});
// To the settings of `reference`'s first run. Empty runs: nothing to do.
FairPlan alignmentTo(const std::vector<RunGroup>& groups, std::size_t reference, const QSet<QString>& accepted = {});

}  // namespace palimpsest
