// What diagnose, what-if, invariance and transfer have in common: the run's folder, how much of it they look at, how they answer.
#pragma once

#include <string>

#include "app/cli/commands.h"
#include "app/cli/run_arguments.h"
#include "engine/inspect.h"

namespace palimpsest::cli {

class InspectionArguments {
 public:
  explicit InspectionArguments(CLI::App& command);
  const std::string& folder() const { return folder_; }
  // Shows progress on the console, which is borrowed. What is wrong with folder or numbers goes to `issues`.
  InspectOptions read(Console& console, Issues& issues) const;
  // On standard output: as JSON when asked for, otherwise as `text` puts it.
  void answer(const Value& found, std::string (*text)(const Value&)) const;

 private:
  RunArguments options_;
  std::string folder_, images_ = "10";
  bool json_ = false;
};

}  // namespace palimpsest::cli
