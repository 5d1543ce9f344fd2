// palimpsest-cli resume: goes on with a stopped, killed or failed run.
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/follow.h"
#include "app/cli/plan.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {
namespace {

int resume(const std::filesystem::path& folder, bool json, Console& console) {
  Issues issues;
  if (folder.empty())
    issues.push_back(error("RUN_FOLDER", "is missing", "palimpsest-cli list runs shows the runs below ./runs"));
  else if (!record::isRun(folder))
    issues.push_back(error(folder.string(), "holds no run", "palimpsest-cli list runs shows the runs below ./runs"));
  refuse(issues);
  const record::Reader reader(folder);
  const Value* name = reader.run().at("recipe.name");
  return goOn(folder, name ? name->asString() : folder.filename().string(), json, console);
}

}  // namespace

void addResume(CLI::App& app, Context& context) {
  struct Arguments {
    std::string folder;
    bool json = false;
  };
  CLI::App& command =
      *app.add_subcommand("resume", "Goes on with a stopped, killed or failed run from its last checkpoint.");
  auto arguments = std::make_shared<Arguments>();
  command.add_option("RUN_FOLDER", arguments->folder, "The run's folder.");
  command.add_flag("--json", arguments->json, "Print results.json instead of the table.");
  whenChosen(command, context,
             [&context, arguments] { return resume(arguments->folder, arguments->json, context.console); });
}

}  // namespace palimpsest::cli
