// palimpsest-cli bench: the program's own performance figures, measured here and now.
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <variant>

#include "app/cli/commands.h"
#include "app/cli/follow.h"
#include "app/cli/listing.h"
#include "app/cli/plan.h"
#include "engine/data/dataset.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"

namespace palimpsest::cli {
namespace {

constexpr double kMostWaiting = 5;  // percent: drawing images must not hold training up
constexpr int kClasses = 256;       // of the world in the training part, as in pretrain's default

struct Arguments {
  explicit Arguments(CLI::App& command) : options(command, {"backbone", "device", "precision", "threads", "seed"}) {
    command
        .add_option("--images", images, "Images drawn for each figure of the generator. [1 to 1000000; default 4096]")
        ->type_name("N");
    command.add_option("--train", train, "Training images for each of the 256 classes. [1 to 100000; default 25]")
        ->type_name("N");
    command.add_flag("--json", json, "Print JSON.");
  }
  RunArguments options;
  std::string images = "4096", train = "25";
  bool json = false;
};

// Seconds of processor time of this thread, so that other programs do not count.
double busySeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Value::Array drawingRow(const std::string& world, int side, int images) {
  const Dataset data = openDataset(fmt::format("{}:side={}", world, side));
  const std::int64_t size = data.train->size();
  double begin = 0, touched = 0;
  for (int i = -images / 16; i < images; ++i) {  // the first ones warm up
    if (i == 0) begin = busySeconds();
    const Image image = data.train->image((i + images) % size);
    touched += image.pixels.front();
  }
  const double seconds = busySeconds() - begin;
  if (touched < 0) throw Error("bench", "Nothing was drawn.");  // keeps the work from being left out
  return {world, side, images / seconds};
}

Listing drawing(int images, Console& console) {
  Listing listing{.columns = {"world", "side", "images_per_second"}, .rows = {}};
  for (const char* world : {"world", "shapes"})
    for (const int side : {28, 64}) {
      console.bar(fmt::format("drawing {} at {} x {}", world, side, side));
      listing.rows.push_back(drawingRow(world, side, images));
    }
  console.bar("");
  return listing;
}

// A folder of this process; gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / fmt::format("palimpsest-bench-{}", getpid())) {
    std::filesystem::create_directory(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  std::filesystem::path path() const { return path_; }

 private:
  std::filesystem::path path_;
};

double numberAt(const Value& results, const char* path) {
  const Value* found = results.at(path);
  return found ? found->asDouble() : 0;
}

// The figures of a finished pre-training run. Waiting is counted over training and evaluation together, because the
// run's clock for data is.
Value figuresOf(const std::filesystem::path& folder, const RunOptions& options) {
  record::Reader run(folder);
  const auto results = run.results();
  if (!results) throw Error("bench", "The run has left no results.");
  double seconds = 0, images = 0, steps = 0;
  for (const Event& event : record::effectiveEvents(run))
    if (const auto* epoch = std::get_if<EpochEnded>(&event.what)) {
      seconds += epoch->seconds;
      images += epoch->count;
      steps = static_cast<double>(epoch->global_step);
    }
  const double waiting = numberAt(*results, "seconds.data");
  const double busy = numberAt(*results, "seconds.train") + numberAt(*results, "seconds.evaluate");
  const double percent = busy > 0 ? 100 * waiting / busy : 0;
  return Value::Object{{"network", options.backbone},
                       {"data", options.data},
                       {"device", *results->find("device")},
                       {"threads", *results->find("threads")},
                       {"images", static_cast<std::int64_t>(images)},
                       {"steps", static_cast<std::int64_t>(steps)},
                       {"seconds", seconds},
                       {"images_per_second", images / seconds},
                       {"milliseconds_per_step", 1000 * seconds / steps},
                       {"waiting_seconds", waiting},
                       {"waiting_percent", percent},
                       {"limit_percent", kMostWaiting},
                       {"held", percent < kMostWaiting}};
}

RunPlan planOf(const Arguments& arguments, int train, Issues& issues) {
  RunPlan plan{.recipe = {}, .options = arguments.options.read(issues)};
  plan.options.data = fmt::format("world:classes={},train={},test=1", kClasses, train);
  plan.options.epochs = 1;
  usePretrainingDefaults(plan.options);
  plan.recipe = readRecipe(pretrainingRecipe(kObjectives.front()).string(), {}, issues);
  return plan;
}

// Trains for a moment. `status` is kDone, or kInterrupted with nothing to show.
Value training(RunPlan plan, int& status, Console& console) {
  const TemporaryFolder temporary;
  const std::filesystem::path folder = temporary.path() / "run";
  const RunOptions options = plan.options;
  Tail tail;
  const Interrupt interrupt;
  RunOutcome outcome;
  {
    ProgressView view(console, "bench");
    const auto live = Run::start(std::move(plan), folder, {&tail});
    outcome = follow(*live, tail, view, console, interrupt);
  }
  if (outcome.state == "refused") throw BadInput(outcome.issues);
  if (outcome.state == "failed") throw Error(outcome.code, outcome.message, outcome.hint);
  status = outcome.state == "done" ? kDone : kInterrupted;
  return status == kDone ? figuresOf(folder, options) : Value();
}

std::string sentencesOf(const Value& figures) {
  const auto number = [&](const char* name) { return figures.find(name)->asDouble(); };
  return fmt::format(
      "Training {} on {} ({}, {} threads): {:.0f} images/s, {:.1f} ms a step of {} steps.\n"
      "Waiting for data: {:.2f} % of the time; {} the limit of {:.0f} %.\n",
      figures.find("network")->asString(), figures.find("data")->asString(), figures.find("device")->asString(),
      figures.find("threads")->asInt(), number("images_per_second"), number("milliseconds_per_step"),
      figures.find("steps")->asInt(), number("waiting_percent"), figures.find("held")->asBool() ? "below" : "NOT below",
      number("limit_percent"));
}

int benchPretrain(const Arguments& arguments, Console& console) {
  Issues issues;
  const int images = wholeNumber("--images", arguments.images, 1, 1'000'000, issues);
  const int train = wholeNumber("--train", arguments.train, 1, 100'000, issues);
  RunPlan plan = planOf(arguments, train, issues);
  if (!hasErrors(issues)) append(issues, check(plan));
  refuse(issues);

  const Listing drawn = drawing(images, console);
  int status = kDone;
  const Value trained = training(std::move(plan), status, console);
  if (status != kDone) return status;
  if (arguments.json)
    std::cout << record::toJson(Value::Object{{"generator", jsonOf(drawn)}, {"training", trained}}, 2) << '\n';
  else std::cout << "Drawing images, on one core:\n" << textOf(drawn) << '\n' << sentencesOf(trained);
  return kDone;
}

}  // namespace

void addBench(CLI::App& app, Context& context) {
  CLI::App& command = *app.add_subcommand("bench", "The program's own performance figures: bench pretrain.");
  // A command below this one, because the program has a command of that name, too.
  CLI::App& pretrain = *command.add_subcommand("pretrain", "Drawing images, and training on them.");
  auto arguments = std::make_shared<Arguments>(pretrain);
  whenChosen(pretrain, context, [arguments, &context] { return benchPretrain(*arguments, context.console); });
  const auto nothing = [&command, &context] {
    if (!command.get_subcommands().empty()) return context.status;
    const auto words = command.remaining();
    const std::string known = "the one there is: palimpsest-cli bench pretrain";
    throw BadInput({words.empty() ? error("WHAT", "is missing", known)
                                  : error(words.front(), "is nothing that can be measured", known)});
  };
  whenChosen(command, context, nothing, true);
}

}  // namespace palimpsest::cli
