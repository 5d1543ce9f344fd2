#include "widgets/models/fuzzy.h"

#include <QStringList>
#include <algorithm>
#include <limits>

namespace palimpsest {

namespace {

constexpr int kLetter = 16, kInARow = 14, kWordStart = 12, kTextStart = 8, kSkipped = 1, kMostSkipped = 12;
constexpr int kNever = std::numeric_limits<int>::min() / 4;
constexpr int kLongestText = 400;  // beyond it the table would cost more than a name is worth

bool startsWord(const QString& text, int at) {
  if (at == 0) return true;
  const QChar before = text[at - 1], here = text[at];
  return (!before.isLetterOrNumber() && here.isLetterOrNumber()) || (before.isLower() && here.isUpper());
}

int bonus(const QString& text, int at) { return (startsWord(text, at) ? kWordStart : 0) + (at == 0 ? kTextStart : 0); }

// best[i][j]: of the first i+1 letters of the word, the last of them at j. The best of all earlier places is kept while j
// moves, so a word of w letters costs w times the length of the text.
std::optional<FuzzyMatch> matchWord(const QString& word, const QString& text, const QString& folded) {
  const int letters = int(word.size()), length = int(folded.size());
  std::vector<std::vector<int>> best(std::size_t(letters), std::vector<int>(std::size_t(length), kNever)), from = best;
  for (int i = 0; i < letters; ++i) {
    int earlier = kNever, earlier_at = -1;  // the best place of the letter before, at j - 2 or earlier, as worth at j
    for (int j = i; j < length; ++j) {
      const auto previous = [&](int at) { return i > 0 && at >= 0 ? best[std::size_t(i - 1)][std::size_t(at)] : kNever; };
      if (earlier > kNever) earlier -= kSkipped;
      if (previous(j - 2) - kSkipped > earlier) earlier = previous(j - 2) - kSkipped, earlier_at = j - 2;
      if (folded[j] != word[i]) continue;
      int value = i == 0 ? -std::min(j, kMostSkipped) * kSkipped : earlier, place = i == 0 ? -1 : earlier_at;
      if (previous(j - 1) > kNever && previous(j - 1) + kInARow >= value) value = previous(j - 1) + kInARow, place = j - 1;
      if (value <= kNever) continue;
      best[std::size_t(i)][std::size_t(j)] = value + kLetter + bonus(text, j);
      from[std::size_t(i)][std::size_t(j)] = place;
    }
  }
  const auto& last = best.back();
  const auto top = std::max_element(last.begin(), last.end());
  if (last.empty() || *top <= kNever / 2) return std::nullopt;
  FuzzyMatch match{*top, {}};
  int at = int(top - last.begin());
  for (int i = letters - 1; i >= 0; --i) {
    match.at.push_back(at);
    at = from[std::size_t(i)][std::size_t(at)];
  }
  std::reverse(match.at.begin(), match.at.end());
  return match;
}

}  // namespace

std::optional<FuzzyMatch> fuzzyMatch(const QString& pattern, const QString& text) {
  const QString shortened = text.left(kLongestText);
  // Letter by letter, so that positions stay those of the text also where a fold is longer than its letter.
  QString folded = shortened;
  for (QChar& letter : folded) letter = letter.toCaseFolded();
  QString wanted = pattern.left(kLongestText);
  for (QChar& letter : wanted) letter = letter.toCaseFolded();
  FuzzyMatch all;
  for (const QString& word : wanted.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
    if (word.size() > folded.size()) return std::nullopt;
    const auto match = matchWord(word, shortened, folded);
    if (!match) return std::nullopt;
    all.score += match->score;
    all.at.insert(all.at.end(), match->at.begin(), match->at.end());
  }
  if (all.at.empty()) return all;
  std::sort(all.at.begin(), all.at.end());
  all.at.erase(std::unique(all.at.begin(), all.at.end()), all.at.end());
  all.score -= int(folded.size()) / 8;
  return all;
}

}  // namespace palimpsest
