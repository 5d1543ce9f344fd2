// Finds what a person means by a few letters: "cmprn" is "Compare runs". Pure; any thread.
#pragma once

#include <QString>
#include <optional>
#include <vector>

namespace palimpsest {

struct FuzzyMatch {
  int score = 0;        // larger is better; only comparable for the same pattern
  std::vector<int> at;  // positions in the text, ascending, no duplicates: what to print bold
};

// Every word of the pattern must be there as a subsequence, whatever the case, in any order. Letters in a row, at the start of
// a word and at the start of the text count more, letters skipped and longer texts count less. nullopt: no match. An empty
// pattern matches everything with score 0.
std::optional<FuzzyMatch> fuzzyMatch(const QString& pattern, const QString& text);

}  // namespace palimpsest
