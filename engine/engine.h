// The engine as the rest of the program sees it: free of torch headers. One Run is one training run on a thread of
// its own; everything it has to say comes as events, everything asked of it goes through commands.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/protocol/backbone_info.h"
#include "engine/protocol/command.h"
#include "engine/protocol/export.h"
#include "engine/protocol/issue.h"
#include "engine/protocol/options.h"
#include "engine/protocol/recipe.h"
#include "engine/protocol/sink.h"

namespace palimpsest {

// Call first thing in main(), before any thread starts: settles the thread pools, their waiting policy and the
// allocator (see ARCHITECTURE.md, "Threads"). May replace the process by itself once, with an environment variable set.
void prepareProcess(int argc, char** argv);

// All parts, in the order in which people see them.
const std::vector<PartInfo>& catalogue();

struct NamedRecipe {
  std::string name, title, paper;
  std::filesystem::path file;
  Value recipe;
};
// Recipes that ship with the program; sorted for people. Throws BadInput when the resources are missing.
std::vector<NamedRecipe> bundledRecipes();
// A bundled recipe by name, or a recipe file. Throws BadInput that names the nearest known one.
Value loadRecipe(const std::string& name_or_file);

// Folder with recipes/, weights/, recordings/: beside the program, in its source tree, or installed.
std::filesystem::path resourceFolder();

struct RunPlan {
  Value recipe;         // as written; resolved by the run
  RunOptions options;
};

// Every problem of the plan that can be found without training: recipe, data, weights, device, memory and disk.
// Blocking; reads the data and the weights.
Issues check(const RunPlan& plan, const std::filesystem::path& folder = {});

struct RunOutcome {
  std::string state;  // as in RunEnded
  Issues issues;      // when refused
  std::string code, message, hint;  // when failed
};

// Background: the engine's threads make way for the window's; for a program that has one.
enum class Priority { Normal, Background };

class Run {
 public:
  // Starts a new run that records into `folder` (made by the run once the plan has been found good; must not hold a
  // run yet). Sinks are borrowed and must outlive the Run. Returns at once: a refused plan ends in
  // issue events and RunEnded{"refused"}, with nothing written.
  static std::unique_ptr<Run> start(RunPlan plan, std::filesystem::path folder, std::vector<Sink*> sinks,
                                    Priority priority = Priority::Normal);
  // Goes on with a stopped, killed or failed run from its last good checkpoint.
  static std::unique_ptr<Run> resume(std::filesystem::path folder, std::vector<Sink*> sinks,
                                     Priority priority = Priority::Normal);

  virtual ~Run() = default;  // stops, keeps a checkpoint, waits
  virtual void post(Command command) = 0;  // any thread, never blocks
  virtual bool finished() const = 0;       // any thread
  virtual RunOutcome wait() = 0;           // blocks until the thread has ended
};

// The networks that a name alone stands for: those bundled, then those added, in the order in which they were. An
// added file that is gone or has changed is listed with its problem. Throws BadInput when the list itself is damaged.
std::vector<BackboneInfo> knownBackbones();
// Reads the file whole, checks that it is a network we run, and remembers where it lies and its hash under its own
// name (the file's, with a number where that is taken). The same file again refreshes its entry. Throws BadInput.
BackboneInfo addBackbone(const std::filesystem::path& file);
// Forgets it; the file stays. Throws BadInput when nothing was added under this name.
void removeBackbone(const std::string& name);

// Frozen features of one split, in data set order, as `palimpsest-cli features` writes them: tensors
// "features" [N, width] float32 and "labels" [N] int64; with `blocks` also "block_cls" [N, depth, width].
// Throws BadInput.
struct FeatureRequest {
  RunOptions options;       // data, limits, backbone, image_size, input_range, test_transform, device, threads, eval_batch
  std::string split = "test";
  bool blocks = false;
  std::filesystem::path out;
};
struct FeatureSummary {
  std::int64_t images = 0, width = 0;
  double seconds = 0;
};
FeatureSummary extractFeatures(const FeatureRequest& request);

// Blocks. Throws BadInput.
Assessment assess(const AssessRequest& request, const AssessProgress& progress = {});

// The network that a run has trained, or adapted by something that can be folded into the weights (SSF, LoRA), as a
// weights file with timm's names; 16-bit floats when `half`. `card` goes into the file's metadata ("licence", "origin",
// "recipe", ...). Throws BadInput when there is no such network or the run has not finished a task.
void exportBackbone(const std::filesystem::path& run_folder, const std::filesystem::path& out,
                    const std::map<std::string, std::string>& card, bool half);

// The whole classifier of a run as it was after the last task that it finished, with its classes and with what is done
// to an image first: see engine/protocol/export.h. The file is written under another name, read again and compared with
// the run's own model on test images, in batches of several sizes; it takes its name only if every prediction agrees.
// Blocks. Throws BadInput (no run, no finished task, other data or weights by now, a file in the way, a format that does
// not exist), Error{"export-batch"}, Error{"export-differs"}, Error{"write-failed"}.
ExportedModel exportModel(const ExportRequest& request);

// Version strings for run.json and the About box.
std::string programVersion();
std::string torchVersion();
std::vector<std::string> devices();  // "cpu", "cuda:0 (NVIDIA ...)"

}  // namespace palimpsest
