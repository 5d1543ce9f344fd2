#include "app/cli/run_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace palimpsest::cli {
namespace {

std::string upper(std::string_view kind) {
  if (kind == "integer") return "N";
  if (kind == "number") return "X";
  return "TEXT";
}

std::optional<Setting> splitSetting(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return std::nullopt;
  return Setting{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

// "--head.width" or "--head.width=3": an option whose name is a path.
bool isPath(std::string_view word) {
  if (!word.starts_with("--")) return false;
  return word.substr(0, word.find('=')).find('.') != std::string_view::npos;
}

}  // namespace

std::string flagOf(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string helpOf(const ParamSpec& spec) {
  const std::string range = rangeText(spec);
  const std::string fallback = spec.fallback.text();
  return std::string(spec.meta.doc) + " [" + range + (range.empty() ? "" : "; ") + "default " +
         (fallback.empty() ? "none" : fallback) + "]";
}

RunArguments::RunArguments(CLI::App& command, const std::vector<std::string>& only) {
  for (const ParamSpec& spec : specsOf<RunOptions>()) {
    if (!only.empty() && std::find(only.begin(), only.end(), spec.name) == only.end()) continue;
    const auto keep = [this, name = spec.name](const std::string& text) { written_[name] = text; };
    command.add_option_function<std::string>(flagOf(spec.name), keep, helpOf(spec))
        ->type_name(upper(kindName(spec.kind)))
        ->take_last()  // so that a script can append to a command
        ->group(spec.meta.level == Level::Expert ? "Options for experts" : "Options of the run");
  }
}

RunOptions RunArguments::read(Issues& issues, RunOptions options) const {
  for (const ParamSpec& spec : specsOf<RunOptions>()) {
    const auto found = written_.find(spec.name);
    if (found == written_.end()) continue;
    if (auto problem = assign(options, spec.name, parsed(spec, found->second)))
      issues.push_back(error(flagOf(spec.name), *problem));
  }
  return options;
}

Settings::Settings(CLI::App& command) {
  command
      .add_option("--set", written_,
                  "Any parameter of the recipe, for example --set phases.0.epochs=5; may be repeated. "
                  "--phases.0.epochs 5 means the same.")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false)
      ->group("Options of the run");
  command.allow_extras();
}

std::vector<Setting> Settings::read(const CLI::App& command, Issues& issues) const {
  std::vector<Setting> settings;
  for (const std::string& text : written_) {
    if (auto setting = splitSetting(text)) settings.push_back(std::move(*setting));
    else
      issues.push_back(
          error("--set", "\"" + text + "\" is not of the form PATH=VALUE", "for example --set phases.0.epochs=5"));
  }
  std::vector<std::string> unknown;
  const std::vector<std::string> words = command.remaining();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!isPath(words[i])) {
      unknown.push_back(words[i]);
    } else if (auto setting = splitSetting(words[i].substr(2))) {
      settings.push_back(std::move(*setting));
    } else if (i + 1 < words.size()) {
      settings.push_back({words[i].substr(2), words[i + 1]});
      ++i;
    } else {
      issues.push_back(error(words[i], "needs a value"));
    }
  }
  refuseUnknown(command, unknown, issues);
  return settings;
}

int wholeNumber(const char* flag, const std::string& text, int low, int high, Issues& issues) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && end == text.data() + text.size() && value >= low && value <= high) return value;
  issues.push_back(error(flag, fmt::format("\"{}\" is not a whole number from {} to {}", text, low, high)));
  return low;
}

void refuseUnknown(const CLI::App& command, const std::vector<std::string>& words, Issues& issues) {
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  bool after_flag = false;  // the value of an unknown flag is no second mistake
  for (const std::string& word : words) {
    const bool flag = word.starts_with('-');
    if (!flag && std::exchange(after_flag, false)) continue;
    after_flag = flag && word.find('=') == std::string::npos;
    const std::string name = word.substr(0, word.find('='));
    std::string hint = "palimpsest-cli " + command.get_name() + " --help lists the options";
    if (auto near = flag ? nearest(name, known) : std::nullopt) hint = "did you mean \"" + *near + "\"?";
    issues.push_back(error(name, flag ? "is no option of " + command.get_name() : "was not expected here", hint));
  }
}

}  // namespace palimpsest::cli
