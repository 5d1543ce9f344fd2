// What a task's forgetting is due to, read off diagnose's answer (engine/inspect.h): accuracy when learned, when class
// expansion, head, prompts and matching have taken theirs, and now. Percent and percentage points; NaN where not defined.
#pragma once

#include <QString>
#include <cstdint>
#include <vector>

#include "engine/protocol/value.h"

namespace palimpsest {

struct ForgettingCause {
  enum class Kind { Expansion, Head, Prompts, Matching };
  Kind kind = Kind::Expansion;
  double points = 0;                  // lost to it; negative: gained
  std::vector<std::int64_t> samples;  // images that it costs, where the answer names them
};

struct TaskAttribution {
  int task = 0;
  double learned = 0, now = 0;  // percent
  double drift = 0;             // mean 1 - cosine of features, then and now
  std::vector<ForgettingCause> causes;  // in the order of the waterfall
  const ForgettingCause* largest() const;  // by points lost; nullptr: none lost anything
};

std::vector<TaskAttribution> attributionsOf(const Value& diagnosis);
QString causeName(ForgettingCause::Kind kind);
QString causeDefinition(ForgettingCause::Kind kind);
// "T1 lost 12.3 points since it was learned. Most of it, 8.1, went to the head: ..."
QString inWords(const TaskAttribution& attribution);

}  // namespace palimpsest
