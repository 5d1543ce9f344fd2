// palimpsest-cli: the whole engine without a window. Results go to standard output, everything else to standard error.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "app/cli/commands.h"
#include "app/cli/console.h"
#include "app/cli/follow.h"
#include "engine/engine.h"
#include "engine/protocol/error.h"

namespace palimpsest::cli {
namespace {

void addCommands(CLI::App& app, Context& context) {
  addRun(app, context);
  addCompare(app, context);
  addResume(app, context);
  addFork(app, context);
  addExport(app, context);
  addReport(app, context);
  addList(app, context);
  addDocs(app, context);
  addCheck(app, context);
  addFeatures(app, context);
  addBackbone(app, context);
  addPretrain(app, context);
  addSheet(app, context);
  addInstruments(app, context);
  addWhatIf(app, context);
  addCache(app, context);
  addBench(app, context);
}

int noCommand(const CLI::App& app, Console& console) {
  const std::vector<std::string> words = app.remaining();
  if (words.empty()) {
    console.line(app.help());
    return kBadInput;
  }
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands(nullptr)) known.push_back(command->get_name());
  const auto near = nearest(words.front(), known);
  console.line(lineOf(error(words.front(), "is no command",
                            near ? "did you mean \"" + *near + "\"?" : "palimpsest-cli --help lists the commands")));
  return kBadInput;
}

int parseAndRun(CLI::App& app, Context& context, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked, std::cout, std::cerr);
  } catch (const CLI::ParseError& mistake) {
    context.console.line("error: " + std::string(mistake.what()));
    return kBadInput;
  }
  return app.get_subcommands().empty() ? noCommand(app, context.console) : context.status;
}

int guarded(CLI::App& app, Context& context, int argc, char** argv) {
  try {
    return parseAndRun(app, context, argc, argv);
  } catch (const BadInput& bad) {
    printIssues(bad.issues, context.console);
    context.console.line("Nothing was started.");
    return kBadInput;
  } catch (const Error& failure) {
    context.console.line("error: " + std::string(failure.what()) + (failure.hint.empty() ? "" : "\n" + failure.hint));
  } catch (const std::exception& failure) {
    context.console.line("error: " + std::string(failure.what()));
  }
  return kFailed;
}

}  // namespace
}  // namespace palimpsest::cli

int main(int argc, char** argv) {
  using namespace palimpsest;
  prepareProcess(argc, argv);
  cli::Console console;
  console.takeLog(spdlog::level::warn);
  cli::Context context{console};
  CLI::App app("Palimpsest: a laboratory for continual learning with pre-trained Vision Transformers.",
               "palimpsest-cli");
  app.set_version_flag("--version", "palimpsest " + programVersion() + ", LibTorch " + torchVersion());
  app.footer("Exit status: 0 done, 1 failed, 2 bad input, 130 interrupted.");
  app.allow_extras();
  cli::addCommands(app, context);
  return cli::guarded(app, context, argc, argv);
}
