#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

std::string joined(const Issues& issues) {
  std::string out;
  for (const Issue& issue : issues) out += (out.empty() ? "" : "\n") + lineOf(issue);
  return out;
}

}  // namespace

std::string lineOf(const Issue& issue) {
  std::string line = issue.severity == Severity::Error ? "error: " : "warning: ";
  if (!issue.path.empty()) line += issue.path + ": ";
  line += issue.message;
  if (!issue.hint.empty()) line += " (" + issue.hint + ")";
  return line;
}

BadInput::BadInput(Issues list) : Error("bad-input", joined(list)), issues(std::move(list)) {}

void failExpectation(const char* condition, const char* text, const char* file, int line) {
  throw Error("internal", std::string(text) + " [" + condition + " at " + file + ":" + std::to_string(line) + "]",
              "This is a defect of the program: please report it with the run's log.");
}

}  // namespace palimpsest
