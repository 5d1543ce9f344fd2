#include "app/cli/commands.h"

#include <memory>
#include <utility>

#include "app/cli/plan.h"

namespace palimpsest::cli {

void whenChosen(CLI::App& command, Context& context, std::function<int()> body, bool takes_settings) {
  auto verbose = std::make_shared<bool>(false);
  command.add_flag("-v,--verbose", *verbose, "Show the whole log on standard error, not warnings alone.");
  command.allow_extras();
  command.callback([&command, &context, verbose, takes_settings, body = std::move(body)] {
    if (*verbose) context.console.takeLog(spdlog::level::debug);
    if (!takes_settings) {
      Issues issues;
      refuseUnknown(command, command.remaining(), issues);
      refuse(issues);
    }
    context.status = body();
  });
}

}  // namespace palimpsest::cli
