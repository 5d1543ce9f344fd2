// The text behind the colon of a spec such as "shapes:classes=20,side=32" or "cil:init=4,increment=4".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/protocol/issue.h"

namespace palimpsest {

struct Spec {
  std::string kind, rest;  // around the first colon
};
Spec splitSpec(std::string_view text);

// Reads key=value pairs; whatever is wrong goes to `issues`, under the name of the option that held the spec.
class SpecOptions {
 public:
  SpecOptions(std::string_view rest, std::string option, Issues& issues);

  // The value of `key`, or `fallback` where it is absent or wrong.
  std::int64_t integer(const std::string& key, std::int64_t fallback, std::int64_t min, std::int64_t max);
  std::string text(const std::string& key, const std::string& fallback);
  // One of `choices`, as its position; the first where it is absent or wrong.
  int choice(const std::string& key, const std::vector<std::string>& choices);
  // Several of `choices` joined by +, none twice, as positions in the order given; empty where absent.
  std::vector<int> several(const std::string& key, const std::vector<std::string>& choices);
  bool has(const std::string& key) const;
  // Reports two keys that say the same where both are given.
  void exclude(const std::string& one, const std::string& other);
  // To be called last: reports keys that nobody asked for.
  void finish();

 private:
  struct Pair {
    std::string key, value;
  };
  const Pair* take(const std::string& key);
  int position(const std::string& key, const std::string& word, const std::vector<std::string>& choices);

  std::string option_;
  Issues& issues_;
  std::vector<Pair> pairs_;
  std::vector<std::string> known_;
};

// All of `text` as a decimal integer.
bool parseInteger(std::string_view text, std::int64_t& out);

}  // namespace palimpsest
