// What must be equal before two methods are ranked, and where it is not. The command line's comparison and the
// window's ask here, so that both refuse the same. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/record/run_header.h"

namespace palimpsest::record {

struct Criterion {
  std::string path;    // "epochs", "options.train_transform": stable, for people to accept a difference by
  std::string what;    // "the epochs differ"
  bool spell = true;   // its values are short enough for a sentence
  bool blocks = true;  // a difference makes a ranking meaningless; otherwise it is only said
  std::function<std::string(const RunHeader&)> value;  // empty: does not apply to that run
};
const std::vector<Criterion>& fairnessCriteria();

struct Mismatch {
  const Criterion* criterion;
  std::vector<std::string> values;  // one for each method; "a / b" where its runs differ, empty: does not apply
};
// `methods`: the runs of each. A criterion that applies to fewer than two of them is met.
std::vector<Mismatch> mismatches(const std::vector<std::vector<const RunHeader*>>& methods);

// Whether `reference` is joint training on the stream that `run` learns task by task: what its intransigence
// (engine/metrics/transfer.h) is measured against.
bool isJointReference(const RunHeader& reference, const RunHeader& run);

}  // namespace palimpsest::record
