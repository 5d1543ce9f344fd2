#include "engine/data/spec_options.h"

#include <algorithm>
#include <charconv>

#include "engine/protocol/param.h"

namespace palimpsest {

Spec splitSpec(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

bool parseInteger(std::string_view text, std::int64_t& out) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return problem == std::errc() && end == text.data() + text.size();
}

SpecOptions::SpecOptions(std::string_view rest, std::string option, Issues& issues)
    : option_(std::move(option)), issues_(issues) {
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == pair.size()) {
      issues_.push_back(error(option_, std::string(pair) + " is not of the form key=value"));
      continue;
    }
    Pair parsed{std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1))};
    if (has(parsed.key)) issues_.push_back(error(option_, parsed.key + " is given twice"));
    else pairs_.push_back(std::move(parsed));
  }
}

bool SpecOptions::has(const std::string& key) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const Pair& pair) { return pair.key == key; });
}

const SpecOptions::Pair* SpecOptions::take(const std::string& key) {
  known_.push_back(key);
  const auto found = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& pair) { return pair.key == key; });
  return found == pairs_.end() ? nullptr : &*found;
}

std::int64_t SpecOptions::integer(const std::string& key, std::int64_t fallback, std::int64_t min, std::int64_t max) {
  const Pair* pair = take(key);
  if (!pair) return fallback;
  std::int64_t value = 0;
  if (parseInteger(pair->value, value) && value >= min && value <= max) return value;
  issues_.push_back(error(option_, key + "=" + pair->value + " is not a whole number from " + std::to_string(min) +
                                       " to " + std::to_string(max)));
  return fallback;
}

std::string SpecOptions::text(const std::string& key, const std::string& fallback) {
  const Pair* pair = take(key);
  return pair ? pair->value : fallback;
}

int SpecOptions::choice(const std::string& key, const std::vector<std::string>& choices) {
  const Pair* pair = take(key);
  return pair ? position(key, pair->value, choices) : 0;
}

std::vector<int> SpecOptions::several(const std::string& key, const std::vector<std::string>& choices) {
  const Pair* pair = take(key);
  std::vector<int> positions;
  for (std::size_t begin = 0; pair && begin <= pair->value.size();) {
    const std::size_t end = std::min(pair->value.find('+', begin), pair->value.size());
    const std::string word = pair->value.substr(begin, end - begin);
    begin = end + 1;
    const int found = position(key, word, choices);
    const bool twice =
        choices[found] == word && std::find(positions.begin(), positions.end(), found) != positions.end();
    if (twice) issues_.push_back(error(option_, key + " names " + word + " twice"));
    else positions.push_back(found);
  }
  return positions;
}

// Of `word` in `choices`; 0 after reporting that it is none of them.
int SpecOptions::position(const std::string& key, const std::string& word, const std::vector<std::string>& choices) {
  const auto found = std::find(choices.begin(), choices.end(), word);
  if (found != choices.end()) return static_cast<int>(found - choices.begin());
  std::string known;
  for (const std::string& choice : choices) known += (known.empty() ? "" : ", ") + choice;
  const auto near = nearest(word, choices);
  issues_.push_back(error(option_, key + "=" + word + " is not one of " + known,
                          near ? "did you mean " + key + "=" + *near + "?" : ""));
  return 0;
}

void SpecOptions::exclude(const std::string& one, const std::string& other) {
  if (has(one) && has(other))
    issues_.push_back(error(option_, one + " and " + other + " are both given", "Keep one of them."));
}

void SpecOptions::finish() {
  for (const Pair& pair : pairs_)
    if (std::find(known_.begin(), known_.end(), pair.key) == known_.end())
      issues_.push_back(unknownKey(option_, pair.key, known_));
}

}  // namespace palimpsest
