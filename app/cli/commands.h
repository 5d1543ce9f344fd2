// The subcommands of palimpsest-cli, one source file each. Every add...() declares its subcommand and options on `app`;
// when a person chooses it, its exit status lands in context.status. Problems with what the person wrote are thrown as
// BadInput, before anything is started.
#pragma once

#include <CLI/App.hpp>
#include <functional>

#include "app/cli/console.h"

namespace palimpsest::cli {

// What a script may rely on.
enum Status { kDone = 0, kFailed = 1, kBadInput = 2, kInterrupted = 130 };

struct Context {
  Console& console;
  int status = kDone;
};

// Runs `body` when `command` was chosen; its result is the exit status. Adds --verbose. Unless the body reads them
// itself (`takes_settings`), words that the command does not know are refused.
void whenChosen(CLI::App& command, Context& context, std::function<int()> body, bool takes_settings = false);

void addRun(CLI::App& app, Context& context);
void addCompare(CLI::App& app, Context& context);
void addResume(CLI::App& app, Context& context);
void addFork(CLI::App& app, Context& context);
void addExport(CLI::App& app, Context& context);
void addReport(CLI::App& app, Context& context);
void addList(CLI::App& app, Context& context);
void addDocs(CLI::App& app, Context& context);
void addCheck(CLI::App& app, Context& context);
void addFeatures(CLI::App& app, Context& context);
void addBackbone(CLI::App& app, Context& context);
void addPretrain(CLI::App& app, Context& context);
void addSheet(CLI::App& app, Context& context);
void addInstruments(CLI::App& app, Context& context);
void addWhatIf(CLI::App& app, Context& context);
void addCache(CLI::App& app, Context& context);
void addBench(CLI::App& app, Context& context);

}  // namespace palimpsest::cli
