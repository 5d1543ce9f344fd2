// How a run's prompts are chosen while it trains: figures on a fixed set of training images every so often, and the
// alarm when the choice collapses. Looks at queries and keys only: no pass through the network.
#pragma once

#include <vector>

#include "engine/metrics/prompt_metrics.h"
#include "engine/session/session.h"

namespace palimpsest {

// Choices of one selection as the metrics read them: what was applied, or what the images' own queries asked for.
Selections selectionsOf(const Choice& choice, int which, int prompts, const Tensor& tasks, bool asked = false);
std::vector<float> floatsOf(const Tensor& x);
// Singular values of keys [M, D], of unit rows.
std::vector<double> singularValues(const Tensor& keys);
// The most used prompts: N of a hard choice, those that hold nine tenths of the weight of a soft one.
std::vector<int> winnersOf(const Selections& s);

// Frozen features of the images that are watched: the first of each class of the task, computed where they are missing.
void prepareWatch(Session& session);
// Emits prompt_health for every selection that goes by queries, and prompt_collapse when it has held twice in a row.
void watchPrompts(Session& session);

}  // namespace palimpsest
