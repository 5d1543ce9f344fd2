// Several runs side by side: seeds of one method become a mean and a deviation, and what makes the comparison unfair
// is said.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/export/run_summary.h"
#include "engine/metrics/spread.h"
#include "engine/record/run_settings.h"

namespace palimpsest::report {

using palimpsest::Spread;

// Runs that differ in nothing but seed, class order and machine.
struct Method {
  std::string name;  // of the recipe, made unique with what differs: "l2p (phases.0.epochs 10)"
  std::string title;
  std::vector<std::size_t> runs;                 // all of them, in Comparison::runs
  std::vector<std::size_t> used;                 // those that the figures are of: the complete ones where there are any
  bool complete = false;                         // the figures are of complete runs
  std::vector<Spread> top1;                      // percent, after each task: all test images of the classes seen
  std::vector<Spread> forgetting_at;             // percent, after each task from the second on; the first is empty
  Spread average, last, last_macro, forgetting;  // percent
  Spread intransigence;                          // percent; of runs that a run of joint training stands beside
  Spread seconds;
};

using Setting = record::AlignedSetting;  // one value for each method

struct Comparison {
  std::vector<RunSummary> runs;
  std::vector<Method> methods;  // in order of first appearance
  std::vector<Setting> settings;
  Issues unfair;  // what differs between the methods that should not
  Issues notes;   // runs that are not complete, damage in records
  int tasks = 0;  // of the longest stream
};
Comparison compare(std::vector<RunSummary> runs);

// Aligned columns for terminals, ending with a newline.
std::string comparisonTable(const Comparison& comparison);
std::string comparisonCsv(const Comparison& comparison);
std::string comparisonTex(const Comparison& comparison);  // a booktabs tabular
Value comparisonJson(const Comparison& comparison);

// compare.json, compare.csv, compare.tex, report.html, accuracy.png, forgetting.png and, where there was a loss,
// loss.png. Throws Error{"disk-full"} or Error{"write-failed"}.
void writeComparison(const std::filesystem::path& folder, const std::vector<RunSummary>& runs);
// One self-contained page.
void writeReport(const std::filesystem::path& file, const std::vector<RunSummary>& runs);

}  // namespace palimpsest::report
