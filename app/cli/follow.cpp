#include "app/cli/follow.h"

#include <fmt/format.h>

#include "app/cli/commands.h"
#include "app/cli/summary.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {
namespace {

constexpr std::chrono::milliseconds kGlance{50};  // between two looks at the tail; the engine never waits for us

void show(Tail& tail, std::uint64_t& next, ProgressView& view) {
  for (const Event& event : tail.take(next)) {
    view.apply(event);
    next = event.seq + 1;
  }
}

}  // namespace

RunOutcome follow(Run& run, Tail& tail, ProgressView& view, Console& console, const Interrupt& interrupt) {
  std::uint64_t next = 0;
  bool asked = false;
  while (!run.finished()) {
    interrupt.sleep(kGlance);
    if (interrupt.requested() && !asked) {
      asked = true;
      console.line("Stopping after this step and saving a checkpoint; press Ctrl-C again to end at once.");
      run.post({.what = Command::What::Stop});
    }
    show(tail, next, view);
  }
  RunOutcome outcome = run.wait();
  show(tail, next, view);
  return outcome;
}

int explain(const RunOutcome& outcome, const std::filesystem::path& folder, Console& console) {
  if (outcome.state == "done") return kDone;
  if (outcome.state == "refused") {
    printIssues(outcome.issues, console);
    console.line("Nothing was started.");
    return kBadInput;
  }
  const bool recorded = record::isRun(folder);
  const std::string go_on = "palimpsest-cli resume " + folder.string();
  if (outcome.state == "stopped") {
    console.line(recorded ? "Stopped; a checkpoint is saved. Go on with:  " + go_on
                          : "Stopped before anything was started.");
    return kInterrupted;
  }
  console.line(fmt::format("The run failed ({}): {}", outcome.code, outcome.message));
  if (!outcome.hint.empty()) console.line(outcome.hint);
  if (recorded)
    console.line("Everything until then is in " + folder.string() + ". When the cause is gone, go on with:  " + go_on);
  return kFailed;
}

int goOn(const std::filesystem::path& folder, const std::string& name, bool json, Console& console) {
  Tail tail;
  const Interrupt interrupt;
  RunOutcome outcome;
  {
    ProgressView view(console, name);
    view.catchUp(record::effectiveEvents(folder));
    const auto live = Run::resume(folder, {&tail});
    outcome = follow(*live, tail, view, console, interrupt);
  }
  if (outcome.state == "done") printSummary({folder}, json);
  if (outcome.state == "done") console.line("The run is in " + folder.string());
  return explain(outcome, folder, console);
}

void printIssues(const Issues& issues, Console& console) {
  for (const Issue& issue : issues) console.line(lineOf(issue));
}

}  // namespace palimpsest::cli
