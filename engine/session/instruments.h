// What a method's own instruments show: figures of its parts, how far its numbers moved, snapshots of means and keys.
#pragma once

#include "engine/session/session.h"

namespace palimpsest {

// How far the numbers of each layer are from where a phase found them, as a part of their length then.
class Movement {
 public:
  explicit Movement(const NamedParameters& parameters);
  void tell(Session& session, const NamedParameters& parameters) const;

 private:
  std::vector<Tensor> before_;
};

// At the end of a task: class means and keys as blobs, then figures.
void tellSnapshots(Session& session);
void tellFigures(Session& session);

}  // namespace palimpsest
