// Stays with one run until it has ended: shows its progress, passes Ctrl-C on as a request to stop, and says how it
// ended. Main thread.
#pragma once

#include <filesystem>
#include <string>

#include "app/cli/console.h"
#include "app/cli/interrupt.h"
#include "app/cli/progress_view.h"
#include "engine/engine.h"
#include "engine/protocol/tail.h"

namespace palimpsest::cli {

// `tail` is one of the run's sinks. Blocks.
RunOutcome follow(Run& run, Tail& tail, ProgressView& view, Console& console, const Interrupt& interrupt);

// Says on standard error why the run did not reach its end, what is safe and what to do; nothing for "done".
// Returns the exit status.
int explain(const RunOutcome& outcome, const std::filesystem::path& folder, Console& console);

// Goes on with a recorded run to its end, from its last checkpoint, and prints what it came to: for people under `name`,
// or as JSON. Blocks. Returns the exit status.
int goOn(const std::filesystem::path& folder, const std::string& name, bool json, Console& console);

void printIssues(const Issues& issues, Console& console);

}  // namespace palimpsest::cli
