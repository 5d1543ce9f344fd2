// What is wrong with something that a person gave us: never an exception, always all of it at once.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace palimpsest {

enum class Severity { Error, Warning };

struct Issue {
  Severity severity = Severity::Error;
  std::string path;     // where: a path in the recipe ("head.width"), an option ("--data"), a file
  std::string message;  // what is wrong, beginning with the part where there is one: "[top-k-cosine] top_k 8 ..."
  std::string hint;     // what to do; may be empty
  friend bool operator==(const Issue&, const Issue&) = default;
};

using Issues = std::vector<Issue>;

inline Issue error(std::string path, std::string message, std::string hint = {}) {
  return {Severity::Error, std::move(path), std::move(message), std::move(hint)};
}
inline Issue warning(std::string path, std::string message, std::string hint = {}) {
  return {Severity::Warning, std::move(path), std::move(message), std::move(hint)};
}
inline bool hasErrors(const Issues& issues) {
  for (const Issue& issue : issues)
    if (issue.severity == Severity::Error) return true;
  return false;
}
// "error: head.width: message (hint)": one line for consoles and logs.
std::string lineOf(const Issue& issue);

}  // namespace palimpsest
