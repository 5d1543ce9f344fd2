// Where events go.
#pragma once

#include "engine/protocol/event.h"

namespace palimpsest {

// Called on the engine's thread, in seq order. Must not throw and must not wait; the record's writer alone may
// wait and may throw Error, because the record is the truth.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void on(const Event& event) = 0;
};

}  // namespace palimpsest
