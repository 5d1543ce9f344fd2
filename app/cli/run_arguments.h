// Command-line options derived from a parameter declaration (engine/protocol/param.h); none is written by hand.
#pragma once

#include <CLI/App.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/protocol/options.h"

namespace palimpsest::cli {

// "limit_train" <-> "--limit-train".
std::string flagOf(std::string_view name);
// "Batch of evaluation. [1 to 65536 images; default 64]"
std::string helpOf(const ParamSpec& spec);

// The options of a run on one subcommand. Lives as long as the subcommand's callback.
class RunArguments {
 public:
  // `only` keeps these names; empty keeps all.
  explicit RunArguments(CLI::App& command, const std::vector<std::string>& only = {});
  // What was written, over `options`. Every misfit becomes an issue that names its flag.
  RunOptions read(Issues& issues, RunOptions options = {}) const;

 private:
  std::map<std::string, std::string, std::less<>> written_;
};

// "--set PATH=VALUE", and "--head.width 10000" as a short way to write the same.
struct Setting {
  std::string path, value;
};

class Settings {
 public:
  explicit Settings(CLI::App& command);
  // In the order of --set; then the short ones. Words that mean nothing on this command become issues.
  std::vector<Setting> read(const CLI::App& command, Issues& issues) const;

 private:
  std::vector<std::string> written_;
};

// The value of an option that is no parameter of a run; a misfit becomes an issue.
int wholeNumber(const char* flag, const std::string& text, int low, int high, Issues& issues);

// Words that the command does not know, each with the nearest flag it does know.
void refuseUnknown(const CLI::App& command, const std::vector<std::string>& words, Issues& issues);

}  // namespace palimpsest::cli
