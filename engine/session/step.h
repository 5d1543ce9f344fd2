// One training step as rules on gradients see it.
#pragma once

#include <functional>

#include "engine/parts/phase/optimizer.h"
#include "engine/session/session.h"

namespace palimpsest {

struct StepWork {
  Session& session;
  const Samples& batch;  // images of the task; what replay has joined to them comes behind
  Optimizer& optimizer;
  double lr = 0, clip = 0;
  // The loss of some images as the recipe defines it, without replay of its own.
  std::function<Tensor(const Samples&)> loss;
};

// Replay: images of the memory under the training transform.

// These entries of the memory as a batch; `key` is what their augmentation is drawn by.
Samples replayed(Session& session, const std::vector<std::size_t>& entries, std::uint64_t key);
// `count` images drawn from the memory, and where they stand in it. Draws of one step differ by `which`.
Samples drawnFromMemory(Session& session, int count, int which, std::vector<std::size_t>* entries = nullptr);
// Both as one batch, b behind a. Both must have images.
Samples joined(const Samples& a, const Samples& b);
// Images [first, last) of a batch.
Samples sliceOf(const Samples& batch, std::int64_t first, std::int64_t last);
// What replay with losses of its own adds (DER, DER++); undefined when the memory is empty or replay is not of that kind.
Tensor replayCost(Session& session, double epochs);
// Lets the first `count` images of a batch into the memory, with the logits that they had.
void remember(Session& session, const Samples& batch, const Tensor& logits, int count);
// The end of a task, for memories that are filled then.
void rememberTask(Session& session);

}  // namespace palimpsest
