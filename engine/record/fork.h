// A run that shares another's past: it holds what the other recorded up to the end of one task, and goes on from there
// with changed settings by the usual resume. Only what comes later is computed anew.
#pragma once

#include <filesystem>
#include <vector>

#include "engine/protocol/options.h"
#include "engine/protocol/value.h"

namespace palimpsest::record {

struct ForkPlan {
  int after_task = 0;  // from 0; its end is the last thing that both runs have in common
  Value recipe;        // complete, as run.json has it
  RunOptions options;  // those in fixedInForks() as the source has them
};

// Options that say what was learned from, and by what network: the past would not be the fork's own with others.
const std::vector<std::string>& fixedInForks();

// The plan that changes nothing: the source's own recipe and options. Throws BadInput when it holds no run.
ForkPlan forkPlanOf(const std::filesystem::path& source, int after_task);

// Tasks, from 0 and in order, after which the run can be forked: they have ended, others come later, and the checkpoint
// of their end is still there. Reads all events: blocking. Throws BadInput when it holds no run.
std::vector<int> forkPoints(const std::filesystem::path& source);

// Makes `destination` a run that has done all of `source` up to the end of plan.after_task. Blobs, and the checkpoint
// where possible, share their bytes with the source (hard links); nothing of the source is changed, and it may go on
// being written meanwhile. run.json comes last: what a killed process leaves is no run. Blocking, any thread.
// Throws BadInput with every problem, Error{"disk-full"} or Error{"write-failed"}; then nothing is left.
void forkRun(const std::filesystem::path& source, const ForkPlan& plan, const std::filesystem::path& destination);

}  // namespace palimpsest::record
