// Gradient descent inside one task: what the sgd phase asks for.
#pragma once

#include <functional>

#include "engine/parts/phase/optimizer.h"

namespace palimpsest {

struct Descent {
  bool seen = false;  // on all tasks seen, not on this one alone
  int epochs = 1, batch = 48, steps = 0;  // steps of an epoch; the last batch may be smaller
  Optimizer::Choice optimizer;
  double clip = 0, ema = 0;
  bool keep_state = false;  // the optimiser's, from one task's descent of this phase to the next
  double cross_entropy = 1;  // its weight beside the penalties
  std::function<double(int epoch, int step)> rate;
};

// Trains everything trainable of the session's model from the clock's epoch and step on. Reads the mailbox between
// steps; throws StopRequested there.
void descend(Session& session, const Descent& descent);

}  // namespace palimpsest
