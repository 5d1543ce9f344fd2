// The images of a run in the order in which life-lines are read: grouped by what became of them, within a group by class or
// by when they fell. Pure; O(images * tasks), for a pool thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "widgets/models/prediction_history.h"

namespace palimpsest {

struct LifeOrder {
  enum class Sort { ByClass, ByFall };
  struct Group {
    LifeKind kind;
    std::size_t begin = 0, count = 0;  // in rows
  };
  std::vector<int> rows;      // of the history
  std::vector<Group> groups;  // those with images; forgotten first, kept last
};

LifeOrder lifeOrder(const PredictionHistory& history, int upto, LifeOrder::Sort sort);

// Any samples by when they fell (never fallen last), or by class (never tested last); ties by sample.
std::vector<std::int64_t> ordered(const PredictionHistory& history, int upto, LifeOrder::Sort sort, std::vector<std::int64_t> samples);

}  // namespace palimpsest
