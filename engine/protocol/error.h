// A run that cannot go on. Thrown inside engine/ only, caught at the run's boundary and at the command line.
#pragma once

#include <stdexcept>
#include <string>

#include "engine/protocol/issue.h"

namespace palimpsest {

class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), code(std::move(code)), hint(std::move(hint)) {}
  std::string code;  // stable and short: "disk-full", "bad-weights", "out-of-memory"
  std::string hint;  // what to do
};

// A person's input was refused: every problem is listed, nothing was started.
class BadInput : public Error {
 public:
  explicit BadInput(Issues issues);
  Issues issues;
};

[[noreturn]] void failExpectation(const char* condition, const char* text, const char* file, int line);

}  // namespace palimpsest

// A programmer's mistake at a part's boundary (shapes, devices); on in every build.
#define PALIMPSEST_EXPECT(condition, text) \
  ((condition) ? void() : ::palimpsest::failExpectation(#condition, text, __FILE__, __LINE__))
