// palimpsest-cli what-if: a run's prompts chosen otherwise, and what becomes of its predictions.
#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "app/cli/inspection.h"
#include "app/cli/inspection_text.h"
#include "app/cli/plan.h"

namespace palimpsest::cli {
namespace {

constexpr int kMost = 1000000;  // of whatever is counted; the engine knows how many there are

struct Arguments {
  explicit Arguments(CLI::App& command) : common(command) {
    const auto list = [&](const char* flag, std::vector<std::string>& words, const char* type, const char* help) {
      command.add_option(flag, words, help)->type_name(type)->allow_extra_args(false)->group("What to change");
    };
    const auto one = [&](const char* flag, std::string& word, const char* type, const char* help) {
      command.add_option(flag, word, help)->type_name(type)->group("What to change");
    };
    list("--mask", mask, "A,B,C", "Prompts that are never chosen; prompts are counted from 0.");
    list("--force", force, "A,B,C", "Prompts that are always chosen.");
    list("--swap", swap, "A:B,C:D", "Prompts that exchange what they hold; their keys stay.");
    list("--freeze", freeze, "A:T,B:T", "Prompts that are what they were after a task, the first being 1: 3:1.");
    list("--reinitialise", reinitialise, "A,B,C", "Prompts that are drawn anew, as at the start.");
    one("--top-k", top_k, "N", "Prompts for each image. [1 to 1000]");
    one("--temperature", temperature, "X", "Temperature of the weights. [1e-6 to 1000]");
    command.add_flag("--centre", centre, "Take the first task's mean query off every query.")->group("What to change");
    one("--layer", layer, "N", "Change this selection alone, counted from 0. [default: all of them]");
    one("--after-task", after_task, "N",
        "The model as it was after this task, the first being 1. [default: as it is now]");
  }
  InspectionArguments common;
  std::vector<std::string> mask, force, swap, freeze, reinitialise;
  std::string top_k, temperature, layer, after_task;
  bool centre = false;

  bool changeNothing() const {
    return mask.empty() && force.empty() && swap.empty() && freeze.empty() && reinitialise.empty() && top_k.empty() &&
           temperature.empty() && !centre;
  }
};

// "3,7" and "3 --mask 7" are the same list.
std::vector<std::string> pieces(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const std::string& word : words)
    for (std::size_t from = 0, comma = 0; comma != std::string::npos; from = comma + 1) {
      comma = word.find(',', from);
      out.push_back(word.substr(from, comma == std::string::npos ? comma : comma - from));
    }
  return out;
}

std::vector<int> numbers(const char* flag, const std::vector<std::string>& words, Issues& issues) {
  std::vector<int> out;
  for (const std::string& piece : pieces(words)) out.push_back(wholeNumber(flag, piece, 0, kMost, issues));
  return out;
}

std::vector<std::pair<int, int>> pairs(const char* flag, const std::vector<std::string>& words, Issues& issues) {
  std::vector<std::pair<int, int>> out;
  for (const std::string& piece : pieces(words)) {
    const auto colon = piece.find(':');
    if (colon == std::string::npos) {
      issues.push_back(error(flag, "\"" + piece + "\" is not of the form A:B", std::string("for example ") + flag + " 0:1"));
      continue;
    }
    const int a = wholeNumber(flag, piece.substr(0, colon), 0, kMost, issues);
    out.emplace_back(a, wholeNumber(flag, piece.substr(colon + 1), 0, kMost, issues));
  }
  return out;
}

double temperatureIn(const std::string& text, Issues& issues) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && end == text.data() + text.size() && value >= 1e-6 && value <= 1e3) return value;
  issues.push_back(error("--temperature", fmt::format("\"{}\" is not a number from 1e-6 to 1000", text)));
  return 1;
}

WhatIf changeOf(const Arguments& arguments, Issues& issues) {
  WhatIf change{.mask = numbers("--mask", arguments.mask, issues),
                .force = numbers("--force", arguments.force, issues),
                .swap = pairs("--swap", arguments.swap, issues),
                .reinitialise = numbers("--reinitialise", arguments.reinitialise, issues),
                .freeze = pairs("--freeze", arguments.freeze, issues),
                .centre = arguments.centre};
  for (auto& [prompt, task] : change.freeze) --task;  // people count tasks from 1
  if (!arguments.top_k.empty()) change.top_k = wholeNumber("--top-k", arguments.top_k, 1, 1000, issues);
  if (!arguments.temperature.empty()) change.temperature = temperatureIn(arguments.temperature, issues);
  if (!arguments.layer.empty()) change.layer = wholeNumber("--layer", arguments.layer, 0, kMost, issues);
  if (!arguments.after_task.empty())
    change.after_task = wholeNumber("--after-task", arguments.after_task, 1, kMost, issues) - 1;
  if (arguments.changeNothing())
    issues.push_back(error("what-if", "there is nothing to change", "for example --mask 3,7 or --top-k 2; see --help"));
  return change;
}

int ask(const Arguments& arguments, Console& console) {
  Issues issues;
  const InspectOptions options = arguments.common.read(console, issues);
  const WhatIf change = changeOf(arguments, issues);
  refuse(issues);
  const Value found = whatIf(arguments.common.folder(), change, options);
  console.bar("");
  arguments.common.answer(found, whatIfText);
  return kDone;
}

}  // namespace

void addWhatIf(CLI::App& app, Context& context) {
  CLI::App& command = *app.add_subcommand(
      "what-if", "A run's prompts chosen otherwise: masked, forced, swapped, frozen, drawn anew. The run stays as it is.");
  auto arguments = std::make_shared<Arguments>(command);
  whenChosen(command, context, [arguments, &context] { return ask(*arguments, context.console); });
}

}  // namespace palimpsest::cli
